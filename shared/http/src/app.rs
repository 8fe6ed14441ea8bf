//! What every request has in common: it is matched with a route, answered, and leaves its line.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, Method, Response};
use lambda_http::{Body, Request};
use phoneproof_domain::clock::Clock;
use phoneproof_domain::random::Random;
use phoneproof_observe::{Entry, Facts, Journal, Level, RequestContext, Tracer};
use tokio::time::Instant;

use super::catch_panic::catch_panic;
use super::cors;
use super::header::insert;
use super::incoming::{Head, Incoming, count_time_left, read_head, trace_context};
use super::problem::{INTERNAL, NOT_FOUND, Problem};
use super::proxy::TrustedProxy;
use super::reply::Reply;
use super::route::{Endpoint, Route, find_mapped};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_CONTENT_TYPE_OPTIONS: HeaderName = HeaderName::from_static("x-content-type-options");

/// What a function serves requests with, built once per process.
#[derive(derive_more::Debug)]
#[debug("App {{ journal: {journal:?}, .. }}")]
pub struct App<S> {
    /// The use cases that the endpoints call.
    pub service: S,
    /// The clock that requests are stamped with.
    pub clock: Arc<dyn Clock>,
    /// The random source of requests.
    pub random: Arc<dyn Random>,
    /// The web origins whose pages may call.
    pub allowed_origins: Vec<String>,
    /// The journal in which each request leaves its line.
    pub journal: Journal,
    /// The sender of traces; `None` when tracing is off.
    pub tracer: Option<Tracer>,
    /// The path at which the API is mapped under its domain, of [`base_path`](super::base_path); empty for its root.
    pub base_path: String,
    /// The proxy that is trusted to name the address of a client; `None` trusts none.
    pub proxy: Option<TrustedProxy>,
}

impl<S> App<S> {
    /// Serves one request, from the match of its route to its log line. `decide` gets it if one of `routes` serves it.
    /// There is always an answer, even after a panic.
    pub async fn serve<E: Endpoint>(
        &self,
        request: Request,
        routes: &[Route<E>],
        decide: impl AsyncFnOnce(&Self, &mut Incoming<E>) -> Result<Reply, Problem>,
    ) -> Response<Body> {
        let mut incoming = match self.accept(request, routes) {
            Ok(incoming) => incoming,
            Err(answer) => return *answer,
        };
        let outcome = catch_panic(incoming.make_span(), decide(self, &mut incoming)).await;
        let outcome = outcome.unwrap_or_else(|| {
            let problem = Problem::new(&INTERNAL);
            Err(match E::AFTER_PANIC {
                Some(detail) => problem.with_detail(detail),
                None => problem,
            })
        });
        self.finish(&incoming, outcome)
    }

    /// Takes a request in: makes the [`Incoming`], if one of `routes` serves it, else the answer.
    ///
    /// # Errors
    ///
    /// The answer to a preflight, an unknown path or a wrong method.
    pub fn accept<E: Endpoint>(
        &self,
        request: Request,
        routes: &[Route<E>],
    ) -> Result<Incoming<E>, Box<Response<Body>>> {
        let (head, source_ip) = read_head(&request);
        let Some((path, parameter)) = find_mapped(routes, request.uri().path(), &self.base_path)
        else {
            let problem = Problem::new(&NOT_FOUND).with_detail(E::NOT_FOUND);
            let answer = self.answer::<E>(&head, None, &Facts::default(), Err(problem));
            return Err(Box::new(answer));
        };
        let here = || routes.iter().filter(|route| route.path == path);
        let methods = || {
            let methods: Vec<_> = here().flat_map(Route::methods).collect();
            methods.join(",")
        };
        if let (&Method::OPTIONS, Some(request_headers)) = (request.method(), E::CORS_HEADERS) {
            let (origins, origin) = (&self.allowed_origins, head.origin.as_ref());
            let mut answer = cors::answer_preflight(&methods(), request_headers, origins, origin);
            self.add_common_headers(&head, answer.headers_mut());
            return Err(Box::new(answer));
        }
        let Some(route) = here().find(|route| route.serves(request.method())) else {
            let mut facts = Facts::default();
            if let Some(route) = here().next() {
                route.endpoint.note(&mut facts);
            }
            let problem = Problem::method_not_allowed(methods());
            return Err(Box::new(self.answer::<E>(
                &head,
                Some(path),
                &facts,
                Err(problem),
            )));
        };
        let now = self.clock.now();
        let within = count_time_left(&request, now);
        let mut context = RequestContext::new(now, within, Arc::clone(&self.random));
        route.endpoint.note(&mut context.facts);
        let trace = self.tracer.as_ref().and_then(|_| trace_context(&request));
        let source_ip = match &self.proxy {
            Some(proxy) => proxy.find_source(request.headers(), source_ip),
            None => source_ip,
        };
        let (parts, body) = request.into_parts();
        Ok(Incoming {
            endpoint: route.endpoint,
            context,
            path,
            parameter,
            trace,
            head,
            headers: parts.headers,
            body,
            source_ip,
        })
    }

