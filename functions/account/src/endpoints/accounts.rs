//! The endpoints that deal with accounts and their passwords.

use http::StatusCode;
use phoneproof_domain::address::SourceAddress;
use phoneproof_http::{Problem, Reply};

use crate::Incoming;
use crate::access_token::Access;
use crate::bodies::{
    MadeRecoveryCode, Me, PasswordBody, PhoneBody, RegisterBody, RegisteredReply, ResetBody,
};
use crate::problem::unavailable;
use crate::service::{Accounts, Unavailable, Wishes};

pub(super) async fn register(
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let body: RegisterBody = incoming.body()?;
    let password = body.password()?;
    let wishes = Wishes {
        second_step: body.second_step.unwrap_or(false),
        request_unlink: body.request_unlink.unwrap_or(false),
    };
    let registered = accounts
        .register(&body.token.0, password, wishes, &mut incoming.context)
        .await?;
    Reply::json(StatusCode::CREATED, &RegisteredReply::from(registered))
}

pub(super) async fn change_password(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let body: PasswordBody = incoming.body()?;
    let password = body.password()?;
    let (token, second_step) = (&body.token.0, body.second_step);
    accounts
        .change_password(access, token, password, second_step, &mut incoming.context)
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn change_phone(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let body: PhoneBody = incoming.body()?;
    let password = body.password()?;
    let ip = incoming.source_ip();
    let ip = ip.ok_or_else(|| unavailable(Unavailable::NoSourceAddress))?;
    let address = SourceAddress::new(ip);
    accounts
        .change_phone(
            access,
            &body.token.0,
            password,
            address,
            &mut incoming.context,
        )
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn reset_password(
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let body: ResetBody = incoming.body()?;
    let password = body.password()?;
    let recovery = body.recovery_code();
    accounts
        .reset_password(
            &body.token.0,
            password,
            recovery.as_ref(),
            &mut incoming.context,
        )
        .await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn make_recovery_code(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let made = accounts
        .make_recovery_code(access, &mut incoming.context)
        .await;
    let text = made?.to_text();
    Reply::json(StatusCode::CREATED, &MadeRecoveryCode::new(&text))
}

pub(super) async fn show(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    let account = accounts.me(access, &mut incoming.context).await?;
    Reply::json(StatusCode::OK, &Me::new(&account, access.session))
}

pub(super) async fn delete(
    access: Access,
    accounts: &Accounts,
    incoming: &mut Incoming,
) -> Result<Reply, Problem> {
    accounts.delete(access, &mut incoming.context).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
