//! The OpenAPI 3.1 document of the account service.

use phoneproof_http::ProblemDocument;
use phoneproof_http::openapi::{Operation, make_json_answer, make_object_answer, with_operations};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::bodies::{
    LogInBody, MadeRecoveryCode, Me, PasswordBody, PhoneBody, RefreshBody, RegisterBody,
    RegisteredReply, ResetBody, SessionTokens, Sessions,
};
use crate::problem::list_problems;
use crate::route::{Endpoint, Protected, ROUTES, Route};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PhoneProof accounts",
        description = "Accounts whose owners prove their phones with success tokens: register, log in, refresh, change and reset a password.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(
        RegisterBody, LogInBody, RefreshBody, PasswordBody, PhoneBody, ResetBody, RegisteredReply, MadeRecoveryCode, SessionTokens, Me,
        Sessions, ProblemDocument
    ))
)]
struct Schemas;

/// Status 204, without a body.
const NO_CONTENT: (u16, Option<(&str, Value)>) = (204, None);

/// Makes the OpenAPI document from the table of routes, the bodies and the problem types.
#[must_use]
pub fn document() -> Value {
    let operations: Vec<_> = ROUTES.iter().map(describe).collect();
    with_operations(Schemas::openapi(), &operations)
}

fn describe(route: &Route) -> Operation {
    let operation = |id, summary, request, served| Operation {
        id,
        summary,
        method: route.method.clone(),
        path: route.path,
        request,
        parameters: Vec::new(),
        is_cacheable: false,
        needs_token: matches!(route.endpoint, Endpoint::Protected(_)),
        served,
        refusals: list_problems(route.endpoint),
    };
    match route.endpoint {
        Endpoint::Register => operation(
            "register",
            "Register an account for a proved phone",
            Some("RegisterRequest"),
            make_json_answer(201, "Account"),
        ),
        Endpoint::LogIn => operation(
            "logIn",
            "Log in with a password, a code, or both",
            Some("LogInRequest"),
            make_json_answer(201, "Tokens"),
        ),
        Endpoint::Refresh => operation(
            "refresh",
            "Exchange a refresh token",
            Some("RefreshRequest"),
            make_json_answer(200, "Tokens"),
        ),
        Endpoint::ResetPassword => operation(
            "resetPassword",
            "Set a forgotten password and end every session",
            Some("ResetPasswordRequest"),
            NO_CONTENT,
        ),
        Endpoint::Jwks => operation(
            "jwks",
            "Public keys of access tokens (RFC 7517)",
            None,
            make_object_answer(),
        ),
        Endpoint::OpenApi => operation("openapi", "This document", None, make_object_answer()),
        Endpoint::Protected(endpoint) => describe_protected(endpoint, operation),
    }
}

type Served = (u16, Option<(&'static str, Value)>);

fn describe_protected(
    endpoint: Protected,
    operation: impl Fn(&'static str, &'static str, Option<&'static str>, Served) -> Operation,
) -> Operation {
    match endpoint {
        Protected::ChangePassword => operation(
            "changePassword",
            "Change the password and end every session",
            Some("ChangePasswordRequest"),
            NO_CONTENT,
        ),
        Protected::ChangePhone => operation(
            "changePhone",
            "Change the phone and end every session",
            Some("ChangePhoneRequest"),
            NO_CONTENT,
        ),
        Protected::MakeRecoveryCode => operation(
            "makeRecoveryCode",
            "Make a recovery code, in place of an earlier one",
            None,
            make_json_answer(201, "RecoveryCode"),
        ),
        Protected::Me => operation("me", "Show the account", None, make_json_answer(200, "Me")),
        Protected::DeleteMe => operation("deleteMe", "Delete the account", None, NO_CONTENT),
        Protected::ListSessions => {
            let served = make_json_answer(200, "Sessions");
            operation("sessions", "List the sessions", None, served)
        }
        Protected::EndThisSession => {
            operation("endThisSession", "End this session", None, NO_CONTENT)
        }
        Protected::EndAllSessions => {
            operation("endAllSessions", "End every session", None, NO_CONTENT)
        }
        Protected::EndSession => Operation {
            parameters: vec![json!({
                "name": "session",
                "in": "path",
                "required": true,
                // 16 bytes in base64url: 22 characters, of which the last holds two bits.
                "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$" },
            })],
            ..operation("endSession", "End one session", None, NO_CONTENT)
        },
    }
}