    /// Makes the response from the outcome of a request, and leaves the line of the request.
    pub fn finish<E: Endpoint>(
        &self,
        incoming: &Incoming<E>,
        outcome: Result<Reply, Problem>,
    ) -> Response<Body> {
        self.trace(incoming);
        self.answer::<E>(
            &incoming.head,
            Some(incoming.path),
            &incoming.context.facts,
            outcome,
        )
    }

    fn trace<E>(&self, incoming: &Incoming<E>) {
        if let (Some(tracer), Some(context)) = (&self.tracer, &incoming.trace) {
            let (now, at) = (Instant::now(), self.clock.since_epoch());
            let calls = incoming.context.facts.calls();
            tracer.send(context, calls, now, at, self.random.as_ref());
        }
    }

    fn answer<E: Endpoint>(
        &self,
        head: &Head,
        path: Option<&'static str>,
        facts: &Facts,
        outcome: Result<Reply, Problem>,
    ) -> Response<Body> {
        if let Some(cause) = outcome.as_ref().err().and_then(Problem::cause) {
            head.make_span()
                .in_scope(|| tracing::error!(cause, "the service is not available"));
        }
        self.record::<E>(head, path, facts, &outcome);
        let mut response = match outcome {
            Ok(reply) => reply.into_response(),
            Err(problem) => problem.to_response(&head.request_id, self.clock.now()),
        };
        self.add_common_headers(head, response.headers_mut());
        if head.is_head {
            omit_body(&mut response);
        }
        response
    }

    /// Writes one line per request: ids, names and durations, never a value of the request.
    fn record<E: Endpoint>(
        &self,
        head: &Head,
        path: Option<&'static str>,
        facts: &Facts,
        outcome: &Result<Reply, Problem>,
    ) {
        let problem = outcome.as_ref().err();
        let kind = problem.map(Problem::kind);
        let status = match outcome {
            Ok(reply) => reply.status(),
            Err(problem) => problem.kind().status,
        };
        self.journal.record(&Entry {
            at: self.clock.since_epoch(),
            request_id: &head.request_id,
            route: path,
            status: status.as_u16(),
            outcome: kind.map_or("served", |kind| kind.slug),
            rule: problem.and_then(Problem::rule),
            event: facts.event.or(E::REFUSED_EVENT.filter(|_| kind.is_some())),
            level: kind.map_or(Level::Info, |kind| kind.level),
            took: head.began.elapsed(),
            facts,
        });
    }

    fn add_common_headers(&self, head: &Head, headers: &mut HeaderMap) {
        insert(headers, X_REQUEST_ID, &head.request_id);
        insert(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
        cors::add_headers(headers, &self.allowed_origins, head.origin.as_ref());
    }
}

/// Leaves out the body and says how long it would be (RFC 9110 section 9.3.2).
fn omit_body(response: &mut Response<Body>) {
    let length = response.body().len();
    insert(response.headers_mut(), CONTENT_LENGTH, &length.to_string());
    *response.body_mut() = Body::Empty;
}
