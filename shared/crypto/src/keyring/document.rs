//! The JSON document that holds the keyring.
//!
//! What a key is for decides where it stands. `roots` make tokens and codes, and end when they are removed. `keys` and
//! `peppers` are keys of their own, which outlive every root. No root can be computed from them.

mod first;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::first::FirstForm;
use super::{KeyringError, KeyringOwner, MIN_SECRET_CHARACTERS};
use crate::derive::{Purpose, RootKey};
use crate::{base64url, from_base64url};
use phoneproof_domain::root::RootId;

/// The value of `version` in the form that is written. The first form has no such member.
const VERSION: u64 = 2;

/// The keyring secret as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    version: u64,
    /// The service whose keyring it is, once a command has changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<KeyringOwner>,
    pub(crate) current: String,
    pub(crate) roots: BTreeMap<String, Zeroizing<String>>,
    pub(crate) keys: NamedKeys,
    /// In the order in which they came into use.
    pub(crate) peppers: Vec<PepperEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rsa: Option<RsaEntry>,
    /// When a root or the RSA key was added, by its id, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) added: BTreeMap<String, i64>,
    /// When a root stopped being current, by its id, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) replaced: BTreeMap<String, i64>,
    /// When a root, a pepper or the RSA key was removed, by its id, in Unix seconds. No id comes back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) removed: BTreeMap<String, i64>,
}

/// The HMAC keys that do not rotate.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedKeys {
    /// For the indexes of phones, number blocks, devices and addresses.
    pub(crate) index: KeyText,
    /// For the ids of challenges that are made from idempotency keys.
    pub(crate) idempotency: KeyText,
    /// For the references of stored challenge tokens.
    pub(crate) reference: KeyText,
}

/// A pepper of passwords.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PepperEntry {
    /// The id in the tags of the hashes that are made with it.
    pub(crate) id: String,
    pub(crate) key: KeyText,
    /// When new hashes are made with it, in Unix seconds; from the start if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<i64>,
}

/// The RSA key in the keyring secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RsaEntry {
    /// The key id in the header of the tokens that it signs.
    pub(crate) kid: String,
    /// PKCS #8 DER in base64.
    pub(crate) pkcs8: Zeroizing<String>,
    /// When it starts to sign, in Unix seconds; from the start if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<i64>,
}

/// A key of 256 bits in base64url.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyText(Zeroizing<String>);

impl KeyText {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Zeroizing::new(base64url(key)))
    }

    /// Decodes the key; `None` unless it is base64url of 32 bytes.
    pub(crate) fn decode(&self) -> Option<Zeroizing<[u8; 32]>> {
        let bytes = Zeroizing::new(from_base64url(&self.0).ok()?);
        bytes.as_slice().try_into().map(Zeroizing::new).ok()
    }
}

impl NamedKeys {
    /// Derives the keys from a root, as the first form of the document does whenever it is read.
    pub(crate) fn derive(root: &RootKey) -> Self {
        let key = |purpose| KeyText::new(&root.derive(purpose));
        Self {
            index: key(Purpose::Index),
            idempotency: key(Purpose::Idempotency),
            reference: key(Purpose::Reference),
        }
    }
}

impl Document {
    /// Reads the JSON of the secret in either form. The flag tells whether it was the first form.
    pub(crate) fn read(text: &str) -> Result<(Self, bool), KeyringError> {
        /// All that the forms differ by.
        #[derive(Deserialize)]
        struct Form {
            version: Option<u64>,
        }
        let not_json = |_| KeyringError::NotJson;
        let form: Form = serde_json::from_str(text).map_err(not_json)?;
        let (document, is_first) = match form.version {
            None => {
                let first: FirstForm = serde_json::from_str(text).map_err(not_json)?;
                (first.convert()?, true)
            }
            Some(VERSION) => (serde_json::from_str(text).map_err(not_json)?, false),
            Some(_) => return Err(KeyringError::UnknownVersion),
        };
        check_roots(&document.roots, &document.current)?;
        Ok((document, is_first))
    }
}

/// Checks the ids and the lengths of the roots, and that `current` is one of them.
fn check_roots(
    roots: &BTreeMap<String, Zeroizing<String>>,
    current: &str,
) -> Result<(), KeyringError> {
    for (id, secret) in roots {
        RootId::parse(id).ok_or(KeyringError::BadId)?;
        if secret.chars().count() < MIN_SECRET_CHARACTERS {
            return Err(KeyringError::ShortSecret(id.clone()));
        }
    }
    let known = roots.contains_key(current).then_some(());
    known.ok_or(KeyringError::UnknownRoot("current"))
}
