//! The pages: the demo, the accounts demo, the inbox and the operations. Sends and verifies are the component of
//! `shared/web`.
//!
//! Pages show texts, so they answer only requests that name a loopback host. A web site that points its own name at
//! 127.0.0.1 (DNS rebinding) gets 403.

use std::sync::LazyLock;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_parser::{PhoneParser, TypedNumber};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::typed;
use serde::Deserialize;

use crate::inbox::Inbox;
use crate::loopback::{names_loopback, refuse_query};
use crate::operations::{self, Operations};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, content type and content of each file.
const FILES: [(&str, &str, &str); 19] = [
    ("/", HTML, include_str!("../page/index.html")),
    ("/accounts", HTML, include_str!("../page/accounts.html")),
    ("/inbox", HTML, include_str!("../page/inbox.html")),
    ("/operations", HTML, include_str!("../page/operations.html")),
    (
        "/demo/style.css",
        "text/css; charset=utf-8",
        include_str!("../page/style.css"),
    ),
    ("/demo/common.js", SCRIPT, include_str!("../page/common.js")),
    ("/demo/calls.js", SCRIPT, include_str!("../page/calls.js")),
    (
        "/demo/messages.js",
        SCRIPT,
        include_str!("../page/messages.js"),
    ),
    ("/demo/token.js", SCRIPT, include_str!("../page/token.js")),
    (
        "/demo/refusals.js",
        SCRIPT,
        include_str!("../page/refusals.js"),
    ),
    ("/demo/words.js", SCRIPT, include_str!("../page/words.js")),
    ("/demo/zh.js", SCRIPT, include_str!("../page/zh.js")),
    // Built from shared/web, and committed, so that this build needs no Node.
    (
        "/demo/phone-proof.js",
        SCRIPT,
        include_str!("../../../shared/web/dist/phone-proof.js"),
    ),
    ("/demo/device.js", SCRIPT, include_str!("../page/device.js")),
    ("/demo/demo.js", SCRIPT, include_str!("../page/demo.js")),
    (
        "/demo/accounts.js",
        SCRIPT,
        include_str!("../page/accounts.js"),
    ),
    ("/demo/inbox.js", SCRIPT, include_str!("../page/inbox.js")),
    (
        "/demo/operations.js",
        SCRIPT,
        include_str!("../page/operations.js"),
    ),
    ("/demo/chart.js", SCRIPT, include_str!("../page/chart.js")),
];

/// The pages load scripts and styles from this stack only, and call this stack only.
const CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The path of the messages of the inbox.
const MESSAGES: &str = "/inbox/messages";

/// The path of the runs of the operations page.
const RUN: &str = "/operations/run";

/// Lists the paths of the files and of the messages. The runs stand behind the path of their page.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    FILES.into_iter().map(|(path, ..)| path).chain([MESSAGES])
}

/// Routes to the files, to the messages of `inbox` and to the runs of the operations page, at the root and at
/// `base_path`. The pages name each other and the API relatively, so they stay behind the path at which a browser found
/// them.
pub(crate) fn router(inbox: Inbox, policy: &Policy, base_path: &str) -> Router {
    // One for both places: few runs go on at a time.
    let operations = Operations::new(policy);
    let mut router = serve_at(Router::new(), &operations, "");
    if !base_path.is_empty() {
        let first_page = format!("{base_path}/");
        let redirect = move || async move { Redirect::temporary(&first_page) };
        router = serve_at(router, &operations, base_path).route(base_path, get(redirect));
    }
    router.with_state(inbox).layer(middleware::from_fn(guard))
}

fn serve_at(mut router: Router<Inbox>, operations: &Operations, base_path: &str) -> Router<Inbox> {
    for (path, content_type, text) in FILES {
        router = router.route(
            &format!("{base_path}{path}"),
            get(move || async move { ([("content-type", content_type)], text) }),
        );
    }
    let runs = Router::new()
        .route(&format!("{base_path}{RUN}"), get(operations::play))
        .with_state(operations.clone());
    router
        .route(&format!("{base_path}{MESSAGES}"), get(list_messages))
        .merge(runs)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// The phone to list texts of; all phones if it is not given.
    phone: Option<String>,
}

/// Reads the phone of a query, with whatever may stand between and around its digits. `+1…` works, although a `+` means
/// a space in a query, and so does the number without its `+`.
///
/// A national number has another length than the numbers of the country that its first digits would name.
fn read_phone(text: &str) -> Option<Phone> {
    static PARSER: LazyLock<PhoneParser> = LazyLock::new(PhoneParser::new);
    let read = |text: &str| TypedNumber::parse(text).ok()?.read_complete();
    let complete = || read(&format!("+{}", typed::trim(text)));
    read(text).or_else(|| complete().filter(|phone| PARSER.has_length(phone)))
}

/// What the query of the messages takes.
const ACCEPTED_PHONE: &str = "`phone` is a number with its country code, such as +14155550100; without `phone` the messages of \
    all numbers are listed; it is given once, and there is nothing else";

async fn list_messages(
    State(inbox): State<Inbox>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    // An empty list would say that no text was sent.
    let Ok(Query(filter)) = filter else {
        return refuse_query("The query cannot be read", ACCEPTED_PHONE);
    };
    let phone = match filter.phone.as_deref().map(read_phone) {
        None => None,
        Some(Some(phone)) => Some(phone),
        Some(None) => return refuse_query("The number cannot be read", ACCEPTED_PHONE),
    };
    Json(inbox.messages(phone.as_ref().map(Phone::expose))).into_response()
}

