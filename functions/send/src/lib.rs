//! The `send` function. It texts codes, for `POST /v1/send`.

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_api::problem::make_send_problem;
use phoneproof_api::{App, Endpoint, Incoming, Route, SendBody, SendReply};
use phoneproof_http::{Problem, Reply};

/// The routes that this function serves.
pub const ROUTES: &[Route] = &[Endpoint::Send.route()];

/// Serves one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    app.serve(request, ROUTES, send).await
}

async fn send(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = SendBody::read_command(incoming)?;
    let sent = app.service.send(command, &mut incoming.context).await;
    let sent = sent.map_err(make_send_problem)?;
    Reply::json(StatusCode::ACCEPTED, &SendReply::from(sent))
}
