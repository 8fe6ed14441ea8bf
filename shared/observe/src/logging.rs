//! Logs: JSON lines of the service's own events.
//!
//! - Phone numbers, device ids, addresses, codes, tokens and keys are never logged.
//! - Text that may hold them, such as a request body or an AWS error message, is never logged either.
//! - The level says whose fault an event is: `error` for the service and its infrastructure, `warn` for the carrier.
//! - An event that happens while a request is served names the request in `span`.
//! - The request line itself comes from the [`Journal`](crate::Journal).

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes the events of this workspace's crates, at `level` and above, to `writer`.
///
/// A panic becomes an event that names its place in the source. Its message is left out, because messages of the
/// standard library quote the value at fault. A bad slice of a string quotes the whole string.
///
/// Events of other crates are left out at every level. Their authors may start to log personal data at any time.
pub fn init<W>(level: Level, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let own = Targets::new().with_target("phoneproof", level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_target(false);
    tracing_subscriber::registry()
        .with(own)
        .with(lines.with_writer(writer))
        .init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
