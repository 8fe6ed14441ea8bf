//! The keyring: the live roots, the keys that derive from them, and the RSA key if there is one.

mod document;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

pub(crate) use self::document::RsaEntry;

use self::document::Document;
use super::derive::{Purpose, RootKey};
use super::index::Indexer;
use super::success_token::{SigningKey, derive_es256, read_rs256};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// The least number of characters in the secret of a root. 43 random letters and digits, or 43 characters of base64url,
/// carry at least 256 bits.
const MIN_SECRET_CHARACTERS: usize = 43;

/// How long a process uses a keyring that it has read before it reads the secret again.
pub const REFRESH_AFTER: Duration = Duration::from_mins(5);

/// What is wrong with a keyring secret. No variant holds any part of the secrets in it, so the parsers' own errors,
/// which may quote their input, are left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// The text is not JSON, or has a member that is missing, unknown or of the wrong type.
    #[error("keyring: not a JSON object with `current` and `roots`")]
    NotJson,
    /// The id of a root or of the RSA key is malformed.
    #[error("keyring: `roots` and `rsa.kid` need ids of 1 to 16 lower-case letters and digits")]
    BadId,
    /// The secret of the root with this id is too short.
    #[error("keyring: root `{0}` needs a secret of at least {MIN_SECRET_CHARACTERS} characters")]
    ShortSecret(String),
    /// The member with this name, `current` or `index`, names no root. Also when `index` is missing and there are
    /// several roots.
    #[error("keyring: `{0}` must name one of `roots`")]
    UnknownRoot(&'static str),
    /// The RSA key is not base64, not PKCS #8, not RSA, or shorter or longer than accepted.
    #[error(
        "keyring: `rsa.pkcs8` needs an RSA private key of 2048 to 4096 bits, PKCS #8 DER in base64"
    )]
    BadRsaKey,
    /// No candidate for the signing key of the root with this id is a valid scalar. With 256 candidates this does not
    /// happen.
    #[error("keyring: no signing key can be derived from root `{0}`")]
    Underivable(String),
}

/// A live root and the keys that derive from it.
pub struct Root {
    id: RootId,
    key: RootKey,
    code: hmac::Key,
    code_mac: hmac::Key,
    signing: SigningKey,
}

impl Root {
    fn new(id: RootId, secret: &str) -> Result<Self, KeyringError> {
        if secret.chars().count() < MIN_SECRET_CHARACTERS {
            return Err(KeyringError::ShortSecret(id.as_str().to_owned()));
        }
        let key = RootKey::new(secret);
        let signing = derive_es256(&id, &key)
            .ok_or_else(|| KeyringError::Underivable(id.as_str().to_owned()))?;
        Ok(Self {
            code: key.mac_key(Purpose::Code),
            code_mac: key.mac_key(Purpose::CodeMac),
            id,
            key,
            signing,
        })
    }

    /// The id of the root, which stands in its challenge tokens and is the `kid` of its success tokens.
    #[must_use]
    pub fn id(&self) -> &RootId {
        &self.id
    }

    /// The key for [`derive_code`](crate::code::derive_code).
    #[must_use]
    pub fn code_key(&self) -> &hmac::Key {
        &self.code
    }

    /// The key for [`code_mac`](crate::code::code_mac).
    #[must_use]
    pub fn code_mac_key(&self) -> &hmac::Key {
        &self.code_mac
    }

    /// Derives the 256-bit key for a purpose of another service, which has a keyring of its own.
    #[must_use]
    pub fn named_key(&self, name: &'static str) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Named(name))
    }

    /// Derives the key that seals challenge tokens on `day`, in days since the Unix epoch. With a key per day, no key
    /// comes near the 2^32 random nonces that NIST SP 800-38D section 8.3 allows it.
    pub(super) fn seal_key(&self, day: i64) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Seal(day))
    }
}

/// The RSA key, and when it starts to sign.
struct RsaSigner {
    signing: SigningKey,
    /// The key signs from this instant on: by then every function has read it.
    from: Timestamp,
}

/// Every live key. A root that is not in the keyring is retired, and no token made with it is accepted.
///
/// The current root and the index root are always among the roots.
pub struct Keyring {
    roots: BTreeMap<RootId, Root>,
    current: RootId,
    indexer: Indexer,
    rsa: Option<RsaSigner>,
}

