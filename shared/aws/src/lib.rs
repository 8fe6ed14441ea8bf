//! Access to AWS: DynamoDB, SNS and Secrets Manager.
//!
//! - [`clients`] builds the SDK's clients from the environment.
//! - [`store`] keeps challenges, counters and blocks in DynamoDB.
//! - [`sns`] hands texts to SNS.
//! - [`keys`] reads the keyring from Secrets Manager.
//!
//! No other crate of the functions names an AWS SDK.

pub mod clients;
pub mod keys;
pub mod sns;
pub mod store;
