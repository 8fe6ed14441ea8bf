//! The connections to one service, and how long ago each was used.
//!
//! Lambda freezes a function between two requests. Meanwhile the other end of a connection, or a network device
//! between, may forget it, and the function does not hear of it. A request over such a connection is lost: it is reset,
//! or it never gets an answer. So a connection that was unused for [`TRUSTED_FOR`] is doubtful.
//!
//! The age of a connection is judged by two clocks. The steady clock may stand still while a function is frozen, and
//! the wall clock may be set back. A connection is doubtful as soon as one of them says so.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::byte_stream::ByteStream;
use phoneproof_domain::clock::Clock;
use tokio::time::{Instant, timeout};

use super::CONNECT_TIMEOUT;
use super::endpoint::FixedEndpoint;

/// How long a connection is trusted after its last use. Servers and network devices close or forget connections after a
/// longer idle time: the shortest in common use is 5 s, and AWS's own are a minute and more.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(3);

/// How long a request waits for its answer over a doubtful connection, before it is repeated over a new one. DynamoDB
/// answers in less than a tenth of it.
const DOUBT_FOR: Duration = Duration::from_millis(300);

/// What happens to a request when every connection is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubtful {
    /// It goes over a new connection. This is for requests that nobody may repeat, and for rare ones.
    Replace,
    /// It goes over the doubtful connection, and is repeated over a new one unless the answer comes soon. This is for
    /// requests that the SDK may repeat anyway. While the connection lives, nobody waits for another.
    Try,
}

/// The request that opens a connection. Nobody needs its answer.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    /// The method, which changes nothing at the other end.
    pub(super) method: &'static str,
    /// The URL that is asked for; its host is the one that later requests go to.
    pub(super) url: String,
}

impl Opening {
    /// The services of AWS answer `/ping` without credentials.
    pub(super) fn of_aws(endpoint: &FixedEndpoint) -> Self {
        Self {
            method: "GET",
            url: format!("{}/ping", endpoint.url()),
        }
    }
}

/// The connections of one client. Clones share them.
#[derive(Clone, derive_more::Debug)]
#[debug("Connections({:?})", self.0.doubtful)]
pub(super) struct Connections(Arc<Shared>);

struct Shared {
    connector: SharedHttpConnector,
    opener: Opening,
    doubtful: Doubtful,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Held while a connection opens, so that requests which come together open one.
    opening: tokio::sync::Mutex<()>,
}

/// What is known of the connections in the pool.
#[derive(Default)]
struct Known {
    /// When the service answered last.
    answered: Option<Moment>,
    /// The connections that answered, by their own address, and when.
    used: HashMap<Option<SocketAddr>, (ConnectionMetadata, Moment)>,
    /// Whether a request is trying the one doubtful connection that is left.
    is_trying: bool,
}

impl Known {
    /// Whether a connection is trusted at `now`.
    fn is_trusted(&self, now: Moment) -> bool {
        self.answered
            .is_some_and(|answered| answered.is_recent(now))
    }

    /// Takes the connections whose last use `is_old` out of use.
    fn retire(&mut self, is_old: impl Fn(Moment) -> bool) {
        self.used.retain(|_, (connection, used)| {
            let is_old = is_old(*used);
            if is_old {
                connection.poison();
            }
            !is_old
        });
    }

    /// Takes all connections but the newest out of use. Returns whether there is one.
    fn retire_all_but_newest(&mut self) -> bool {
        let newest = self.used.values().map(|(_, used)| used.steady).max();
        self.retire(|used| Some(used.steady) != newest);
        newest.is_some()
    }
}

/// A request that tries a doubtful connection. Only one does at a time: the others open connections of their own.
struct Trial<'s>(&'s Shared);

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.0.lock().is_trying = false;
    }
}

/// An instant, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    /// The time since the Unix epoch.
    wall: Duration,
    steady: Instant,
}

impl Moment {
    /// Whether a connection that was used at this moment is trusted at `now`.
    fn is_recent(self, now: Self) -> bool {
        let wall = now.wall.checked_sub(self.wall);
        let steady = now.steady.saturating_duration_since(self.steady);
        wall.is_some_and(|age| age < TRUSTED_FOR) && steady < TRUSTED_FOR
    }
}

impl Connections {
    /// Makes the connections to one service, which `connector` opens.
    pub(super) fn new(
        connector: SharedHttpConnector,
        opener: Opening,
        doubtful: Doubtful,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            connector,
            opener,
            doubtful,
            clock,
            known: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
        }))
    }

    /// Opens a connection, unless one is trusted. It gives up after [`CONNECT_TIMEOUT`].
    ///
    /// Errors are ignored; the first real call reports them.
    pub(super) async fn prepare(&self) {
        if !self.0.is_trusted() {
            drop(timeout(CONNECT_TIMEOUT, self.0.open()).await);
        }
    }
}

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let shared = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { shared.carry(request).await })
    }
}

