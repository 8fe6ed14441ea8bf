//! The gateway: it turns an HTTP request into the event that API Gateway sends to a function, and the function's answer
//! into an HTTP response.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HOST;
use http::{HeaderMap, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, RequestExt as _};
use phoneproof_api::App;
use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::random::{Random, draw_array};
use serde_json::{Value, json};

/// The largest payload that API Gateway takes, 10 MB (API Gateway developer guide, quotas of HTTP APIs).
const MAX_PAYLOAD_BYTES: usize = 10 * 1024 * 1024;

/// The timeout of the functions, as in `template.yaml`.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The header in which a test names the source address of a request. The gateway reads it only if
/// [`Gateway::trust_test_header`] is set.
pub const TEST_SOURCE_IP: &str = "x-test-source-ip";

/// The functions that the gateway calls, and what it makes their events from.
#[derive(Clone)]
pub struct Gateway {
    /// The app of the functions that send and verify. Both run in this process.
    pub app: Arc<App>,
    /// The app of the function that takes receipts of delivery.
    pub receipts: Arc<phoneproof_receipts::App>,
    /// The app of the account service.
    pub account: Arc<phoneproof_account::App>,
    /// The path of the issuer; empty for the root. Every route is served at its path, and at its path behind this one.
    /// So a proxy before the stack may take the base path off, or pass it on.
    pub base_path: String,
    /// The clock that deadlines count from.
    pub clock: Arc<dyn Clock>,
    /// The random source of request ids.
    pub random: Arc<dyn Random>,
    /// Whether [`TEST_SOURCE_IP`] replaces the peer address. Only tests set it; the command line has no flag for it.
    pub trust_test_header: bool,
    /// How long a function may run; each request's deadline follows from it.
    pub function_timeout: Duration,
}

/// Serves one API request through the function that owns its route.
pub async fn serve(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_PAYLOAD_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let source = gateway.source(peer.ip(), &head.headers);
    let Some(event) = gateway.event(&head, &body, source) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(mut request) = lambda_request(event) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    phoneproof_runtime::sanitize(&mut request);
    let request = lambda_http::Request::from(request).with_lambda_context(gateway.context());
    let (path, app) = (head.uri.path(), Arc::clone(&gateway.app));
    let behind_base = path.strip_prefix(&gateway.base_path);
    let path = behind_base
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path);
    let mut of_send = phoneproof_send::ROUTES.iter();
    let mut of_receipts = phoneproof_receipts::ROUTES.iter();
    let answer = if path.starts_with(phoneproof_account::PREFIX) {
        phoneproof_account::handle(Arc::clone(&gateway.account), request).await
    } else if of_send.any(|route| route.path == path) {
        phoneproof_send::handle(app, request).await
    } else if of_receipts.any(|route| route.path == path) {
        phoneproof_receipts::handle(Arc::clone(&gateway.receipts), request).await
    } else {
        // Here the credits are made before the answer. So a test that has the answer finds them in the purses.
        phoneproof_verify::handle(app, request).await.settle().await
    };
    answer.map(into_axum).into_response()
}

fn lambda_request(event: Value) -> Option<LambdaRequest> {
    serde_json::from_value(event).ok()
}

fn into_axum(body: lambda_http::Body) -> Body {
    match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    }
}

impl Gateway {
    fn source(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = headers
            .get(TEST_SOURCE_IP)
            .filter(|_| self.trust_test_header);
        named
            .and_then(|ip| ip.to_str().ok()?.parse().ok())
            .unwrap_or(peer)
    }

    /// The event, in payload format 2.0 of HTTP APIs.
    fn event(&self, head: &http::request::Parts, body: &[u8], source: IpAddr) -> Option<Value> {
        let id = base64url(draw_array::<12>(self.random.as_ref()).ok()?);
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let (text, is_binary) = match std::str::from_utf8(body) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (STANDARD.encode(body), true),
        };
        Some(json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": join_headers(&head.headers),
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": host,
                "domainPrefix": "local",
                "http": {
                    "method": head.method.as_str(),
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": source.to_string(),
                    "userAgent": "",
                },
                "requestId": id,
                "routeKey": "$default",
                "stage": "$default",
                "timeEpoch": self.clock.now().unix() * 1_000,
            },
            "body": text,
            "isBase64Encoded": is_binary,
        }))
    }

    fn context(&self) -> Context {
        let mut context = Context::default();
        let ends = self.clock.now() + self.function_timeout;
        context.deadline = u64::try_from(ends.unix()).unwrap_or(0) * 1_000;
        context
    }
}

/// Headers as API Gateway hands them over: names in lower case, duplicates joined with commas.
fn join_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        // An event is JSON, so every value becomes text, even one that is not valid text. The functions refuse what
        // they cannot read.
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}
