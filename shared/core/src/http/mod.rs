//! HTTP: requests in, responses and problem documents out. No use case lives here.

mod app;
mod bodies;
mod body;
pub mod gateway;
mod openapi;
mod problem;
mod route;

pub use app::{App, Call, Reply};
pub use bodies::{SendBody, SendReply, SpendBody, SpendReply, VerifyBody, VerifyReply};
pub use body::{FieldFault, Text};
pub use openapi::document as openapi_document;
pub use problem::{Kind, Problem, ProblemDocument};
pub use route::Route;
