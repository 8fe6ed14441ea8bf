//! The bodies of the API. Their schemas in the OpenAPI document come from these types.

use std::cmp::Reverse;
use std::collections::HashMap;

use phoneproof_crypto::base64url;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_http::{FieldFault, JsonBody, SensitiveText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::password::Password;
use crate::problem::Problem;
use crate::recovery::RecoveryCode;
use crate::refresh_token::{AccountId, SessionId};
use crate::service::{Credentials, Tokens, TypedPhone};
use crate::store::{Account, NamedSession};

/// The longest name of a device, in bytes.
const MAX_DEVICE_BYTES: usize = 64;

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
    /// The password to set.
    ///
    /// # Errors
    ///
    /// [`Problem::Field`] when it is no password at all.
    pub fn password(&self) -> Result<Password, Problem> {
        password(&self.password)
    }
}

/// `POST /sessions`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = LogInRequest)]
pub struct LogInBody {
    /// The phone number: E.164, or national form with `region`.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 96, example = "+14152007986")]
    phone: Option<SensitiveText>,
    /// The country of a national number, ISO 3166-1 alpha-2.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "US")]
    region: Option<SensitiveText>,
    /// The password.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    password: Option<SensitiveText>,
    /// A success token of business `login`: alone, or as a second step.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 3072)]
    token: Option<SensitiveText>,
    /// A name by which the owner knows this session again.
    #[schema(value_type = Option<String>, max_length = 64, example = "Firefox on a laptop")]
    device: Option<SensitiveText>,
}

impl JsonBody for LogInBody {
    const FIELDS: &'static [&'static str] = &["phone", "region", "password", "token", "device"];
}

impl LogInBody {
    /// The name of the device, kept as it was given.
    ///
    /// # Errors
    ///
    /// [`Problem::Field`] when it is too long or has control characters.
    pub fn device(&self) -> Result<String, Problem> {
        let name = self.device.as_ref().map_or("", |text| text.0.trim());
        if name.len() <= MAX_DEVICE_BYTES && !name.chars().any(char::is_control) {
            return Ok(name.to_owned());
        }
        let accepted = format_args!("at most {MAX_DEVICE_BYTES} bytes, no control characters");
        Err(Problem::Field(FieldFault::new("device", accepted)))
    }

    /// What somebody logs in with.
    ///
    /// # Errors
    ///
    /// [`Problem::Field`] when something is missing or too much.
    pub fn credentials(self) -> Result<Credentials, Problem> {
        let region = self.region.map(|region| {
            Country::parse(&region.0)
                .map_err(|error| Problem::Field(FieldFault::new("region", error)))
        });
        match (self.phone, self.password, self.token) {
            (Some(phone), Some(typed), token) => Ok(Credentials::Password {
                phone: TypedPhone {
                    text: phone.0,
                    region: region.transpose()?,
                },
                password: password(&typed)?,
                token: token.map(|token| token.0),
            }),
            (None, None, Some(token)) => Ok(Credentials::Code { token: token.0 }),
            _ => Err(Problem::Field(FieldFault::new(
                "body",
                "`phone` and `password`, with `token` as a second step, or `token` alone",
            ))),
        }
    }
}

/// `POST /sessions/refresh`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RefreshRequest)]
pub struct RefreshBody {
    /// The refresh token.
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    pub refresh_token: SensitiveText,
}

impl JsonBody for RefreshBody {
    const FIELDS: &'static [&'static str] = &["refreshToken"];
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
    /// The password to set.
    ///
    /// # Errors
    ///
    /// [`Problem::Field`] when it is no password at all.
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
    /// The recovery code; `None` for a text that is none, too.
    #[must_use]
    pub fn recovery_code(&self) -> Option<RecoveryCode> {
        RecoveryCode::parse(&self.recovery_code.as_ref()?.0)
    }

    /// The password to set.
    ///
    /// # Errors
    ///
    /// [`Problem::Field`] when it is no password at all.
    pub fn password(&self) -> Result<Password, Problem> {
        password(&self.password)
    }
}

fn password(text: &SensitiveText) -> Result<Password, Problem> {
    Password::parse(&text.0).map_err(|error| Problem::Field(FieldFault::new("password", error)))
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
    /// The account `id` was registered.
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
    /// What the owner is told, once.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            recovery_code: text,
        }
    }
}

/// The answer to `POST /sessions` and `POST /sessions/refresh`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub struct SessionTokens<'a> {
    /// For `Authorization: Bearer`; a JWT of type `at+jwt` (RFC 9068).
    access_token: &'a str,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When the access token ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// For `POST /sessions/refresh`, once.
    refresh_token: &'a str,
    /// When the refresh token ends unless it is exchanged.
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Timestamp,
    /// The session's id.
    session: String,
}

impl<'a> SessionTokens<'a> {
    /// What a client is told of `tokens`.
    #[must_use]
    pub fn new(tokens: &'a Tokens) -> Self {
        Self {
            access_token: &tokens.access,
            token_type: "Bearer",
            expires_at: tokens.access_expires_at,
            refresh_token: &tokens.refresh,
            refresh_expires_at: tokens.refresh_expires_at,
            session: base64url(tokens.session.0),
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
    /// What `session` is told of its account.
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

/// The answer to `GET /sessions`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// The one used last comes first.
    sessions: Vec<SessionSummary>,
}

/// A session, for the owner of the account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionSummary {
    /// Its id.
    session: String,
    /// The name that the client gave at log-in; empty when it gave none, or when its key was retired.
    device: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When it last began or was refreshed.
    #[schema(value_type = String, format = DateTime)]
    used_at: Timestamp,
    /// When it ends unless it is refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl Sessions {
    /// What the session `current` is told of all of them.
    #[must_use]
    pub fn new(
        sessions: HashMap<SessionId, NamedSession>,
        current: SessionId,
        keyring: &Keyring,
    ) -> Self {
        let mut sessions: Vec<_> = sessions.into_iter().collect();
        sessions.sort_by_key(|(id, named)| (Reverse(named.session.used_at), id.0));
        let summary = |(id, named): (SessionId, NamedSession)| SessionSummary {
            session: base64url(id.0),
            device: named.device.open(id, keyring).unwrap_or_default(),
            began_at: named.session.began_at,
            used_at: named.session.used_at,
            expires_at: named.session.expires_at(),
            current: id == current,
        };
        Self {
            sessions: sessions.into_iter().map(summary).collect(),
        }
    }
}
