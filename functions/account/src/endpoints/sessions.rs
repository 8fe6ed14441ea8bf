//! The endpoints that begin, refresh, list and end sessions.

use http::StatusCode;
use phoneproof_crypto::from_base64url;
use phoneproof_domain::address::SourceAddress;
use phoneproof_http::problem::NOT_FOUND;
use phoneproof_http::{Problem, Reply};

use crate::Call;
use crate::access_token::Access;
use crate::bodies::{LogInBody, RefreshBody, SessionTokens, Sessions};
use crate::problem::unavailable;
use crate::refresh_token::SessionId;
use crate::service::{Accounts, Unavailable};

pub(super) async fn log_in(accounts: &Accounts, call: &mut Call) -> Result<Reply, Problem> {
    let body: LogInBody = call.body()?;
    let device = body.device();
    let credentials = body.credentials()?;
    let ip = call.source_ip();
    let ip = ip.ok_or_else(|| unavailable(Unavailable::NoSourceAddress))?;
    let address = SourceAddress::new(ip);
    let tokens = accounts
        .log_in(credentials, device, address, &mut call.context)
        .await?;
    Reply::json(StatusCode::CREATED, &SessionTokens::new(&tokens))
}

pub(super) async fn refresh(accounts: &Accounts, call: &mut Call) -> Result<Reply, Problem> {
    let body: RefreshBody = call.body()?;
    let text = &body.refresh_token.0;
    let tokens = accounts.refresh(text, &mut call.context).await?;
    Reply::json(StatusCode::OK, &SessionTokens::new(&tokens))
}

pub(super) async fn list(
    access: Access,
    accounts: &Accounts,
    call: &mut Call,
) -> Result<Reply, Problem> {
    let account = accounts.me(access, &mut call.context).await?;
    let keyring = accounts.keyring(&mut call.context).await;
    let keyring = keyring.map_err(unavailable)?;
    let sessions = Sessions::new(account.sessions, access.session, &keyring, call.context.now);
    Reply::json(StatusCode::OK, &sessions)
}

/// Ends the session that the path names. An id that cannot be one is answered like an unknown path.
pub(super) async fn end_named(
    access: Access,
    accounts: &Accounts,
    call: &mut Call,
) -> Result<Reply, Problem> {
    let id = call.parameter().and_then(|text| from_base64url(text).ok());
    let id = id.and_then(|bytes| bytes.try_into().ok());
    let id = id.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    end(access, SessionId(id), accounts, call).await
}

pub(super) async fn end(
    access: Access,
    session: SessionId,
    accounts: &Accounts,
    call: &mut Call,
) -> Result<Reply, Problem> {
    accounts
        .end_session(access, session, &mut call.context)
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn end_all(
    access: Access,
    accounts: &Accounts,
    call: &mut Call,
) -> Result<Reply, Problem> {
    accounts.end_sessions(access, &mut call.context).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
