//! What every request has in common: it is matched with a route, answered, and leaves its line.

use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, Method, Response};
use lambda_http::{Body, Request};
use phoneproof_domain::clock::Clock;
use phoneproof_domain::random::Random;
use phoneproof_observe::{Facts, Journal, RequestContext, Tracer};
use tokio::time::Instant;

use super::catch_panic::catch_panic;
use super::cors;
use super::header::insert;
use super::incoming::{Head, Incoming, count_time_left, read_head, trace_context};
use super::problem::{INTERNAL, NOT_FOUND, Problem};
use super::proxy::TrustedProxy;
use super::reply::Reply;
use super::route::{Endpoint, Route, find_mapped};
use super::unlogged::{Unlogged, Verdict};

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
    /// Serves one request, from the match of its route to its log line. If a route matches, `decide` handles the
    /// request. There is always an answer, even after a panic.
    pub async fn serve<E: Endpoint>(
        &self,
        request: Request,
        routes: &[Route<E>],
        decide: impl AsyncFnOnce(&Self, &mut Incoming<E>) -> Result<Reply, Problem>,
    ) -> Response<Body> {
        let (response, unlogged) = self.answer(request, routes, decide).await;
        if let Some(unlogged) = unlogged {
            self.log(unlogged);
        }
        response
    }

    /// Answers one request as [`serve`](Self::serve) does, and leaves its line to [`log`](Self::log) or
    /// [`log_after`](Self::log_after). A request that no route serves leaves none.
    pub async fn answer<E: Endpoint>(
        &self,
        request: Request,
        routes: &[Route<E>],
        decide: impl AsyncFnOnce(&Self, &mut Incoming<E>) -> Result<Reply, Problem>,
    ) -> (Response<Body>, Option<Unlogged<E>>) {
        let mut incoming = match self.accept(request, routes) {
            Ok(incoming) => incoming,
            Err(answer) => return (*answer, None),
        };
        let outcome = catch_panic(incoming.make_span(), decide(self, &mut incoming)).await;
        let outcome = outcome.unwrap_or_else(|| {
            let problem = Problem::new(&INTERNAL);
            Err(match E::AFTER_PANIC {
                Some(detail) => problem.with_detail(detail),
                None => problem,
            })
        });
        let (response, unlogged) = self.finish(incoming, outcome);
        (response, Some(unlogged))
    }

    /// Does `work` for a request that was answered, then writes its line. A panic ends the work, and the line follows.
    pub async fn log_after<E: Endpoint>(
        &self,
        mut unlogged: Unlogged<E>,
        work: impl AsyncFnOnce(&mut RequestContext),
    ) {
        let span = unlogged.incoming.make_span();
        // The log says where it panicked, and the line has what was noted until then.
        let _: Option<()> = catch_panic(span, work(&mut unlogged.incoming.context)).await;
        self.log(unlogged);
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
            return Err(self.refuse::<E>(&head, None, &Facts::default(), problem));
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
            return Err(self.refuse::<E>(&head, Some(path), &facts, problem));
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

    /// Makes the response from the outcome of a request.
    pub fn finish<E>(
        &self,
        incoming: Incoming<E>,
        outcome: Result<Reply, Problem>,
    ) -> (Response<Body>, Unlogged<E>) {
        let (response, verdict) = self.conclude(&incoming.head, outcome);
        (response, Unlogged { incoming, verdict })
    }

    /// Leaves the trace and the line of a request that was answered.
    pub fn log<E: Endpoint>(&self, unlogged: Unlogged<E>) {
        let Unlogged { incoming, verdict } = unlogged;
        let facts = &incoming.context.facts;
        if let (Some(tracer), Some(context)) = (&self.tracer, &incoming.trace) {
            let (now, at) = (Instant::now(), self.clock.since_epoch());
            tracer.send(context, facts.calls(), now, at, self.random.as_ref());
        }
        self.write_line::<E>(&incoming.head, Some(incoming.path), facts, &verdict);
    }

    /// Makes the response to a request that no endpoint gets, and leaves its line.
    fn refuse<E: Endpoint>(
        &self,
        head: &Head,
        path: Option<&'static str>,
        facts: &Facts,
        problem: Problem,
    ) -> Box<Response<Body>> {
        let (response, verdict) = self.conclude(head, Err(problem));
        self.write_line::<E>(head, path, facts, &verdict);
        Box::new(response)
    }

    /// Makes the response from an outcome, and says how and when the request was answered. The cause of a failure gets a
    /// log line, because the response does not say it.
    fn conclude(&self, head: &Head, outcome: Result<Reply, Problem>) -> (Response<Body>, Verdict) {
        if let Some(cause) = outcome.as_ref().err().and_then(Problem::cause) {
            head.make_span()
                .in_scope(|| tracing::error!(cause, "the service is not available"));
        }
        let verdict = Verdict::new(&outcome, self.clock.since_epoch(), head.began.elapsed());
        (self.make_response(head, outcome), verdict)
    }

    /// Writes one line per request: ids, names and durations, never a value of the request.
    fn write_line<E: Endpoint>(
        &self,
        head: &Head,
        path: Option<&'static str>,
        facts: &Facts,
        verdict: &Verdict,
    ) {
        let entry = verdict.make_entry(&head.request_id, path, facts, E::REFUSED_EVENT);
        self.journal.record(&entry);
    }

    fn make_response(&self, head: &Head, outcome: Result<Reply, Problem>) -> Response<Body> {
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
