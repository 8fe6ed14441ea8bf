//! Events that are safe to hand to `lambda_http`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::HOST;
use http::uri::PathAndQuery;
use lambda_http::request::LambdaRequest;

/// Longest path that can match a route. `lambda_http` percent-encodes the path, which makes it up to
/// three times as long, and a URI ends at 64 KiB.
const MAX_PATH_BYTES: usize = 2_048;

/// Removes client-chosen values on which `lambda_http` would panic. It builds a URI from the forwarded scheme, the host and
/// the path, and expects it to be valid. Nothing here needs scheme or host, which a client can
/// forge. A scheme such as `http://x/?` would even replace the path. A path that is not valid in a URI, or is very
/// long, matches no route. A body that is marked as base64 and is none counts as missing; no gateway sends one.
pub fn sanitize(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event
            .headers
            .insert(HOST, HeaderValue::from_static("localhost"));
        event.headers.remove("x-forwarded-proto");
        let valid = |path: &String| {
            path.starts_with('/')
                && path.len() <= MAX_PATH_BYTES
                && path.parse::<PathAndQuery>().is_ok()
        };
        event.raw_path = event.raw_path.take().filter(valid).or(Some("/".to_owned()));
        event.raw_query_string = None;
        let encoded = event.is_base64_encoded;
        let readable = |body: &String| !encoded || STANDARD.decode(body).is_ok();
        event.body = event.body.take().filter(readable);
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Request;
    use serde_json::json;

    use super::*;

    fn path_of(raw_path: &str, headers: &serde_json::Value) -> String {
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": raw_path,
            "rawQueryString": "",
            "headers": headers,
            "requestContext": {
                "http": { "method": "GET", "path": raw_path, "sourceIp": "192.0.2.1" },
                "stage": "$default",
            },
            "isBase64Encoded": false,
        });
        let mut event: LambdaRequest = serde_json::from_value(event).expect("an event");
        sanitize(&mut event);
        Request::from(event).uri().path().to_owned()
    }

    #[test]
    fn no_forwarded_scheme_or_host_breaks_or_moves_a_request() {
        for scheme in [
            "",
            "a b",
            "1",
            "%",
            "a/b",
            "file",
            "http://x/?",
            "javascript",
        ] {
            let headers = json!({ "host": "[", "x-forwarded-proto": scheme });
            assert_eq!(path_of("/v1/ping", &headers), "/v1/ping", "{scheme:?}");
        }
    }

    #[test]
    fn a_body_that_is_no_base64_is_missing() {
        for (body, encoded, read) in [
            ("e30=", true, "{}"),
            ("e30", true, ""),
            ("{}", true, ""),
            ("{}", false, "{}"),
        ] {
            let event = json!({
                "requestContext": { "http": { "method": "POST" } },
                "body": body,
                "isBase64Encoded": encoded,
            });
            let mut event: LambdaRequest = serde_json::from_value(event).expect("an event");
            sanitize(&mut event);
            assert_eq!(&**Request::from(event).body(), read.as_bytes(), "{body}");
        }
    }

    #[test]
    fn a_path_that_cannot_be_a_route_becomes_the_root() {
        let long = format!("/{}", "\"".repeat(30_000));
        for path in ["", "*", "v1/ping", "/a b", long.as_str()] {
            assert_eq!(path_of(path, &json!({})), "/");
        }
    }
}
