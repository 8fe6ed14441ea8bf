//! What every answer has in common: routing, request id, CORS, headers and the log line.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
    ORIGIN, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use lambda_http::request::RequestContext as GatewayRequest;
use lambda_http::{Body, Request, RequestExt as _};
use serde::Serialize;
use tokio::time::Instant;

use super::body::{JsonBody, read_body};
use super::problem::{Kind, Problem};
use super::route::Route;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::random::Random;
use phoneproof_observe::{Entry, Facts, Journal, Level, RequestContext, TraceContext, Tracer};
use phoneproof_service::Service;

/// What a function serves requests with.
pub struct App {
    /// The use cases.
    pub service: Service,
    /// The clock that requests are stamped with.
    pub clock: Arc<dyn Clock>,
    /// The random source of requests.
    pub random: Arc<dyn Random>,
    /// Web origins that may call from a browser.
    pub allowed_origins: Vec<String>,
    /// Where each request leaves its line.
    pub journal: Journal,
    /// Where sampled requests leave their trace.
    pub tracer: Option<Tracer>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// The request id of every answer.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How a client key is asked for: in the header `X-Client-Key`.
const CLIENT_KEY_CHALLENGE: &str = "ClientKey realm=\"send\"";

/// The time an answer needs after its last call, kept back from the function's deadline. Instants
/// have whole seconds, so one second can be lost to rounding.
const RESERVED: Duration = Duration::from_secs(1);
/// The longest a request works when the deadline is far away or unknown.
const MAX_WORK: Duration = Duration::from_secs(20);

/// Seconds after which a client may try again when the service is not available.
const UNAVAILABLE_RETRY_SECONDS: u64 = 2;

/// The time until a function's own deadline, less what the answer needs.
///
/// A deadline that has passed says nothing: Lambda would have ended this process; `cargo lambda` counts
/// from before it compiled.
#[must_use]
pub fn time_left(request: &Request, now: Timestamp) -> Duration {
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

/// One request on its way through a function.
pub struct Call {
    /// Where it goes.
    pub route: Route,
    /// The circumstances under which it is served.
    pub context: RequestContext,
    trace: Option<TraceContext>,
    head: Head,
    headers: HeaderMap,
    body: Body,
    source_ip: Option<IpAddr>,
}

/// What is needed to answer and to log, whatever happens to the rest of the request.
struct Head {
    request_id: String,
    origin: Option<HeaderValue>,
    began: Instant,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// A served request.
#[derive(Debug)]
pub struct Reply {
    status: StatusCode,
    content_type: &'static str,
    cache_control: &'static str,
    body: String,
}

impl Reply {
    /// A JSON answer that nothing may keep.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] when the value cannot be written as JSON, which the types rule out.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(value).map_err(Problem::unavailable)?;
        Ok(Self {
            status,
            content_type: "application/json",
            cache_control: "no-store",
            body,
        })
    }

    /// A plain text answer.
    #[must_use]
    pub fn text(body: &str) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "text/plain; charset=utf-8",
            cache_control: "no-store",
            body: body.to_owned(),
        }
    }

    /// The same answer, which caches may keep for five minutes: for public documents, whose keys are
    /// published well before they are used.
    #[must_use]
    pub fn cacheable(mut self) -> Self {
        self.cache_control = "public, max-age=300";
        self
    }
}

impl Call {
    /// The span of everything that is logged for this call: it names the request. It is an error
    /// span, so that it exists at every log level.
    #[must_use]
    pub fn span(&self) -> tracing::Span {
        tracing::error_span!("request", request_id = self.head.request_id)
    }

    /// The one value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.headers.get(name)
    }

    /// The address the gateway saw; no header can change it.
    pub(super) fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    /// The body, read as `T`.
    pub(super) fn body<T: JsonBody>(&self) -> Result<T, Problem> {
        let body: &[u8] = match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Binary(bytes) => bytes,
            _ => &[],
        };
        Ok(read_body(&self.headers, body)?)
    }
}

impl App {
    /// Takes a request in: the call, if one of `routes` serves it, else the answer.
    ///
    /// # Errors
    ///
    /// The answer to a preflight, an unknown path or a wrong method.
    pub fn accept(&self, request: Request, routes: &[Route]) -> Result<Call, Box<Response<Body>>> {
        let gateway = gateway_context(&request);
        let head = Head {
            request_id: gateway.request_id,
            origin: request.headers().get(ORIGIN).cloned(),
            began: Instant::now(),
        };
        let Some(route) = Route::find(routes, request.uri().path()) else {
            return Err(Box::new(self.refuse(&head, None, Problem::NotFound)));
        };
        if *request.method() == Method::OPTIONS {
            return Err(Box::new(self.preflight(&head, route)));
        }
        if *request.method() != route.method() {
            let problem = Problem::MethodNotAllowed(route.method());
            return Err(Box::new(self.refuse(&head, Some(route), problem)));
        }
        let now = self.clock.now();
        let within = time_left(&request, now);
        let context = RequestContext::new(now, within, Arc::clone(&self.random));
        let trace = self.tracer.as_ref().and_then(|_| trace_context(&request));
        let (parts, body) = request.into_parts();
        Ok(Call {
            route,
            context,
            trace,
            head,
            headers: parts.headers,
            body,
            source_ip: gateway.source_ip,
        })
    }

    /// Sends the outcome of a call out: the answer with its headers, and the log line.
    pub fn finish(&self, call: &Call, outcome: Result<Reply, Problem>) -> Response<Body> {
        self.trace(call);
        self.answer(&call.head, Some(call.route), &call.context.facts, outcome)
    }

    fn trace(&self, call: &Call) {
        if let (Some(tracer), Some(context)) = (&self.tracer, &call.trace) {
            let moment = (Instant::now(), self.clock.since_epoch());
            let calls = call.context.facts.calls();
            tracer.send(context, calls, moment, self.random.as_ref());
        }
    }

