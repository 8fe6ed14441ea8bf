//! The writes that change sessions, which are members of their account's item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use phoneproof_aws::store::item::{bytes, instant, text};
use phoneproof_crypto::base64url;
use phoneproof_domain::subject::SubjectIndex;

use super::account::write_session;
use super::{Account, AccountStore, Condition, NamedSession, TransactionPart};
use crate::password::StoredPassword;
use crate::refresh_token::{AccountId, SessionId, TokenDigest};

impl AccountStore {
    /// Begins a session, removes the sessions in `ended`, and stores `upgraded` in place of the hash that was checked.
    /// `phone` is the one that the person logged in with.
    pub(crate) fn begin_session(
        &self,
        account: &Account,
        phone_index: &SubjectIndex,
        id: SessionId,
        begun: &NamedSession,
        ended: &[SessionId],
        upgraded: Option<&StoredPassword>,
    ) -> TransactionPart {
        let mut builder = self
            .start_update(account.id)
            // If the password was changed since it was checked, the old one must not begin a session. Nor must a phone
            // that the account has left.
            .condition_expression("password = :password AND phone = :phone")
            .expression_attribute_values(":phone", text(phone_index.as_str()))
            .expression_attribute_names("#session", base64url(id.0))
            .expression_attribute_values(":session", write_session(begun))
            .expression_attribute_values(":used", instant(begun.session.used_at))
            .expression_attribute_values(":password", text(account.password.as_text()));
        let mut expression = "SET sessions.#session = :session, used_at = :used".to_owned();
        if let Some(upgraded) = upgraded {
            expression.push_str(", password = :upgraded");
            builder = builder.expression_attribute_values(":upgraded", text(upgraded.as_text()));
        }
        // An account that is used keeps its phone.
        expression.push_str(" REMOVE unlink_requested_at");
        for (at, id) in ended.iter().enumerate() {
            let name = format!("#ended{at}");
            expression.push_str(", sessions.");
            expression.push_str(&name);
            builder = builder.expression_attribute_names(name, base64url(id.0));
        }
        TransactionPart::update(
            Condition::AccountAsRead,
            builder.update_expression(expression),
        )
    }

    /// Stores the exchange of a token, if the token that was presented is still the current one.
    pub(crate) fn rotate(
        &self,
        account: AccountId,
        id: SessionId,
        presented: TokenDigest,
        rotated: &NamedSession,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::SessionAlive,
            self.start_update(account)
                .update_expression(
                    "SET sessions.#session = :session, used_at = :used REMOVE unlink_requested_at",
                )
                .condition_expression("sessions.#session.#current = :presented")
                .expression_attribute_names("#session", base64url(id.0))
                .expression_attribute_names("#current", "current")
                .expression_attribute_values(":session", write_session(rotated))
                .expression_attribute_values(":used", instant(rotated.session.used_at))
                .expression_attribute_values(":presented", bytes(presented.0)),
        )
    }

    /// Ends a session whose token came back, if it has not been ended yet. Nobody can tell the owner from a thief, so a
    /// request to unlink the phone stays.
    pub(crate) fn end_session(&self, account: AccountId, id: SessionId) -> TransactionPart {
        self.remove_session(account, id, "REMOVE sessions.#session")
    }

    /// Ends a session that its account's owner ends, if it has not been ended yet. Somebody uses the account, so a
    /// request to unlink its phone ends.
    pub(crate) fn log_out(&self, account: AccountId, id: SessionId) -> TransactionPart {
        self.remove_session(account, id, "REMOVE sessions.#session, unlink_requested_at")
    }

    fn remove_session(
        &self,
        account: AccountId,
        id: SessionId,
        expression: &str,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::SessionAlive,
            self.start_update(account)
                .update_expression(expression)
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(id.0)),
        )
    }

    /// Ends every session of an account, if the session that asks has not ended. Somebody uses the account, so a
    /// request to unlink its phone ends.
    pub(crate) fn log_out_everywhere(
        &self,
        account: AccountId,
        asking: SessionId,
    ) -> TransactionPart {
        TransactionPart::update(
            Condition::SessionAlive,
            self.start_update(account)
                .update_expression("SET sessions = :none REMOVE unlink_requested_at")
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(asking.0))
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new())),
        )
    }
}
