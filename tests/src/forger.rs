//! What it takes to make tokens that the issuer never made.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use phoneproof_crypto::derive::{Purpose, RootKey};
use serde_json::{Value, json};

/// JSON as a part of a JWT.
#[must_use]
pub fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A JWT with a MAC by `algorithm` (`HS256` unless it names another) in place of a signature.
#[must_use]
pub fn with_mac(algorithm: &str, secret: &[u8], message: &str) -> String {
    let algorithm = match algorithm {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let mac = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// Somebody with a P-256 key pair of their own.
#[derive(Debug)]
pub struct Forger(EcdsaKeyPair);

impl Forger {
    /// A new pair.
    #[must_use]
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    /// The issuer itself: the pair that a keyring derives from the secret of a root.
    #[must_use]
    pub fn of_root(secret: &str) -> Self {
        // An RFC 5915 `ECPrivateKey` on P-256 around its scalar.
        const HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
        const TAIL: [u8; 12] = [
            0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        ];
        let scalar = RootKey::new(secret).derive(Purpose::Es256(0));
        let der = [&HEAD, scalar.as_slice(), &TAIL].concat();
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self(pair.expect("a scalar in range, but for one in 2^32"))
    }

    /// The public key as a JWK of this id.
    #[must_use]
    pub fn jwk(&self, kid: &Value) -> Value {
        let point = self.0.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    /// Signs any header and any text of claims.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes());
        format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(signature.expect("signed"))
        )
    }
}

impl Default for Forger {
    fn default() -> Self {
        Self::new()
    }
}

/// An RSA key of an issuer.
#[derive(Debug)]
pub struct RsaKey(rsa::KeyPair);

impl RsaKey {
    /// A new key of 2,048 bits.
    #[must_use]
    pub fn new() -> Self {
        Self(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key"))
    }

    /// The private key as a keyring holds it.
    #[must_use]
    pub fn pkcs8(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.0.as_der().expect("a key has an encoding");
        STANDARD.encode(der.as_ref())
    }

    /// Signs any header and any text of claims.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encoded(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                message.as_bytes(),
                &mut signature,
            )
            .expect("signed");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Every form in which somebody may hold the public key: what has been taken for a secret.
    #[must_use]
    pub fn public_forms(&self) -> Vec<Vec<u8>> {
        let public = self.0.public_key();
        let spki: PublicKeyX509Der<'_> = public.as_der().expect("a key has an encoding");
        let pkcs1 = public.as_ref();
        let mut forms = vec![spki.as_ref().to_vec(), pkcs1.to_vec()];
        for (label, der) in [("PUBLIC KEY", spki.as_ref()), ("RSA PUBLIC KEY", pkcs1)] {
            let pem = pem(label, der);
            forms.extend([
                pem.trim_end().as_bytes().to_vec(),
                pem.replace('\n', "\r\n").into_bytes(),
                pem.into_bytes(),
            ]);
        }
        forms
    }
}

impl Default for RsaKey {
    fn default() -> Self {
        Self::new()
    }
}

/// DER in the lines of RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
