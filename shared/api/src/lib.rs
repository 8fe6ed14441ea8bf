//! The verification API: its routes, the bodies it takes and gives, its problems, its OpenAPI document, and how the two
//! functions that serve it start.

mod bodies;
pub mod openapi;
pub mod problem;
mod route;
mod start;

pub use bodies::{SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply};
pub use route::{Endpoint, Route};
pub use start::{Preparation, parts, serve};

/// What the functions serve requests with.
pub type App = phoneproof_http::App<phoneproof_service::Service>;

/// A request to the verification API.
pub type Call = phoneproof_http::Call<Endpoint>;
