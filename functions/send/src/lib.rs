//! The `send` function: `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof::http::{App, Call, Problem, Reply, Route, SendBody, SendReply};
use tracing::Instrument as _;

/// What this function serves.
pub const ROUTES: &[Route] = &[Route::Send];

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(mut call) => {
            let span = call.span();
            let outcome = send(&app, &mut call).instrument(span).await;
            app.finish(&call, outcome)
        }
        Err(answer) => *answer,
    }
}

async fn send(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let command = SendBody::command(call)?;
    let sent = app
        .service
        .send(command, call.deadline, &mut call.facts)
        .await?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