    fn refuse(&self, head: &Head, route: Option<Route>, problem: Problem) -> Response<Body> {
        self.answer(head, route, &Facts::default(), Err(problem))
    }

    fn answer(
        &self,
        head: &Head,
        route: Option<Route>,
        facts: &Facts,
        outcome: Result<Reply, Problem>,
    ) -> Response<Body> {
        if let Err(Problem::Unavailable(cause)) = &outcome {
            tracing::error!(
                request_id = head.request_id,
                cause,
                "the service is not available"
            );
        }
        self.record(head, route, facts, &outcome);
        let mut response = match outcome {
            Ok(reply) => success(reply),
            Err(problem) => refusal(&problem, &head.request_id, self.clock.now()),
        };
        self.add_common_headers(head, response.headers_mut());
        response
    }

    /// One line per request: ids, names and durations, never a value of the request.
    fn record(
        &self,
        head: &Head,
        route: Option<Route>,
        facts: &Facts,
        outcome: &Result<Reply, Problem>,
    ) {
        let (status, kind, rule) = match outcome {
            Ok(reply) => (reply.status, None, None),
            Err(problem) => {
                let kind = problem.kind();
                (kind.status(), Some(kind), problem.rule())
            }
        };
        self.journal.record(&Entry {
            at: self.clock.since_epoch(),
            request_id: &head.request_id,
            route: route.map(Route::path),
            status: status.as_u16(),
            outcome: kind.map_or("served", Kind::slug),
            rule,
            event: None,
            is_verification: route == Some(Route::Verify),
            level: kind.map_or(Level::Info, Kind::level),
            took: head.began.elapsed(),
            facts,
        });
    }

    fn preflight(&self, head: &Head, route: Route) -> Response<Body> {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.is_allowed(head) {
            let method = route.method();
            insert(headers, ACCESS_CONTROL_ALLOW_METHODS, method.as_str());
            insert(
                headers,
                ACCESS_CONTROL_ALLOW_HEADERS,
                "content-type, idempotency-key, x-client-key",
            );
            insert(headers, ACCESS_CONTROL_MAX_AGE, "600");
        }
        insert(headers, CACHE_CONTROL, "no-store");
        self.add_common_headers(head, headers);
        response
    }

    fn is_allowed(&self, head: &Head) -> bool {
        let origin = head.origin.as_ref().and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| self.allowed_origins.iter().any(|allowed| allowed == origin))
    }

    fn add_common_headers(&self, head: &Head, headers: &mut HeaderMap) {
        insert(headers, X_REQUEST_ID, &head.request_id);
        insert(
            headers,
            HeaderName::from_static("x-content-type-options"),
            "nosniff",
        );
        if self.allowed_origins.is_empty() {
            return;
        }
        insert(headers, VARY, "Origin");
        if let Some(origin) = head.origin.clone().filter(|_| self.is_allowed(head)) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            insert(
                headers,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                "retry-after, ratelimit, ratelimit-policy, x-request-id",
            );
        }
    }
}

fn trace_context(request: &Request) -> Option<TraceContext> {
    let context = request.lambda_context_ref()?;
    TraceContext::parse(context.xray_trace_id.as_deref()?)
}

/// What API Gateway says about a request. No header can change it.
#[derive(Clone)]
pub struct GatewayContext {
    /// The id it gave the request.
    pub request_id: String,
    /// The address the request comes from.
    pub source_ip: Option<IpAddr>,
}

/// Shows the request id only.
impl fmt::Debug for GatewayContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayContext")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// What API Gateway says about `request`.
#[must_use]
pub fn gateway_context(request: &Request) -> GatewayContext {
    match request.request_context_ref() {
        Some(GatewayRequest::ApiGatewayV2(context)) => GatewayContext {
            request_id: context.request_id.clone().unwrap_or_default(),
            source_ip: context
                .http
                .source_ip
                .as_deref()
                .and_then(|ip| ip.parse().ok()),
        },
        _ => GatewayContext {
            request_id: String::new(),
            source_ip: None,
        },
    }
}

fn success(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::Text(reply.body));
    *response.status_mut() = reply.status;
    insert(response.headers_mut(), CONTENT_TYPE, reply.content_type);
    insert(response.headers_mut(), CACHE_CONTROL, reply.cache_control);
    response
}

fn refusal(problem: &Problem, request_id: &str, now: Timestamp) -> Response<Body> {
    let document = problem.document(request_id);
    let body = serde_json::to_string(&document).unwrap_or_default();
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = problem.kind().status();
    let headers = response.headers_mut();
    insert(headers, CONTENT_TYPE, "application/problem+json");
    insert(headers, CACHE_CONTROL, "no-store");
    if let Problem::MethodNotAllowed(method) = problem {
        insert(headers, ALLOW, method.as_str());
    }
    if matches!(problem, Problem::ClientKey) {
        // Every 401 names a scheme (RFC 9110 section 15.5.2); this one is the service's own.
        insert(headers, WWW_AUTHENTICATE, CLIENT_KEY_CHALLENGE);
    }
    if let Some(seconds) = retry_after(problem, now) {
        insert(headers, RETRY_AFTER, &seconds.to_string());
        if let Some(limit) = problem.rate_limit() {
            limit.insert(headers, seconds);
        }
    }
    response
}

fn retry_after(problem: &Problem, now: Timestamp) -> Option<u64> {
    match problem {
        Problem::Unavailable(_) => Some(UNAVAILABLE_RETRY_SECONDS),
        _ => problem.retry_at().map(|at| at.since(now).as_secs().max(1)),
    }
}

/// Inserts a header whose value is known to be valid; an invalid one is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
