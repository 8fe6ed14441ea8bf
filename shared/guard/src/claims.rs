//! What a success token says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The `typ` of a success token. An explicit type keeps other JWTs of the same issuer from passing
/// as one (RFC 8725 section 3.11).
pub const TOKEN_TYPE: &str = "phone-verified+jwt";

/// The `amr` of a success token (RFC 8176): a one-time code, sent by text message.
pub const AMR: [&str; 2] = ["sms", "otp"];

/// SHA-256 of the action a token is bound to, base64url without padding.
pub type ActionDigest = String;

/// The claims as they stand in the token. Times are whole seconds since the Unix epoch.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer's URL.
    pub iss: String,
    /// A stable pseudonym of the phone number at this issuer.
    pub sub: String,
    /// The business the number was verified for.
    pub aud: String,
    /// When the code was accepted.
    pub iat: u64,
    /// Not valid before.
    pub nbf: u64,
    /// Not valid from this instant on.
    pub exp: u64,
    /// Unique per token.
    pub jti: String,
    /// The number in E.164.
    pub phone_number: String,
    /// Always true.
    pub phone_number_verified: bool,
    /// The device that asked for the code.
    pub device_id: String,
    /// How the number was verified: [`AMR`].
    pub amr: Vec<String>,
    /// Digest of the action the verification was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionDigest>,
    /// True when the number is one of the policy's test numbers: nothing was texted.
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

/// What a relying party learns from a checked token: a guard makes it, and nobody else.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhoneProof {
    /// The verified number in E.164.
    pub phone: String,
    /// A stable pseudonym of the number at this issuer.
    pub subject: String,
    /// The device that asked for the code.
    pub device: String,
    /// The business it was verified for.
    pub business: String,
    /// Digest of the action it was verified for, if one was named.
    pub action: Option<ActionDigest>,
    /// Unique per token: the key of a ledger.
    pub jti: String,
    /// When the code was accepted, seconds since the Unix epoch.
    pub verified_at: u64,
    /// When the token ends, seconds since the Unix epoch.
    pub expires_at: u64,
    /// Whether nothing was texted because the number is a test number.
    pub test: bool,
}

impl PhoneProof {
    /// What claims that were checked say.
    pub(crate) fn of(claims: Claims) -> Self {
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
