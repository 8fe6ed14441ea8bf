//! The rules of the service: pure functions, and the values that they work on.
//!
//! This crate does not depend on AWS, HTTP, a file format or cryptography. Callers pass in the instant as a
//! [`clock::Timestamp`], and ids and random bytes as values. [`clock::Clock`] and [`random::Random`] are where they get them.
//!
//! - A [`challenge`] is one exchange: the service sends a code and verifies it.
//! - A [`phone_record`] holds what is stored about a phone.
//!   It decides whether a challenge is reserved and whether a guess counts.
//! - A [`rule`] limits sending.
//! - A [`gate`] is a rule with the subject and the numbers of one send.
//! - [`refusals`] are remembered, so that a flood does not ask the store each time.
//! - A [`purse`] pays for a text until its code is typed in.
//! - A [`delivery`] is what becomes of a text at a [`channel`].
//! - The [`policy`] holds everything that an operator decides.
//! - The [`catalog`] holds the texts of the policy.
//! - An [`outgoing`] text is one of them, on its way to a [`channel`].
//! - A [`receipt`] is what a carrier reports about it later on.

pub mod action;
pub mod address;
pub mod attestation;
pub mod business_id;
pub mod catalog;
pub mod challenge;
pub mod channel;
pub mod clock;
pub mod code;
pub mod country;
pub mod delivery;
pub mod denial;
pub mod device;
pub mod end_user_messaging;
pub mod gate;
pub mod hook;
mod ip_range;
pub mod limits;
pub mod locale;
pub mod medium;
pub mod money;
pub mod network;
pub mod outgoing;
pub mod phone;
pub mod phone_parser;
pub mod phone_record;
mod plural;
pub mod policy;
pub mod purse;
pub mod random;
pub mod range;
pub mod receipt;
pub mod refusals;
pub mod root;
pub mod rule;
pub mod segments;
pub mod subject;
pub mod subject_record;
pub mod tally;
pub mod typed;
mod warnings;
pub mod window;
