//! AWS X-Ray: a segment for each call of a dependency, when Lambda samples the request.
//!
//! Lambda traces the invocation itself and runs the X-Ray daemon beside it. It cannot see how long DynamoDB, SNS and
//! Secrets Manager took. The [`Tracer`] sends that to the daemon after the request was served, as one UDP datagram per
//! call. An OpenTelemetry exporter would add a megabyte of code and a slower cold start. With tracing off, none of this
//! runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::random::{Random, draw_array};
use serde_json::json;
use tokio::time::Instant;

use crate::facts::{Dependency, DependencyCall};

/// The line before each segment document (X-Ray developer guide, "Sending segment documents to the daemon").
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

/// The invocation that a request belongs to, from Lambda's trace header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: String,
    parent: String,
}

impl TraceContext {
    /// Reads `Root=1-…;Parent=…;Sampled=1`. Returns `None` for a request that is not sampled.
    ///
    /// ```
    /// use phoneproof_observe::TraceContext;
    ///
    /// let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    /// assert!(TraceContext::parse(header).is_some());
    /// assert!(TraceContext::parse(&header.replace("Sampled=1", "Sampled=0")).is_none());
    /// ```
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let field = |name: &str| {
            header
                .split(';')
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        (field("Sampled")? == "1").then_some(())?;
        Some(Self {
            trace: field("Root")?.to_owned(),
            parent: field("Parent")?.to_owned(),
        })
    }
}

/// Sends segments to the X-Ray daemon.
#[derive(Debug)]
pub struct Tracer {
    socket: UdpSocket,
    daemon: SocketAddr,
}

impl Tracer {
    /// Makes a tracer for the daemon at `address`, the value of `AWS_XRAY_DAEMON_ADDRESS`.
    ///
    /// Returns `None` when the text is not an address, or when no socket can be opened. A line then says why, and
    /// requests are served without a trace.
    #[must_use]
    pub fn new(address: &str) -> Option<Self> {
        let opened = Self::open(address);
        opened
            .inspect_err(|error| tracing::warn!(%error, "requests are not traced"))
            .ok()
    }

    fn open(address: &str) -> io::Result<Self> {
        let daemon = address.parse().map_err(io::Error::other)?;
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // When the socket's buffer is full, the segment is dropped instead of delaying the request.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, daemon })
    }

    /// Sends a segment for each of `calls`.
    ///
    /// `now` and `at` are the same moment: `now` on the clock of `calls`, and `at` as the time since the Unix epoch.
    pub fn send(
        &self,
        context: &TraceContext,
        calls: &[DependencyCall],
        now: Instant,
        at: Duration,
        random: &dyn Random,
    ) {
        for call in calls {
            let Ok(id) = draw_array(random) else { return };
            let began = at.saturating_sub(now.duration_since(call.began));
            let segment = json!({
                "trace_id": context.trace,
                "parent_id": context.parent,
                "id": format!("{:016x}", u64::from_be_bytes(id)),
                "type": "subsegment",
                "namespace": "aws",
                "name": name_service(call.dependency),
                "start_time": began.as_secs_f64(),
                "end_time": (began + call.took).as_secs_f64(),
            });
            // A request must not fail because its trace was lost.
            drop(
                self.socket
                    .send_to(format!("{HEADER}{segment}").as_bytes(), self.daemon),
            );
        }
    }
}

/// Returns the name of the AWS service in X-Ray.
const fn name_service(dependency: Dependency) -> &'static str {
    match dependency {
        Dependency::Store | Dependency::Credits => "DynamoDB",
        Dependency::Carrier(Channel::Sns) => "SNS",
        Dependency::Carrier(Channel::EndUserMessaging | Channel::Notify | Channel::NotifyVoice) => {
            "End User Messaging"
        }
        Dependency::Carrier(Channel::Hook) => "Send hook",
        Dependency::Keys => "Secrets Manager",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_only_a_complete_and_sampled_header() {
        let context = TraceContext::parse("Self=x; Root=1-a-b;Lineage=y;Parent=c;Sampled=1");
        let expected = TraceContext {
            trace: "1-a-b".to_owned(),
            parent: "c".to_owned(),
        };
        assert_eq!(context, Some(expected));
        for header in [
            "",
            "Root=1-a-b",
            "Root=1-a-b;Sampled=1",
            "Root=1-a-b;Parent=c",
            "Parent=c;Sampled=1",
        ] {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }
}
