//! A proxy before DynamoDB, SNS and Secrets Manager that counts calls and breaks them on purpose.

mod dialect;
mod fault;
mod operation;
mod units;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use self::dialect::Dialect;
pub(crate) use self::dialect::{cancel_transaction, json_error};
pub use self::fault::Fault;
pub use self::operation::HOOK;
use self::operation::{PING, list_permissions, read_client_token, read_operation};
pub use self::units::Units;
use crate::client::http_client;
use crate::contention::{CONFLICT, Contention, HELD_FOR, Write};

#[derive(Debug, Default)]
struct Plan {
    calls: BTreeMap<String, usize>,
    units: Units,
    permissions: BTreeSet<(String, String)>,
    /// The faults of the next calls of an operation, one for each call. `None` lets a call through.
    next: BTreeMap<String, VecDeque<Option<Fault>>>,
    /// The fault of every call of an operation, once `next` is used up.
    always: BTreeMap<String, Fault>,
    /// The client tokens of the transactions that were applied while a fault broke the call. DynamoDB answers a repeat
    /// with success (API reference, `TransactWriteItems`, "Idempotency"), so no fault says that it was canceled.
    applied: BTreeSet<String>,
    /// The conflicts of overlapping writers, if the proxy makes them.
    contention: Option<Contention>,
    /// The item that another writer puts after every call of an operation, once so many calls were let alone.
    overtaken: BTreeMap<String, (usize, Value)>,
}

/// A running proxy. Point a stack at its URLs. Clones share the plan of faults and the counts.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The URL to use in place of DynamoDB's.
    pub dynamodb: String,
    /// The URL to use in place of SNS's.
    pub sns: String,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Clone)]
struct Upstream {
    url: String,
    http: reqwest::Client,
    plan: Arc<Mutex<Plan>>,
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Starts a proxy before DynamoDB and SNS at the URLs given. It breaks nothing yet.
    pub async fn start(dynamodb: &str, sns: &str) -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        Self {
            dynamodb: stand_before(dynamodb, Arc::clone(&plan)).await,
            sns: stand_before(sns, Arc::clone(&plan)).await,
            plan,
        }
    }

    /// Returns the number of calls by operation, and starts counting again from 0.
    #[must_use]
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut lock(&self.plan).calls)
    }

    /// Returns the units that the calls cost, and starts counting again from 0.
    #[must_use]
    pub fn take_units(&self) -> Units {
        std::mem::take(&mut lock(&self.plan).units)
    }

    /// Returns the IAM actions that the calls needed, and starts collecting again.
    ///
    /// Each comes with its resource: the table, `Keyring`, or `*` where IAM knows no resource.
    #[must_use]
    pub fn take_permissions(&self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut lock(&self.plan).permissions)
    }

    /// Breaks the next call of `operation`. Repeated, it breaks the calls after that one too.
    pub fn break_next(&self, operation: &str, fault: Fault) {
        lock(&self.plan)
            .next
            .entry(operation.to_owned())
            .or_default()
            .push_back(Some(fault));
    }

    /// Lets the next `calls` calls of `operation` through and breaks the one after them.
    pub fn break_after(&self, operation: &str, calls: usize, fault: Fault) {
        let mut plan = lock(&self.plan);
        let next = plan.next.entry(operation.to_owned()).or_default();
        next.extend(std::iter::repeat_n(None, calls));
        next.push_back(Some(fault));
    }

    /// Breaks every call of `operation`, until [`Proxy::mend`].
    pub fn break_all(&self, operation: &str, fault: Fault) {
        lock(&self.plan).always.insert(operation.to_owned(), fault);
    }

    /// From now on, refuses a write whose items a transaction holds at that moment, as DynamoDB does. The database
    /// behind the proxy runs one call after the other, so its own writers never overlap.
    pub fn let_writers_conflict(&self) {
        lock(&self.plan).contention = Some(Contention::default());
    }

    /// Returns how many writes were refused since [`Proxy::let_writers_conflict`].
    #[must_use]
    pub fn conflicts(&self) -> usize {
        let plan = lock(&self.plan);
        plan.contention
            .as_ref()
            .map_or(0, Contention::count_refused)
    }

    /// Lets another writer make this `PutItem` after every call of `operation`, before its caller has the answer.
    pub fn overtake(&self, operation: &str, put: Value) {
        self.overtake_after(operation, 0, put);
    }

    /// Lets the next `calls` calls of `operation` alone, and lets another writer make this `PutItem` after every later
    /// one.
    pub fn overtake_after(&self, operation: &str, calls: usize, put: Value) {
        let mut plan = lock(&self.plan);
        plan.overtaken.insert(operation.to_owned(), (calls, put));
    }

    /// Forgets all faults, so that every call is forwarded again.
    pub fn mend(&self) {
        let mut plan = lock(&self.plan);
        plan.next.clear();
        plan.always.clear();
    }
}

async fn stand_before(url: &str, plan: Arc<Mutex<Plan>>) -> String {
    let upstream = Upstream {
        url: url.to_owned(),
        http: http_client(),
        plan,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream.set_nodelay(true));
            let upstream = upstream.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let upstream = upstream.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
                    let upstream = upstream.at(head.uri.path());
                    handle(&upstream, head.headers, body).await
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    url
}

/// The error that makes the server close the connection.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut on purpose")
    }
}

impl std::error::Error for Cut {}

