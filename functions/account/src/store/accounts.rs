//! The writes that change accounts, or which account has which phone.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Update};
use phoneproof_aws::store::item::{PK, bytes, instant, text};
use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;

use super::account::new_item;
use super::{
    Account, AccountStore, Condition, MOVE_TOLD_FOR, TransactionPart, account_key, phone_key,
};
use crate::access_token::Access;
use crate::password::StoredPassword;
use crate::recovery::RecoveryDigest;
use crate::refresh_token::{AccountId, SessionId};

/// What permits a request to set a password, besides the code that was texted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Permit {
    /// A session that has not ended.
    Session(SessionId),
    /// Nothing else, because the account asks for one factor.
    Code,
    /// The recovery code with this digest, which the write uses up.
    CodeAndRecovery(RecoveryDigest),
}

/// A password that somebody chose, as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPassword<'p> {
    /// The hash of the password.
    pub(crate) hash: &'p StoredPassword,
    /// Whether logging in takes a code as well from now on.
    pub(crate) second_step: bool,
    /// When it was chosen.
    pub(crate) now: Timestamp,
}

impl AccountStore {
    /// Adds a new account, if its id is free.
    pub(crate) fn create(&self, account: &Account) -> TransactionPart {
        TransactionPart::add(Condition::IdFree, &self.accounts, new_item(account))
    }

