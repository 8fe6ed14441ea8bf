//! The endpoints that begin, refresh, list and end sessions.

use http::StatusCode;
use phoneproof_crypto::from_base64url;
use phoneproof_domain::address::SourceAddress;
use phoneproof_http::problem::NOT_FOUND;
use phoneproof_http::{Problem, Reply};

use crate::Incoming;
use crate::access_token::Access;
use crate::bodies::{LogInBody, RefreshBody, SessionTokens, Sessions};
use crate::problem::unavailable;
use crate::refresh_token::SessionId;
use crate::service::{Accounts, Unavailable};

pub(super) async fn log_in(accounts: &Accounts, incoming: &mut Incoming) -> Result<Reply, Problem> {
    let body: LogInBody = incoming.read_body()?;
    let device = body.read_device();
    let credentials = body.read_credentials()?;
    let ip = incoming.source_ip();
    let ip = ip.ok_or_else(|| unavailable(Unavailable::NoSourceAddress))?;
    let address = SourceAddress::new(ip);
    let tokens = accounts
        .log_in(credentials, device, address, &mut incoming.context)
        .await?;
    Reply::json(StatusCode::CREATED, &SessionTokens::new(&tokens))
}

pub(super) async fn refresh(
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let body: RefreshBody = incoming.read_body()?;
    let text = &body.refresh_token.0;
    let tokens = accounts.refresh(text, &mut incoming.context).await?;
    Reply::json(StatusCode::OK, &SessionTokens::new(&tokens))
}

pub(super) async fn list(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let account = accounts
        .read_own_account(access, &mut incoming.context)
        .await?;
    let keyring = accounts.read_keyring(&mut incoming.context).await;
    let keyring = keyring.map_err(unavailable)?;
    let sessions = Sessions::new(
        account.sessions,
        access.session,
        &keyring,
        incoming.context.now,
    );
    Reply::json(StatusCode::OK, &sessions)
}

/// Ends the session that the path names. An id that cannot be one is answered like an unknown path.
pub(super) async fn end_named(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let id = incoming
        .parameter()
        .and_then(|text| from_base64url(text).ok());
    let id = id.and_then(|bytes| bytes.try_into().ok());
    let id = id.ok_or_else(|| Problem::new(&NOT_FOUND))?;
    end(access, SessionId(id), accounts, incoming).await
}

pub(super) async fn end(
    access: Access,
    session: SessionId,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    accounts
        .end_session(access, session, &mut incoming.context)
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn end_all(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    accounts.end_sessions(access, &mut incoming.context).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
