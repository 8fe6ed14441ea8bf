//! Accounts that live on success tokens: a relying party of PhoneProof.
//!
//! Everything in this crate so far is a pure function of its arguments, the rules of the service:
//! [`password`] says which passwords are accepted and how they are stored, [`login`] how often one may be
//! tried, [`session`] when a refresh token is exchanged, and [`refresh_token`] what one looks like.

pub mod login;
pub mod password;
pub mod refresh_token;
pub mod session;
