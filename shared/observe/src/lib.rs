//! Reports each request to the operator: one line that is a log entry and metrics at once.
//!
//! [`Facts`] collects what happens while a request is served. Its types cannot hold a phone number, a code, a token, a
//! device or an address. The [`Journal`] writes one JSON line per request, and one per channel that did not take its
//! text, in CloudWatch's embedded metric format. From these lines CloudWatch makes the metrics of the dashboard and the
//! alarms, without a call from the function. `LOGGING.md` lists every member of the line.

mod advice;
mod facts;
mod journal;
pub mod logging;
mod request;
mod trace;

pub use advice::advise;
pub use facts::{Dependency, DependencyCall, Facts, TextSent};
pub use journal::{
    Entry, Journal, Level, MONEY_WATCHED_FROM, NAMESPACE, Output, Receipt, Unreadable,
};
pub use request::RequestContext;
pub use trace::{TraceContext, Tracer};
