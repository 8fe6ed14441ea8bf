//! The endpoints. Each reads its request, calls a use case and writes the answer.

mod accounts;
mod sessions;

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_guard::{build_challenge, read_bearer_token};
use phoneproof_http::openapi::with_server;
use phoneproof_http::{Problem, Reply};
use tokio::time::timeout_at;

use crate::access_token::Access;
use crate::problem::{SESSION_OVER, make_access_problem, require_token, unavailable};
use crate::route::{Endpoint, Protected, ROUTES};
use crate::service::Accounts;
use crate::{App, Incoming, openapi};

/// Serves one request.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    app.serve(request, ROUTES, decide_in_time).await
}

async fn decide_in_time(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    // Calls to AWS end by the deadline on their own. Other work, such as hashing a password, does not.
    let deadline = incoming.context.deadline;
    let decided = timeout_at(deadline, decide(app, incoming)).await;
    let late = |_| Err(unavailable("the answer was not ready by the deadline"));
    let outcome = decided.unwrap_or_else(late);
    outcome.map_err(|problem| add_challenge(problem, app.service.issuer()))
}

async fn decide(app: &App, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let accounts = &app.service;
    match incoming.endpoint {
        Endpoint::OpenApi => {
            let document = with_server(openapi::document(), &app.base_path);
            Reply::json(StatusCode::OK, &document)
        }
        Endpoint::Register => accounts::register(accounts, incoming).await,
        Endpoint::LogIn => sessions::log_in(accounts, incoming).await,
        Endpoint::Refresh => sessions::refresh(accounts, incoming).await,
        Endpoint::ResetPassword => accounts::reset_password(accounts, incoming).await,
        Endpoint::Jwks => {
            let jwks = accounts.read_jwks(&mut incoming.context).await;
            Reply::json(StatusCode::OK, &jwks?)
        }
        Endpoint::Protected(endpoint) => {
            let access = check_access(accounts, incoming).await?;
            serve_session(endpoint, access, accounts, incoming).await
        }
    }
}

async fn serve_session(
    endpoint: Protected,
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    match endpoint {
        Protected::ChangePassword => accounts::change_password(access, accounts, incoming).await,
        Protected::ChangePhone => accounts::change_phone(access, accounts, incoming).await,
        Protected::MakeRecoveryCode => {
            accounts::make_recovery_code(access, accounts, incoming).await
        }
        Protected::Me => accounts::show(access, accounts, incoming).await,
        Protected::DeleteMe => accounts::delete(access, accounts, incoming).await,
        Protected::ListSessions => sessions::list(access, accounts, incoming).await,
        Protected::EndThisSession => {
            sessions::end(access, access.session, accounts, incoming).await
        }
        Protected::EndSession => sessions::end_named(access, accounts, incoming).await,
        Protected::EndAllSessions => sessions::end_all(access, accounts, incoming).await,
    }
}

/// Checks the access token in the `Authorization` header of a request.
async fn check_access(accounts: &Accounts, incoming: &mut Incoming) -> Result<Access, Problem> {
    let token = read_bearer_token(incoming.headers()).map(str::to_owned);
    let token = token.ok_or_else(require_token)?;
    let checked = accounts.check_access(&token, &mut incoming.context).await;
    checked.map_err(|refusal| make_access_problem(refusal, accounts.issuer()))
}

/// Adds the challenge that every 401 needs (RFC 9110 section 15.5.2), unless the problem has one already.
fn add_challenge(problem: Problem, realm: &str) -> Problem {
    let kind = problem.kind();
    if kind.status != StatusCode::UNAUTHORIZED || problem.has_header(&WWW_AUTHENTICATE) {
        return problem;
    }
    let is_over = *kind == SESSION_OVER;
    let value = build_challenge(realm, is_over.then_some(&"the session is over"));
    problem.with_header(WWW_AUTHENTICATE, value)
}