/// Shows the ids of the roots and nothing of the keys.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current)
            .field("roots", &self.roots.keys())
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads the JSON of the keyring secret.
    ///
    /// ```
    /// use phoneproof_crypto::keyring::Keyring;
    ///
    /// let secret = "x".repeat(43);
    /// let keyring = Keyring::from_json(&format!(r#"{{"current":"r1","r1":"{secret}"}}"#));
    /// assert!(keyring.is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyringError`] names what is missing or malformed.
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        let mut document: Document =
            serde_json::from_str(text).map_err(|_| KeyringError::NotJson)?;
        document
            .roots
            .extend(document.r1.take().map(|secret| ("r1".to_owned(), secret)));
        let mut roots = BTreeMap::new();
        for (name, secret) in &document.roots {
            let id = RootId::parse(name).ok_or(KeyringError::BadId)?;
            roots.insert(id.clone(), Root::new(id, secret)?);
        }
        let live = |name: &str| RootId::parse(name).and_then(|id| roots.get(&id));
        let current = live(&document.current).ok_or(KeyringError::UnknownRoot("current"))?;
        // Phones must keep their indexes when another root becomes current. So the document names the index root,
        // unless there is only one root.
        let only_root = (roots.len() == 1).then_some(document.current.as_str());
        let index_name = document.index.as_deref().or(only_root);
        let index = index_name
            .and_then(live)
            .ok_or(KeyringError::UnknownRoot("index"))?;
        let (current, indexer) = (current.id.clone(), Indexer::new(&index.key));
        let rsa = document.rsa.as_ref().map(|entry| {
            let added = document.added.get(&entry.kid);
            let from = added.map_or(Timestamp::from_unix(0), |added| {
                Timestamp::from_unix(*added) + REFRESH_AFTER
            });
            read_rsa(entry).map(|signing| RsaSigner { signing, from })
        });
        let rsa = rsa.transpose()?;
        Ok(Self {
            roots,
            current,
            indexer,
            rsa,
        })
    }

    /// The root that new tokens and codes are made with.
    ///
    /// # Panics
    ///
    /// Never, because a keyring without its current root cannot be made.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "from_json takes `current` from `roots`, which never shrink"
    )]
    pub fn current(&self) -> &Root {
        self.roots
            .get(&self.current)
            .expect("the current root is live")
    }

    /// The live roots, ordered by id.
    pub fn roots(&self) -> impl Iterator<Item = &Root> {
        self.roots.values()
    }

    /// The live root with this id, or `None` if there is none.
    #[must_use]
    pub fn root(&self, id: &RootId) -> Option<&Root> {
        self.roots.get(id)
    }

    /// The indexer, whose keys derive from the index root.
    #[must_use]
    pub fn indexer(&self) -> &Indexer {
        &self.indexer
    }

    /// The key that signs success tokens at `now`: the RSA key if there is one, otherwise the ES256 key of the current
    /// root.
    ///
    /// An RSA key that was added less than [`REFRESH_AFTER`] ago does not sign yet. A function that has not read it
    /// would neither publish it nor accept its tokens.
    #[must_use]
    pub fn signing_key(&self, now: Timestamp) -> &SigningKey {
        let rsa = self.rsa.as_ref().filter(|rsa| rsa.from <= now);
        rsa.map_or(&self.current().signing, |rsa| &rsa.signing)
    }

    /// Writes the public keys of all signing keys as a JWKS (RFC 7517 section 5), the RSA key first.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .rsa
            .iter()
            .map(|rsa| &rsa.signing)
            .chain(self.roots.values().map(|root| &root.signing))
            .map(SigningKey::jwk)
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

fn read_rsa(entry: &RsaEntry) -> Result<SigningKey, KeyringError> {
    let id = RootId::parse(&entry.kid).ok_or(KeyringError::BadId)?;
    let der = STANDARD
        .decode(entry.pkcs8.as_bytes())
        .map_err(|_| KeyringError::BadRsaKey)?;
    read_rs256(&id, &Zeroizing::new(der)).ok_or(KeyringError::BadRsaKey)
}
