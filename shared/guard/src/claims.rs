//! The claims of a success token, and what a relying party learns from them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The `typ` of a success token. An explicit type keeps other JWTs of the same issuer from passing
/// as one (RFC 8725 section 3.11).
pub const TOKEN_TYPE: &str = "phone-verified+jwt";

/// The `amr` of a success token (RFC 8176 section 2): a one-time code that was sent by text message.
pub const AMR: [&str; 2] = ["sms", "otp"];

/// The SHA-256 digest of the action that a success token is bound to, in base64url without padding.
pub type ActionDigest = String;

/// The claims as they stand in a success token. Times are whole seconds since the Unix epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The URL of the issuer (RFC 7519 section 4.1.1).
    pub iss: String,
    /// A pseudonym of the phone number, the same in all tokens of this issuer.
    pub sub: String,
    /// The id of the business that the phone number was verified for.
    pub aud: String,
    /// When the user's code was accepted and the token was made.
    pub iat: u64,
    /// The token is not valid before this instant.
    pub nbf: u64,
    /// The token is not valid from this instant on.
    pub exp: u64,
    /// The id of the token. No two tokens of an issuer have the same.
    pub jti: String,
    /// The verified phone number in E.164.
    pub phone_number: String,
    /// Always true. A guard refuses a token in which it is not.
    pub phone_number_verified: bool,
    /// The id of the device that asked for the code.
    pub device_id: String,
    /// How the phone number was verified (RFC 8176): always [`AMR`].
    pub amr: Vec<String>,
    /// The digest of the action that the verification was bound to, if it was bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionDigest>,
    /// Whether the phone number is one of the policy's test numbers, to which nothing is texted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("iss", &self.iss)
            .field("aud", &self.aud)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

/// What a relying party learns from a success token that passed the check. Only a guard can make one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhoneProof {
    /// The verified phone number in E.164.
    pub phone: String,
    /// A pseudonym of the phone number, the same in all tokens of this issuer.
    pub subject: String,
    /// The id of the device that asked for the code.
    pub device: String,
    /// The id of the business that the phone number was verified for.
    pub business: String,
    /// The digest of the action that the verification was bound to, if it was bound to one.
    pub action: Option<ActionDigest>,
    /// The id of the token. A ledger remembers it, together with the business.
    pub jti: String,
    /// When the user's code was accepted, in seconds since the Unix epoch.
    pub verified_at: u64,
    /// From when on the token is not valid, in seconds since the Unix epoch.
    pub expires_at: u64,
    /// Whether the phone number is one of the policy's test numbers, to which nothing is texted.
    pub test: bool,
}

impl PhoneProof {
    /// Takes over what `claims` say. The caller has checked them.
    pub(crate) fn from_checked(claims: Claims) -> Self {
        Self {
            phone: claims.phone_number,
            subject: claims.sub,
            device: claims.device_id,
            business: claims.aud,
            action: claims.action,
            jti: claims.jti,
            verified_at: claims.iat,
            expires_at: claims.exp,
            test: claims.test,
        }
    }
}

impl fmt::Debug for PhoneProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneProof")
            .field("business", &self.business)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
