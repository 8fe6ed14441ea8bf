//! Checks PhoneProof success tokens.
//!
//! A success token is a JWT that says: this phone number was verified for this business a moment
//! ago. A relying party loads the issuer's key set once and checks tokens offline:
//!
//! ```no_run
//! use phoneproof_guard::Guard;
//!
//! # fn jwks() -> Vec<u8> { Vec::new() }
//! let guard = Guard::new("https://verify.example.com", &jwks())?;
//! # let (token, now) = ("", 0);
//! let proof = guard.check(token, "password-change", now)?;
//! assert_eq!(proof.business, "password-change");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A checked token says nothing about reuse: spend it once, through `POST /v1/spend` or in a ledger
//! of your own keyed by `business` and `jti`.

mod claims;
mod guard;

pub use claims::{AMR, ActionDigest, Claims, PhoneProof, TOKEN_TYPE};
pub use guard::{Guard, LEEWAY_SECONDS, Rejection, UnusableKeys};
