//! Problem documents (RFC 9457): the one place that turns a refusal into an answer.

use std::borrow::Cow;
use std::fmt;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, Response};
use lambda_http::Body;
use phoneproof_domain::clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::{BodyFault, MAX_BODY_BYTES};
use super::fault::FieldFault;
use super::header::insert;
pub use super::problem_type::{
    ALREADY_SPENT, BODY_PROBLEMS, INTERNAL, INVALID_PHONE, INVALID_TOKEN, LIMITED, MALFORMED,
    MEDIA_TYPE, METHOD_NOT_ALLOWED, NOT_FOUND, ProblemType, TOO_LARGE, UNAVAILABLE,
};
use super::rate_limit::RateLimit;

/// Why one request was not served.
///
/// `Debug` shows the kind only: the members may hold a token.
#[derive(Clone, PartialEq, derive_more::Debug)]
#[debug("Problem({})", self.0.kind.slug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, PartialEq)]
struct Parts {
    kind: &'static ProblemType,
    detail: Option<Cow<'static, str>>,
    rule: Option<&'static str>,
    retry_at: Option<Timestamp>,
    rate_limit: Option<RateLimit>,
    errors: Vec<FieldFault>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, Cow<'static, str>)>,
    cause: Option<String>,
}

/// The body of every refusal, `application/problem+json`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Identifies the kind of problem.
    #[schema(example = "urn:phoneproof:problem:limited")]
    r#type: String,
    /// A short summary of the kind.
    title: &'static str,
    /// The HTTP status, the same as in the status line.
    #[schema(example = 429)]
    status: u16,
    /// What is wrong this time.
    detail: &'a str,
    /// The request, for support.
    request_id: &'a str,
    /// The rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// When trying again can succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    retry_at: Option<Timestamp>,
    /// The faults of a malformed request.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldFault],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    code: Option<i32>,
    #[serde(flatten)]
    #[schema(ignore)]
    members: &'a Map<String, Value>,
}

/// Seconds after which a client may try again, for most causes of a 503.
pub const RETRY_SECONDS: u32 = 2;

impl Problem {
    /// Refuses with the title as the detail.
    #[must_use]
    pub fn new(kind: &'static ProblemType) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: None,
            rule: None,
            retry_at: None,
            rate_limit: None,
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// Says that the service cannot answer now, and that a client may try again after this many seconds.
    ///
    /// `cause` names what failed, for the log. No client sees it.
    #[must_use]
    pub fn unavailable(cause: impl fmt::Display, retry_after_seconds: u32) -> Self {
        let mut problem =
            Self::new(&UNAVAILABLE).with_header(RETRY_AFTER, retry_after_seconds.to_string());
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// Refuses a request because of these faults.
    #[must_use]
    pub fn from_faults(faults: Vec<FieldFault>) -> Self {
        let detail = match faults.as_slice() {
            [fault] => format!("{}: {}.", fault.field, fault.accepted),
            _ => "Several fields are not accepted; see `errors`.".to_owned(),
        };
        let mut problem = Self::new(&MALFORMED).with_detail(detail);
        problem.0.errors = faults;
        problem
    }

    /// Refuses a method where only `allowed` are taken, a comma-separated list.
    pub(crate) fn method_not_allowed(allowed: String) -> Self {
        let detail = format!("Use {}.", allowed.replace(',', " or "));
        Self::new(&METHOD_NOT_ALLOWED)
            .with_detail(detail)
            .with_header(ALLOW, allowed)
    }

    /// Says what is wrong this time, in a full sentence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Names the rule that refused.
    #[must_use]
    pub fn with_rule(mut self, rule: &'static str) -> Self {
        self.0.rule = Some(rule);
        self
    }

    /// Says when trying again can succeed, if that is known: in `retryAt` and `Retry-After`.
    #[must_use]
    pub fn with_retry_at(mut self, at: Option<Timestamp>) -> Self {
        self.0.retry_at = at;
        self
    }

    /// Says what the rule admits. It is only shown beside the time to try again.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: Option<RateLimit>) -> Self {
        self.0.rate_limit = limit;
        self
    }

    /// Adds a fault of one field.
    #[must_use]
    pub fn with_error(mut self, field: &str, accepted: impl fmt::Display) -> Self {
        self.0.errors.push(FieldFault::new(field, accepted));
        self
    }

    /// Adds the members of `members`, a struct, to the document (RFC 9457 section 3.2).
    #[must_use]
    pub fn with_members(mut self, members: &impl Serialize) -> Self {
        if let Ok(Value::Object(members)) = serde_json::to_value(members) {
            self.0.members.extend(members);
        }
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<Cow<'static, str>>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Returns the kind of refusal.
    #[must_use]
    pub fn kind(&self) -> &'static ProblemType {
        self.0.kind
    }

    /// Whether the answer has a header of this name.
    #[must_use]
    pub fn has_header(&self, name: &HeaderName) -> bool {
        self.0.headers.iter().any(|(given, _)| given == name)
    }

    pub(crate) fn rule(&self) -> Option<&'static str> {
        self.0.rule
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Makes the answer to the request `request_id` at `now`.
    #[must_use]
    pub fn to_response(&self, request_id: &str, now: Timestamp) -> Response<Body> {
        let mut response = Response::new(Body::Text(self.to_json(request_id)));
        *response.status_mut() = self.0.kind.status;
        let headers = response.headers_mut();
        insert(headers, CONTENT_TYPE, "application/problem+json");
        insert(headers, CACHE_CONTROL, "no-store");
        if let Some(at) = self.0.retry_at {
            let seconds = at.since(now).as_secs().max(1);
            insert(headers, RETRY_AFTER, &seconds.to_string());
            if let Some(limit) = &self.0.rate_limit {
                limit.insert(headers, seconds);
            }
        }
        for (name, value) in &self.0.headers {
            insert(headers, name.clone(), value);
        }
        response
    }

    fn to_json(&self, request_id: &str) -> String {
        let Parts { kind, detail, .. } = &*self.0;
        let title = || Cow::Owned(format!("{}.", kind.title));
        let document = ProblemDocument {
            r#type: kind.uri(),
            title: kind.title,
            status: kind.status.as_u16(),
            detail: &detail.clone().unwrap_or_else(title),
            request_id,
            rule: self.0.rule,
            retry_at: self.0.retry_at,
            errors: &self.0.errors,
            code: kind.code,
            members: &self.0.members,
        };
        serde_json::to_string(&document).unwrap_or_default()
    }
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::new(&TOO_LARGE)
                .with_detail(format!("At most {MAX_BODY_BYTES} bytes are accepted.")),
            BodyFault::MediaType => {
                Self::new(&MEDIA_TYPE).with_detail("The Content-Type must be application/json.")
            }
            BodyFault::Malformed(fault) => Self::from_faults(vec![fault]),
        }
    }
}
