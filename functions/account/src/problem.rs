//! Refusals as problem documents (RFC 9457).

use http::StatusCode;
use phoneproof_domain::clock::Timestamp;
use phoneproof_http::{BodyFault, FieldFault, RateLimit};
use phoneproof_observe::Level;
use serde::Serialize;
use utoipa::ToSchema;

use crate::login::Denial;
use crate::service::Refusal;

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The body was not read.
    Body(BodyFault),
    /// A field of the body has a value that is not accepted.
    Field(FieldFault),
    /// The service refused.
    Refused(Refusal),
    /// No such path.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// A fault of ours: the code that served the request panicked.
    Internal,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        Self::Body(fault)
    }
}

/// The body of a refusal, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Document {
    /// Identifies the kind of problem.
    r#type: String,
    /// A short summary of the kind.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// The request, for support; missing when there was no good access token.
    #[schema(required = false)]
    request_id: String,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// When trying again can succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    retry_at: Option<Timestamp>,
    /// The faults of a malformed request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldFault>,
}

impl Problem {
    /// Status, last part of the type, and title.
    #[must_use]
    pub const fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Body(BodyFault::TooLarge) => (
                S::PAYLOAD_TOO_LARGE,
                "too-large",
                "The request is too large",
            ),
            Self::Body(BodyFault::MediaType) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                "The body must be JSON",
            ),
            Self::Body(BodyFault::Malformed(_)) | Self::Field(_) => {
                (S::BAD_REQUEST, "malformed", "The request is malformed")
            }
            Self::NotFound => (S::NOT_FOUND, "not-found", "There is nothing here"),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "The method is not supported here",
            ),
            Self::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Self::Refused(refusal) => match refusal {
                Refusal::Phone(_) => (
                    S::BAD_REQUEST,
                    "invalid-phone",
                    "The phone number is not valid",
                ),
                Refusal::Token => (S::BAD_REQUEST, "invalid-token", "The token is not valid"),
                Refusal::TestNumber => {
                    (S::FORBIDDEN, "test-number", "Test numbers are not accepted")
                }
                Refusal::AlreadySpent => {
                    (S::CONFLICT, "already-spent", "The token was spent already")
                }
                Refusal::OtherPhone => (
                    S::FORBIDDEN,
                    "other-phone",
                    "The token is for another phone",
                ),
                Refusal::NoAccount => (S::NOT_FOUND, "no-account", "No account has this phone"),
                Refusal::PhoneInUse { .. } => {
                    (S::CONFLICT, "phone-in-use", "The phone has an account")
                }
                Refusal::Password(_) => (
                    S::UNPROCESSABLE_ENTITY,
                    "password-refused",
                    "The password is not accepted",
                ),
                Refusal::WrongCredentials => (
                    S::UNAUTHORIZED,
                    "wrong-credentials",
                    "Phone or password is wrong",
                ),
                Refusal::SecondStepRequired => (
                    S::FORBIDDEN,
                    "second-step-required",
                    "Password and code are needed",
                ),
                Refusal::RecoveryCode => (
                    S::FORBIDDEN,
                    "recovery-code-required",
                    "The recovery code is needed",
                ),
                Refusal::Denied(Denial::Locked) => {
                    (S::FORBIDDEN, "locked", "The password is locked")
                }
                Refusal::Denied(_) => (S::TOO_MANY_REQUESTS, "limited", "Too many requests"),
                Refusal::RefreshToken | Refusal::Reused => (
                    S::UNAUTHORIZED,
                    "invalid-refresh-token",
                    "The refresh token is not valid",
                ),
                Refusal::SessionOver => (S::UNAUTHORIZED, "session-over", "The session is over"),
                Refusal::Unavailable(_) => (
                    S::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "The service is not available",
                ),
            },
        }
    }

    /// The rule that refused, if one did.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Refused(Refusal::Denied(denial)) => Some(denial.rule().name()),
            _ => None,
        }
    }

    /// What the rule that refused admits.
    #[must_use]
    pub const fn rate_limit(&self) -> Option<RateLimit> {
        match self {
            Self::Refused(Refusal::Denied(denial)) => denial.rate_limit(),
            _ => None,
        }
    }

    /// When trying again can succeed.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Refused(Refusal::Denied(denial)) => denial.retry_at(),
            Self::Refused(Refusal::PhoneInUse { unlink_at, .. }) => Some(*unlink_at),
            _ => None,
        }
    }

    /// Whose fault it is: the level of its request line.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Refused(Refusal::Unavailable(_)) | Self::Internal => Level::Error,
            Self::Refused(Refusal::Reused) => Level::Warn,
            _ => Level::Info,
        }
    }

    /// The document of this problem.
    #[must_use]
    pub fn document(&self, request_id: &str) -> Document {
        let (status, slug, title) = self.kind();
        Document {
            r#type: format!("urn:phoneproof:problem:{slug}"),
            title,
            status: status.as_u16(),
            detail: self.detail(),
            request_id: request_id.to_owned(),
            rule: self.rule(),
            retry_at: self.retry_at(),
            errors: self.errors(),
        }
    }

    fn errors(&self) -> Vec<FieldFault> {
        match self {
            Self::Body(BodyFault::Malformed(fault)) | Self::Field(fault) => vec![fault.clone()],
            Self::Refused(Refusal::Phone(error)) => vec![FieldFault::new(
                "phone",
                format_args!(
                    "a number in E.164 such as +14152007986, or in national form with `region`: {error}"
                ),
            )],
            Self::Refused(Refusal::Password(refused)) => {
                vec![FieldFault::new("password", refused.accepted())]
            }
            Self::Refused(Refusal::Token) => vec![FieldFault::new(
                "token",
                "a live success token for this business is needed",
            )],
            _ => Vec::new(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Refused(refusal) => match refusal {
                Refusal::SecondStepRequired => {
                    "Log in with `phone`, `password` and a success token of business `login`."
                        .to_owned()
                }
                Refusal::PhoneInUse { .. } => "It can be registered again at `retryAt`, with a \
                    new code, unless the account is used until then."
                    .to_owned(),
                Refusal::RecoveryCode => "The account asks for two factors: send `recoveryCode`, \
                    which was made for it and counts once, or change the password in a session."
                    .to_owned(),
                Refusal::Denied(Denial::Locked) => {
                    "Log in with a code, or with password and code, or reset the password."
                        .to_owned()
                }
                Refusal::Denied(_) => "Try again at `retryAt`.".to_owned(),
                Refusal::Password(refused) => format!("{refused}."),
                Refusal::RefreshToken | Refusal::Reused | Refusal::SessionOver => {
                    "Log in again.".to_owned()
                }
                Refusal::Unavailable(_) => "Try again in a moment.".to_owned(),
                _ => format!("{}.", self.kind().2),
            },
            Self::Body(BodyFault::Malformed(_)) | Self::Field(_) => {
                "See `errors` for what is accepted.".to_owned()
            }
            _ => format!("{}.", self.kind().2),
        }
    }
}
