//! A proxy before DynamoDB and SNS that counts calls and breaks them on purpose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the proxy does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers 500 without forwarding it.
    Refuse,
    /// Forwards it and answers 500: the reply is lost after the commit.
    LoseReply,
    /// Answers `TransactionCanceledException` with a conflict at the first item.
    CancelByConflict,
    /// Answers `TransactionConflictException`.
    Conflict,
}

#[derive(Debug, Default)]
struct Plan {
    calls: BTreeMap<String, usize>,
    permissions: BTreeSet<(String, String)>,
    /// For the next calls of an operation, one each.
    next: BTreeMap<String, VecDeque<Fault>>,
    /// For every call of an operation, once `next` is used up.
    always: BTreeMap<String, Fault>,
}

/// A running proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where it stands before DynamoDB.
    pub dynamodb: String,
    /// Where it stands before SNS.
    pub sns: String,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Clone)]
struct Upstream {
    url: String,
    http: reqwest::Client,
    plan: Arc<Mutex<Plan>>,
}

fn locked(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// Starts a proxy before both services.
    pub async fn start(dynamodb: &str, sns: &str) -> Self {
        let plan = Arc::new(Mutex::new(Plan::default()));
        Self {
            dynamodb: stand_before(dynamodb, Arc::clone(&plan)).await,
            sns: stand_before(sns, Arc::clone(&plan)).await,
            plan,
        }
    }

    /// The calls since the last look, by operation.
    #[must_use]
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut locked(&self.plan).calls)
    }

    /// The IAM actions that the calls since the last look needed, each with the table, `Keyring`, or `*`
    /// where IAM knows no resource.
    #[must_use]
    pub fn take_permissions(&self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut locked(&self.plan).permissions)
    }

    /// Breaks the next call of `operation`; several faults break several calls in turn.
    pub fn break_next(&self, operation: &str, fault: Fault) {
        locked(&self.plan)
            .next
            .entry(operation.to_owned())
            .or_default()
            .push_back(fault);
    }

    /// Breaks every call of `operation`.
    pub fn break_all(&self, operation: &str, fault: Fault) {
        locked(&self.plan)
            .always
            .insert(operation.to_owned(), fault);
    }

    /// Breaks nothing any more.
    pub fn mend(&self) {
        let mut plan = locked(&self.plan);
        plan.next.clear();
        plan.always.clear();
    }
}

async fn stand_before(url: &str, plan: Arc<Mutex<Plan>>) -> String {
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let upstream = Upstream {
        url: url.to_owned(),
        http,
        plan,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(handle).with_state(upstream);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// `DynamoDB_20120810.UpdateItem` and `Action=Publish` become `UpdateItem` and `Publish`.
fn operation(headers: &HeaderMap, body: &[u8]) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let query = || {
        std::str::from_utf8(body)
            .ok()?
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
    };
    let name = target
        .and_then(|target| target.rsplit('.').next())
        .or_else(query);
    name.unwrap_or("unknown").to_owned()
}

/// What IAM asks for a call. DynamoDB checks each item of a transaction as the action that it is.
fn permissions(operation: &str, body: &[u8]) -> Vec<(String, String)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let on_table = |action: &str, request: &Value| {
        // In an external database the name has a prefix of its own.
        let name = request["TableName"].as_str().unwrap_or_default();
        let table = name.rsplit('-').next().unwrap_or_default();
        (format!("dynamodb:{action}"), table.to_owned())
    };
    match operation {
        "Publish" => vec![("sns:Publish".to_owned(), "*".to_owned())],
        "GetSecretValue" => vec![(
            "secretsmanager:GetSecretValue".to_owned(),
            "Keyring".to_owned(),
        )],
        "TransactWriteItems" => {
            let items = body["TransactItems"].as_array().into_iter().flatten();
            let members = items.filter_map(Value::as_object).flatten();
            members
                .map(|(kind, request)| match kind.as_str() {
                    "ConditionCheck" => on_table("ConditionCheckItem", request),
                    kind => on_table(&format!("{kind}Item"), request),
                })
                .collect()
        }
        other => vec![on_table(other, &body)],
    }
}

async fn handle(State(upstream): State<Upstream>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = operation(&headers, &body);
    locked(&upstream.plan)
        .permissions
        .extend(permissions(&operation, &body));
    match upstream.next_fault(&operation) {
        None => upstream.forward(headers, body).await,
        Some(Fault::Refuse) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::LoseReply) => {
            upstream.forward(headers, body).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Some(Fault::CancelByConflict) => error(&json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [{ "Code": "TransactionConflict" }, { "Code": "None" }],
        })),
        Some(Fault::Conflict) => error(&json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "message": "Transaction is ongoing for the item",
        })),
    }
}

fn error(body: &Value) -> Response {
    let headers = [("content-type", "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
}

impl Upstream {
    fn next_fault(&self, operation: &str) -> Option<Fault> {
        let mut plan = locked(&self.plan);
        *plan.calls.entry(operation.to_owned()).or_default() += 1;
        let next = plan.next.get_mut(operation).and_then(VecDeque::pop_front);
        next.or_else(|| plan.always.get(operation).copied())
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
