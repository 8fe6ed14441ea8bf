//! The bodies of endpoints about accounts and their passwords.

use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_http::{JsonBody, Problem, SensitiveText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::password;
use crate::password::Password;
use crate::recovery::RecoveryCode;
use crate::refresh_token::{AccountId, SessionId};
use crate::store::Account;

/// `POST /accounts`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RegisterRequest)]
pub struct RegisterBody {
    /// A success token of business `register`.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The password to log in with.
    #[schema(value_type = String, min_length = 8, max_length = 128, example = "green mountains at noon")]
    password: SensitiveText,
    /// Whether logging in takes the password and a code.
    pub second_step: Option<bool>,
}

impl JsonBody for RegisterBody {
    const FIELDS: &'static [&'static str] = &["token", "password", "secondStep"];
    const FLAGS: &'static [&'static str] = &["secondStep"];
}

impl RegisterBody {
    /// Takes the password to set.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn password(&self) -> Result<Password, Problem> {
        password(&self.password)
    }
}

/// `POST /password`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChangePasswordRequest)]
pub struct PasswordBody {
    /// A success token of business `password-change`, for the account's phone.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The password to log in with from now on.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: SensitiveText,
    /// Whether logging in takes the password and a code; as before when it is missing.
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
    pub fn password(&self) -> Result<Password, Problem> {
        password(&self.password)
    }
}

/// `POST /password-reset`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ResetPasswordRequest)]
pub struct ResetBody {
    /// A success token of business `password-reset`.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    pub token: SensitiveText,
    /// The password to log in with from now on.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: SensitiveText,
    /// The recovery code, where the account asks for two factors.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "0123-4567-89ab-cdef-0123")]
    recovery_code: Option<SensitiveText>,
}

impl JsonBody for ResetBody {
    const FIELDS: &'static [&'static str] = &["token", "password", "recoveryCode"];
}

impl ResetBody {
    /// Reads the recovery code; `None` for a missing or malformed one.
    #[must_use]
    pub fn recovery_code(&self) -> Option<RecoveryCode> {
        RecoveryCode::parse(&self.recovery_code.as_ref()?.0)
    }

    /// Takes the password to set.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted, when the text cannot be a password.
    pub fn password(&self) -> Result<Password, Problem> {
        password(&self.password)
    }
}

/// The answer to `POST /accounts`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub struct Registered {
    /// The account's id.
    account: String,
}

impl Registered {
    /// Tells a client that the account `id` was registered.
    #[must_use]
    pub fn new(id: AccountId) -> Self {
        Self {
            account: base64url(id.0),
        }
    }
}

/// The answer to `POST /recovery-code`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecoveryCode)]
pub struct MadeRecoveryCode<'a> {
    /// For the owner to write down; it is not shown again, and counts once.
    #[schema(example = "0123-4567-89ab-cdef-0123")]
    recovery_code: &'a str,
}

impl<'a> MadeRecoveryCode<'a> {
    /// Tells the owner the code, once.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            recovery_code: text,
        }
    }
}

/// The answer to `GET /me`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The account's id.
    account: String,
    /// The phone, masked but for its last digits.
    #[schema(example = "+•••••••••86")]
    phone: String,
    /// Whether logging in takes the password and a code.
    second_step: bool,
    /// Whether a recovery code was made and not used: without one, a forgotten password of an account with a second
    /// step cannot be reset.
    has_recovery_code: bool,
    /// When the account was registered.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The session that asks.
    session: String,
    /// When somebody who proved the phone tried to register it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    unlink_requested_at: Option<Timestamp>,
}

impl Me {
    /// Tells `session` about its account.
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
        }
    }
}
