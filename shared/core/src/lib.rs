//! The core of PhoneProof, a self-hosted SMS verification service for AWS.
//!
//! The layers, from the inside out: [`domain`] holds the rules and knows no AWS, HTTP or
//! cryptography; [`crypto`] holds keys and tokens; [`store`] and [`sms`] speak to DynamoDB and SNS;
//! [`service`] joins them to the use cases, and [`observe`] reports on
//! them; [`http`] translates them to and from HTTP. The Lambda
//! functions only route. `ARCHITECTURE.md` walks one request through these layers.

pub mod aws;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod http;
pub mod logging;
pub mod observe;
pub mod service;
pub mod sms;
pub mod store;
