//! Accounts that live on success tokens: a relying party of PhoneProof.
//!
//! [`password`] says which passwords are accepted and how they are stored, [`login`] how often one may be
//! tried, [`session`] when a refresh token is exchanged, and [`refresh_token`] what one looks like: pure
//! functions. [`device_name`] says how the names of devices are stored, and [`recovery`] what a recovery code is.
//! [`store`] writes them to DynamoDB, and [`service`] joins them to use cases. [`route`] lists the endpoints, with
//! [`bodies`] and [`problem`] as what goes in and comes out; [`openapi`] describes them.

pub mod access_token;
pub mod bodies;
pub mod config;
pub mod device_name;
mod endpoints;
pub mod login;
pub mod openapi;
pub mod password;
pub mod problem;
pub mod recovery;
pub mod refresh_token;
pub mod route;
pub mod service;
pub mod session;
pub mod store;

pub use endpoints::handle;

/// Everything this function serves lies below this path.
pub const PREFIX: &str = "/account/";

/// What this function serves requests with.
pub type App = phoneproof_http::App<service::Accounts>;

/// A request to this function.
pub type Call = phoneproof_http::Call<route::Endpoint>;
