//! The bodies of endpoints about sessions.

use std::cmp::Reverse;
use std::collections::HashMap;

use phoneproof_crypto::base64url;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_http::{JsonBody, Problem, SensitiveText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{malformed, password};
use crate::refresh_token::SessionId;
use crate::service::{Credentials, Tokens, TypedPhone};
use crate::store::NamedSession;

/// The longest name of a device, in bytes.
const MAX_DEVICE_BYTES: usize = 64;

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
    /// Takes the name of the device, as it was given.
    ///
    /// # Errors
    ///
    /// A problem when the name is too long or has control characters.
    pub fn device(&self) -> Result<String, Problem> {
        let name = self.device.as_ref().map_or("", |text| text.0.trim());
        if name.len() <= MAX_DEVICE_BYTES && !name.chars().any(char::is_control) {
            return Ok(name.to_owned());
        }
        let accepted = format_args!("at most {MAX_DEVICE_BYTES} bytes, no control characters");
        Err(malformed("device", accepted))
    }

    /// Takes what somebody logs in with.
    ///
    /// # Errors
    ///
    /// A problem when something is missing or too much.
    pub fn credentials(self) -> Result<Credentials, Problem> {
        let region = self
            .region
            .map(|region| Country::parse(&region.0).map_err(|error| malformed("region", error)));
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
            _ => Err(malformed(
                "body",
                "`phone` and `password`, with `token` as a second step, or `token` alone",
            )),
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
    /// Tells a client its tokens.
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
    /// The id of the session.
    session: String,
    /// The name that the client gave at log-in; empty when it gave none, or when its key was retired.
    device: String,
    /// When the session began.
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
    /// Tells the session `current` about all of them.
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
