//! The `send` function. It texts codes, for `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_api::problem::{internal, send_problem};
use phoneproof_api::{App, Endpoint, Incoming, Route, SendBody, SendReply};
use phoneproof_http::{Problem, Reply, catch_panic};

/// The routes that this function serves.
pub const ROUTES: &[Route] = &[Endpoint::Send.route()];

/// Serves one request, from the match of its route to its log line. It always answers, even after a panic.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    match app.accept(request, ROUTES) {
        Ok(mut incoming) => {
            let outcome = catch_panic(incoming.span(), send(&app, &mut incoming)).await;
            app.finish(&incoming, outcome.unwrap_or_else(|| Err(internal())))
        }
        Err(answer) => *answer,
    }
}

async fn send(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = SendBody::command(incoming)?;
    let sent = app.service.send(command, &mut incoming.context).await;
    let sent = sent.map_err(send_problem)?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
