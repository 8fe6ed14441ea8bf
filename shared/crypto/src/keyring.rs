//! The keyring: the roots that are live, and what derives from them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;
use zeroize::Zeroizing;

use super::derive::{Purpose, RootKey};
use super::index::Indexer;
use super::success_token::{SigningKey, es256, rs256};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// The fewest characters of a root's secret. 43 letters and digits, or 43 characters of base64url,
/// carry at least 256 bits.
const MIN_SECRET_CHARACTERS: usize = 43;

/// How long a process uses the keyring that it read before it reads it again.
pub const REFRESH_AFTER: Duration = Duration::from_mins(5);

/// What is wrong with a keyring. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// Not the expected JSON.
    #[error("keyring: not a JSON object with `current` and `roots`")]
    NotJson,
    /// A root id or the id of the RSA key is malformed.
    #[error("keyring: `roots` and `rsa.kid` need ids of 1 to 16 lower-case letters and digits")]
    BadId,
    /// A root's secret is too short.
    #[error("keyring: root `{0}` needs a secret of at least {MIN_SECRET_CHARACTERS} characters")]
    ShortSecret(String),
    /// `current` or `index` names no root, or `index` is missing beside several roots.
    #[error("keyring: `{0}` must name one of `roots`")]
    UnknownRoot(&'static str),
    /// The RSA key cannot be used.
    #[error(
        "keyring: `rsa.pkcs8` needs an RSA private key of 2048 to 4096 bits, PKCS #8 DER in base64"
    )]
    BadRsaKey,
    /// A signing key could not be derived.
    #[error("keyring: no signing key can be derived from root `{0}`")]
    Underivable(String),
}

/// The secret's JSON.
///
/// `r1` at the top level is the root that CloudFormation generates with the stack: its generator
/// can add one top-level key and nothing deeper.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    current: String,
    index: Option<String>,
    #[serde(default)]
    roots: BTreeMap<String, Zeroizing<String>>,
    r1: Option<Zeroizing<String>>,
    rsa: Option<RsaEntry>,
    /// When a key was added, in Unix seconds.
    #[serde(default)]
    added: BTreeMap<String, i64>,
    /// Dates that only [`keyring_edit`](super::keyring_edit) reads.
    #[serde(default, rename = "replaced")]
    _replaced: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RsaEntry {
    kid: String,
    pkcs8: Zeroizing<String>,
}

/// A live root and the keys derived from it.
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
        let signing =
            es256(&id, &key).ok_or_else(|| KeyringError::Underivable(id.as_str().to_owned()))?;
        Ok(Self {
            code: key.mac_key(Purpose::Code),
            code_mac: key.mac_key(Purpose::CodeMac),
            id,
            key,
            signing,
        })
    }

    /// The root's id.
    #[must_use]
    pub fn id(&self) -> &RootId {
        &self.id
    }

    /// The key that derives codes.
    #[must_use]
    pub fn code_key(&self) -> &hmac::Key {
        &self.code
    }

    /// The key of code MACs.
    #[must_use]
    pub fn code_mac_key(&self) -> &hmac::Key {
        &self.code_mac
    }

    /// The 256-bit key for a purpose of another service, which has a keyring of its own.
    #[must_use]
    pub fn named_key(&self, name: &'static str) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Named(name))
    }

    /// The sealing key of `day`, days since the Unix epoch. A key per day stays far below the 2^32
    /// random nonces that NIST SP 800-38D section 8.3 allows one AES-GCM key.
    pub(super) fn seal_key(&self, day: i64) -> Zeroizing<[u8; 32]> {
        self.key.derive(Purpose::Seal(day))
    }
}

struct RsaKey {
    signing: SigningKey,
    /// Signs from then on: when every function has read it.
    from: Timestamp,
}

/// Every live key. A root that is not in the keyring is retired: nothing made with it is accepted.
pub struct Keyring {
    roots: BTreeMap<RootId, Root>,
    current: RootId,
    indexer: Indexer,
    rsa: Option<RsaKey>,
}

