//! The loop that takes events from the Lambda runtime.

use std::convert::Infallible;
use std::future::Future;
use std::process::ExitCode;

use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Adapter, Body, Request};
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::{init_logging, sanitize};

/// Runs a function, with logging on, until its process ends.
///
/// An error of `function`, such as a fault of the environment, ends the process with one log line that names it.
pub async fn start(function: impl Future<Output = Result<(), Error>>) -> ExitCode {
    init_logging();
    match function.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Answers every HTTP request with `handle`, until the runtime ends.
///
/// # Errors
///
/// When the runtime cannot be reached.
pub async fn run_http<F>(handle: impl Fn(Request) -> F + Send) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let serve = service_fn(move |request: Request| {
        let answer = handle(request);
        async move { Ok::<_, Infallible>(Answer(answer.await)) }
    });
    let service = ServiceBuilder::new()
        .map_request(|mut event: LambdaEvent<LambdaRequest>| {
            sanitize(&mut event.payload);
            event
        })
        .service(Adapter::from(serve));
    // On the heap: it would be most of the future of `main`, which moves several times on its way.
    Box::pin(lambda_runtime::run(service)).await
}

/// Hands every event, which is JSON of the type `T`, to `handle`, until the runtime ends.
///
/// An event that is not such JSON, or an error of `handle`, fails the invocation. What invoked the function then
/// delivers the event again or gives it up, as its own settings say.
///
/// # Errors
///
/// When the runtime cannot be reached.
pub async fn run_events<T, F>(handle: impl Fn(T, Context) -> F) -> Result<(), Error>
where
    T: DeserializeOwned,
    F: Future<Output = Result<(), Error>>,
{
    let service = service_fn(|event: LambdaEvent<T>| handle(event.payload, event.context));
    Box::pin(lambda_runtime::run(service)).await
}
