//! The whole service on one machine.
//!
//! The same handlers, AWS clients and conditions as in Lambda, pointed at loopback endpoints: an
//! embedded DynamoDB, an SNS that keeps an inbox, a Secrets Manager with one secret, and a gateway
//! that turns HTTP into the events that API Gateway sends. Nothing here is part of a deployment.

pub mod aws;
pub mod dynamodb;
pub mod gateway;
pub mod inbox;
pub mod logs;
mod loopback;
pub mod page;
mod private;
pub mod stack;