async fn handle(upstream: &Upstream, headers: HeaderMap, body: Bytes) -> Result<Response, Cut> {
    let operation = read_operation(&headers, &body);
    if operation == PING {
        return Ok("healthy".into_response());
    }
    {
        let mut plan = lock(&upstream.plan);
        plan.permissions.extend(list_permissions(&operation, &body));
        plan.units.add(&operation, &body);
    }
    let write = Write::read(&operation, &body);
    if let Some(refusal) = upstream.begin(write.as_ref()) {
        return Ok(refusal);
    }
    let answer = answer_or_break(upstream, &operation, headers, body).await;
    upstream.end(write.as_ref()).await;
    answer
}

async fn answer_or_break(
    upstream: &Upstream,
    operation: &str,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Cut> {
    let dialect = Dialect::of(&headers);
    let token = read_client_token(operation, &body);
    let fault = upstream.next_fault(operation, token.as_ref());
    if fault == Some(Fault::Delay) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let forwarded = match fault {
        None => {
            let answer = upstream.forward(headers.clone(), body).await;
            upstream.overtake(operation, headers).await;
            return Ok(answer);
        }
        Some(fault) if fault.forwards() => {
            let answer = upstream.forward(headers, body).await;
            let applied = token.filter(|_| answer.status() == StatusCode::OK);
            lock(&upstream.plan).applied.extend(applied);
            Some(answer)
        }
        Some(_) => None,
    };
    match (fault, forwarded) {
        (Some(Fault::Delay), Some(answer)) => Ok(answer),
        (Some(Fault::Truncate), Some(answer)) => Ok(answer.map(|body| {
            let whole = body.into_data_stream();
            let cut = whole.map(|part| part.map(|bytes| bytes.slice(..bytes.len() / 2)));
            // Without the error, the client would read a complete, shorter body.
            Body::from_stream(
                cut.map_err(drop_error)
                    .chain(stream::once(async { Err(Cut) })),
            )
        })),
        (Some(Fault::Trickle), Some(answer)) => Ok(answer.map(|_| {
            Body::from_stream(stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Some((Ok::<_, Cut>(Bytes::from_static(b" ")), ()))
            }))
        })),
        (Some(Fault::CutBefore | Fault::CutAfter), _) => Err(Cut),
        (Some(Fault::Hang), _) => std::future::pending().await,
        (Some(Fault::Unavailable), _) => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        (Some(Fault::Throttle), _) => Ok(dialect.answer_throttled()),
        (Some(Fault::Unexpected), _) => Ok(dialect.error("NobodyExpectsThisException")),
        (Some(Fault::CancelByConflict), _) => Ok(dialect.answer_cancelled(CONFLICT)),
        (Some(Fault::CancelByThrottling), _) => Ok(dialect.answer_cancelled("ThrottlingError")),
        (Some(Fault::CancelByThroughput), _) => {
            Ok(dialect.answer_cancelled("ProvisionedThroughputExceeded"))
        }
        (Some(Fault::InProgress), _) => Ok(dialect.error("TransactionInProgressException")),
        (Some(Fault::Conflict), _) => Ok(dialect.error("TransactionConflictException")),
        _ => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

fn drop_error(_: axum::Error) -> Cut {
    Cut
}

impl Upstream {
    /// The same upstream, at another path.
    fn at(&self, path: &str) -> Self {
        let url = format!("{}{}", self.url, path.trim_end_matches('/'));
        Self {
            url,
            ..self.clone()
        }
    }

    /// Begins a write where overlapping writers conflict. Returns the refusal if it conflicts.
    fn begin(&self, write: Option<&Write>) -> Option<Response> {
        let mut plan = lock(&self.plan);
        plan.contention.as_mut()?.begin(write?)
    }

    /// Ends a write that has begun, after the time that it holds its items.
    async fn end(&self, write: Option<&Write>) {
        let Some(write) = write.filter(|_| lock(&self.plan).contention.is_some()) else {
            return;
        };
        tokio::time::sleep(HELD_FOR).await;
        if let Some(contention) = &mut lock(&self.plan).contention {
            contention.end(write);
        }
    }

    /// Puts the item of the writer that overtakes this operation, if there is one.
    async fn overtake(&self, operation: &str, mut headers: HeaderMap) {
        let put = match lock(&self.plan).overtaken.get_mut(operation) {
            Some((0, put)) => Some(put.clone()),
            Some((calls, _)) => {
                *calls -= 1;
                None
            }
            None => None,
        };
        if let Some(put) = put {
            let target = HeaderValue::from_static("DynamoDB_20120810.PutItem");
            headers.insert("x-amz-target", target);
            headers.remove("content-length");
            let answer = self.forward(headers, put.to_string().into()).await;
            assert_eq!(answer.status(), StatusCode::OK, "the other writer");
        }
    }

    /// Returns the fault of the next call of `operation`, which has this client token.
    fn next_fault(&self, operation: &str, token: Option<&String>) -> Option<Fault> {
        let mut plan = lock(&self.plan);
        *plan.calls.entry(operation.to_owned()).or_default() += 1;
        let next = plan.next.get_mut(operation).and_then(VecDeque::pop_front);
        let fault = next.unwrap_or_else(|| plan.always.get(operation).copied());
        let is_applied = token.is_some_and(|token| plan.applied.contains(token));
        fault.filter(|fault| !(is_applied && fault.cancels()))
    }

    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Response {
        headers.remove("host");
        let request = self.http.post(&self.url).headers(headers).body(body);
        let answer = request.send().await.expect("the upstream answers");
        let status = answer.status();
        let content_type = answer.headers().get("content-type").cloned();
        let body = answer.bytes().await.expect("a body");
        let mut response = (status, body).into_response();
        if let Some(content_type) = content_type {
            response.headers_mut().insert("content-type", content_type);
        }
        response
    }
}
