//! The endpoints. Each reads its request, calls a use case and writes the answer.

mod accounts;
mod sessions;

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use phoneproof_guard::{build_challenge, read_bearer_token};
use phoneproof_http::openapi::with_server;
use phoneproof_http::problem::INTERNAL;
use phoneproof_http::{Problem, Reply, catch_panic};
use tokio::time::timeout_at;

use crate::access_token::Access;
use crate::problem::{SESSION_OVER, access_problem, require_token, unavailable};
use crate::route::{Endpoint, Protected, ROUTES};
use crate::service::Accounts;
use crate::{App, Call, openapi};

/// Serves one request, from the match of its route to its log line. It always answers, even after a panic.
pub async fn handle(app: Arc<App>, request: Request) -> Response<Body> {
    let mut call = match app.accept(request, ROUTES) {
        Ok(call) => call,
        Err(answer) => return *answer,
    };
    let (span, deadline) = (call.span(), call.context.deadline);
    // Calls to AWS end by the deadline on their own. Other work, such as hashing a password, does not.
    let serving = timeout_at(deadline, serve(&app, &mut call));
    let outcome = match catch_panic(span, serving).await {
        Some(Ok(outcome)) => outcome,
        Some(Err(_)) => Err(unavailable("the answer was not ready by the deadline")),
        None => Err(Problem::new(&INTERNAL)),
    };
    let outcome = outcome.map_err(|problem| add_challenge(problem, app.service.issuer()));
    app.finish(&call, outcome)
}

async fn serve(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let accounts = &app.service;
    match call.endpoint {
        Endpoint::OpenApi => {
            let document = with_server(openapi::document(), &app.base_path);
            Reply::json(StatusCode::OK, &document)
        }
        Endpoint::Register => accounts::register(accounts, call).await,
        Endpoint::LogIn => sessions::log_in(accounts, call).await,
        Endpoint::Refresh => sessions::refresh(accounts, call).await,
        Endpoint::ResetPassword => accounts::reset_password(accounts, call).await,
        Endpoint::Jwks => {
            let jwks = accounts.jwks(&mut call.context).await;
            Reply::json(StatusCode::OK, &jwks?)
        }
        Endpoint::Protected(endpoint) => {
            let access = check_access(accounts, call).await?;
            serve_session(endpoint, access, accounts, call).await
        }
    }
}

async fn serve_session(
    endpoint: Protected,
    access: Access,
    accounts: &Accounts,
    call: &mut Call,
) -> Result<Reply, Problem> {
    match endpoint {
        Protected::ChangePassword => accounts::change_password(access, accounts, call).await,
        Protected::ChangePhone => accounts::change_phone(access, accounts, call).await,
        Protected::MakeRecoveryCode => accounts::make_recovery_code(access, accounts, call).await,
        Protected::Me => accounts::show(access, accounts, call).await,
        Protected::DeleteMe => accounts::delete(access, accounts, call).await,
        Protected::ListSessions => sessions::list(access, accounts, call).await,
        Protected::EndThisSession => sessions::end(access, access.session, accounts, call).await,
        Protected::EndSession => sessions::end_named(access, accounts, call).await,
        Protected::EndAllSessions => sessions::end_all(access, accounts, call).await,
    }
}

/// Checks the access token in the `Authorization` header of a call.
async fn check_access(accounts: &Accounts, call: &mut Call) -> Result<Access, Problem> {
    let token = read_bearer_token(call.headers()).map(str::to_owned);
    let token = token.ok_or_else(require_token)?;
    let checked = accounts.check_access(&token, &mut call.context).await;
    checked.map_err(|refusal| access_problem(refusal, accounts.issuer()))
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
