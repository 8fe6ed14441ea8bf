//! The claims of a success token, and what a relying party learns from them.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The `typ` of a success token. An explicit type keeps other JWTs of the same issuer from passing
/// as one (RFC 8725 section 3.11).
pub const TOKEN_TYPE: &str = "phone-verified+jwt";

/// The `amr` of a success token (RFC 8176 section 2): a one-time code that was sent by text message.
pub const AMR: [&str; 2] = ["sms", "otp"];

/// The `amr` of a success token whose code was also spoken in a call. Nobody can tell which of the two the person used.
pub const AMR_CALLED: [&str; 3] = ["sms", "tel", "otp"];

/// The `amr` of a success token whose code was spoken in a call, and that no text had.
pub const AMR_CALLED_ALONE: [&str; 2] = ["tel", "otp"];

/// The digest of the action that a success token is bound to: [`digest_action`] makes it.
pub type ActionDigest = String;

/// Returns the digest of `action` as it stands in a success token.
///
/// It is the SHA-256 of the bytes of `action` in UTF-8, exactly as the send had it, in base64url without padding: 43
/// characters.
#[must_use]
pub fn digest_action(action: &str) -> ActionDigest {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, action.as_bytes()))
}

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
    /// How the phone number was verified (RFC 8176): [`AMR`], [`AMR_CALLED`] or [`AMR_CALLED_ALONE`].
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
    /// The digest of the action that the verification was bound to, if it was bound to one. Only a guard that
    /// [accepts actions](crate::TokenGuard::accept_actions) lets such a proof pass; [`is_for`](Self::is_for) compares.
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

impl PhoneProof {
    /// Tells whether the verification was bound to `action`, byte for byte. It is false for a token without an action.
    ///
    /// Write the action anew from what you are about to do, and never take it from the caller:
    ///
    /// ```
    /// # fn pay(proof: &phoneproof_guard::PhoneProof, order: u64, amount: &str) -> bool {
    /// proof.is_for(&format!("pay:order-{order}:{amount}"))
    /// # }
    /// ```
    #[must_use]
    pub fn is_for(&self, action: &str) -> bool {
        self.action.as_deref() == Some(digest_action(action).as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(action: Option<&str>) -> PhoneProof {
        PhoneProof::from_checked(Claims {
            iss: "https://verify.example.com".to_owned(),
            sub: "subject".to_owned(),
            aud: "pay".to_owned(),
            iat: 0,
            nbf: 0,
            exp: 300,
            jti: "jti".to_owned(),
            phone_number: "+14155550100".to_owned(),
            phone_number_verified: true,
            device_id: "device".to_owned(),
            amr: AMR.map(str::to_owned).to_vec(),
            action: action.map(str::to_owned),
            test: false,
        })
    }

    #[test]
    fn a_digest_is_that_of_another_implementation() {
        // printf %s 'pay:order-42:EUR 100' | openssl dgst -sha256 -binary | basenc --base64url
        let expected = "vaw7ZAbbBM33sjobu7HqLu2nZBnduO-Lgnny13aBAGY";
        assert_eq!(digest_action("pay:order-42:EUR 100"), expected);
        assert!(proof(Some(expected)).is_for("pay:order-42:EUR 100"));
    }

    #[test]
    fn a_proof_is_for_the_very_bytes_of_its_action() {
        let proof_of_caf = proof(Some(&digest_action("pay:caf\u{e9}")));
        assert!(proof_of_caf.is_for("pay:caf\u{e9}"));
        // The same letters in another form, other cases, spaces and parts of the action are other actions.
        for other in [
            "pay:cafe\u{301}",
            "Pay:caf\u{e9}",
            "pay:caf\u{e9} ",
            "pay",
            "",
        ] {
            assert!(!proof_of_caf.is_for(other), "{other:?}");
        }
        let digest = digest_action("pay");
        assert!(
            !proof(Some("pay")).is_for("pay"),
            "the claim is not an action"
        );
        assert!(!proof(Some(&format!("{digest}="))).is_for("pay"));
        assert!(!proof(None).is_for("pay") && !proof(None).is_for(""));
    }
}
