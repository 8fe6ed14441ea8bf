//! Keys and encodings for tokens that the issuer never issued.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use phoneproof_crypto::derive::{Purpose, RootKey};
use serde_json::{Value, json};

/// Encodes JSON as a part of a JWT: base64url without padding.
#[must_use]
pub fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Makes a JWT of `message` with an HMAC in place of a signature.
///
/// `algorithm` is `HS256`, `HS384` or `HS512`. Any other name makes an `HS256` MAC.
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

/// A P-256 key pair that signs any header and any claims.
///
/// With a new pair it is an attacker. With the pair of a root it is the issuer itself.
#[derive(Debug)]
pub struct Forger(EcdsaKeyPair);

impl Forger {
    /// Generates a new pair, which no issuer knows.
    #[must_use]
    pub fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    /// Derives the issuer's own pair from the secret of a root, as a keyring does.
    #[must_use]
    pub fn of_root(secret: &str) -> Self {
        // The bytes before and after the scalar in an `ECPrivateKey` of P-256 (RFC 5915).
        const HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
        const TAIL: [u8; 12] = [
            0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        ];
        let scalar = RootKey::new(secret).derive(Purpose::Es256(0));
        let der = [&HEAD, scalar.as_slice(), &TAIL].concat();
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        Self(pair.expect("the scalar is in range, except for one secret in 2^32"))
    }

    /// Returns the public key as a JWK with the id `kid`.
    #[must_use]
    pub fn jwk(&self, kid: &Value) -> Value {
        let point = self.0.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    /// Returns the public key in PEM, as a policy lists it.
    #[must_use]
    pub fn public_pem(&self) -> String {
        encode_public_key(self.0.public_key())
    }

    /// Signs a header and claims, which may be any text. The signature is always good.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), URL_SAFE_NO_PAD.encode(claims));
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

/// An Ed25519 key pair of an edge.
#[derive(Debug)]
pub struct EdwardsKey(Ed25519KeyPair);

impl EdwardsKey {
    /// Generates a new pair.
    #[must_use]
    pub fn new() -> Self {
        Self(Ed25519KeyPair::generate().expect("a key"))
    }

    /// Returns the public key in PEM, as a policy lists it.
    #[must_use]
    pub fn public_pem(&self) -> String {
        encode_public_key(self.0.public_key())
    }

    /// Signs a header and claims, which may be any text. The signature is always good.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

impl Default for EdwardsKey {
    fn default() -> Self {
        Self::new()
    }
}

/// An RSA key of an issuer, for keyrings that sign with `RS256`.
#[derive(Debug)]
pub struct RsaKey(rsa::KeyPair);

impl RsaKey {
    /// Generates a new key of 2,048 bits.
    #[must_use]
    pub fn new() -> Self {
        Self(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key"))
    }

    /// Returns the private key as a keyring holds it: PKCS #8 in base64.
    #[must_use]
    pub fn pkcs8(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.0.as_der().expect("a key has an encoding");
        STANDARD.encode(der.as_ref())
    }

    /// Signs a header and claims, which may be any text. The signature is always good.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), URL_SAFE_NO_PAD.encode(claims));
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

    /// Returns the public key in every form that a faulty verifier might take for an HMAC secret: DER and PEM.
    #[must_use]
    pub fn public_forms(&self) -> Vec<Vec<u8>> {
        let public = self.0.public_key();
        let spki: PublicKeyX509Der<'_> = public.as_der().expect("a key has an encoding");
        let pkcs1 = public.as_ref();
        let mut forms = vec![spki.as_ref().to_vec(), pkcs1.to_vec()];
        for (label, der) in [("PUBLIC KEY", spki.as_ref()), ("RSA PUBLIC KEY", pkcs1)] {
            let pem = encode_pem(label, der);
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

/// Encodes a public key in PEM.
fn encode_public_key<K: AsDer<PublicKeyX509Der<'static>>>(key: &K) -> String {
    encode_pem("PUBLIC KEY", key.as_der().expect("encodable").as_ref())
}

/// Encodes DER as PEM (RFC 7468).
fn encode_pem(label: &str, der: &[u8]) -> String {
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
