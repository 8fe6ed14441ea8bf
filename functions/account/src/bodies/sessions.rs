//! The bodies of the endpoints that deal with sessions.

use std::cmp::Reverse;
use std::collections::HashMap;

use phoneproof_crypto::base64url;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_http::{JsonBody, Label, Problem, SensitiveText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{parse_password, report_malformed};
use crate::refresh_token::SessionId;
use crate::service::{Credentials, Tokens, TypedPhone};
use crate::store::NamedSession;

/// How much of a device's name is kept, in bytes.
const MAX_DEVICE_BYTES: usize = 64;

/// A request to log in with `phone` and `password`, with `token` alone, or with all three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = LogInRequest)]
pub struct LogInBody {
    /// The phone number as the person typed or pasted it: in E.164 or, with `region`, as people dial it there.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 96, example = "+14152007986")]
    phone: Option<SensitiveText>,
    /// The country of a number in national form, as an ISO 3166-1 alpha-2 code.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "US")]
    region: Option<SensitiveText>,
    /// The password of the account.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128)]
    password: Option<SensitiveText>,
    /// A success token of business `login`, alone or as a second step. Logging in spends it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 3072)]
    token: Option<SensitiveText>,
    /// A name by which the owner recognizes this session.
    /// At most 64 bytes of it are kept.
    /// No value is refused. Anything but a string counts as no name.
    #[schema(value_type = Value, required = false, example = "Firefox on a laptop")]
    device: Option<Label>,
}

impl JsonBody for LogInBody {
    const FIELDS: &'static [&'static str] = &["phone", "region", "password", "token", "device"];
}

impl LogInBody {
    /// Reads the name of the device; empty if it is missing.
    ///
    /// A name is a label, so it never stops a log-in: what nobody can see is left out, and the end of a long one is
    /// cut.
    #[must_use]
    pub fn read_device(&self) -> String {
        let typed = self.device.as_ref().map(Label::texts);
        let typed = typed.unwrap_or_default().join(" ");
        let words: Vec<&str> = typed
            .split(|c: char| c.is_whitespace() || c.is_control())
            .collect();
        let mut name = String::new();
        for character in words.join(" ").trim().chars() {
            if name.len() + character.len_utf8() > MAX_DEVICE_BYTES {
                break;
            }
            if !is_format(character) {
                name.push(character);
            }
        }
        name.truncate(name.trim_end().len());
        name
    }

    /// Reads what a person logs in with.
    ///
    /// # Errors
    ///
    /// A problem when the members of the body do not go together, or one of them is malformed.
    pub fn read_credentials(self) -> Result<Credentials, Problem> {
        let region = self.region.map(|region| {
            Country::parse(&region.0).map_err(|error| report_malformed("region", error))
        });
        match (self.phone, self.password, self.token) {
            (Some(phone), Some(typed), token) => Ok(Credentials::Password {
                phone: TypedPhone {
                    text: phone.0,
                    region: region.transpose()?,
                },
                password: parse_password(&typed)?,
                token: token.map(|token| token.0),
            }),
            (None, None, Some(token)) => Ok(Credentials::Code { token: token.0 }),
            _ => Err(report_malformed(
                "body",
                "`phone` and `password`, with `token` as a second step, or `token` alone",
            )),
        }
    }
}

/// Whether `character` changes the direction of the text around it, so that a name could show as another one.
const fn is_format(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A request to exchange a refresh token for the next tokens of its session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RefreshRequest)]
pub struct RefreshBody {
    /// The refresh token of the last answer. A token that comes back within 30 seconds of its exchange gets the current
    /// token of the session. One that comes back later ends the session.
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    pub refresh_token: SensitiveText,
}

