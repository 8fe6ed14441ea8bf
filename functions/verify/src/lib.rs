//! The `verify` function. It checks codes, spends success tokens, and publishes the documents that relying parties
//! and front ends read.

mod documents;

use std::sync::Arc;

use http::StatusCode;
use lambda_http::Request;
use phoneproof_api::problem::{make_spend_problem, make_verify_problem};
use phoneproof_api::{
    App, Endpoint, Incoming, Route, SpendBody, SpendReply, VerifyBody, VerifyReply,
};
use phoneproof_http::problem::NOT_FOUND;
use phoneproof_http::{Problem, Reply};
use phoneproof_observe::RequestContext;
use phoneproof_runtime::Answered;
use phoneproof_service::CreditDue;

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
///
/// A right code gives its text back after the answer. The line of the request follows, because it counts the credits that
/// were lost.
pub async fn handle(app: Arc<App>, request: Request) -> Answered {
    let mut due = None;
    let decide = async |app: &App, incoming: &mut Incoming| decide(app, incoming, &mut due).await;
    let (response, unlogged) = app.answer(request, ROUTES, decide).await;
    match (unlogged, due) {
        (Some(unlogged), Some(due)) => Answered::with_rest(response, async move {
            let work = async |request: &mut RequestContext| app.service.credit(due, request).await;
            app.log_after(unlogged, work).await;
        }),
        (Some(unlogged), None) => {
            app.log(unlogged);
            response.into()
        }
        (None, _) => response.into(),
    }
}

async fn decide(
    app: &App,
    incoming: &mut Incoming,
    due: &mut Option<CreditDue>,
) -> Result<Reply, Problem> {
    match incoming.endpoint {
        Endpoint::Verify => verify(app, incoming, due).await,
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

async fn verify(
    app: &App,
    incoming: &mut Incoming,
    due: &mut Option<CreditDue>,
) -> Result<Reply, Problem> {
    let command = VerifyBody::read_command(incoming)?;
    let verified = app.service.verify(command, due, &mut incoming.context);
    let success = verified.await.map_err(make_verify_problem)?;
    Reply::json(StatusCode::OK, &VerifyReply::from(success))
}

async fn spend(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = SpendBody::read_command(incoming)?;
    let spent = app.service.spend(&command, &mut incoming.context).await;
    spent.map_err(make_spend_problem)?;
    Reply::json(StatusCode::OK, &SpendReply { spent: true })
}
