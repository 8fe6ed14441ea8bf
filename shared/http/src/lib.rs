//! HTTP: requests in, responses and problem documents out. No use case lives here.

mod app;
mod bodies;
mod body;
mod caught;
pub mod openapi;
mod problem;
mod rate_limit;
mod route;

pub use app::{App, Call, GatewayContext, Reply, gateway_context, time_left};
pub use bodies::{SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply};
pub use body::{BodyFault, FieldFault, JsonBody, SensitiveText, read_body};
pub use caught::caught;
pub use problem::{Kind, Problem, ProblemDocument};
pub use rate_limit::RateLimit;
pub use route::Route;
