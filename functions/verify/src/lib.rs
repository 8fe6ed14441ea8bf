//! The `verify` function. It checks codes, spends success tokens, and publishes the documents that relying parties
//! and front ends read.

mod documents;

use std::sync::Arc;

use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_api::problem::{make_spend_problem, make_verify_problem};
use phoneproof_api::{
    App, Endpoint, Incoming, Route, SpendBody, SpendReply, VerifyBody, VerifyReply,
};
use phoneproof_http::problem::NOT_FOUND;
use phoneproof_http::{Problem, Reply};

/// The routes that this function serves.
pub const ROUTES: &[Route] = &[
    Endpoint::Verify.route(),
    Endpoint::Spend.route(),
    Endpoint::Policy.route(),
    Endpoint::Ping.route(),
    Endpoint::Jwks.route(),
    Endpoint::Discovery.route(),
    Endpoint::OpenApi.route(),
];

/// Serves one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    app.serve(request, ROUTES, decide).await
}

async fn decide(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    match incoming.endpoint {
        Endpoint::Verify => verify(app, incoming).await,
        Endpoint::Spend => spend(app, incoming).await,
        Endpoint::Policy => documents::answer_policy(app),
        Endpoint::Ping => Ok(Reply::text("ok")),
        Endpoint::Jwks => documents::answer_jwks(app, &mut incoming.context).await,
        Endpoint::Discovery => documents::answer_discovery(app, &mut incoming.context).await,
        Endpoint::OpenApi => documents::answer_openapi(app),
        // `ROUTES` does not list it, so no request gets here.
        Endpoint::Send => Err(Problem::new(&NOT_FOUND)),
    }
}

async fn verify(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = VerifyBody::command(incoming)?;
    let success = app.service.verify(command, &mut incoming.context).await;
    let success = success.map_err(make_verify_problem)?;
    Reply::json(StatusCode::OK, &VerifyReply::from(success))
}

async fn spend(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = SpendBody::command(incoming)?;
    let spent = app.service.spend(&command, &mut incoming.context).await;
    spent.map_err(make_spend_problem)?;
    Reply::json(StatusCode::OK, &SpendReply { spent: true })
}
