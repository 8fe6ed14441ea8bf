//! Problem documents (RFC 9457): the one place that turns a refusal into an answer.

use http::{Method, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{BodyFault, FieldFault};
use super::rate_limit::RateLimit;
use phoneproof_domain::challenge::Closed;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::{Denial, PHONE_LOCK};
use phoneproof_domain::phone::PhoneError;
use phoneproof_domain::policy::DestinationRefusal;
use phoneproof_observe::Level;
use phoneproof_service::{SendError, Sent, SpendError, Unavailable, VerifyError};

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The body or a header is malformed.
    Malformed(Vec<FieldFault>),
    /// The body is too large.
    TooLarge,
    /// The body is not JSON.
    MediaType,
    /// No such path.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed(Method),
    /// The policy has no such business.
    UnknownBusiness,
    /// Not a phone number that can be texted.
    Phone(PhoneError),
    /// Not a token of this service, or not for this use.
    Token,
    /// The client key is missing or wrong.
    ClientKey,
    /// The destination is not texted.
    Destination(DestinationRefusal),
    /// A rule refused the send.
    Denied(Denial),
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked for verification.
    Locked(Option<Timestamp>),
    /// The code was wrong.
    WrongCode(u32),
    /// The carrier refused.
    CarrierRefused,
    /// The carrier did not say.
    CarrierUnknown(Box<Sent>),
    /// The success token was spent before.
    AlreadySpent,
    /// The success token is over.
    TokenExpired,
    /// The service cannot answer now; what failed, for the log.
    Unavailable(String),
    /// A fault of ours: the code that served the request panicked.
    Internal,
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::TooLarge,
            BodyFault::MediaType => Self::MediaType,
            BodyFault::Malformed(fault) => Self::Malformed(vec![fault]),
        }
    }
}

/// The kinds of problem: what is fixed about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 400
    Malformed,
    /// 413
    TooLarge,
    /// 415
    MediaType,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 400
    UnknownBusiness,
    /// 400
    InvalidPhone,
    /// 400
    InvalidToken,
    /// 401
    ClientKey,
    /// 403
    DestinationNotAllowed,
    /// 403
    Blocked,
    /// 429
    Limited,
    /// 403
    Locked,
    /// 409
    AlreadyUsed,
    /// 410
    Expired,
    /// 429
    AttemptsExhausted,
    /// 422
    WrongCode,
    /// 502
    DeliveryFailed,
    /// 504
    DeliveryUnknown,
    /// 409
    AlreadySpent,
    /// 503
    Unavailable,
    /// 500
    Internal,
}