/// Shows the ids only.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current)
            .field("roots", &self.roots.keys())
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads the keyring secret.
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
        // Phones must keep their index when the current root changes, so the index names its own
        // root, and may stay silent only while there is no choice.
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
            read_rsa(entry).map(|signing| RsaKey { signing, from })
        });
        let rsa = rsa.transpose()?;
        Ok(Self {
            roots,
            current,
            indexer,
            rsa,
        })
    }

    /// The root that new tokens are made with.
    ///
    /// # Panics
    ///
    /// Never: a keyring without its current root cannot be made.
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

    /// The live roots.
    pub fn roots(&self) -> impl Iterator<Item = &Root> {
        self.roots.values()
    }

    /// A live root by its id.
    #[must_use]
    pub fn root(&self, id: &RootId) -> Option<&Root> {
        self.roots.get(id)
    }

    /// The keys of indexes.
    #[must_use]
    pub fn indexer(&self) -> &Indexer {
        &self.indexer
    }

    /// The key that signs success tokens at `now`: RS256 when there is an RSA key, else the current root's
    /// ES256. An RSA key that was added later than [`REFRESH_AFTER`] ago does not sign yet: the functions
    /// that have not read it would neither publish nor accept it.
    #[must_use]
    pub fn signing_key(&self, now: Timestamp) -> &SigningKey {
        let rsa = self.rsa.as_ref().filter(|rsa| rsa.from <= now);
        rsa.map_or(&self.current().signing, |rsa| &rsa.signing)
    }

    /// The public keys of every live signing key, as a JWKS (RFC 7517).
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
    rs256(&id, &Zeroizing::new(der)).ok_or(KeyringError::BadRsaKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(fill: char) -> String {
        std::iter::repeat_n(fill, 43).collect()
    }

    #[test]
    fn reads_several_roots() {
        let text = format!(
            r#"{{"current":"r2","index":"r1","roots":{{"r2":"{}"}},"r1":"{}"}}"#,
            secret('b'),
            secret('a')
        );
        let keyring = Keyring::from_json(&text).expect("valid");
        assert_eq!(keyring.current().id().as_str(), "r2");
        assert_eq!(keyring.jwks()["keys"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn the_index_survives_a_new_current_root() {
        let (a, b) = (secret('a'), secret('b'));
        let before = Keyring::from_json(&format!(r#"{{"current":"r1","roots":{{"r1":"{a}"}}}}"#));
        let after = Keyring::from_json(&format!(
            r#"{{"current":"r2","index":"r1","roots":{{"r1":"{a}","r2":"{b}"}}}}"#
        ));
        let phone =
            phoneproof_domain::phone::Phone::from_canonical("+14152007986").expect("canonical");
        let index = |k: Result<Keyring, KeyringError>| k.expect("valid").indexer().phone(&phone);
        assert_eq!(index(before), index(after));
    }

    #[test]
    fn every_name_and_every_root_has_a_key_of_its_own() {
        let keyring = tests_support::keyring(&["r1", "r2"]);
        let keys: Vec<_> = keyring
            .roots()
            .flat_map(|root| ["pepper", "other"].map(|name| *root.named_key(name)))
            .collect();
        let distinct: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!((keys.len(), distinct.len()), (4, 4));
    }

    #[test]
    fn every_fault_has_its_error_and_none_echoes_a_secret() {
        let a = secret('a');
        let cases = [
            ("canary".to_owned(), KeyringError::NotJson),
            (
                r#"{"current":"r1","canary":1}"#.to_owned(),
                KeyringError::NotJson,
            ),
            (
                r#"{"current":"r1","roots":{"r1":"canary"}}"#.to_owned(),
                KeyringError::ShortSecret("r1".into()),
            ),
            (
                format!(r#"{{"current":"r2","roots":{{"r1":"{a}"}}}}"#),
                KeyringError::UnknownRoot("current"),
            ),
            (
                format!(r#"{{"current":"r1","index":"r9","roots":{{"r1":"{a}"}}}}"#),
                KeyringError::UnknownRoot("index"),
            ),
            (
                format!(r#"{{"current":"r1","roots":{{"r1":"{a}","r2":"{a}"}}}}"#),
                KeyringError::UnknownRoot("index"),
            ),
            (
                format!(r#"{{"current":"r1","roots":{{"R-1":"{a}"}}}}"#),
                KeyringError::BadId,
            ),
            (
                format!(
                    r#"{{"current":"r1","roots":{{"r1":"{a}"}},"rsa":{{"kid":"rsa1","pkcs8":"canary"}}}}"#
                ),
                KeyringError::BadRsaKey,
            ),
        ];
        for (text, expected) in cases {
            let error = Keyring::from_json(&text).expect_err(&text);
            assert!(!error.to_string().contains("canary"));
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn debug_shows_ids_only() {
        let text = format!(r#"{{"current":"r1","roots":{{"r1":"{}"}}}}"#, secret('z'));
        let shown = format!("{:?}", Keyring::from_json(&text).expect("valid"));
        assert!(shown.contains("r1") && !shown.contains("zzz"));
    }
}

/// Keyrings for the tests of this crate.
#[cfg(test)]
pub(crate) mod tests_support {
    use super::Keyring;

    /// A keyring whose roots have these ids and fixed secrets; the first is current, the last is
    /// the index root.
    pub(crate) fn keyring(ids: &[&str]) -> Keyring {
        let roots: Vec<_> = ids
            .iter()
            .map(|id| format!(r#""{id}":"{id}-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG""#))
            .collect();
        let (first, last) = (ids[0], ids[ids.len() - 1]);
        let roots = roots.join(",");
        let text = format!(r#"{{"current":"{first}","index":"{last}","roots":{{{roots}}}}}"#);
        Keyring::from_json(&text).expect("a valid keyring")
    }
}
