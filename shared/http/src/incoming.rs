//! A request in flight, from its intake to its log line.

use std::net::IpAddr;
use std::time::Duration;

use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue, Method};
use lambda_http::request::RequestContext as GatewayRequest;
use lambda_http::{Body, Request, RequestExt as _};
use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::{RequestContext, TraceContext};
use tokio::time::Instant;

use super::body::{JsonBody, read_body};
use super::problem::Problem;

/// The time an answer needs after its last call, kept back from the function's deadline. Instants
/// have whole seconds, so one second can be lost to rounding.
const RESERVED: Duration = Duration::from_secs(1);
/// The longest a request works when the deadline is far away or unknown.
const MAX_WORK: Duration = Duration::from_secs(20);

/// One request on its way through a function.
#[derive(derive_more::Debug)]
#[debug("Incoming {{ endpoint: {endpoint:?}, .. }}")]
pub struct Incoming<E> {
    /// The endpoint that answers it.
    pub endpoint: E,
    /// The circumstances under which it is served.
    pub context: RequestContext,
    /// The path of the route, with the name of its parameter.
    pub(crate) path: &'static str,
    pub(crate) parameter: Option<String>,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) head: Head,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) source_ip: Option<IpAddr>,
}

impl<E> Incoming<E> {
    /// Makes the span of everything that is logged for this request: it names it.
    pub(crate) fn make_span(&self) -> tracing::Span {
        self.head.make_span()
    }

    /// Returns the headers of the request.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the one value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.get(name)
    }

    /// Returns the parameter of the path, as it stands there; `None` for a path without one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// Returns the address of the client: the one that the gateway saw or, with a trusted proxy that shows its secret,
    /// the one that the proxy names. No other header can change it. `None` when neither says it.
    #[must_use]
    pub const fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    /// Reads the body as `T`.
    ///
    /// # Errors
    ///
    /// A problem that says what is accepted.
    pub fn read_body<T: JsonBody>(&self) -> Result<T, Problem> {
        Ok(read_body(&self.headers, self.bytes())?)
    }

    /// Returns the body as it came, which is what a sender has signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        }
    }
}

/// What is needed to answer and to log, whatever happens to the rest of the request.
pub(crate) struct Head {
    pub(crate) request_id: String,
    pub(crate) origin: Option<HeaderValue>,
    pub(crate) began: Instant,
    /// Whether the answer must have no body (RFC 9110 section 9.3.2).
    pub(crate) is_head: bool,
}

impl Head {
    /// The span is an error span, so that it exists at every log level.
    pub(crate) fn make_span(&self) -> tracing::Span {
        tracing::error_span!("request", request_id = self.request_id)
    }
}

/// Takes what API Gateway says about `request`, which no header can change: the id in the head, and the source address.
pub(crate) fn read_head(request: &Request) -> (Head, Option<IpAddr>) {
    let (request_id, source_ip) = match request.request_context_ref() {
        Some(GatewayRequest::ApiGatewayV2(context)) => (
            context.request_id.clone().unwrap_or_default(),
            context.http.source_ip.as_deref(),
        ),
        _ => (String::new(), None),
    };
    let head = Head {
        request_id,
        origin: request.headers().get(ORIGIN).cloned(),
        began: Instant::now(),
        is_head: *request.method() == Method::HEAD,
    };
    (head, source_ip.and_then(|ip| ip.parse().ok()))
}

/// Returns the time until a function's own deadline, less what the answer needs.
///
/// A deadline in the past is ignored: Lambda would have ended this process, and `cargo lambda` counts the time of its
/// compilation.
pub(crate) fn count_time_left(request: &Request, now: Timestamp) -> Duration {
    let deadline = request
        .lambda_context_ref()
        .map_or(0, |context| context.deadline);
    let ends = Timestamp::from_unix(i64::try_from(deadline / 1_000).unwrap_or(i64::MAX));
    let left = ends.since(now);
    if left.is_zero() {
        return MAX_WORK;
    }
    left.saturating_sub(RESERVED).min(MAX_WORK)
}

/// Returns the trace of the invocation, if Lambda samples it.
pub(crate) fn trace_context(request: &Request) -> Option<TraceContext> {
    let context = request.lambda_context_ref()?;
    TraceContext::parse(context.xray_trace_id.as_deref()?)
}
