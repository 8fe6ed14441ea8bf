//! Answers in the form that the gateway takes.

use std::future::{Future, ready};
use std::pin::Pin;

use http::Response;
use lambda_http::{Body, IntoResponse};

/// The answer of a function, whose body is text in UTF-8 already, or empty.
///
/// `lambda_http` converts a plain [`Response`] from any charset that its content type may name. The tables for this
/// are a fifth of a megabyte in every function, and no function answers in another charset.
pub(crate) struct Answer(pub(crate) Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        let response = self.0.map(|body| match body {
            // The gateway gets an empty text for a body that is empty, and never `null`.
            Body::Empty => Body::Text(String::new()),
            body => body,
        });
        Box::pin(ready(response))
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    /// What a function may answer with: a content type and a body.
    const ANSWERS: [(Option<&str>, Option<&str>); 6] = [
        (None, None),
        // The answer to a `HEAD`.
        (Some("application/json"), None),
        (
            Some("application/json"),
            Some("{\"a\":\"日本 🦀 \\u0000\"}"),
        ),
        (Some("application/problem+json"), Some("{\"title\":\"é\"}")),
        (Some("text/plain; charset=utf-8"), Some("pong")),
        (Some("application/json"), Some("")),
    ];

    fn response(content_type: Option<&str>, body: Option<&str>) -> Response<Body> {
        let mut builder = Response::builder().status(429).header("retry-after", "7");
        if let Some(content_type) = content_type {
            builder = builder.header(CONTENT_TYPE, content_type);
        }
        let body = body.map_or(Body::Empty, Body::from);
        builder.body(body).expect("a response")
    }

    #[tokio::test]
    async fn an_answer_is_what_lambda_http_makes_of_the_response() {
        for (content_type, body) in ANSWERS {
            let own = Answer(response(content_type, body)).into_response().await;
            let theirs = response(content_type, body).into_response().await;
            assert_eq!(own.status(), theirs.status());
            assert_eq!(own.headers(), theirs.headers());
            assert_eq!(own.body(), theirs.body(), "{content_type:?}");
        }
    }
}
