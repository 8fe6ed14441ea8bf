//! Kinds of token, and what all of them must say.

use serde::de::DeserializeOwned;

use crate::claims::{Claims, PhoneProof, TOKEN_TYPE};

/// A kind of JWT that a relying party accepts: its type, its claims, and what is learned from it.
///
/// [`PhoneProof`] is the one that PhoneProof itself issues. A service with tokens of its own, such as access
/// tokens, checks them the same way by implementing this.
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
/// /// Whose token it is, and nothing more.
/// #[derive(Clone)]
/// struct Subject(String);
///
/// impl Token for Subject {
///     const TYPE: &'static str = "phone-verified+jwt"; // yours would be another
///     type Claims = Claims;
///
///     fn registered(claims: &Claims) -> Registered<'_> {
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
    /// The `typ` of the header. Each kind needs one of its own, so that no token passes as another kind
    /// (RFC 8725 section 3.11).
    const TYPE: &'static str;

    /// The claims, all required ones with their types.
    type Claims: DeserializeOwned;

    /// The claims that every token has.
    fn registered(claims: &Self::Claims) -> Registered<'_>;

    /// What is learned from claims that passed; `None` when they do not say enough.
    fn learn(claims: Self::Claims) -> Option<Self>;
}

/// The registered claims (RFC 7519 section 4.1) that are checked; times in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'c> {
    /// The issuer.
    pub iss: &'c str,
    /// The audience.
    pub aud: &'c str,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid from this instant on.
    pub exp: u64,
}

impl Token for PhoneProof {
    const TYPE: &'static str = TOKEN_TYPE;

    type Claims = Claims;

    fn registered(claims: &Claims) -> Registered<'_> {
        Registered {
            iss: &claims.iss,
            aud: &claims.aud,
            nbf: claims.nbf,
            exp: claims.exp,
        }
    }

    fn learn(claims: Claims) -> Option<Self> {
        claims.phone_number_verified.then(|| Self::of(claims))
    }
}
