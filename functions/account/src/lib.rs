//! A relying party of PhoneProof: accounts whose owners prove their phones with success tokens.
//!
//! These modules decide and call nothing:
//!
//! - [`password`]: which passwords are accepted, and how they are stored.
//! - [`login`]: how often a password may be tried.
//! - [`session`]: when a refresh token is exchanged.
//! - [`refresh_token`] and [`access_token`]: what the tokens look like.
//! - [`recovery`]: what a recovery code is.
//! - [`device_name`]: how the names of devices are stored.
//!
//! [`store`] keeps accounts in DynamoDB. [`service`] joins everything to use cases. [`route`] lists the endpoints,
//! [`bodies`] and [`problem`] are what they read and answer, and [`openapi`] describes them.

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

/// The path that every route of this function begins with.
pub const PREFIX: &str = "/account/";

/// The state of one process, which every request shares.
pub type App = phoneproof_http::App<service::Accounts>;

/// A request that matched a route of this function.
pub type Incoming = phoneproof_http::Incoming<route::Endpoint>;