impl Shared {
    fn now(&self) -> Moment {
        Moment {
            wall: self.clock.since_epoch(),
            steady: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes every connection that is doubtful at `now` out of use.
    fn retire(&self, now: Moment) {
        self.lock().retire(|used| !used.is_recent(now));
    }

    /// Prepares the connections for a request at `now`. Returns a trial if the request has to try a doubtful one.
    fn begin(&self, now: Moment) -> Option<Trial<'_>> {
        let mut known = self.lock();
        if self.doubtful == Doubtful::Replace || known.is_trusted(now) {
            known.retire(|used| !used.is_recent(now));
            return None;
        }
        if known.is_trying || !known.retire_all_but_newest() {
            return None;
        }
        known.is_trying = true;
        Some(Trial(self))
    }

    fn is_trusted(&self) -> bool {
        let now = self.now();
        self.lock().is_trusted(now)
    }

    async fn open(&self) {
        let _turn = self.opening.lock().await;
        // Another request may have opened one meanwhile.
        if self.is_trusted() {
            return;
        }
        let mut request = HttpRequest::empty();
        let opener = &self.opener;
        if request.set_uri(opener.url.as_str()).is_err()
            || request.set_method(opener.method).is_err()
        {
            return;
        }
        self.retire(self.now());
        if let Ok(answer) = self.pass(request).await {
            // The pool takes a connection back only after its answer was read to the end.
            drop(ByteStream::new(answer.into_body()).collect().await);
        }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let now = self.now();
        let Some(trial) = self.begin(now) else {
            return self.pass(request).await;
        };
        let Some(repeat) = request.try_clone() else {
            self.retire(now);
            return self.pass(request).await;
        };
        if let Ok(Ok(answer)) = timeout(DOUBT_FOR, self.pass(request)).await {
            return Ok(answer);
        }
        self.retire(now);
        drop(trial);
        self.pass(repeat).await
    }

    /// Passes `request` on, and notes the connection that brought its answer.
    async fn pass(&self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        // The SDK may have asked already which connection carries its request.
        let capture = request.extension::<CaptureSmithyConnection>().cloned();
        let capture = capture.unwrap_or_else(|| {
            let own = CaptureSmithyConnection::new();
            request.add_extension(own.clone());
            own
        });
        let answer = self.connector.call(request).await?;
        let (now, connection) = (self.now(), capture.get());
        let mut known = self.lock();
        known.answered = Some(now);
        if let Some(connection) = connection {
            known
                .used
                .insert(connection.local_addr(), (connection, now));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use phoneproof_domain::clock::Timestamp;

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix(1_000)
        }
    }

    #[derive(Debug)]
    struct Unused;

    impl HttpConnector for Unused {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(std::future::pending())
        }
    }

    /// Connections that were used this long ago, each with whether it was taken out of use.
    fn make_used(doubtful: Doubtful, ago: [Duration; 2]) -> (Connections, [Arc<AtomicBool>; 2]) {
        let endpoint = FixedEndpoint::of("sns", None, "us-east-1");
        let connector = SharedHttpConnector::new(Unused);
        let opening = Opening::of_aws(&endpoint);
        let connections = Connections::new(connector, opening, doubtful, Arc::new(Still));
        let now = connections.0.now();
        let retired = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        for (port, (ago, retired)) in (1..).zip(ago.into_iter().zip(&retired)) {
            let (retired, moment) = (
                Arc::clone(retired),
                at(now.wall.saturating_sub(ago), now.steady - ago),
            );
            let connection = ConnectionMetadata::builder()
                .proxied(false)
                .poison_fn(move || retired.store(true, Ordering::SeqCst))
                .build();
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let mut known = connections.0.lock();
            known.used.insert(Some(address), (connection, moment));
            known.answered = known.answered.max(Some(moment));
        }
        (connections, retired)
    }

    fn list_retired(retired: &[Arc<AtomicBool>; 2]) -> [bool; 2] {
        retired
            .each_ref()
            .map(|retired| retired.load(Ordering::SeqCst))
    }

    #[test]
    fn one_request_at_a_time_tries_the_newest_doubtful_connection() {
        let ago = [TRUSTED_FOR * 3, TRUSTED_FOR * 2];
        let (connections, retired) = make_used(Doubtful::Try, ago);
        let now = connections.0.now();
        let trial = connections.0.begin(now);
        assert!(trial.is_some());
        assert_eq!(list_retired(&retired), [true, false]);
        assert!(
            connections.0.begin(now).is_none(),
            "another one opens its own"
        );
        drop(trial);
        assert!(connections.0.begin(now).is_some(), "the trial is over");
        connections.0.retire(now);
        assert_eq!(list_retired(&retired), [true, true]);
        assert!(connections.0.begin(now).is_none(), "nothing is left to try");
    }

    #[test]
    fn what_must_not_be_repeated_never_goes_over_a_doubtful_connection() {
        let (connections, retired) = make_used(Doubtful::Replace, [TRUSTED_FOR, Duration::ZERO]);
        let now = connections.0.now();
        assert!(connections.0.begin(now).is_none());
        assert_eq!(list_retired(&retired), [true, false]);
        let (connections, retired) = make_used(Doubtful::Replace, [TRUSTED_FOR, TRUSTED_FOR]);
        assert!(!connections.0.is_trusted());
        assert!(connections.0.begin(now).is_none());
        assert_eq!(list_retired(&retired), [true, true]);
    }

    fn at(wall: Duration, steady: Instant) -> Moment {
        Moment { wall, steady }
    }

    #[test]
    fn either_clock_makes_a_connection_doubtful() {
        let (wall, steady) = (Duration::from_secs(1_000), Instant::now());
        let used = at(wall, steady);
        let (little, long) = (TRUSTED_FOR / 2, TRUSTED_FOR);
        assert!(used.is_recent(used));
        assert!(used.is_recent(at(wall + little, steady + little)));
        assert!(
            !used.is_recent(at(wall + long, steady)),
            "a frozen steady clock"
        );
        assert!(!used.is_recent(at(wall + little, steady + long)));
        assert!(
            !used.is_recent(at(wall.saturating_sub(little), steady)),
            "a clock that was set back"
        );
    }
}
