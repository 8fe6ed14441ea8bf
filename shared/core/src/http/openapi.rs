//! The OpenAPI 3.1 document: schemas from the body types, paths from [`Route`], refusals from
//! [`Kind`]. What is not in those cannot be in the document.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null, or adds the member to an object made just before"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::bodies::{SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply};
use super::problem::{Kind, ProblemDocument};
use super::route::Route;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PhoneProof",
        description = "SMS verification: send a code, verify it, spend the success token.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/")),
    components(schemas(
        SendBody, SendReply, VerifyBody, VerifyReply, SpendBody, SpendReply, ProblemDocument
    ))
)]
struct Schemas;

/// The OpenAPI document of the service.
#[must_use]
pub fn document() -> Value {
    let mut document = serde_json::to_value(Schemas::openapi()).unwrap_or_default();
    let paths: Map<String, Value> = Route::ALL
        .into_iter()
        .map(|route| (route.path().to_owned(), path_item(route)))
        .collect();
    if let Some(document) = document.as_object_mut() {
        document.insert("paths".to_owned(), Value::Object(paths));
    }
    document
}

/// What only this document says about a route.
struct Description {
    operation_id: &'static str,
    summary: &'static str,
    request: Option<&'static str>,
    /// Status and body of the answer when all is well.
    served: (u16, &'static str, Value),
    refusals: Vec<Kind>,
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Refusals of every route that reads a body.
const BODY_REFUSALS: [Kind; 3] = [Kind::Malformed, Kind::TooLarge, Kind::MediaType];

fn describe(route: Route) -> Description {
    let json_answer = |status, schema| (status, "application/json", reference(schema));
    let object = || (200, "application/json", json!({ "type": "object" }));
    let with_body = |more: &[Kind]| [BODY_REFUSALS.as_slice(), more].concat();
    let document = |operation_id, summary, refusals: &[Kind]| Description {
        operation_id,
        summary,
        request: None,
        served: object(),
        refusals: refusals.to_vec(),
    };
    match route {
        Route::Send => Description {
            operation_id: "send",
            summary: "Text a code, or the same code again with `token`",
            request: Some("SendRequest"),
            served: json_answer(202, "SendResponse"),
            refusals: with_body(&[
                Kind::UnknownBusiness,
                Kind::InvalidPhone,
                Kind::InvalidToken,
                Kind::ClientKey,
                Kind::DestinationNotAllowed,
                Kind::Blocked,
                Kind::Locked,
                Kind::AlreadyUsed,
                Kind::Expired,
                Kind::AttemptsExhausted,
                Kind::Limited,
                Kind::DeliveryFailed,
                Kind::DeliveryUnknown,
                Kind::Unavailable,
            ]),
        },
        Route::Verify => Description {
            operation_id: "verify",
            summary: "Check a code and get a success token",
            request: Some("VerifyRequest"),
            served: json_answer(200, "VerifyResponse"),
            refusals: with_body(&[
                Kind::InvalidToken,
                Kind::WrongCode,
                Kind::Expired,
                Kind::AlreadyUsed,
                Kind::AttemptsExhausted,
                Kind::Limited,
                Kind::Locked,
                Kind::Unavailable,
            ]),
        },
        Route::Spend => Description {
            operation_id: "spend",
            summary: "Spend a success token, once",
            request: Some("SpendRequest"),
            served: json_answer(200, "SpendResponse"),
            refusals: with_body(&[
                Kind::InvalidToken,
                Kind::Expired,
                Kind::AlreadySpent,
                Kind::Unavailable,
            ]),
        },
        Route::Ping => Description {
            operation_id: "ping",
            summary: "Is anyone there?",
            request: None,
            served: (
                200,
                "text/plain; charset=utf-8",
                json!({ "type": "string", "const": "ok" }),
            ),
            refusals: Vec::new(),
        },
        Route::Jwks => document(
            "jwks",
            "Public keys of success tokens (RFC 7517)",
            &[Kind::Unavailable],
        ),
        Route::Discovery => document("discovery", "Issuer metadata", &[Kind::Unavailable]),
        Route::OpenApi => document("openapi", "This document", &[]),
    }
}

fn path_item(route: Route) -> Value {
    let description = describe(route);
    let mut operation = json!({
        "operationId": description.operation_id,
        "summary": description.summary,
        "responses": responses(&description),
    });
    if let Some(schema) = description.request {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": reference(schema) } },
        });
    }
    if route == Route::Send {
        operation["parameters"] = json!([
            header(
                "Idempotency-Key",
                "A repeat with the same key sends nothing and gives an equivalent token."
            ),
            header(
                "X-Client-Key",
                "The key of a business that restricts its callers."
            ),
        ]);
    }
    json!({ route.method().as_str().to_ascii_lowercase(): operation })
}

fn header(name: &str, description: &str) -> Value {
    let schema =
        json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

fn responses(description: &Description) -> Value {
    let (status, content_type, schema) = &description.served;
    let mut responses = Map::new();
    responses.insert(
        status.to_string(),
        json!({ "description": description.summary, "headers": answer_headers(), "content": { *content_type: { "schema": schema } } }),
    );
    for (status, kinds) in by_status(&description.refusals) {
        responses.insert(status.to_string(), refusal_response(status, &kinds));
    }
    Value::Object(responses)
}

fn by_status(kinds: &[Kind]) -> BTreeMap<u16, Vec<Kind>> {
    let mut grouped: BTreeMap<u16, Vec<Kind>> = BTreeMap::new();
    for kind in kinds {
        grouped
            .entry(kind.status().as_u16())
            .or_default()
            .push(*kind);
    }
    grouped
}

fn refusal_response(status: u16, kinds: &[Kind]) -> Value {
    let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
    let types: Vec<_> = kinds.iter().map(|kind| kind.type_uri()).collect();
    let schema = json!({
        "allOf": [reference("Problem"), { "properties": { "type": { "enum": types } } }],
    });
    let mut headers = answer_headers();
    if matches!(status, 429 | 503) {
        headers["Retry-After"] = json!({ "schema": { "type": "integer", "minimum": 1 } });
    }
    if status == 429 {
        headers["RateLimit-Policy"] = json!({ "schema": { "type": "string" } });
        headers["RateLimit"] = json!({ "schema": { "type": "string" } });
    }
    json!({
        "description": titles.join("; "),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}

fn answer_headers() -> Value {
    json!({ "X-Request-Id": { "schema": { "type": "string" } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_resolves_and_every_route_is_there() {
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
        for route in Route::ALL {
            assert!(
                document["paths"][route.path()].is_object(),
                "{}",
                route.path()
            );
        }
    }
}
