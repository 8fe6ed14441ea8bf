//! The `send` function. It texts codes, for `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_api::problem::{internal, send_problem};
use phoneproof_api::{App, Call, Endpoint, Route, SendBody, SendReply};
use phoneproof_http::{Problem, Reply, catch_panic};

/// The routes that this function serves.
pub const ROUTES: &[Route] = &[Endpoint::Send.route()];

/// Serves one request, from the match of its route to its log line. It always answers, even after a panic.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(mut call) => {
            let outcome = catch_panic(call.span(), send(&app, &mut call)).await;
            app.finish(&call, outcome.unwrap_or_else(|| Err(internal())))
        }
        Err(answer) => *answer,
    }
}

async fn send(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let command = SendBody::command(call)?;
    let sent = app.service.send(command, &mut call.context).await;
    let sent = sent.map_err(send_problem)?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
