//! The `send` function: `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof::http::{App, Call, Problem, Reply, Route, SendBody, SendReply};

/// What this function serves.
pub const ROUTES: &[Route] = &[Route::Send];

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(call) => app.finish(&call, send(&app, &call).await),
        Err(answer) => *answer,
    }
}

async fn send(app: &App, call: &Call) -> Result<Reply, Problem> {
    let command = SendBody::command(call)?;
    let sent = app.service.send(command, call.deadline).await?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
