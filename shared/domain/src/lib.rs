//! The rules of the service: pure functions and the values that they work on.
//!
//! This crate knows no AWS, no HTTP, no file format and no cryptography, and its dependencies keep it so. Time comes
//! from a [`clock::Clock`], random bytes from a [`random::Random`]; both are arguments.
//!
//! - A [`challenge`] is one exchange: a code is sent and verified.
//! - The [`phone_record`] is what is stored about a phone. It decides whether a challenge is reserved or a guess counts.
//! - A [`rule`] limits sending. [`gate`] turns the rules into the list that one send has to pass.
//! - The [`policy`] is everything that an operator decides. The [`catalog`] holds its texts.

pub mod address;
pub mod catalog;
pub mod challenge;
pub mod clock;
pub mod code;
pub mod country;
pub mod delivery;
pub mod denial;
pub mod device;
pub mod gate;
pub mod limits;
pub mod locale;
pub mod money;
pub mod phone;
pub mod phone_parser;
pub mod phone_record;
pub mod policy;
pub mod random;
pub mod root;
pub mod rule;
pub mod segments;
pub mod subject;
pub mod window;
