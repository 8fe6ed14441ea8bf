//! The client of the send hook: it posts one body, and reads an answer of bounded size.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::hook::HookPolicy;
use tokio::time::{Instant, timeout_at};

use super::brief::USER_AGENT;
use super::connections::{Connections, Doubtful, Opening};
use super::connector::connect_to_hook;
use super::{CaBundle, TlsFailed};

/// The most bytes of an answer that are read. A useful answer has a tenth of that.
const MAX_ANSWER: usize = 16 * 1_024;

/// How long the body of an answer may take after its head. The status alone decides without it.
const BODY_WITHIN: Duration = Duration::from_secs(1);

/// The longest wait that a receiver can ask for. No function runs that long, and an instant that far ahead can still be
/// represented.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A client of the send hook. Connections are opened, kept and replaced as those to AWS are.
#[derive(Clone)]
pub(crate) struct HookClient {
    connections: Connections,
    url: String,
    clock: Arc<dyn Clock>,
}

/// One try of a text, ready to post: the headers of Standard Webhooks with their values, and the signed body.
pub(crate) struct HookRequest {
    pub(crate) headers: [(&'static str, String); 3],
    pub(crate) body: Vec<u8>,
}

/// What the receiver answered.
pub(crate) struct HookAnswer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// The body; as much of it as came in time, and empty if it is too long.
    pub(crate) body: Vec<u8>,
}

impl HookClient {
    /// Makes a client of the hook that `policy` names.
    pub(crate) fn new(
        policy: &HookPolicy,
        ca_bundle: Option<&CaBundle>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TlsFailed> {
        let connector = connect_to_hook(policy.reach, ca_bundle)?;
        // A request without a body changes nothing at the receiver, whatever it answers.
        let opening = Opening {
            method: "HEAD",
            url: policy.url.clone(),
        };
        Ok(Self {
            connections: Connections::new(
                connector,
                opening,
                Doubtful::Replace,
                Arc::clone(&clock),
            ),
            url: policy.url.clone(),
            clock,
        })
    }

    /// Opens a connection, unless one was used a moment ago. Errors are ignored.
    pub(crate) async fn prepare(&self) {
        self.connections.prepare().await;
    }

    /// Posts a request. No redirect is followed.
    pub(crate) async fn post(
        &self,
        request: HookRequest,
        until: Instant,
    ) -> Result<HookAnswer, PostFailed> {
        let request = self.make_request(request).map_err(|not_built| {
            let NotBuilt { part, cause } = &not_built;
            tracing::error!(part, %cause, "a request of the hook was not built");
            PostFailed::NotBuilt(not_built)
        })?;
        let answer = timeout_at(until, self.connections.call(request)).await;
        let answer = answer.map_err(|_| PostFailed::NoAnswer)?;
        let answer = answer.map_err(PostFailed::Connector)?;
        let status = answer.status().as_u16();
        let retry_after = read_retry_after(&answer, self.clock.now());
        let until = until.min(Instant::now() + BODY_WITHIN);
        Ok(HookAnswer {
            status,
            retry_after,
            body: read_body(answer, until).await,
        })
    }

    fn make_request(
        &self,
        HookRequest { headers, body }: HookRequest,
    ) -> Result<HttpRequest, NotBuilt> {
        let length = body.len().to_string();
        let mut request = HttpRequest::new(SdkBody::from(body));
        let not_built = |part| move |cause| NotBuilt { part, cause };
        request.set_method("POST").map_err(not_built("method"))?;
        let url = self.url.as_str();
        request.set_uri(url).map_err(not_built("url"))?;
        let own = [
            ("content-type", "application/json".to_owned()),
            ("content-length", length),
            ("user-agent", USER_AGENT.to_owned()),
        ];
        for (name, value) in own.into_iter().chain(headers) {
            let inserted = request.headers_mut().try_insert(name, value);
            inserted.map_err(not_built(name))?;
        }
        Ok(request)
    }
}

/// A request of the hook could not be written.
#[derive(Debug)]
pub(crate) struct NotBuilt {
    /// What could not be written: the method, the URL, or the header of this name.
    pub(crate) part: &'static str,
    /// What the HTTP crate found. Its text has neither the URL nor the value of a header in it.
    cause: HttpError,
}

/// Why the receiver gave no answer.
pub(crate) enum PostFailed {
    NotBuilt(NotBuilt),
    NoAnswer,
    Connector(ConnectorError),
}

fn read_retry_after(answer: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let headers = answer.headers();
    read_wait(headers.get("retry-after")?, headers.get("date"), now)
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). A date is one of the receiver's clock, which `date`
/// shows; without it `now` counts. One that is over asks for no wait.
fn read_wait(retry_after: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let text = retry_after.trim();
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if are_digits {
        // What is too long to be read is too long to wait for.
        text.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        let at = read_date(text)?;
        at.since(date.and_then(read_date).unwrap_or(now))
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Reads a date of HTTP, as in `Sun, 06 Nov 1994 08:49:37 GMT`, or in one of the two obsolete forms (RFC 9110, 5.6.7).
fn read_date(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_unix(i64::try_from(since.as_secs()).ok()?))
}

/// Reads a body that is short and comes in time. Of any other, nothing is known.
async fn read_body(answer: HttpResponse, until: Instant) -> Vec<u8> {
    let mut body = Vec::new();
    let mut stream = ByteStream::new(answer.into_body());
    while let Ok(Some(Ok(part))) = timeout_at(until, stream.next()).await {
        if body.len() + part.len() > MAX_ANSWER {
            return Vec::new();
        }
        body.extend_from_slice(&part);
    }
    body
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::hook::Reach;

    use super::*;
    use crate::clients::tests::Noon;

    #[test]
    fn a_request_that_is_not_built_says_which_part_and_why() {
        let build = |url: &str, id: &str| {
            let policy = HookPolicy {
                url: url.to_owned(),
                reach: Reach::Loopback,
            };
            let client = HookClient::new(&policy, None, Arc::new(Noon)).expect("a client");
            let header = |name| (name, "x".to_owned());
            client.make_request(HookRequest {
                headers: [
                    header("webhook-signature"),
                    header("webhook-timestamp"),
                    ("webhook-id", id.to_owned()),
                ],
                body: Vec::new(),
            })
        };
        let url = "http://127.0.0.1:9/hook?key=canary-hook-key";
        assert!(build(url, "msg_1").is_ok());
        for (url, id, part, cause) in [
            (url, "msg_1\n", "webhook-id", "invalid header value"),
            (
                "http://127.0.0.1:9/canary-hook-key\n",
                "msg_1",
                "url",
                "endpoint is not a valid URI",
            ),
        ] {
            let not_built = build(url, id).expect_err(part);
            assert_eq!(not_built.part, part);
            assert_eq!(not_built.cause.to_string(), cause);
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        // Sun, 29 Nov 2026 12:00:00 GMT.
        let now = Timestamp::from_unix(1_795_953_600);
        let wait = |text, date| read_wait(text, date, now).map(|wait| wait.as_secs());
        let fast = Some("Sun, 29 Nov 2026 12:00:07 GMT");
        for (text, date, expected) in [
            ("2", None, Some(2)),
            (" 2 ", fast, Some(2)),
            ("Sun, 29 Nov 2026 12:00:09 GMT", None, Some(9)),
            ("Sun, 29 Nov 2026 12:00:09 GMT", fast, Some(2)),
            ("Sun, 29 Nov 2026 12:00:09 GMT", Some("odd"), Some(9)),
            ("Sun, 29 Nov 2026 11:59:00 GMT", None, Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None, Some(3_600)),
            ("99999999999999999999999", None, Some(3_600)),
            // The two obsolete forms of a date, which a recipient has to read.
            ("Sunday, 29-Nov-26 12:00:09 GMT", None, Some(9)),
            ("Sun Nov 29 12:00:09 2026", None, Some(9)),
            (
                "Sun, 29 Nov 2026 12:00:09 GMT",
                Some("Sunday, 29-Nov-26 12:00:07 GMT"),
                Some(2),
            ),
            (
                "Sun, 29 Nov 2026 12:00:09 GMT",
                Some("Sun Nov 29 12:00:07 2026"),
                Some(2),
            ),
            ("Wed Dec  2 12:00:09 2026", None, Some(3_600)),
            // Years from 70 on are of the last century.
            ("Wednesday, 29-Nov-95 12:00:09 GMT", None, Some(0)),
            ("Sunday, 29-Nov-2026 12:00:09 GMT", None, None),
            ("Sun Nov 31 12:00:09 2026", None, None),
            ("", None, None),
            ("+2", None, None),
            ("-2", None, None),
            ("soon", None, None),
            ("2026-11-29T12:00:09Z", None, None),
        ] {
            assert_eq!(wait(text, date), expected, "{text} {date:?}");
        }
    }
}
