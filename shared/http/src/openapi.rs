//! OpenAPI 3.1 documents: schemas come from the body types, paths from a table of routes, refusals from the problem
//! types of an API. What is not in those cannot be in the document.

#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value gives null, or adds the member to an object made just before"
)]

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use super::problem::ProblemType;
use super::reply::{CACHEABLE, NO_STORE};

/// Adds these operations to `document`, which brings the schemas.
///
/// A `HEAD` answers like its `GET`, without the body, so describing it would repeat the `GET`.
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

/// Names the path at which the API is mapped as the server of `document`. Clients append paths to it (OpenAPI 3.1,
/// "Server Object"), so it ends without a slash.
#[must_use]
pub fn with_server(mut document: Value, base_path: &str) -> Value {
    let url = if base_path.is_empty() { "/" } else { base_path };
    document["servers"] = json!([{ "url": url }]);
    document
}

/// Adds the properties of the schema `more`, which leaves the document, to the schema `name`.
pub fn extend_schema(document: &mut Value, name: &str, more: &str) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    let more = schemas.remove(more).unwrap_or_default();
    let target = schemas
        .get_mut(name)
        .map(|schema| &mut schema["properties"]);
    if let (Some(Value::Object(target)), Value::Object(more)) = (target, &more["properties"]) {
        target.extend(more.clone());
    }
}

/// What the document says about one method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The `operationId`, unique in the document.
    pub id: &'static str,
    /// What the operation does, in one line.
    pub summary: &'static str,
    /// The method of the route.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The name of the body's schema; `None` if the operation reads no body.
    pub request: Option<&'static str>,
    /// Headers and path parameters, as OpenAPI writes them.
    pub parameters: Vec<Value>,
    /// Whether the operation takes a bearer token.
    pub needs_token: bool,
    /// Whether caches may keep the answer when all is well.
    pub is_cacheable: bool,
    /// Status of the answer when all is well, with the type and schema of its body.
    pub served: (u16, Option<(&'static str, Value)>),
    /// The problems that the operation can answer with.
    pub refusals: Vec<&'static ProblemType>,
}

/// Makes a reference to a schema of the document.
#[must_use]
pub fn refer_to(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Describes an answer whose body is JSON of this schema.
#[must_use]
pub fn make_json_answer(status: u16, schema: &str) -> (u16, Option<(&'static str, Value)>) {
    (status, Some(("application/json", refer_to(schema))))
}

/// Describes an answer whose body is a JSON object that others specify.
#[must_use]
pub fn make_object_answer() -> (u16, Option<(&'static str, Value)>) {
    (200, Some(("application/json", json!({ "type": "object" }))))
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
                "content": { "application/json": { "schema": refer_to(schema) } },
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
        let cache_control = if self.is_cacheable {
            CACHEABLE
        } else {
            NO_STORE
        };
        let headers = answer_headers(cache_control);
        let mut served = json!({ "description": self.summary, "headers": headers });
        if let Some((content_type, schema)) = body {
            served["content"] = json!({ *content_type: { "schema": schema } });
        }
        let mut responses = Map::new();
        responses.insert(status.to_string(), served);
        let mut by_status: BTreeMap<u16, Vec<&ProblemType>> = BTreeMap::new();
        for refused in &self.refusals {
            by_status
                .entry(refused.status.as_u16())
                .or_default()
                .push(refused);
        }
        for (status, refused) in by_status {
            let mut response = describe_refusals(status, &refused);
            if status == 429 {
                for name in ["RateLimit-Policy", "RateLimit"] {
                    response["headers"][name] = json!({ "schema": { "type": "string" } });
                }
            }
            responses.insert(status.to_string(), response);
        }
        for (status, what) in GATEWAY {
            let response = responses
                .entry(status.to_string())
                .or_insert_with(|| json!({ "description": what }));
            response["content"]["application/json"] =
                json!({ "schema": describe_gateway_message(what) });
        }
        Value::Object(responses)
    }
}

/// Describes a request header of 1 to 255 visible ASCII characters.
#[must_use]
pub fn describe_header(name: &str, description: &str) -> Value {
    let schema =
        json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

fn describe_refusals(status: u16, refused: &[&ProblemType]) -> Value {
    let titles: Vec<_> = refused.iter().map(|refused| refused.title).collect();
    let types: Vec<_> = refused.iter().map(|refused| refused.uri()).collect();
    let schema = json!({
        "allOf": [refer_to("Problem"), { "properties": { "type": { "enum": types } } }],
    });
    let mut headers = answer_headers(NO_STORE);
    // Some conflicts end by themselves: a phone in use can be had later. A 502 ends with the pause between two texts.
    if matches!(status, 409 | 429 | 502 | 503) {
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

fn answer_headers(cache_control: &str) -> Value {
    json!({
        "X-Request-Id": { "schema": { "type": "string" } },
        "Cache-Control": { "schema": { "type": "string", "const": cache_control } },
    })
}

/// What API Gateway answers in place of the service, to any request (API Gateway developer guide, "Throttle requests to
/// your HTTP APIs").
const GATEWAY: [(u16, &str); 2] = [
    (429, "The gateway limits how often this path is called"),
    (503, "The gateway got no answer from the service"),
];

/// Describes the body of an answer of API Gateway, which is not a problem document.
fn describe_gateway_message(what: &str) -> Value {
    let message = json!({ "message": { "type": "string" } });
    json!({ "type": "object", "description": what, "properties": message, "required": ["message"] })
}
