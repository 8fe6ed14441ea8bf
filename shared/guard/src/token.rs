//! Kinds of token, and the claims that all of them must have.

use serde::de::DeserializeOwned;

use crate::claims::{Claims, PhoneProof, TOKEN_TYPE};

/// By how much the clocks of issuer and relying party may differ, in seconds.
///
/// Clocks that NTP keeps never differ by a minute. An attacker gains nothing from it either, because a token can be
/// spent only once.
pub const LEEWAY_SECONDS: u64 = 60;

/// A kind of JWT that a relying party accepts: its type, its claims, and what is learned from it.
///
/// [`PhoneProof`] is what is learned from a success token, the only kind that PhoneProof's verification service issues.
/// A service with tokens of its own, such as access tokens, implements this trait to check them in the same way.
///
/// ```
/// use phoneproof_guard::{Registered, Token, TokenGuard};
///
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     iss: String,
///     aud: String,
///     nbf: u64,
///     exp: u64,
///     sub: String,
/// }
///
/// /// The user whom the token was issued to.
/// #[derive(Clone)]
/// struct Subject(String);
///
/// impl Token for Subject {
///     const TYPE: &'static str = "phone-verified+jwt"; // yours would be another
///     type Claims = Claims;
///
///     fn read_registered(claims: &Claims) -> Registered<'_> {
///         Registered { iss: &claims.iss, aud: &claims.aud, nbf: claims.nbf, exp: claims.exp }
///     }
///
///     fn learn(claims: Claims) -> Option<Self> {
///         Some(Self(claims.sub))
///     }
/// }
///
/// # let jwks = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/jwks.json"));
/// # let token = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/specimen/token.txt"));
/// let guard: TokenGuard<Subject> = TokenGuard::new("https://verify.example.com", jwks.as_bytes())?;
/// let Subject(whose) = guard.check(token, "password-change", 1_800_000_060)?;
/// assert!(!whose.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Token: Clone + Send + Sync + 'static {
    /// The `typ` in the header. Each kind has one of its own, so that a token does not pass as one of another kind (RFC
    /// 8725 section 3.11).
    const TYPE: &'static str;

    /// By how much the clocks of issuer and verifier may differ, in seconds. Kinds that live for a minute or two need
    /// less than [`LEEWAY_SECONDS`].
    const LEEWAY_SECONDS: u64 = LEEWAY_SECONDS;

    /// The claims. A token in which a required one is missing or has another type is refused.
    type Claims: DeserializeOwned;

    /// Returns the claims that every kind has, which the guard checks.
    fn read_registered(claims: &Self::Claims) -> Registered<'_>;

    /// Returns what is learned from claims that passed the check. Returns `None` to refuse the token, when they do not
    /// say enough.
    fn learn(claims: Self::Claims) -> Option<Self>;

    /// Tells whether the token approves one action only, so that it counts for nothing else. False for kinds without
    /// actions.
    fn is_bound_to_action(&self) -> bool {
        false
    }

    /// Tells whether what was learned proves nothing about a person, because it is about one of the policy's test
    /// numbers, whose codes are known. False for kinds without test numbers.
    fn is_test(&self) -> bool {
        false
    }
}

/// The registered claims (RFC 7519 section 4.1) that a guard checks. Times are in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'c> {
    /// The URL of the issuer.
    pub iss: &'c str,
    /// The audience that the token is for.
    pub aud: &'c str,
    /// The token is not valid before this instant.
    pub nbf: u64,
    /// The token is not valid from this instant on.
    pub exp: u64,
}

impl Token for PhoneProof {
    const TYPE: &'static str = TOKEN_TYPE;

    type Claims = Claims;

    fn read_registered(claims: &Claims) -> Registered<'_> {
        Registered {
            iss: &claims.iss,
            aud: &claims.aud,
            nbf: claims.nbf,
            exp: claims.exp,
        }
    }

    fn learn(claims: Claims) -> Option<Self> {
        claims
            .phone_number_verified
            .then(|| Self::from_checked(claims))
    }

    fn is_bound_to_action(&self) -> bool {
        self.action.is_some()
    }

    fn is_test(&self) -> bool {
        self.test
    }
}
