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
use phoneproof_service::{CreditDue, Success};

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
/// The purses that paid for the text of a typed code get it back after the answer. The line of the request is written
/// after that, because it says what became of these credits.
pub async fn handle(app: Arc<App>, request: Request) -> Answered {
    let mut credit = None;
    let decide =
        async |app: &App, incoming: &mut Incoming| decide(app, incoming, &mut credit).await;
    let (response, open) = app.answer(request, ROUTES, decide).await;
    let Some(open) = open else {
        return response.into();
    };
    let Some(credit) = credit else {
        app.record(&open);
        return response.into();
    };
    Answered::with_rest(response, async move {
        let work = async |request: &mut RequestContext| app.service.credit(credit, request).await;
        app.close(open, work).await;
    })
}

async fn decide(
    app: &App,
    incoming: &mut Incoming,
    credit: &mut Option<CreditDue>,
) -> Result<Reply, Problem> {
    match incoming.endpoint {
        Endpoint::Verify => {
            let mut success = verify(app, incoming).await?;
            *credit = success.credit.take();
            Reply::json(StatusCode::OK, &VerifyReply::from(success))
        }
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

async fn verify(app: &App, incoming: &mut Incoming) -> Result<Success, Problem> {
    let command = VerifyBody::command(incoming)?;
    let success = app.service.verify(command, &mut incoming.context).await;
    success.map_err(make_verify_problem)
}

async fn spend(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let command = SpendBody::command(incoming)?;
    let spent = app.service.spend(&command, &mut incoming.context).await;
    spent.map_err(make_spend_problem)?;
    Reply::json(StatusCode::OK, &SpendReply { spent: true })
}
