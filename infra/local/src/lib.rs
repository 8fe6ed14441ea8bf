//! The whole service on one machine.
//!
//! It runs the handlers, AWS clients and conditions that Lambda runs, and points them at loopback endpoints:
//!
//! - an embedded DynamoDB;
//! - an SNS that puts texts into an inbox;
//! - a Secrets Manager with two keyrings;
//! - a CloudWatch Logs with the request lines;
//! - what an AWS account says about its texts, for `phoneproof-admin doctor`;
//! - a gateway that turns HTTP into the events that API Gateway sends.
//!
//! Nothing here is part of a deployment.

mod accounts;
pub mod aws;
mod dynamodb;
pub mod gateway;
pub mod inbox;
mod loopback;
pub mod loose;
mod operations;
mod page;
mod private;
pub mod sms_account;
pub mod stack;
