//! The client of the send hook: it posts one body, and reads an answer of bounded size.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::hook::HookPolicy;
use tokio::time::{Instant, timeout_at};

use super::connections::{Connections, Doubtful, Opening};
use super::connector::connect_to_hook;
use super::{CaBundle, TlsFailed};

/// The most of an answer that is read. What is needed of it has a tenth of that.
const MAX_ANSWER: usize = 16 * 1_024;

/// How long the body of an answer may take after its head. The status alone decides without it.
const BODY_WITHIN: Duration = Duration::from_secs(1);

/// The longest wait that a receiver can ask for. No function has as much time, and an instant that far ahead exists.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The name under which the service asks.
const USER_AGENT: &str = concat!("PhoneProof/", env!("CARGO_PKG_VERSION"));

/// A client of the send hook. Connections are opened, kept and replaced as those to AWS are.
#[derive(Clone)]
pub(crate) struct HookClient {
    connections: Connections,
    url: String,
}

/// A request of the hook.
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
            connections: Connections::new(connector, (opening, Doubtful::Replace), clock),
            url: policy.url.clone(),
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
        let request = self.make_request(request).ok_or(PostFailed::NotBuilt)?;
        let answer = timeout_at(until, self.connections.call(request)).await;
        let answer = answer.map_err(|_| PostFailed::NoAnswer)?;
        let answer = answer.map_err(PostFailed::Connector)?;
        let (status, retry_after) = (answer.status().as_u16(), read_retry_after(&answer));
        let until = until.min(Instant::now() + BODY_WITHIN);
        Ok(HookAnswer {
            status,
            retry_after,
            body: read_body(answer, until).await,
        })
    }

    fn make_request(&self, HookRequest { headers, body }: HookRequest) -> Option<HttpRequest> {
        let length = body.len().to_string();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST").ok()?;
        request.set_uri(self.url.as_str()).ok()?;
        let own = [
            ("content-type", "application/json".to_owned()),
            ("content-length", length),
            ("user-agent", USER_AGENT.to_owned()),
        ];
        for (name, value) in own.into_iter().chain(headers) {
            request.headers_mut().try_insert(name, value).ok()?;
        }
        Some(request)
    }
}

/// Why there is no answer.
pub(crate) enum PostFailed {
    NotBuilt,
    NoAnswer,
    Connector(ConnectorError),
}

/// Reads `Retry-After` in seconds. A date would need the receiver's clock.
fn read_retry_after(answer: &HttpResponse) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
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
