//! Serves the Lambda Runtime API to one instance of a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// An event in the life of an instance.
#[derive(Debug)]
pub enum Said {
    /// The instance asked for its next event, at this instant.
    Ready(Instant),
    /// The instance answered the last event, at this instant and with this body.
    Answered(Instant, Bytes),
    /// The instance reported this error, or nothing in time. The panic message shows it.
    Failed(String),
}

/// A running Runtime API for one instance. Dropping it stops the server.
#[derive(Debug)]
pub struct RuntimeApi {
    /// The host and port, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    events: mpsc::UnboundedSender<(String, Duration)>,
    said: mpsc::UnboundedReceiver<Said>,
    taking: Arc<Mutex<()>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Shared {
    /// The events, each with the time until its deadline.
    events: Arc<Mutex<mpsc::UnboundedReceiver<(String, Duration)>>>,
    said: mpsc::UnboundedSender<Said>,
    /// Held while no answer may be taken.
    taking: Arc<Mutex<()>>,
}

impl RuntimeApi {
    /// Starts the API on a free port of the loopback interface.
    pub async fn start() -> Self {
        let (events, queue) = mpsc::unbounded_channel();
        let (teller, said) = mpsc::unbounded_channel();
        let taking = Arc::new(Mutex::new(()));
        let shared = Shared {
            events: Arc::new(Mutex::new(queue)),
            said: teller,
            taking: Arc::clone(&taking),
        };
        let invocation = "/2018-06-01/runtime/invocation";
        let router = Router::new()
            .route(&format!("{invocation}/next"), get(next))
            .route(&format!("{invocation}/{{id}}/response"), post(take_answer))
            .route(&format!("{invocation}/{{id}}/error"), post(take_failure))
            .route("/2018-06-01/runtime/init/error", post(take_failure))
            .with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let serving = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self {
            address,
            events,
            said,
            taking,
            serving,
        }
    }

    /// Keeps back the reply to each answer until the guard is dropped. Until then the instance cannot begin what comes after
    /// its answer.
    pub async fn hold_answers(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.taking).lock_owned().await
    }

    /// Hands out an event whose deadline is `left` away.
    pub fn hand_out(&self, event: String, left: Duration) {
        self.events.send((event, left)).expect("the API runs");
    }

    /// Waits for the next thing that the instance does, for at most `patience`.
    pub async fn listen(&mut self, patience: Duration) -> Said {
        let said = tokio::time::timeout(patience, self.said.recv()).await;
        said.ok()
            .flatten()
            .unwrap_or_else(|| Said::Failed("the instance did nothing in time".to_owned()))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn next(State(shared): State<Shared>) -> Response {
    drop(shared.said.send(Said::Ready(Instant::now())));
    let Some((event, left)) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "Lambda's deadlines are instants of the real clock"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + left;
    let headers = [
        ("lambda-runtime-aws-request-id", "id".to_owned()),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn take_answer(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    drop(shared.said.send(Said::Answered(Instant::now(), body)));
    drop(shared.taking.lock().await);
    StatusCode::ACCEPTED
}

async fn take_failure(State(shared): State<Shared>, body: Bytes) -> StatusCode {
    let error = String::from_utf8_lossy(&body).into_owned();
    drop(shared.said.send(Said::Failed(error)));
    StatusCode::ACCEPTED
}
