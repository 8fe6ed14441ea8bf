//! The loop that takes events from the Lambda runtime.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::util::MapFutureLayer;
use lambda_http::tower::{Service as _, ServiceBuilder};
use lambda_http::{Adapter, Body, Request};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Context, Error, LambdaEvent, Runtime, service_fn};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::Answer;
use crate::answered::{Answered, Rest};
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
/// The work that an answer leaves ([`Answered`]) runs once the Runtime API has the answer, and before the next request is
/// asked for. Lambda freezes no instance that has not asked
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
///
/// # Errors
///
/// When the runtime cannot be reached.
pub async fn run_http<F>(handle: impl Fn(Request) -> F + Send) -> Result<(), Error>
where
    F: Future<Output: Into<Answered>> + Send + 'static,
{
    // A function serves one request at a time, so at most one request has left work.
    let rest = Arc::new(Mutex::new(None));
    let rest_of_layer = Arc::clone(&rest);
    let serve = service_fn(move |request: Request| {
        let (answered, rest) = (handle(request), Arc::clone(&rest));
        async move {
            let answered: Answered = answered.await.into();
            *lock(&rest) = answered.rest;
            Ok::<_, Infallible>(Answer(answered.response))
        }
    });
    let service = ServiceBuilder::new()
        .map_request(|mut event: LambdaEvent<LambdaRequest>| {
            sanitize(&mut event.payload);
            event
        })
        .service(Adapter::from(serve));
    // `lambda_runtime::run` does the same without the second layer. The future that this layer wraps ends when the
    // Runtime API has the answer.
    let runtime = Runtime::new(service)
        .layer(TracingLayer::new())
        .layer(MapFutureLayer::new(move |answering| {
            answer_then_rest(answering, Arc::clone(&rest_of_layer))
        }));
    // On the heap: it would be most of the future of `main`, which moves several times on its way.
    Box::pin(runtime.run()).await
}

/// Waits until the Runtime API has taken or refused the answer. Then does the work that the answer left.
///
/// Nothing around it catches a panic, and no request waits any more, so a panic ends the work only.
async fn answer_then_rest<T>(
    answering: impl Future<Output = T>,
    rest: Arc<Mutex<Option<Rest>>>,
) -> T {
    let taken = answering.await;
    let rest = lock(&rest).take();
    if let Some(rest) = rest {
        drop(AssertUnwindSafe(rest).catch_unwind().await);
    }
    taken
}

/// Locks the work that is left. A panic under the lock leaves it whole.
fn lock(rest: &Mutex<Option<Rest>>) -> MutexGuard<'_, Option<Rest>> {
    rest.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Answers every HTTP request with `answer`, and hands every other event to `take`, until the runtime ends.
///
/// An event is a request if the gateway's `requestContext` is in it. A client chooses nothing at that level, so no
/// request passes for another event. An error of `take` fails the invocation, as in [`run_events`].
///
/// # Errors
///
/// When the runtime cannot be reached.
pub async fn run_http_and_events<F, G>(
    answer: impl Fn(Request) -> F + Clone + Send + 'static,
    take: impl Fn(Value) -> G,
) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
    G: Future<Output = Result<(), Error>>,
{
    let (answer, take) = (&answer, &take);
    let service = service_fn(move |event: LambdaEvent<Value>| async move {
        let (payload, context) = event.into_parts();
        if payload.get("requestContext").is_some() {
            return answer_one(answer.clone(), payload, context).await;
        }
        take(payload).await?;
        Ok::<_, Error>(Value::Null)
    });
    Box::pin(lambda_runtime::run(service)).await
}

/// Answers the request that `payload` is.
async fn answer_one<F>(
    answer: impl Fn(Request) -> F + Send + 'static,
    payload: Value,
    context: Context,
) -> Result<Value, Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut request: LambdaRequest = serde_json::from_value(payload)?;
    sanitize(&mut request);
    let mut adapter = Adapter::from(service_fn(move |request: Request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(Answer(answer.await)) }
    }));
    let answered = adapter.call(LambdaEvent::new(request, context)).await?;
    Ok(serde_json::to_value(answered)?)
}