/// The result codes of the original interface.
const LIMITED: i32 = -1;
const DELIVERY_FAILED: i32 = -2;
const VERIFICATION_FAILED: i32 = -5;

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Malformed,
        Self::TooLarge,
        Self::MediaType,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnknownBusiness,
        Self::InvalidPhone,
        Self::InvalidToken,
        Self::ClientKey,
        Self::DestinationNotAllowed,
        Self::Blocked,
        Self::Limited,
        Self::Locked,
        Self::AlreadyUsed,
        Self::Expired,
        Self::AttemptsExhausted,
        Self::WrongCode,
        Self::DeliveryFailed,
        Self::DeliveryUnknown,
        Self::AlreadySpent,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::UnknownBusiness | Self::InvalidPhone | Self::InvalidToken => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ClientKey => StatusCode::UNAUTHORIZED,
            Self::DestinationNotAllowed | Self::Blocked | Self::Locked => StatusCode::FORBIDDEN,
            Self::Limited | Self::AttemptsExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::AlreadyUsed | Self::AlreadySpent => StatusCode::CONFLICT,
            Self::Expired => StatusCode::GONE,
            Self::WrongCode => StatusCode::UNPROCESSABLE_ENTITY,
            Self::DeliveryFailed => StatusCode::BAD_GATEWAY,
            Self::DeliveryUnknown => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whose fault it is: the level of its request line.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Unavailable | Self::Internal => Level::Error,
            Self::DeliveryFailed | Self::DeliveryUnknown => Level::Warn,
            _ => Level::Info,
        }
    }

    /// The last part of `type`.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::MediaType => "media-type",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::UnknownBusiness => "unknown-business",
            Self::InvalidPhone => "invalid-phone",
            Self::InvalidToken => "invalid-token",
            Self::ClientKey => "client-key",
            Self::DestinationNotAllowed => "destination-not-allowed",
            Self::Blocked => "blocked",
            Self::Limited => "limited",
            Self::Locked => "locked",
            Self::AlreadyUsed => "already-used",
            Self::Expired => "expired",
            Self::AttemptsExhausted => "attempts-exhausted",
            Self::WrongCode => "wrong-code",
            Self::DeliveryFailed => "delivery-failed",
            Self::DeliveryUnknown => "delivery-unknown",
            Self::AlreadySpent => "already-spent",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// A short summary for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request is malformed",
            Self::TooLarge => "The request is too large",
            Self::MediaType => "The body must be JSON",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "The method is not supported here",
            Self::UnknownBusiness => "The business is unknown",
            Self::InvalidPhone => "The phone number is not valid",
            Self::InvalidToken => "The token is not valid",
            Self::ClientKey => "The client key is missing or wrong",
            Self::DestinationNotAllowed => "This number cannot be texted",
            Self::Blocked => "The request is blocked",
            Self::Limited => "Too many requests",
            Self::Locked => "The phone is locked",
            Self::AlreadyUsed => "The code was used already",
            Self::Expired => "The time is over",
            Self::AttemptsExhausted => "No guesses are left",
            Self::WrongCode => "The code is wrong",
            Self::DeliveryFailed => "The text was not sent",
            Self::DeliveryUnknown => "The text may not have been sent",
            Self::AlreadySpent => "The token was spent already",
            Self::Unavailable => "The service is not available",
            Self::Internal => "The service failed",
        }
    }

    /// The `type` of the document.
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("urn:phoneproof:problem:{}", self.slug())
    }

    /// The result code of the original interface, where it had one. [`Kind::Limited`] and
    /// [`Kind::Locked`] are the problem's to say: they can refuse a send or a guess.
    const fn code(self) -> Option<i32> {
        match self {
            Self::DeliveryFailed | Self::DeliveryUnknown => Some(DELIVERY_FAILED),
            Self::AlreadyUsed | Self::Expired | Self::AttemptsExhausted | Self::WrongCode => {
                Some(VERIFICATION_FAILED)
            }
            _ => None,
        }
    }
}

/// The body of every refusal, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Identifies the kind of problem.
    #[schema(example = "urn:phoneproof:problem:limited")]
    pub r#type: String,
    /// A short summary of the kind.
    pub title: &'static str,
    /// The HTTP status.
    #[schema(example = 429)]
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The request, for support.
    pub request_id: String,
    /// -1 limited, -2 delivery failed, -5 verification failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "phone-cooldown")]
    pub rule: Option<&'static str>,
    /// When trying again can succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retry_at: Option<Timestamp>,
    /// Guesses that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_remaining: Option<u32>,
    /// The faults of a malformed request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldFault>,
    /// The challenge token of a text that may still arrive (504).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the code of that text stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When the next text may be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resend_at: Option<Timestamp>,
}

