//! The OpenAPI document of the verification API.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null, or adds the member to an object made just before"
)]

use phoneproof_http::ProblemDocument;
use phoneproof_http::openapi::{
    Operation, describe_header, extend_schema, make_json_answer, make_object_answer,
    with_operations,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::Endpoint;
use crate::bodies::{
    BusinessReply, PolicyReply, SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply,
};
use crate::problem::{ProblemMembers, list_problems};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PhoneProof",
        description = "SMS verification: send a code, verify it, spend the success token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(
        SendBody, SendReply, VerifyBody, VerifyReply, SpendBody, SpendReply, PolicyReply, BusinessReply,
        ProblemDocument, ProblemMembers
    ))
)]
struct Schemas;

/// Makes the OpenAPI document from the routes, the bodies and the problem types.
#[must_use]
pub fn document() -> Value {
    let mut document = with_operations(Schemas::openapi(), &Endpoint::ALL.map(describe));
    extend_schema(&mut document, "Problem", "ProblemMembers");
    let problem = &mut document["components"]["schemas"]["Problem"]["properties"];
    problem["rule"]["example"] = json!("phone-cooldown");
    document
}

fn describe(endpoint: Endpoint) -> Operation {
    let route = endpoint.route();
    let operation = |id, summary, request, served| Operation {
        id,
        summary,
        method: route.method.clone(),
        path: route.path,
        request,
        parameters: Vec::new(),
        needs_token: false,
        is_cacheable: matches!(
            endpoint,
            Endpoint::Policy | Endpoint::Jwks | Endpoint::Discovery | Endpoint::OpenApi
        ),
        served,
        refusals: list_problems(endpoint),
    };
    match endpoint {
        Endpoint::Send => Operation {
            parameters: vec![
                describe_header(
                    "Idempotency-Key",
                    "Until the code expires, a repeat with the same key texts nothing and answers with an equivalent token, also with `token`. After that, a send without `token` is a new send.",
                ),
                describe_header(
                    "X-Client-Key",
                    "The client key of the business, if the policy restricts who may send for it.",
                ),
            ],
            ..operation(
                "send",
                "Text a code, or the same code again with `token`",
                Some("SendRequest"),
                make_json_answer(202, "SendResponse"),
            )
        },
        Endpoint::Verify => operation(
            "verify",
            "Check a code and get a success token",
            Some("VerifyRequest"),
            make_json_answer(200, "VerifyResponse"),
        ),
        Endpoint::Spend => operation(
            "spend",
            "Spend a success token, once",
            Some("SpendRequest"),
            make_json_answer(200, "SpendResponse"),
        ),
        Endpoint::Policy => operation(
            "policy",
            "What a front end has to know: countries, code lengths, languages",
            None,
            make_json_answer(200, "PolicyResponse"),
        ),
        Endpoint::Ping => {
            let schema = json!({ "type": "string", "const": "ok" });
            let served = (200, Some(("text/plain; charset=utf-8", schema)));
            operation("ping", "Check that the service answers", None, served)
        }
        Endpoint::Jwks => operation(
            "jwks",
            "Public keys of success tokens (RFC 7517)",
            None,
            make_object_answer(),
        ),
        Endpoint::Discovery => {
            operation("discovery", "Issuer metadata", None, make_object_answer())
        }
        Endpoint::OpenApi => operation("openapi", "This document", None, make_object_answer()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_resolves_and_every_route_is_listed() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name}"
            );
        }
        for endpoint in Endpoint::ALL {
            let path = endpoint.route().path;
            assert!(document["paths"][path].is_object(), "{path}");
        }
    }
}
