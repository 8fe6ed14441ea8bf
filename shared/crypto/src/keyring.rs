//! The keyring: the live roots and the keys that derive from them, the keys that outlive them, and the RSA key if there
//! is one.

mod document;
mod owner;
mod peppers;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tests_support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

pub(crate) use self::document::{Document, KeyText, NamedKeys, PepperEntry, RsaEntry};
pub use self::owner::KeyringOwner;
pub use self::peppers::Pepper;
pub(crate) use self::peppers::Peppers;

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

/// How long caches may keep the key set that the functions publish: its `max-age`.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// How long after a key was added it is known everywhere: in every function, and in every cache of the key set. A
/// function may have written such a cache just before it knew the key.
pub const PUBLISHED_AFTER: Duration = REFRESH_AFTER.saturating_add(JWKS_MAX_AGE);

/// What is wrong with a keyring secret. No variant holds any part of the secrets in it, so the parsers' own errors,
/// which may quote their input, are left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// The text is not JSON, or has a member that is missing, unknown or of the wrong type.
    #[error("keyring: not a JSON object with `current` and `roots`")]
    NotJson,
    /// The document has a form that this version does not know.
    #[error(
        "keyring: `version` must be 2 or missing; newer functions or commands wrote this keyring"
    )]
    UnknownVersion,
    /// The id of a root, of a pepper or of the RSA key is malformed.
    #[error(
        "keyring: `roots`, `peppers` and `rsa.kid` need ids of 1 to 16 lower-case letters and digits"
    )]
    BadId,
    /// The member with this name holds a key that is not 32 bytes in base64url.
    #[error("keyring: `{0}` needs 32 bytes in base64url")]
    BadKey(&'static str),
    /// There is no pepper.
    #[error("keyring: `peppers` needs at least one")]
    NoPepper,
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
    /// The keyring is that of another service.
    #[error("keyring: the {needed} service's is needed, and this is the {found} service's")]
    Foreign {
        /// The service that reads the keyring.
        needed: KeyringOwner,
        /// The service whose keyring it is.
        found: KeyringOwner,
    },
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

    /// The key for [`make_code_mac`](crate::code::make_code_mac).
    #[must_use]
    pub fn code_mac_key(&self) -> &hmac::Key {
        &self.code_mac
    }

    /// Derives the 256-bit key for a purpose of another service, which has a keyring of its own.
    #[must_use]
    pub fn named_key(&self, name: &'static str) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Named(name))
    }

    /// Derives the key that signs the requests of the send hook.
    pub(super) fn hook_key(&self) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Hook)
    }

    /// Derives the key that seals what a receipt of delivery has to bring back.
    pub(super) fn receipt_key(&self) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Receipt)
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
/// The current root is always among the roots.
#[derive(derive_more::Debug)]
#[debug("Keyring {{ current: {:?}, roots: {:?}, .. }}", self.current.id, self.roots.keys())]
pub struct Keyring {
    roots: BTreeMap<RootId, Arc<Root>>,
    /// One of the roots.
    current: Arc<Root>,
    indexer: Indexer,
    peppers: Peppers,
    rsa: Option<RsaSigner>,
    owner: Option<KeyringOwner>,
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
        let (document, _) = Document::read(text)?;
        Self::new(&document)
    }

    /// Makes the keys of `document`, which [`Document::read`] has checked.
    fn new(document: &Document) -> Result<Self, KeyringError> {
        let mut roots = BTreeMap::new();
        for (name, secret) in &document.roots {
            let id = RootId::parse(name).ok_or(KeyringError::BadId)?;
            roots.insert(id.clone(), Arc::new(Root::new(id, secret)?));
        }
        let current = RootId::parse(&document.current);
        let current = current.and_then(|id| roots.get(&id).cloned());
        Ok(Self {
            current: current.ok_or(KeyringError::UnknownRoot("current"))?,
            roots,
            indexer: read_indexer(&document.keys)?,
            peppers: Peppers::read(&document.peppers)?,
            rsa: document.rsa.as_ref().map(read_rsa).transpose()?,
            owner: document.owner,
        })
    }

    /// The service whose keyring it is; `None` when the keyring does not say, as those that CloudFormation generates.
    #[must_use]
    pub const fn owner(&self) -> Option<KeyringOwner> {
        self.owner
    }

    /// The root that new tokens and codes are made with.
    #[must_use]
    pub fn current(&self) -> &Root {
        &self.current
    }

    /// The live roots, ordered by id.
    pub fn roots(&self) -> impl Iterator<Item = &Root> {
        self.roots.values().map(Arc::as_ref)
    }

    /// The live root with this id, or `None` if there is none.
    #[must_use]
    pub fn root(&self, id: &RootId) -> Option<&Root> {
        self.roots.get(id).map(Arc::as_ref)
    }

    /// The indexer. Its keys stay when roots come and go.
    #[must_use]
    pub fn indexer(&self) -> &Indexer {
        &self.indexer
    }

    /// The pepper with this id, or `None` if it was removed.
    #[must_use]
    pub fn pepper(&self, id: &RootId) -> Option<&Pepper> {
        self.peppers.find(id)
    }

    /// The pepper that passwords are hashed with at `now`.
    ///
    /// A pepper that was added less than [`REFRESH_AFTER`] ago is not used yet. A function that has not read it could
    /// not compare the password.
    #[must_use]
    pub fn current_pepper(&self, now: Timestamp) -> &Pepper {
        self.peppers.current(now)
    }

    /// The key that signs success tokens at `now`: the RSA key if there is one, otherwise the ES256 key of the current
    /// root.
    ///
    /// An RSA key that was added less than [`PUBLISHED_AFTER`] ago does not sign yet. A function that has not read it
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

fn read_indexer(keys: &NamedKeys) -> Result<Indexer, KeyringError> {
    let read = |name, key: &KeyText| {
        let key = key.decode().ok_or(KeyringError::BadKey(name))?;
        Ok(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    };
    Ok(Indexer::new(
        read("keys.index", &keys.index)?,
        read("keys.idempotency", &keys.idempotency)?,
        read("keys.reference", &keys.reference)?,
    ))
}

fn read_rsa(entry: &RsaEntry) -> Result<RsaSigner, KeyringError> {
    let id = RootId::parse(&entry.kid).ok_or(KeyringError::BadId)?;
    let der = STANDARD
        .decode(entry.pkcs8.as_bytes())
        .map_err(|_| KeyringError::BadRsaKey)?;
    let signing = read_rs256(&id, &Zeroizing::new(der)).ok_or(KeyringError::BadRsaKey)?;
    Ok(RsaSigner {
        signing,
        from: Timestamp::from_unix(entry.from.unwrap_or(0)),
    })
}
