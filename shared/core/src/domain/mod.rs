//! The rules of the service, free of AWS, HTTP and cryptography.
//!
//! Everything here is a pure function of its arguments: time comes from a [`clock::Clock`], random
//! bytes from a [`random::Random`].

pub mod address;
pub mod challenge;
pub mod clock;
pub mod code;
pub mod device;
pub mod locale;
pub mod phone;
pub mod policy;
pub mod random;
pub mod root;
pub mod rule;
