//! The verification API: its routes, the bodies that it reads and answers, its problems, and its OpenAPI document.
//!
//! It also holds the start of the two functions that serve the API, `send` and `verify`.

mod bodies;
mod channels;
pub mod openapi;
pub mod problem;
mod route;
mod start;

pub use bodies::{
    BusinessReply, PolicyReply, SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply,
};
pub use route::{Endpoint, Route};
pub use start::{Preparation, make_parts, serve, trust_proxy};

/// The state of one process, which every request shares.
pub type App = phoneproof_http::App<phoneproof_service::Service>;

/// A request that matched a route of the verification API.
pub type Incoming = phoneproof_http::Incoming<Endpoint>;