    /// Gives the phone to `account`, if no account has it.
    pub(crate) fn claim_phone(
        &self,
        phone_index: &SubjectIndex,
        account: AccountId,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::PhoneFree,
            Update::builder()
                .table_name(&self.accounts)
                .key(PK, text(phone_key(phone_index)))
                .update_expression("SET account = :account REMOVE moved_at, expires_at")
                .condition_expression("attribute_not_exists(account)")
                .expression_attribute_values(":account", bytes(account.0)),
        )
    }

    /// Moves `account` to another phone and ends every session, if the session that asks has not ended and the account
    /// has not changed since it was read.
    pub(crate) fn change_phone(
        &self,
        account: &Account,
        asking: Access,
        phone_index: &SubjectIndex,
        hint: &str,
        now: Timestamp,
    ) -> TransactionPart {
        let before = account
            .phone_index
            .as_ref()
            .map_or("", SubjectIndex::as_str);
        TransactionPart::update(
            Condition::AccountAsRead,
            self.start_update(asking.account)
                .update_expression(
                    "SET phone = :phone, phone_hint = :hint, phone_changed_at = :now, sessions = :none \
                     REMOVE unlink_requested_at",
                )
                .condition_expression(
                    "phone = :before AND password = :password AND attribute_exists(sessions.#session)",
                )
                .expression_attribute_names("#session", base64url(asking.session.0))
                .expression_attribute_values(":phone", text(phone_index.as_str()))
                .expression_attribute_values(":hint", text(hint))
                .expression_attribute_values(":now", instant(now))
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
                .expression_attribute_values(":before", text(before))
                .expression_attribute_values(":password", text(account.password.as_text())),
        )
    }

    /// Frees the phone that `account` was moved away from, and notes when, if it still has the phone. DynamoDB deletes
    /// the note after [`MOVE_TOLD_FOR`], unless an account has claimed the phone.
    pub(crate) fn leave_phone(
        &self,
        phone_index: &SubjectIndex,
        account: AccountId,
        now: Timestamp,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::PhoneHeld,
            Update::builder()
                .table_name(&self.accounts)
                .key(PK, text(phone_key(phone_index)))
                .update_expression("SET moved_at = :now, expires_at = :end REMOVE account")
                .condition_expression("account = :account")
                .expression_attribute_values(":account", bytes(account.0))
                .expression_attribute_values(":now", instant(now))
                .expression_attribute_values(":end", instant(now + MOVE_TOLD_FOR)),
        )
    }

    /// Moves a phone from one account to another, if the first still has it.
    pub(crate) fn move_phone(
        &self,
        phone_index: &SubjectIndex,
        from: AccountId,
        to: AccountId,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::PhoneHeld,
            Update::builder()
                .table_name(&self.accounts)
                .key(PK, text(phone_key(phone_index)))
                .update_expression("SET account = :to")
                .condition_expression("account = :from")
                .expression_attribute_values(":to", bytes(to.0))
                .expression_attribute_values(":from", bytes(from.0)),
        )
    }

    /// Takes the phone from an account and ends its sessions, if nobody has used the account since `requested_at`.
    pub(crate) fn unlink(&self, account: &Account, requested_at: Timestamp) -> TransactionPart {
        TransactionPart::update(
            Condition::AccountAsRead,
            self.start_update(account.id)
                .update_expression("SET sessions = :none REMOVE phone, unlink_requested_at")
                .condition_expression("unlink_requested_at = :requested")
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
                .expression_attribute_values(":requested", instant(requested_at)),
        )
    }

    /// Notes that a new owner asks for the phone of an account, unless that is noted already.
    pub(crate) fn request_unlink(
        &self,
        account: &Account,
        phone_index: &SubjectIndex,
        now: Timestamp,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::AccountAsRead,
            self.start_update(account.id)
                .update_expression("SET unlink_requested_at = :now")
                .condition_expression(
                    "phone = :phone AND attribute_not_exists(unlink_requested_at)",
                )
                .expression_attribute_values(":phone", text(phone_index.as_str()))
                .expression_attribute_values(":now", instant(now)),
        )
    }

    /// Sets the password and ends every session, if the account still has this phone and `permit` still holds. Somebody
    /// uses the account, so a request to unlink its phone ends.
    ///
    /// The item keeps when this was. No request reads it: after a leak an operator finds by it whose password a forged
    /// token may have set (infra/RUNBOOK.md, After a leak).
    pub(crate) fn set_password(
        &self,
        account: &Account,
        phone_index: &SubjectIndex,
        permit: Permit,
        new: &NewPassword<'_>,
    ) -> TransactionPart {
        let NewPassword {
            hash,
            second_step,
            now,
        } = *new;
        let builder = self
            .start_update(account.id)
            .expression_attribute_values(":now", instant(now))
            .expression_attribute_values(":phone", text(phone_index.as_str()))
            .expression_attribute_values(":password", text(hash.as_text()))
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
                ", recovery",
                builder.expression_attribute_values(":recovery", bytes(digest.0)),
            ),
        };
        TransactionPart::update(
            Condition::AccountAsRead,
            builder
                .update_expression(format!(
                    "SET password = :password, password_changed_at = :now, second_step = :step, sessions = :none \
                     REMOVE unlink_requested_at{used}"
                ))
                .condition_expression(format!("phone = :phone AND second_step = :before{more}")),
        )
    }

    /// Stores a recovery code, asked for by a session that is alive.
    pub(crate) fn set_recovery(&self, access: Access, digest: RecoveryDigest) -> TransactionPart {
        TransactionPart::update(
            Condition::SessionAlive,
            self.start_update(access.account)
                .update_expression("SET recovery = :recovery REMOVE unlink_requested_at")
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(access.session.0))
                .expression_attribute_values(":recovery", bytes(digest.0)),
        )
    }

    /// Deletes an account, if the session that asks has not ended.
    pub(crate) fn delete(&self, account: AccountId, asking: SessionId) -> TransactionPart {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(account_key(account)))
            .condition_expression("attribute_exists(sessions.#session)")
            .expression_attribute_names("#session", base64url(asking.0))
            .build();
        TransactionPart::delete(Some(Condition::SessionAlive), delete)
    }

    /// Frees the phone, if `account` still has it.
    pub(crate) fn free_phone(
        &self,
        phone_index: &SubjectIndex,
        account: AccountId,
    ) -> TransactionPart {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(phone_key(phone_index)))
            .condition_expression("account = :account")
            .expression_attribute_values(":account", bytes(account.0))
            .build();
        TransactionPart::delete(Some(Condition::PhoneHeld), delete)
    }
}
