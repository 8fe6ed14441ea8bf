//! Checks every answer against the OpenAPI documents.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::client::Answer;

const PROBLEM: &str = "application/problem+json";

/// The OpenAPI documents of the verification service and of the account service, in this order.
static DOCUMENTS: LazyLock<[Value; 2]> = LazyLock::new(|| {
    [
        phoneproof_api::openapi::document(),
        phoneproof_account::openapi::document(),
    ]
});

/// The validators built so far. The key is the title of the document and the text of the schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Fails unless an answer agrees with the OpenAPI document of its path.
///
/// The document must list the status for the operation. Headers, content type and body must be those of that status.
/// Answers from paths of neither service pass.
pub(crate) fn assert_documented(method: &Method, target: &str, answer: &Answer) {
    let path = target.split('?').next().unwrap_or_default();
    // A receiver sends the callback, not a client. `docs/HOOK.md` describes it.
    if path == "/v1/receipts" {
        return;
    }
    let is_account = path.starts_with("/account/");
    let of_service = ["/v1/", "/.well-known/", "/openapi.json"];
    if !is_account && !of_service.iter().any(|start| path.starts_with(start)) {
        return;
    }
    let document = &DOCUMENTS[usize::from(is_account)];
    // A `HEAD` is not documented: it is answered like its `GET`, without the body.
    let is_head = *method == Method::HEAD;
    let documented = if is_head { &Method::GET } else { method };
    let fault = match find_operation(document, documented, path) {
        Some(operation) if is_head => find_head_fault(operation, answer),
        Some(operation) => find_fault(document, operation, answer),
        None => find_undocumented_fault(document, method, answer),
    };
    if let Some(fault) = fault {
        let Answer { status, text, .. } = answer;
        panic!("{method} {path} is not as documented: {fault}\n{status} {text}");
    }
}

/// Finds the operation for a method and path, if the document has one.
fn find_operation<'d>(document: &'d Value, method: &Method, path: &str) -> Option<&'d Value> {
    let paths = document["paths"].as_object()?;
    let exact = paths.get(path);
    let found = exact.or_else(|| {
        let fits = |template: &&String| matches(template, path);
        paths.get(paths.keys().find(fits)?)
    });
    found?.get(method.as_str().to_ascii_lowercase())
}

/// Whether `path` fits `template`, where a parameter such as `{id}` stands for one part that is not empty.
fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(part, real)| part == real || (part.starts_with('{') && !real.is_empty()))
}

fn find_fault(document: &Value, operation: &Value, answer: &Answer) -> Option<String> {
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Some("no such status".to_owned());
    }
    find_header_fault(response, answer).or_else(|| match response["content"].as_object() {
        None if answer.text.is_empty() => None,
        None => Some("a body, though none is documented".to_owned()),
        Some(content) => {
            let sent = answer.header("content-type").unwrap_or_default();
            match content.get(sent) {
                Some(media) => find_body_fault(document, &media["schema"], answer),
                None => Some(format!("content type {sent:?}")),
            }
        }
    })
}

fn find_head_fault(operation: &Value, answer: &Answer) -> Option<String> {
    let response = &operation["responses"][answer.status.to_string()];
    if response.is_null() {
        return Some("no such status".to_owned());
    }
    if !answer.text.is_empty() {
        return Some("a body in the answer to a HEAD".to_owned());
    }
    find_header_fault(response, answer)
}

fn find_header_fault(response: &Value, answer: &Answer) -> Option<String> {
    let documented = response["headers"].as_object()?;
    let missing = |name: &str| documented.contains_key(name) && answer.header(name).is_none();
    if missing("X-Request-Id") {
        return Some("no X-Request-Id".to_owned());
    }
    let cache = &documented["Cache-Control"]["schema"]["const"];
    if answer.header("Cache-Control") != cache.as_str() {
        return Some(format!("not Cache-Control {cache}"));
    }
    let may_retry = answer.status == 503 || !answer.json["retryAt"].is_null();
    if may_retry && missing("Retry-After") {
        return Some("no Retry-After".to_owned());
    }
    let undocumented = [
        "Retry-After",
        "RateLimit",
        "RateLimit-Policy",
        "WWW-Authenticate",
    ]
    .into_iter()
    .find(|name| answer.header(name).is_some() && !documented.contains_key(*name));
    if let Some(name) = undocumented {
        return Some(format!("an undocumented {name}"));
    }
    let retry_after = answer.header("Retry-After")?.parse::<u64>();
    (!retry_after.is_ok_and(|seconds| seconds >= 1)).then(|| "a Retry-After below 1".to_owned())
}

/// Checks an answer to a request that the document does not list: a preflight, or a refusal with a problem document.
fn find_undocumented_fault(document: &Value, method: &Method, answer: &Answer) -> Option<String> {
    let is_preflight = *method == Method::OPTIONS && answer.status == 204;
    if is_preflight {
        return (!answer.text.is_empty()).then(|| "a preflight with a body".to_owned());
    }
    if !matches!(answer.status, 401 | 404 | 405) {
        return Some("answered, though no such operation is documented".to_owned());
    }
    if answer.header("content-type") != Some(PROBLEM) {
        return Some("a refusal without a problem document".to_owned());
    }
    if *method == Method::HEAD {
        return (!answer.text.is_empty()).then(|| "a body in the answer to a HEAD".to_owned());
    }
    let reference = json!({ "$ref": "#/components/schemas/Problem" });
    find_body_fault(document, &reference, answer)
}

fn find_body_fault(document: &Value, schema: &Value, answer: &Answer) -> Option<String> {
    let is_text = schema["type"] == "string";
    let body = if is_text {
        Value::from(answer.text.as_str())
    } else {
        answer.json.clone()
    };
    let validator = get_validator(document, schema);
    let faults: Vec<_> = validator
        .iter_errors(&body)
        .map(|error| format!("{} at {:?}", error.kind().keyword(), error.instance_path()))
        .collect();
    (!faults.is_empty()).then(|| faults.join(", "))
}

/// Returns the validator for a schema of `document`.
///
/// It refuses members that the schema does not name, unless the schema has a `type` of its own.
fn get_validator(document: &Value, schema: &Value) -> Arc<Validator> {
    let title = &document["info"]["title"];
    let key = format!("{title} {schema}");
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(key).or_insert_with(|| {
        let mut whole = schema.clone();
        if schema["type"].is_null() {
            whole["unevaluatedProperties"] = json!(false);
        }
        whole["components"] = document["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).expect("a schema of the document"))
    });
    Arc::clone(validator)
}
