//! The OpenAPI 3.1 document: schemas from the body types, paths from [`Route`], refusals from
//! [`Kind`]. What is not in those cannot be in the document.
//!
//! [`with_operations`] makes such a document for any list of [`Operation`]s, so that a service beside this one
//! describes itself in the same words.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null, or adds the member to an object made just before"
)]

use std::collections::BTreeMap;

use http::Method;
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
    with_operations(Schemas::openapi(), &Route::ALL.map(describe))
}

/// `document`, which brings the schemas, with these operations.
#[must_use]
pub fn with_operations(document: utoipa::openapi::OpenApi, operations: &[Operation]) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let mut paths = Map::new();
    for operation in operations {
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method.as_str().to_ascii_lowercase()] = operation.to_json();
    }
    document["paths"] = Value::Object(paths);
    if operations.iter().any(|operation| operation.needs_token) {
        document["components"]["securitySchemes"] =
            json!({ "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } });
    }
    document
}

/// What only the document says about a route.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub id: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The method.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The schema of the body.
    pub request: Option<&'static str>,
    /// Headers and path parameters, as OpenAPI writes them.
    pub parameters: Vec<Value>,
    /// Whether it takes a bearer token.
    pub needs_token: bool,
    /// Status of the answer when all is well, with the type and schema of its body.
    pub served: (u16, Option<(&'static str, Value)>),
    /// How it can be refused.
    pub refusals: Vec<Refused>,
}

/// A kind of refusal.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// `title` of the problem document.
    pub title: &'static str,
    /// `type` of the problem document.
    pub type_uri: String,
}

impl From<Kind> for Refused {
    fn from(kind: Kind) -> Self {
        Self {
            status: kind.status().as_u16(),
            title: kind.title(),
            type_uri: kind.type_uri(),
        }
    }
}

/// A reference to a schema of the document.
#[must_use]
pub fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// An answer whose body is JSON of this schema.
#[must_use]
pub fn json_answer(status: u16, schema: &str) -> (u16, Option<(&'static str, Value)>) {
    (status, Some(("application/json", reference(schema))))
}

/// An answer whose body is a JSON object that others specify.
#[must_use]
pub fn object_answer() -> (u16, Option<(&'static str, Value)>) {
    (200, Some(("application/json", json!({ "type": "object" }))))
}

/// Refusals of every route that reads a body.
const BODY_REFUSALS: [Kind; 3] = [Kind::Malformed, Kind::TooLarge, Kind::MediaType];

/// Refusals of a send.
const SEND_REFUSALS: [Kind; 14] = [
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
];

fn describe(route: Route) -> Operation {
    let operation = |id, summary, request: Option<_>, served, refusals: &[Kind]| Operation {
        id,
        summary,
        method: route.method(),
        path: route.path(),
        request,
        parameters: Vec::new(),
        needs_token: false,
        served,
        refusals: (BODY_REFUSALS.iter().filter(|_| request.is_some()))
            .chain(refusals)
            .chain(&[Kind::Internal])
            .copied()
            .map(Refused::from)
            .collect(),
    };
    match route {
        Route::Send => Operation {
            parameters: vec![
                header(
                    "Idempotency-Key",
                    "Until the code expires, a repeat with the same key sends nothing and gives an equivalent token; later it is a new send. Ignored beside `token`.",
                ),
                header(
                    "X-Client-Key",
                    "The key of a business that restricts its callers.",
                ),
            ],
            ..operation(
                "send",
                "Text a code, or the same code again with `token`",
                Some("SendRequest"),
                json_answer(202, "SendResponse"),
                &SEND_REFUSALS,
            )
        },
        Route::Verify => operation(
            "verify",
            "Check a code and get a success token",
            Some("VerifyRequest"),
            json_answer(200, "VerifyResponse"),
            &[
                Kind::InvalidToken,
                Kind::WrongCode,
                Kind::Expired,
                Kind::AlreadyUsed,
                Kind::AttemptsExhausted,
                Kind::Limited,
                Kind::Locked,
                Kind::Unavailable,
            ],
        ),
        Route::Spend => operation(
            "spend",
            "Spend a success token, once",
            Some("SpendRequest"),
            json_answer(200, "SpendResponse"),
            &[
                Kind::InvalidToken,
                Kind::Expired,
                Kind::AlreadySpent,
                Kind::Unavailable,
            ],
        ),
        Route::Ping => operation(
            "ping",
            "Is anyone there?",
            None,
            (
                200,
                Some((
                    "text/plain; charset=utf-8",
                    json!({ "type": "string", "const": "ok" }),
                )),
            ),
            &[],
        ),
        Route::Jwks => operation(
            "jwks",
            "Public keys of success tokens (RFC 7517)",
            None,
            object_answer(),
            &[Kind::Unavailable],
        ),
        Route::Discovery => operation(
            "discovery",
            "Issuer metadata",
            None,
            object_answer(),
            &[Kind::Unavailable],
        ),
        Route::OpenApi => operation("openapi", "This document", None, object_answer(), &[]),
    }
}

impl Operation {
    fn to_json(&self) -> Value {
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "responses": self.responses(),
        });
        if let Some(schema) = self.request {
            operation["requestBody"] = json!({
                "required": true,
                "content": { "application/json": { "schema": reference(schema) } },
            });
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = json!(self.parameters);
        }
        if self.needs_token {
            operation["security"] = json!([{ "token": [] }]);
        }
        operation
    }

    fn responses(&self) -> Value {
        let (status, body) = &self.served;
        let mut served = json!({ "description": self.summary, "headers": answer_headers() });
        if let Some((content_type, schema)) = body {
            served["content"] = json!({ *content_type: { "schema": schema } });
        }
        let mut responses = Map::new();
        responses.insert(status.to_string(), served);
        let mut by_status: BTreeMap<u16, Vec<&Refused>> = BTreeMap::new();
        for refused in &self.refusals {
            by_status.entry(refused.status).or_default().push(refused);
        }
        for (status, refused) in by_status {
            let mut response = refusal_response(status, &refused);
            if status == 429 {
                for name in ["RateLimit-Policy", "RateLimit"] {
                    response["headers"][name] = json!({ "schema": { "type": "string" } });
                }
            }
            responses.insert(status.to_string(), response);
        }
        Value::Object(responses)
    }
}

fn header(name: &str, description: &str) -> Value {
    let schema =
        json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

fn refusal_response(status: u16, refused: &[&Refused]) -> Value {
    let titles: Vec<_> = refused.iter().map(|refused| refused.title).collect();
    let types: Vec<_> = refused.iter().map(|refused| &refused.type_uri).collect();
    let schema = json!({
        "allOf": [reference("Problem"), { "properties": { "type": { "enum": types } } }],
    });
    let mut headers = answer_headers();
    // Some conflicts end by themselves: a phone in use can be had later.
    if matches!(status, 409 | 429 | 503) {
        headers["Retry-After"] = json!({ "schema": { "type": "integer", "minimum": 1 } });
    }
    if status == 401 {
        headers["WWW-Authenticate"] = json!({ "schema": { "type": "string" } });
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