impl JsonBody for RefreshBody {
    const FIELDS: &'static [&'static str] = &["refreshToken"];
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub struct SessionTokens<'a> {
    /// The access token to send as `Authorization: Bearer`, a JWT of type `at+jwt` (RFC 9068).
    access_token: &'a str,
    /// The type of the access token, which is always `Bearer` (RFC 6750).
    token_type: &'static str,
    /// When the access token expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// For how many seconds the access token is valid, counted from this answer.
    #[schema(example = 600)]
    expires_in: u64,
    /// The refresh token, which `POST /account/v1/sessions/refresh` exchanges once.
    refresh_token: &'a str,
    /// When the refresh token expires unless it is exchanged.
    #[schema(value_type = String, format = DateTime)]
    refresh_expires_at: Timestamp,
    /// For how many seconds the refresh token is valid, counted from this answer, unless it is exchanged.
    #[schema(example = 604_800)]
    refresh_expires_in: u64,
    /// The id of the session, 16 bytes in base64url.
    session: String,
}

impl<'a> SessionTokens<'a> {
    /// Makes the answer that gives a client its tokens.
    #[must_use]
    pub fn new(tokens: &'a Tokens) -> Self {
        Self {
            access_token: &tokens.access,
            token_type: "Bearer",
            expires_at: tokens.access_expires_at,
            expires_in: tokens.access_expires_at.since(tokens.issued_at).as_secs(),
            refresh_token: &tokens.refresh,
            refresh_expires_at: tokens.refresh_expires_at,
            refresh_expires_in: tokens.refresh_expires_at.since(tokens.issued_at).as_secs(),
            session: base64url(tokens.session.0),
        }
    }
}

/// The sessions of an account that have not expired.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// The sessions, the one that was used last first.
    sessions: Vec<SessionSummary>,
}

/// A session as the owner of the account sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionSummary {
    /// The id of the session, 16 bytes in base64url. `DELETE /account/v1/sessions/{session}` takes it.
    session: String,
    /// The name that the client gave its device at log-in; empty if it gave none, or if the name's key was retired.
    device: String,
    /// When the session began.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When the session was last refreshed; at first, when it began.
    #[schema(value_type = String, format = DateTime)]
    used_at: Timestamp,
    /// When the session ends unless it is refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// After how many seconds, counted from this answer, the session ends unless it is refreshed.
    #[schema(example = 604_800)]
    expires_in: u64,
    /// Whether this is the session that asks.
    current: bool,
}

impl Sessions {
    /// Makes the answer that shows the sessions to one of them, `current`.
    #[must_use]
    pub fn new(
        sessions: HashMap<SessionId, NamedSession>,
        current: SessionId,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Self {
        let mut sessions: Vec<_> = sessions.into_iter().collect();
        sessions.sort_by_key(|(id, named)| (Reverse(named.session.used_at), id.0));
        let summary = |(id, named): (SessionId, NamedSession)| SessionSummary {
            session: base64url(id.0),
            device: named.device.open(id, keyring).unwrap_or_default(),
            began_at: named.session.began_at,
            used_at: named.session.used_at,
            expires_at: named.session.expires_at(),
            expires_in: named.session.expires_at().since(now).as_secs(),
            current: id == current,
        };
        Self {
            sessions: sessions.into_iter().map(summary).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(typed: &str) -> String {
        let body = serde_json::json!({ "device": typed }).to_string();
        serde_json::from_str::<LogInBody>(&body)
            .expect("a body")
            .read_device()
    }

    #[test]
    fn a_label_is_cut_at_a_character_and_never_refused() {
        assert_eq!(name("  Ann's phone\n"), "Ann's phone");
        assert_eq!(name("a\0b\tc\u{202e}d"), "a b cd");
        assert_eq!(name(&"x".repeat(1_000)), "x".repeat(64));
        assert_eq!(name(&"é".repeat(40)), "é".repeat(32));
        assert_eq!(
            name(&format!("x{}", "雲".repeat(40))),
            format!("x{}", "雲".repeat(21))
        );
        assert_eq!(name(&format!("{} y", "x".repeat(63))), "x".repeat(63));
        assert_eq!(name("\0"), "");
    }
}
