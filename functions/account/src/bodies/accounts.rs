//! The bodies of the endpoints that deal with accounts and their passwords.

use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_http::{JsonBody, Problem, SensitiveText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parse_password;
use crate::password::Password;
use crate::recovery::RecoveryCode;
use crate::refresh_token::SessionId;
use crate::service::Registered;
use crate::store::Account;

/// A request to register an account for the phone that the success token proves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RegisterRequest)]
pub struct RegisterBody {
    /// A success token of business `register`. Registering spends it.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The password to log in with: at least 15 characters, or 8 with `secondStep`.
    #[schema(value_type = String, min_length = 8, max_length = 128, example = "green mountains at noon")]
    password: SensitiveText,
    /// Whether logging in takes both the password and a code; `false` if it is missing.
    pub second_step: Option<bool>,
    /// Whether to ask for the phone if another account has it; `false` if it is missing. That account loses the phone
    /// if nobody uses it for seven days. Then the phone can be registered with a new code and this flag.
    pub request_unlink: Option<bool>,
}

impl JsonBody for RegisterBody {
    const FIELDS: &'static [&'static str] = &["token", "password", "secondStep", "requestUnlink"];
    const FLAGS: &'static [&'static str] = &["secondStep", "requestUnlink"];
}

impl RegisterBody {
    /// Takes the password to set.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn read_password(&self) -> Result<Password, Problem> {
        parse_password(&self.password)
    }
}

/// A request to change the password, which ends every session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangePasswordRequest)]
pub struct PasswordBody {
    /// A success token of business `password-change`, for the account's phone. Changing the password spends it.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The new password: at least 15 characters, or 8 if the account asks for a second step.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: SensitiveText,
    /// Whether logging in takes both the password and a code; unchanged if it is missing.
    pub second_step: Option<bool>,
}

impl JsonBody for PasswordBody {
    const FIELDS: &'static [&'static str] = &["token", "password", "secondStep"];
    const FLAGS: &'static [&'static str] = &["secondStep"];
}

impl PasswordBody {
    /// Takes the password to set.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn read_password(&self) -> Result<Password, Problem> {
        parse_password(&self.password)
    }
}

/// A request to move the account to another phone, which ends every session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangePhoneRequest)]
pub struct PhoneBody {
    /// A success token of business `phone-change`, for the new phone. Changing the phone spends it.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The password of the account.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    password: SensitiveText,
}

impl JsonBody for PhoneBody {
    const FIELDS: &'static [&'static str] = &["token", "password"];
}

impl PhoneBody {
    /// Takes the password to check.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn read_password(&self) -> Result<Password, Problem> {
        parse_password(&self.password)
    }
}

/// A request to replace a forgotten password, which ends every session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ResetPasswordRequest)]
pub struct ResetBody {
    /// A success token of business `password-reset`. The account that has its phone gets the new password.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The new password: at least 15 characters, or 8 if the account asks for a second step.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: SensitiveText,
    /// The recovery code, which an account with a second step needs. It counts once.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "0123-4567-89ab-cdef-0123")]
    recovery_code: Option<SensitiveText>,
}

impl JsonBody for ResetBody {
    const FIELDS: &'static [&'static str] = &["token", "password", "recoveryCode"];
}

impl ResetBody {
    /// Reads the recovery code; `None` when it is missing or malformed.
    #[must_use]
    pub fn read_recovery_code(&self) -> Option<RecoveryCode> {
        RecoveryCode::parse(&self.recovery_code.as_ref()?.0)
    }

    /// Takes the password to set.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn read_password(&self) -> Result<Password, Problem> {
        parse_password(&self.password)
    }
}

/// The account that was registered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub struct RegisteredReply {
    /// The id of the account, 16 bytes in base64url: the `sub` of its access tokens.
    account: String,
    /// When another account was moved away from this phone to another one, within the last 30 days. Show it: an owner
    /// of that account who did not move it must tell the operator. Only this answer says it, once.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_moved_at: Option<Timestamp>,
}

impl From<Registered> for RegisteredReply {
    fn from(registered: Registered) -> Self {
        Self {
            account: base64url(registered.account.0),
            phone_moved_at: registered.phone_moved_at,
        }
    }
}

/// The recovery code that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecoveryCode)]
pub struct MadeRecoveryCode<'a> {
    /// The code, for the owner to write down. It counts once, and it is never shown again.
    #[schema(example = "0123-4567-89ab-cdef-0123")]
    recovery_code: &'a str,
}

impl<'a> MadeRecoveryCode<'a> {
    /// Makes the answer that shows the code.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            recovery_code: text,
        }
    }
}

/// The account of the session that asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The id of the account, 16 bytes in base64url: the `sub` of its access tokens.
    account: String,
    /// The phone number, with everything but its last two digits hidden.
    #[schema(example = "+•••••••••86")]
    phone: String,
    /// Whether logging in takes both the password and a code.
    second_step: bool,
    /// Whether the account has a recovery code that was not used. Without one, an account with a second step cannot
    /// reset a forgotten password.
    has_recovery_code: bool,
    /// When the account was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The id of the session that asks, 16 bytes in base64url.
    session: String,
    /// When somebody who proved the phone asked for it. The account keeps its phone if it is used within seven days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    unlink_requested_at: Option<Timestamp>,
    /// When the account was last moved to another phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    phone_changed_at: Option<Timestamp>,
}

impl Me {
    /// Makes the answer that shows an account to one of its sessions.
    #[must_use]
    pub fn new(account: &Account, session: SessionId) -> Self {
        Self {
            account: base64url(account.id.0),
            phone: account.phone_hint.clone(),
            second_step: account.second_step,
            has_recovery_code: account.recovery.is_some(),
            created_at: account.created_at,
            session: base64url(session.0),
            unlink_requested_at: account.unlink_requested_at,
            phone_changed_at: account.phone_changed_at,
        }
    }
}
