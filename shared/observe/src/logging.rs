//! Logs: JSON lines, this service's own events only.
//!
//! What is never logged: phone numbers, device ids, addresses, codes, tokens, keys, and texts that
//! may hold them, such as request bodies and AWS error messages. Levels go by blame: `error` is our
//! fault or our infrastructure's, `warn` the carrier's. A line written while a request is served
//! names it in `span`. The one line that every request leaves is the [`observe`](crate)
//! module's.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes the events of this workspace's crates, at `level` and above, to `writer`.
///
/// A panic becomes an event that says where it was. Its message is left out: those of the standard library
/// quote what they choke on, as a slice of a string does with the whole string.
///
/// Other crates are left out at every level. What the AWS SDK and its HTTP stack write at `debug` and
/// `trace` held no personal data when it was looked at, but that is theirs to change.
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