impl Problem {
    /// The service cannot answer now, because of `cause`. The cause goes to the log and to no client.
    #[must_use]
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::Unavailable(cause.to_string())
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Malformed(_) => Kind::Malformed,
            Self::TooLarge => Kind::TooLarge,
            Self::MediaType => Kind::MediaType,
            Self::NotFound => Kind::NotFound,
            Self::MethodNotAllowed(_) => Kind::MethodNotAllowed,
            Self::UnknownBusiness => Kind::UnknownBusiness,
            Self::Phone(_) => Kind::InvalidPhone,
            Self::Token => Kind::InvalidToken,
            Self::ClientKey => Kind::ClientKey,
            Self::Destination(_) => Kind::DestinationNotAllowed,
            Self::Denied(Denial::Blocked(_)) => Kind::Blocked,
            Self::Denied(Denial::Locked { until: None }) | Self::Locked(None) => Kind::Locked,
            Self::Denied(_) | Self::Locked(Some(_)) => Kind::Limited,
            Self::Closed(Closed::Used) => Kind::AlreadyUsed,
            Self::Closed(Closed::Expired) | Self::TokenExpired => Kind::Expired,
            Self::Closed(Closed::Exhausted) => Kind::AttemptsExhausted,
            Self::WrongCode(_) => Kind::WrongCode,
            Self::CarrierRefused => Kind::DeliveryFailed,
            Self::CarrierUnknown(_) => Kind::DeliveryUnknown,
            Self::AlreadySpent => Kind::AlreadySpent,
            Self::Unavailable(_) => Kind::Unavailable,
            Self::Internal => Kind::Internal,
        }
    }

    const fn code(&self) -> Option<i32> {
        match self {
            Self::Denied(_) => Some(LIMITED),
            Self::Locked(_) => Some(VERIFICATION_FAILED),
            // Spending is not part of the original interface.
            Self::TokenExpired => None,
            _ => self.kind().code(),
        }
    }

    /// The rule that refused, if one did.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Denied(denial) => Some(denial.rule()),
            Self::Destination(refusal) => Some(refusal.rule()),
            Self::Locked(_) => Some(PHONE_LOCK),
            _ => None,
        }
    }

    /// When trying again can succeed.
    #[must_use]
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Denied(denial) => denial.retry_at(),
            Self::Locked(until) => *until,
            _ => None,
        }
    }

    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        let Self::Denied(denial) = self else {
            return None;
        };
        let (quota, window) = match denial {
            Denial::CoolingDown { cooldown, .. } => (1, *cooldown),
            Denial::Exhausted(_, quota) => (quota.limit, quota.window.length),
            Denial::Blocked(_) | Denial::Locked { .. } => return None,
        };
        Some(RateLimit {
            rule: denial.rule(),
            quota,
            window,
        })
    }

    /// The document of this problem.
    #[must_use]
    pub fn document(&self, request_id: &str) -> ProblemDocument {
        let kind = self.kind();
        let sent = match self {
            Self::CarrierUnknown(sent) => Some(sent),
            _ => None,
        };
        ProblemDocument {
            r#type: kind.type_uri(),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: self.detail(),
            request_id: request_id.to_owned(),
            code: self.code(),
            rule: self.rule(),
            retry_at: self.retry_at(),
            attempts_remaining: match self {
                Self::WrongCode(left) => Some(*left),
                _ => None,
            },
            errors: self.errors(),
            token: sent.map(|sent| sent.token.clone()),
            expires_at: sent.map(|sent| sent.expires_at),
            resend_at: sent.map(|sent| sent.resend_at),
        }
    }

    fn errors(&self) -> Vec<FieldFault> {
        match self {
            Self::Malformed(faults) => faults.clone(),
            Self::UnknownBusiness => {
                vec![FieldFault::new(
                    "businessId",
                    "a business of the policy is needed",
                )]
            }
            Self::Phone(PhoneError::UnknownRegion) => {
                vec![FieldFault::new(
                    "region",
                    "a country with phone numbers is needed, as in `US`",
                )]
            }
            Self::Phone(error) => vec![FieldFault::new(
                "phone",
                format_args!(
                    "a number in E.164 such as +14152007986, or in national form with `region`: {error}"
                ),
            )],
            Self::Token => vec![FieldFault::new(
                "token",
                "a live token of this service, for this request, is needed",
            )],
            Self::ClientKey => vec![FieldFault::new(
                "X-Client-Key",
                "the client key of the business is needed",
            )],
            _ => Vec::new(),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Malformed(faults) => match faults.as_slice() {
                [fault] => format!("{}: {}.", fault.field, fault.accepted),
                _ => "Several fields are not accepted; see `errors`.".to_owned(),
            },
            Self::TooLarge => format!(
                "At most {} bytes are accepted.",
                super::body::MAX_BODY_BYTES
            ),
            Self::MediaType => "The Content-Type must be application/json.".to_owned(),
            Self::NotFound => "See /openapi.json for what there is.".to_owned(),
            Self::MethodNotAllowed(method) => format!("Use {method}."),
            Self::UnknownBusiness => "No business of this id is set up.".to_owned(),
            Self::Phone(error) => format!("{error}."),
            Self::Token => {
                "It is unknown, altered, for another purpose, or its key was retired.".to_owned()
            }
            Self::ClientKey => "Send the key of this business in X-Client-Key.".to_owned(),
            Self::Destination(DestinationRefusal::Country) => {
                "Numbers of this country are not served.".to_owned()
            }
            Self::Destination(DestinationRefusal::NumberType) => {
                "Numbers of this type are not served.".to_owned()
            }
            Self::Denied(Denial::Blocked(_)) => "An operator blocked it.".to_owned(),
            Self::Denied(Denial::CoolingDown { .. }) => "A text was sent a moment ago.".to_owned(),
            Self::Denied(Denial::Exhausted(rule, _)) => {
                format!("The limit {} is used up.", rule.name())
            }
            Self::Denied(Denial::Locked { until }) | Self::Locked(until) => match until {
                Some(_) => "Too many wrong codes today.".to_owned(),
                None => "Too many wrong codes; an operator has to unlock it.".to_owned(),
            },
            Self::Closed(Closed::Used | Closed::Exhausted) => "Ask for a new code.".to_owned(),
            Self::Closed(Closed::Expired) => "The code has expired; ask for a new one.".to_owned(),
            Self::WrongCode(left) => format!("{left} more guesses are left."),
            Self::CarrierRefused => {
                "The carrier refused it; the limits were given back.".to_owned()
            }
            Self::CarrierUnknown(_) => {
                "The carrier did not answer; the code may still arrive.".to_owned()
            }
            Self::AlreadySpent => "A success token counts once.".to_owned(),
            Self::TokenExpired => "The success token has expired.".to_owned(),
            Self::Unavailable(_) => {
                "Nothing was texted or accepted. Try again in a moment.".to_owned()
            }
            Self::Internal => "A fault of the service; a text may have been sent.".to_owned(),
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(cause: Unavailable) -> Self {
        Self::unavailable(cause)
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::UnknownBusiness => Self::UnknownBusiness,
            SendError::ClientKey => Self::ClientKey,
            SendError::Phone(error) => Self::Phone(error),
            SendError::Destination(refusal) => Self::Destination(refusal),
            SendError::Token => Self::Token,
            SendError::Closed(closed) => Self::Closed(closed),
            SendError::Denied(denial) => Self::Denied(denial),
            SendError::CarrierRefused => Self::CarrierRefused,
            SendError::CarrierUnknown(sent) => Self::CarrierUnknown(sent),
            SendError::Unavailable(cause) => Self::unavailable(cause),
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Token => Self::Token,
            VerifyError::WrongCode { attempts_left } => Self::WrongCode(attempts_left),
            VerifyError::Closed(closed) => Self::Closed(closed),
            VerifyError::Locked { until } => Self::Locked(until),
            VerifyError::Unavailable(cause) => Self::unavailable(cause),
        }
    }
}

impl From<SpendError> for Problem {
    fn from(error: SpendError) -> Self {
        match error {
            SpendError::Token => Self::Token,
            SpendError::Expired => Self::TokenExpired,
            SpendError::AlreadySpent => Self::AlreadySpent,
            SpendError::Unavailable(cause) => Self::unavailable(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn types_are_distinct() {
        let slugs: HashSet<_> = Kind::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), Kind::ALL.len());
    }
}
