//! Writes of accounts, and of which account has which phone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use phoneproof_aws::store::item::{Item, PK, bytes, instant, text};
use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;

use super::account::new_item;
use super::{Account, AccountStore, Part, account_key, phone_key, put, update};
use crate::access_token::Access;
use crate::password::StoredPassword;
use crate::recovery::RecoveryDigest;
use crate::refresh_token::{AccountId, SessionId};

/// What allows a password to be set, besides the code that was texted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Permit {
    /// A session that is alive.
    Session(SessionId),
    /// Nothing: the account asks for one factor.
    Code,
    /// The recovery code, which is used then.
    CodeAndRecovery(RecoveryDigest),
}

impl AccountStore {
    /// A new account.
    pub(crate) fn create(&self, account: &Account) -> Part {
        put(&self.accounts, new_item(account))
    }

    /// Gives a phone that no account has to `account`.
    pub(crate) fn claim_phone(&self, phone: &SubjectIndex, account: AccountId) -> Part {
        put(
            &self.accounts,
            Item::from([
                (PK.to_owned(), text(phone_key(phone))),
                ("account".to_owned(), bytes(account.0)),
            ]),
        )
    }

    /// Moves a phone from one account to another.
    pub(crate) fn move_phone(&self, phone: &SubjectIndex, from: AccountId, to: AccountId) -> Part {
        update(
            Update::builder()
                .table_name(&self.accounts)
                .key(PK, text(phone_key(phone)))
                .update_expression("SET account = :to")
                .condition_expression("account = :from")
                .expression_attribute_values(":to", bytes(to.0))
                .expression_attribute_values(":from", bytes(from.0)),
        )
    }

    /// Takes the phone from an account that nobody has used since it was asked for, and ends its sessions.
    pub(crate) fn unlink(&self, account: &Account, requested_at: Timestamp) -> Part {
        update(
            self.of_account(account.id)
                .update_expression("SET sessions = :none REMOVE phone, unlink_requested_at")
                .condition_expression("unlink_requested_at = :requested")
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
                .expression_attribute_values(":requested", instant(requested_at)),
        )
    }

    /// Notes that the phone of an account is asked for.
    pub(crate) fn request_unlink(&self, account: &Account, now: Timestamp) -> Part {
        update(
            self.of_account(account.id)
                .update_expression("SET unlink_requested_at = :now")
                .condition_expression(
                    "attribute_exists(phone) AND attribute_not_exists(unlink_requested_at)",
                )
                .expression_attribute_values(":now", instant(now)),
        )
    }

    /// Sets the password and ends every session, while the account has this phone and what permits it holds.
    pub(crate) fn set_password(
        &self,
        account: &Account,
        phone: &SubjectIndex,
        permit: Permit,
        password: &StoredPassword,
        second_step: bool,
    ) -> Part {
        let builder = self
            .of_account(account.id)
            .expression_attribute_values(":phone", text(phone.as_str()))
            .expression_attribute_values(":password", text(password.as_text()))
            .expression_attribute_values(":step", AttributeValue::Bool(second_step))
            .expression_attribute_values(":before", AttributeValue::Bool(account.second_step))
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()));
        let (more, used, builder) = match permit {
            Permit::Session(asking) => (
                " AND attribute_exists(sessions.#session)",
                "",
                builder.expression_attribute_names("#session", base64url(asking.0)),
            ),
            Permit::Code => ("", "", builder),
            Permit::CodeAndRecovery(digest) => (
                " AND recovery = :recovery",
                " REMOVE recovery",
                builder.expression_attribute_values(":recovery", bytes(digest.0)),
            ),
        };
        update(
            builder
                .update_expression(format!(
                    "SET password = :password, second_step = :step, sessions = :none{used}"
                ))
                .condition_expression(format!("phone = :phone AND second_step = :before{more}")),
        )
    }

    /// Stores a recovery code, asked for by a session that is alive.
    pub(crate) fn set_recovery(&self, access: Access, digest: RecoveryDigest) -> Part {
        update(
            self.of_account(access.account)
                .update_expression("SET recovery = :recovery")
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(access.session.0))
                .expression_attribute_values(":recovery", bytes(digest.0)),
        )
    }

    /// Deletes an account, asked for by a session that is alive.
    pub(crate) fn delete(&self, account: AccountId, asking: SessionId) -> Part {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(account_key(account)))
            .condition_expression("attribute_exists(sessions.#session)")
            .expression_attribute_names("#session", base64url(asking.0))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Frees the phone of an account.
    pub(crate) fn free_phone(&self, phone: &SubjectIndex, account: AccountId) -> Part {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(phone_key(phone)))
            .condition_expression("account = :account")
            .expression_attribute_values(":account", bytes(account.0))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}
