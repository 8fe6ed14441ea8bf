//! Checks PhoneProof success tokens.
//!
//! A success token is a JWT. It says that a phone number was verified for a business a moment ago. A relying party
//! loads the key set of the issuer once and checks tokens offline:
//!
//! ```
//! use phoneproof_guard::{Guard, Rejection};
//!
//! # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
//! # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
//! let guard = Guard::new("https://verify.example.com", jwks.as_bytes())?;
//! let now = 1_800_000_060; // Unix seconds
//! let proof = guard.check(token, "password-change", now)?;
//! assert_eq!(proof.phone, "+14155550100");
//! assert_eq!(proof.business, "password-change");
//!
//! let elsewhere = guard.check(token, "login", now);
//! assert_eq!(elsewhere, Err(Rejection::WrongAudience));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The check does not notice a token that is used again. Spend each token once, through `POST /v1/spend` or in a ledger
//! of your own, keyed by `business` and `jti`.
//!
//! All features are off by default:
//!
//! - `remote` fetches the keys, and fetches them again when they change, with any HTTP client.
//! - `https` brings an HTTP client.
//! - `tower` protects a route with one line.
//! - `axum` passes what was learned from a token to the handler.
//! - `dynamodb` is a ledger in a table of your own.

mod cause;
mod claims;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "axum")]
mod extract;
mod guard;
#[cfg(feature = "https")]
mod https;
#[cfg(feature = "tower")]
mod layer;
mod ledger;
mod own_time;
#[cfg(feature = "remote")]
mod remote;
mod token;

pub use claims::{
    AMR, AMR_CALLED, AMR_CALLED_ALONE, ActionDigest, Claims, PhoneProof, TOKEN_TYPE, digest_action,
};
#[cfg(feature = "dynamodb")]
pub use dynamodb::DynamoDbLedger;
#[cfg(feature = "axum")]
pub use extract::Verified;
pub use guard::{Guard, Rejection, TokenGuard, UnusableKeys};
#[cfg(feature = "https")]
pub use https::{Https, IssuerLedger};
#[cfg(feature = "tower")]
pub use layer::{Check, Guarded, RefusalSlug, TokenRequired, build_challenge, read_bearer_token};
pub use ledger::{Ledger, LedgerFailed, SpendOutcome};
// The service's own caches of keys age by it, too. It is no part of what this crate promises.
#[doc(hidden)]
pub use own_time::OwnTime;
#[cfg(feature = "remote")]
pub use remote::{
    CheckError, FETCH_EVERY_SECONDS, Fetch, FetchFailed, MAX_JWKS_BYTES, REFRESH_AFTER_SECONDS,
    RemoteGuard, USABLE_FOR_SECONDS,
};
pub use token::{LEEWAY_SECONDS, Registered, Token};

/// The programs of the README, which the tests of the documentation compile.
#[cfg(doctest)]
mod programs {
    #[doc = concat!("```no_run\n", include_str!("../specimen/check.rs"), "```")]
    mod check {}

    #[cfg(all(feature = "axum", feature = "https"))]
    #[doc = concat!("```no_run\n", include_str!("../specimen/server.rs"), "```")]
    mod server {}
}

#[cfg(test)]
mod readme {
    /// What a reader copies is what the tests of the documentation compile.
    #[test]
    fn shows_each_program_as_it_is_compiled() {
        let readme = include_str!("../README.md");
        for (name, program) in [
            ("check", include_str!("../specimen/check.rs")),
            ("server", include_str!("../specimen/server.rs")),
        ] {
            let shown = format!("<!-- specimen/{name}.rs -->\n```rust\n{program}```\n");
            assert!(readme.contains(&shown), "{name}");
        }
    }
}
