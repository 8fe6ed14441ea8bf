//! Access to AWS: DynamoDB, SNS, End User Messaging and Secrets Manager; and the send hook.
//!
//! - [`clients`] builds the SDK's clients from the environment.
//! - [`store`] keeps challenges, counters and blocks in DynamoDB.
//! - [`channels`] hands texts to the channels of a policy: to [`sns`], to [`end_user_messaging`], and to
//!   the send [`hook`], which shares the HTTP client.
//! - [`keys`] reads the keyring from Secrets Manager.
//!
//! No other crate of the functions names an AWS SDK.

mod answers;
pub mod channels;
pub mod clients;
pub mod end_user_messaging;
pub mod hook;
pub mod keys;
pub mod sns;
pub mod store;
