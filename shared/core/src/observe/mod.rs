//! What an operator sees of a request: one line that is log entry and metrics at once.
//!
//! While a request is served, [`Facts`] collects what happened; its types have no room for a phone
//! number, a code, a token, a device or an address. The [`Journal`] writes it as one JSON line in
//! CloudWatch's embedded metric format, from which CloudWatch makes the metrics of the dashboard and
//! the alarms without a call from the function. `shared/core/LOGGING.md` lists every member.

mod facts;
mod journal;
mod trace;

pub use facts::{Call, Dependency, Facts, Text};
pub use journal::{Entry, Journal, Level, NAMESPACE, Output};
pub use trace::{TraceContext, Tracer};