/// Refuses requests that do not name a loopback host, and locks down every answer.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = if names_loopback(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use lambda_http::tower::ServiceExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::inbox::tests::text;

    async fn get(host: &str, path: &str) -> Response {
        let inbox = Inbox::default();
        for n in 0..3 {
            drop(inbox.publish(text(&format!("+1415555010{}", n % 2), &format!("text {n}"))));
        }
        let request = Request::get(path).header("host", host);
        let policy = phoneproof_config::policy::from_toml(phoneproof_config::DEFAULT_POLICY);
        router(inbox, &policy.expect("a good policy"), "/base")
            .oneshot(request.body(Body::empty()).expect("a request"))
            .await
            .expect("an answer")
    }

    async fn read_json(answer: Response) -> Value {
        let body = to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    #[tokio::test]
    async fn every_answer_has_the_headers_that_lock_it_down() {
        for (host, status) in [("127.0.0.1:3000", 200), ("evil.example:3000", 403)] {
            let behind_base = paths().map(|path| format!("/base{path}"));
            for path in paths().map(str::to_owned).chain(behind_base) {
                let answer = get(host, &path).await;
                assert_eq!(answer.status(), status, "{host} {path}");
                let headers = answer.headers();
                assert_eq!(headers[CONTENT_SECURITY_POLICY], CONTENT_POLICY);
                assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
                assert_eq!(headers[REFERRER_POLICY], "no-referrer");
                assert_eq!(headers[CACHE_CONTROL], "no-store");
                assert!(!headers.contains_key("access-control-allow-origin"));
            }
        }
    }

    #[tokio::test]
    async fn the_base_path_leads_to_the_first_page_and_pages_name_no_path_of_the_root() {
        let answer = get("localhost", "/base").await;
        assert_eq!(answer.status(), 307);
        assert_eq!(answer.headers()["location"], "/base/");
        assert_eq!(get("localhost", "/basement/").await.status(), 404);
        for (path, _, text) in FILES {
            for rooted in ["href=\"/", "src=\"/", "fetch(\"/", "fetch(`/", "from \"/"] {
                assert!(!text.contains(rooted), "{path}: {rooted}");
            }
        }
    }

    #[tokio::test]
    async fn a_query_that_cannot_be_read_is_told_what_is_accepted() {
        for (path, accepted) in [
            ("/operations/run?show=x", "`show` is `luma`"),
            ("/operations/run?show=", "`show` is `luma`"),
            ("/operations/run", "`show` is `luma`"),
            (
                "/operations/run?show=luma&seed=x",
                "`seed` is a whole number from 0",
            ),
            (
                "/operations/run?show=luma&seed=-1",
                "`seed` is a whole number from 0",
            ),
            ("/operations/run?show=luma&seed=4294967296", "to 4294967295"),
            ("/operations/run?show=luma&show=luma", "each is given once"),
            (
                "/operations/run?show=luma&sed=2",
                "`seed` is a whole number",
            ),
            ("/inbox/messages?phone=1&phone=2", "it is given once"),
            (
                "/inbox/messages?number=%2B14155550100",
                "`phone` is a number",
            ),
        ] {
            for base in ["", "/base"] {
                let answer = get("localhost", &format!("{base}{path}")).await;
                assert_eq!(answer.status(), 400, "{path}");
                let refusal = read_json(answer).await;
                let detail = refusal["detail"].as_str().expect("a text");
                assert!(detail.contains(accepted), "{path}: {detail}");
                assert!(!detail.contains("deserialize"), "{path}: {detail}");
            }
        }
    }

    #[tokio::test]
    async fn lists_the_messages_to_a_phone_newest_first() {
        for phone in [
            "+14155550100",
            "14155550100",
            "+1%20(415)%20555-0100",
            "%E2%80%AA%2B14155550100%E2%80%AC",
        ] {
            let path = format!("/inbox/messages?phone={phone}");
            let texts = read_json(get("localhost", &path).await).await;
            assert_eq!(texts.as_array().map(Vec::len), Some(2), "{phone}");
        }
        let nobody = "/inbox/messages?phone=+14152007986";
        let texts = read_json(get("localhost", nobody).await).await;
        assert_eq!(texts, json!([]), "{nobody}");
        for unreadable in [
            "",
            "%2B",
            "nobody",
            "1234",
            "1234567890123456",
            "1415%0A5550100",
            "14155550100x5",
            "4152007001",
            "(415)%20200-7001",
            "+1415555010",
        ] {
            let path = format!("/inbox/messages?phone={unreadable}");
            let answer = get("localhost", &path).await;
            assert_eq!(answer.status(), 400, "{unreadable}");
            let hint = read_json(answer).await["detail"].to_string();
            assert!(hint.contains("+14155550100"), "{hint}");
        }
        let texts = read_json(get("localhost", "/inbox/messages?phone=%2B14155550100").await).await;
        let bodies: Vec<_> = texts.as_array().expect("a list").iter().collect();
        assert_eq!(bodies.len(), 2);
        assert_eq!(bodies[0]["body"], "text 2");
        assert_eq!(bodies[1]["body"], "text 0");
        let mut fields: Vec<_> = bodies[0].as_object().expect("an object").keys().collect();
        fields.sort();
        assert_eq!(
            fields,
            ["at", "attributes", "body", "channel", "id", "phone"]
        );
    }
}
