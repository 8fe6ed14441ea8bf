//! The `send` function: `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_http::{App, Call, Problem, Reply, Route, SendBody, SendReply, caught};
use tracing::Instrument as _;

/// What this function serves.
pub const ROUTES: &[Route] = &[Route::Send];

/// Answers one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(mut call) => {
            let span = call.span();
            let serve = Box::pin(send(&app, &mut call).instrument(span));
            let outcome = caught(serve).await;
            app.finish(&call, outcome.unwrap_or(Err(Problem::Internal)))
        }
        Err(answer) => *answer,
    }
}

async fn send(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let command = SendBody::command(call)?;
    let sent = app.service.send(command, &mut call.context).await?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
