//! The seam to the Lambda runtime.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Response};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, Body, Error, Request, service_fn};

use super::app::App;
use crate::config::{self, Environment as _, ProcessEnvironment, Settings};
use crate::domain::clock::SystemClock;
use crate::domain::random::SystemRandom;
use crate::logging;
use crate::service::Service;

/// Builds the app from the environment of this process, with the keyring loaded.
///
/// # Errors
///
/// One line that names what is wrong with the environment, the policy or the keyring.
pub async fn start() -> Result<Arc<App>, Error> {
    init_logging();
    let settings = Settings::from_environment(&ProcessEnvironment)?;
    let policy = config::policy(&ProcessEnvironment)?;
    let service = Service::new(
        &settings,
        policy,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
    )?;
    service.warm_up().await?;
    Ok(Arc::new(App {
        service,
        allowed_origins: settings.allowed_origins,
    }))
}

/// Serves Lambda invocations with `handle` until the runtime ends.
///
/// # Errors
///
/// When the Lambda runtime cannot be reached.
pub async fn run<F>(app: Arc<App>, handle: fn(Arc<App>, Request) -> F) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let serve = service_fn(move |request: Request| {
        let answer = handle(Arc::clone(&app), request);
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

/// Takes out of an event what a client chose and `lambda_http` would panic on: it builds a URI from
/// the host and the path and expects it to be valid. Nothing here needs the host, which a client can
/// forge; a path that is no URI path matches no route.
pub fn sanitize(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event
            .headers
            .insert(HOST, HeaderValue::from_static("localhost"));
        let valid = |path: &String| path.starts_with('/') && path.parse::<PathAndQuery>().is_ok();
        event.raw_path = event.raw_path.take().filter(valid).or(Some("/".to_owned()));
        event.raw_query_string = None;
    }
}

/// Logs to standard output, which Lambda forwards to CloudWatch Logs; `LOG_LEVEL` is one of `error`,
/// `warn`, `info` (default), `debug` and `trace`.
fn init_logging() {
    let level = ProcessEnvironment
        .get("LOG_LEVEL")
        .and_then(|text| text.parse().ok());
    logging::init(level.unwrap_or(tracing::Level::INFO), std::io::stdout);
}
