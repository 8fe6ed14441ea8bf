//! The seam to the Lambda runtime.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Response};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, Body, Error, Request, service_fn};

use tokio::time::Instant;

use phoneproof_aws::clients::{AwsService, Clients};
use phoneproof_aws::keys::{Keys, READ_WITHIN};
use phoneproof_aws::sns::Sender;
use phoneproof_aws::store::Store;
use phoneproof_config::policy;
use phoneproof_config::process::{ProcessEnvironment, SystemClock, SystemRandom};
use phoneproof_config::{Environment as _, Settings};
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::policy::Policy;
use phoneproof_http::App;
use phoneproof_observe::logging;
use phoneproof_observe::{Journal, RequestContext, Tracer};
use phoneproof_service::{Parts, Service};

/// What a function gets ready before its first invocation, beside the keyring.
#[derive(Debug, Clone, Copy)]
pub struct Preparation {
    /// The services that it calls.
    pub calls: &'static [AwsService],
    /// What it computes once.
    pub compute: fn(&Service),
}

/// Runs a Lambda function: builds the app from the environment of this process, prepares it, and
/// answers every invocation with `handle`.
///
/// A fault of the environment, the policy or the keyring ends the process with one log line that
/// names it.
pub async fn serve<F>(preparation: Preparation, handle: fn(Arc<App>, Request) -> F) -> ExitCode
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let began = Instant::now();
    init_logging();
    // Both on the heap: they would be most of this future, which moves several times on its way.
    let result = match Box::pin(start(preparation)).await {
        Ok((service, settings)) => {
            let tracer = settings.xray_daemon.as_deref().and_then(Tracer::new);
            let app = Arc::new(App {
                service,
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
                allowed_origins: settings.allowed_origins,
                journal: Journal::new(
                    settings.stack_name,
                    Some(began.elapsed()),
                    Arc::new(write_line),
                ),
                tracer,
            });
            Box::pin(run(move |request| handle(Arc::clone(&app), request))).await
        }
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Builds the service, with the keyring loaded, the connections open and everything prepared. The three
/// happen at once: computing fills the time that the network takes.
async fn start(preparation: Preparation) -> Result<(Service, Settings), Error> {
    let settings = Settings::from_environment(&ProcessEnvironment)?;
    let policy = policy::from_environment(&ProcessEnvironment)?;
    let clients = Clients::new(&settings.aws);
    let service = Service::new(parts(&clients, &settings, policy))?;
    let now = SystemClock.now();
    let mut request = RequestContext::new(now, READ_WITHIN, Arc::new(SystemRandom));
    let connect = preparation
        .calls
        .iter()
        .map(|called| clients.connect(*called));
    let (keys, _, ()) = tokio::join!(service.warm_up(&mut request), join_all(connect), async {
        (preparation.compute)(&service);
    });
    keys?;
    Ok((service, settings))
}

/// Joins the clients, the settings and the policy to what the service is built from.
#[must_use]
pub fn parts(clients: &Clients, settings: &Settings, policy: Policy) -> Parts {
    Parts {
        issuer: settings.issuer.clone(),
        token_mode: settings.token_mode,
        keys: Keys::new(clients.secrets.clone(), settings.keyring_secret_id.clone()),
        store: Store::new(clients.dynamodb.clone(), settings.tables.clone()),
        sender: Sender::new(clients.sns.clone(), &policy.sms),
        policy,
    }
}

/// Answers every invocation with `handle`, until the runtime ends.
///
/// # Errors
///
/// When the runtime cannot be reached.
pub async fn run<F>(handle: impl Fn(Request) -> F + Send) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let serve = service_fn(move |request: Request| {
        let answer = handle(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let service = ServiceBuilder::new()
        .map_request(|mut event: LambdaEvent<LambdaRequest>| {
            sanitize(&mut event.payload);
            event
        })
        .service(Adapter::from(serve));
    lambda_http::lambda_runtime::run(service).await
}

/// Longest path that can match a route. `lambda_http` percent-encodes the path, which makes it up to
/// three times as long, and a URI ends at 64 KiB.
const MAX_PATH_BYTES: usize = 2_048;

/// Takes out of an event what a client chose and `lambda_http` would panic on: it builds a URI from
/// the forwarded scheme, the host and the path and expects it to be valid. Nothing here needs scheme
/// or host, which a client can forge, and a scheme such as `http://x/?` would even replace the path;
/// a path that is no URI path, or a very long one, matches no route. A body that is said to be base64 and is not,
/// which no gateway sends, counts as missing.
pub fn sanitize(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event
            .headers
            .insert(HOST, HeaderValue::from_static("localhost"));
        event.headers.remove("x-forwarded-proto");
        let valid = |path: &String| {
            path.starts_with('/')
                && path.len() <= MAX_PATH_BYTES
                && path.parse::<PathAndQuery>().is_ok()
        };
        event.raw_path = event.raw_path.take().filter(valid).or(Some("/".to_owned()));
        event.raw_query_string = None;
        let encoded = event.is_base64_encoded;
        let readable = |body: &String| !encoded || STANDARD.decode(body).is_ok();
        event.body = event.body.take().filter(readable);
    }
}

/// Writes a line to standard output, which Lambda forwards to CloudWatch Logs, which makes metrics of it.
/// There is nobody to tell if it cannot be written.
pub fn write_line(line: &[u8]) {
    drop(std::io::stdout().lock().write_all(line));
}

/// Logs to standard output, which Lambda forwards to CloudWatch Logs; `LOG_LEVEL` is one of `error`,
/// `warn` and `info` (default). Release builds have nothing below.
pub fn init_logging() {
    let level = ProcessEnvironment
        .get("LOG_LEVEL")
        .and_then(|text| text.parse().ok());
    logging::init(level.unwrap_or(tracing::Level::INFO), std::io::stdout);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path_of(raw_path: &str, headers: &serde_json::Value) -> String {
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": raw_path,
            "rawQueryString": "",
            "headers": headers,
            "requestContext": {
                "http": { "method": "GET", "path": raw_path, "sourceIp": "192.0.2.1" },
                "stage": "$default",
            },
            "isBase64Encoded": false,
        });
        let mut event: LambdaRequest = serde_json::from_value(event).expect("an event");
        sanitize(&mut event);
        Request::from(event).uri().path().to_owned()
    }

    #[test]
    fn no_forwarded_scheme_or_host_breaks_or_moves_a_request() {
        for scheme in [
            "",
            "a b",
            "1",
            "%",
            "a/b",
            "file",
            "http://x/?",
            "javascript",
        ] {
            let headers = json!({ "host": "[", "x-forwarded-proto": scheme });
            assert_eq!(path_of("/v1/ping", &headers), "/v1/ping", "{scheme:?}");
        }
    }

    #[test]
    fn a_body_that_is_no_base64_is_missing() {
        for (body, encoded, read) in [
            ("e30=", true, "{}"),
            ("e30", true, ""),
            ("{}", true, ""),
            ("{}", false, "{}"),
        ] {
            let event = json!({
                "requestContext": { "http": { "method": "POST" } },
                "body": body,
                "isBase64Encoded": encoded,
            });
            let mut event: LambdaRequest = serde_json::from_value(event).expect("an event");
            sanitize(&mut event);
            assert_eq!(&**Request::from(event).body(), read.as_bytes(), "{body}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_a_route_becomes_the_root() {
        let long = format!("/{}", "\"".repeat(30_000));
        for path in ["", "*", "v1/ping", "/a b", long.as_str()] {
            assert_eq!(path_of(path, &json!({})), "/");
        }
    }
}
