//! Kinds of refusals, and those that several APIs have.

use http::StatusCode;
use phoneproof_observe::Level;

/// What is fixed about a kind of refusal: one row of an API's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemType {
    /// The HTTP status of the answer.
    pub status: StatusCode,
    /// The last part of `type`, and `outcome` of the request line.
    pub slug: &'static str,
    /// A short summary for people.
    pub title: &'static str,
    /// Whose fault it is: the level of the request line.
    pub level: Level,
    /// The number that clients of an older interface know the refusal by: the member `code`, if it has one.
    pub code: Option<i32>,
}

impl ProblemType {
    /// A row for a refusal that is nobody's fault, or the caller's.
    #[must_use]
    pub const fn new(status: StatusCode, slug: &'static str, title: &'static str) -> Self {
        Self {
            status,
            slug,
            title,
            level: Level::Info,
            code: None,
        }
    }

    /// The same row with another level.
    #[must_use]
    pub const fn with_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The same row with a number for clients of an older interface.
    #[must_use]
    pub const fn with_code(self, code: i32) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// Returns the `type` of the document.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("urn:phoneproof:problem:{}", self.slug)
    }
}

/// The body or a header is malformed.
pub const MALFORMED: ProblemType = ProblemType::new(
    StatusCode::BAD_REQUEST,
    "malformed",
    "The request is malformed",
);
/// The body is larger than 4 KiB.
pub const TOO_LARGE: ProblemType = ProblemType::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too-large",
    "The request is too large",
);
/// The body is not JSON.
pub const MEDIA_TYPE: ProblemType = ProblemType::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "media-type",
    "The body must be JSON",
);
/// The API has no such path.
pub const NOT_FOUND: ProblemType =
    ProblemType::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here");
/// The path takes other methods.
pub const METHOD_NOT_ALLOWED: ProblemType = ProblemType::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "method-not-allowed",
    "The method is not supported here",
);
/// The service cannot answer now. [`Problem::unavailable`](crate::Problem::unavailable) makes it, with its cause.
pub const UNAVAILABLE: ProblemType = ProblemType::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "The service is not available",
)
.with_level(Level::Error);
/// The code that served the request panicked.
pub const INTERNAL: ProblemType = ProblemType::new(
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "The service failed",
)
.with_level(Level::Error);

/// The phone number of the request cannot be read, or is nobody's.
pub const INVALID_PHONE: ProblemType = ProblemType::new(
    StatusCode::BAD_REQUEST,
    "invalid-phone",
    "The phone number is not valid",
);
/// The token in the body of the request does not count.
pub const INVALID_TOKEN: ProblemType = ProblemType::new(
    StatusCode::BAD_REQUEST,
    "invalid-token",
    "The token is not valid",
);
/// The success token was spent before.
pub const ALREADY_SPENT: ProblemType = ProblemType::new(
    StatusCode::CONFLICT,
    "already-spent",
    "The token was spent already",
);
/// A limit refuses the request for now.
pub const LIMITED: ProblemType = ProblemType::new(
    StatusCode::TOO_MANY_REQUESTS,
    "limited",
    "Too many requests",
);

/// The refusals of every operation that reads a body.
pub const BODY_PROBLEMS: [&ProblemType; 3] = [&MALFORMED, &TOO_LARGE, &MEDIA_TYPE];
