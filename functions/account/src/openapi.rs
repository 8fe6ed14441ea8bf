//! The OpenAPI 3.1 document of the account service: schemas from the body types, refusals from [`Problem`].

use http::{Method, StatusCode};
use phoneproof_http::openapi::{Operation, Refused, json_answer, object_answer, with_operations};
use phoneproof_http::{BodyFault, FieldFault};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::bodies::{
    LogInBody, MadeRecoveryCode, Me, PasswordBody, RefreshBody, RegisterBody, Registered,
    ResetBody, SessionTokens, Sessions,
};
use crate::login::Denial;
use crate::problem::{Document, Problem};
use crate::service::Refusal;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PhoneProof accounts",
        description = "Accounts that live on success tokens: register, log in, refresh, change and reset a password.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(
        RegisterBody, LogInBody, RefreshBody, PasswordBody, ResetBody, Registered, MadeRecoveryCode, SessionTokens, Me,
        Sessions, Document
    ))
)]
struct Schemas;

/// The document.
#[must_use]
pub fn document() -> Value {
    with_operations(Schemas::openapi(), &operations())
}

/// An answer without a body.
const NO_CONTENT: (u16, Option<(&str, Value)>) = (204, None);

/// One problem of each kind; only its kind is looked at.
mod kinds {
    use std::time::Duration;

    use phoneproof_domain::clock::Timestamp;
    use phoneproof_domain::phone::PhoneError;

    use super::{Denial, Problem, Refusal};
    use crate::password;

    const fn of(refusal: Refusal) -> Problem {
        Problem::Refused(refusal)
    }

    pub(super) const INVALID_PHONE: Problem = of(Refusal::Phone(PhoneError::NotAssigned));
    pub(super) const TOKEN: Problem = of(Refusal::Token);
    pub(super) const TEST_NUMBER: Problem = of(Refusal::TestNumber);
    pub(super) const SPENT: Problem = of(Refusal::AlreadySpent);
    pub(super) const OTHER_PHONE: Problem = of(Refusal::OtherPhone);
    pub(super) const NO_ACCOUNT: Problem = of(Refusal::NoAccount);
    pub(super) const PHONE_IN_USE: Problem = of(Refusal::PhoneInUse {
        unlink_at: Timestamp::from_unix(0),
        is_new: true,
    });
    pub(super) const PASSWORD: Problem = of(Refusal::Password(password::Refused::Common));
    pub(super) const WRONG: Problem = of(Refusal::WrongCredentials);
    pub(super) const SECOND_STEP: Problem = of(Refusal::SecondStepRequired);
    pub(super) const RECOVERY_CODE: Problem = of(Refusal::RecoveryCode);
    pub(super) const LOCKED: Problem = of(Refusal::Denied(Denial::Locked));
    pub(super) const LIMITED: Problem = of(Refusal::Denied(Denial::Waiting {
        until: Timestamp::from_unix(0),
        wait: Duration::ZERO,
    }));
    pub(super) const REFRESH_TOKEN: Problem = of(Refusal::RefreshToken);
    pub(super) const SESSION_OVER: Problem = of(Refusal::SessionOver);
    pub(super) const UNAVAILABLE: Problem =
        of(Refusal::Unavailable(crate::service::Unavailable::Contended));
}

fn refused(problem: &Problem) -> Refused {
    let (status, slug, title) = problem.kind();
    Refused {
        status: status.as_u16(),
        title,
        type_uri: format!("urn:phoneproof:problem:{slug}"),
    }
}

/// What the guard's layer answers for this service.
fn without_token() -> [Refused; 2] {
    [
        ("token-required", "A token is required"),
        ("invalid-token", "The token is not valid"),
    ]
    .map(|(slug, title)| Refused {
        status: StatusCode::UNAUTHORIZED.as_u16(),
        title,
        type_uri: format!("urn:phoneproof:problem:{slug}"),
    })
}

