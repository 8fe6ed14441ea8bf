//! What an operator sees of a request: one line that is log entry and metrics at once.
//!
//! While a request is served, [`Facts`] collects what happened; its types have no room for a phone
//! number, a code, a token, a device or an address. The [`Journal`] writes it as one JSON line in
//! CloudWatch's embedded metric format, from which CloudWatch makes the metrics of the dashboard and
//! the alarms without a call from the function. `LOGGING.md` lists every member.

mod facts;
mod journal;
pub mod logging;
mod request;
mod trace;

pub use facts::{Dependency, DependencyCall, Facts, TextSent};
pub use journal::{Entry, Journal, Level, NAMESPACE, Output};
pub use request::RequestContext;
pub use trace::{TraceContext, Tracer};
