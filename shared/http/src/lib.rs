//! The HTTP stack of every function. A request comes in and is matched with a table of routes. An answer or a problem
//! document goes out, and one line is left in the journal. No API and no use case lives here.
//!
//! An API names its endpoints in an enum that implements [`Endpoint`], lists its [`Route`]s and keeps one
//! [`ProblemType`] for each way to refuse a request. [`App::serve`] makes an [`Incoming`] of a request, and
//! the response from what the API decided about it.

mod app;
mod body;
mod catch_panic;
mod cors;
mod fault;
mod faults;
mod field;
mod header;
mod incoming;
pub mod openapi;
pub mod problem;
mod problem_type;
mod proxy;
mod rate_limit;
mod reply;
mod route;
mod unlogged;

pub use app::App;
pub use body::{BodyFault, JsonBody, MAX_BODY_BYTES, read_body};
pub use fault::FieldFault;
pub use faults::Faults;
pub use field::{Label, SensitiveText};
pub use incoming::Incoming;
pub use problem::{Problem, ProblemDocument, ProblemType};
pub use proxy::TrustedProxy;
pub use rate_limit::RateLimit;
pub use reply::Reply;
pub use route::{Endpoint, Route, base_path};
pub use unlogged::Unlogged;