/// An operation that takes no body and can fail only because the service is not available.
fn plain(
    method: Method,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    served: (u16, Option<(&'static str, Value)>),
) -> Operation {
    Operation {
        id,
        summary,
        method,
        path,
        request: None,
        parameters: Vec::new(),
        needs_token: false,
        served,
        refusals: vec![refused(&kinds::UNAVAILABLE), refused(&Problem::Internal)],
    }
}

impl Problem {
    /// The refusals of every route that reads a body.
    fn of_bodies() -> [Self; 3] {
        [
            Self::Field(FieldFault::new("body", "")),
            Self::Body(BodyFault::TooLarge),
            Self::Body(BodyFault::MediaType),
        ]
    }
}

fn posted(
    path: &'static str,
    (id, summary): (&'static str, &'static str),
    request: &'static str,
    served: (u16, Option<(&'static str, Value)>),
    refusals: &[Problem],
) -> Operation {
    let mut operation = plain(Method::POST, path, id, summary, served);
    operation.request = Some(request);
    let bodies = Problem::of_bodies();
    let all = bodies.iter().chain(refusals).map(refused);
    operation.refusals.extend(all);
    operation
}

/// `operation`, for a live session only.
fn protected(mut operation: Operation) -> Operation {
    operation.needs_token = true;
    operation.refusals.push(refused(&kinds::SESSION_OVER));
    operation.refusals.extend(without_token());
    operation
}

fn operations() -> Vec<Operation> {
    [accounts(), sessions(), documents()].concat()
}

fn accounts() -> Vec<Operation> {
    vec![
        posted(
            "/account/v1/accounts",
            ("register", "Register an account for a proved phone"),
            "RegisterRequest",
            json_answer(201, "Account"),
            &[
                kinds::TOKEN,
                kinds::TEST_NUMBER,
                kinds::SPENT,
                kinds::PHONE_IN_USE,
                kinds::PASSWORD,
            ],
        ),
        protected(posted(
            "/account/v1/password",
            (
                "changePassword",
                "Change the password and end every session",
            ),
            "ChangePasswordRequest",
            NO_CONTENT,
            &[
                kinds::TOKEN,
                kinds::TEST_NUMBER,
                kinds::SPENT,
                kinds::OTHER_PHONE,
                kinds::PASSWORD,
            ],
        )),
        posted(
            "/account/v1/password-reset",
            (
                "resetPassword",
                "Set a forgotten password and end every session",
            ),
            "ResetPasswordRequest",
            NO_CONTENT,
            &[
                kinds::TOKEN,
                kinds::TEST_NUMBER,
                kinds::SPENT,
                kinds::NO_ACCOUNT,
                kinds::RECOVERY_CODE,
                kinds::PASSWORD,
            ],
        ),
        protected(plain(
            Method::POST,
            "/account/v1/recovery-code",
            "makeRecoveryCode",
            "Make a recovery code, in place of an earlier one",
            json_answer(201, "RecoveryCode"),
        )),
        protected(plain(
            Method::GET,
            "/account/v1/me",
            "me",
            "Look at the account",
            json_answer(200, "Me"),
        )),
        protected(plain(
            Method::DELETE,
            "/account/v1/me",
            "deleteMe",
            "Delete the account",
            NO_CONTENT,
        )),
    ]
}

fn sessions() -> Vec<Operation> {
    let mut end_one = plain(
        Method::DELETE,
        "/account/v1/sessions/{session}",
        "endSession",
        "End one session",
        NO_CONTENT,
    );
    end_one.refusals.push(refused(&Problem::NotFound));
    end_one.parameters = vec![json!({
        "name": "session",
        "in": "path",
        "required": true,
        // 16 bytes in base64url.
        "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$" },
    })];
    vec![
        posted(
            "/account/v1/sessions",
            ("logIn", "Log in with a password, a code, or both"),
            "LogInRequest",
            json_answer(201, "Tokens"),
            &[
                kinds::INVALID_PHONE,
                kinds::TOKEN,
                kinds::TEST_NUMBER,
                kinds::SPENT,
                kinds::OTHER_PHONE,
                kinds::NO_ACCOUNT,
                kinds::WRONG,
                kinds::SECOND_STEP,
                kinds::LOCKED,
                kinds::LIMITED,
            ],
        ),
        posted(
            "/account/v1/sessions/refresh",
            ("refresh", "Exchange a refresh token"),
            "RefreshRequest",
            json_answer(200, "Tokens"),
            &[kinds::REFRESH_TOKEN, kinds::SESSION_OVER],
        ),
        protected(plain(
            Method::GET,
            "/account/v1/sessions",
            "sessions",
            "List the sessions",
            json_answer(200, "Sessions"),
        )),
        protected(plain(
            Method::DELETE,
            "/account/v1/sessions",
            "endThisSession",
            "End this session",
            NO_CONTENT,
        )),
        protected(plain(
            Method::DELETE,
            "/account/v1/sessions/all",
            "endAllSessions",
            "End every session",
            NO_CONTENT,
        )),
        protected(end_one),
    ]
}

fn documents() -> Vec<Operation> {
    let mut this = plain(
        Method::GET,
        "/account/openapi.json",
        "openapi",
        "This document",
        object_answer(),
    );
    this.refusals.clear();
    let jwks = plain(
        Method::GET,
        "/account/.well-known/jwks.json",
        "jwks",
        "Public keys of access tokens (RFC 7517)",
        object_answer(),
    );
    vec![jwks, this]
}
