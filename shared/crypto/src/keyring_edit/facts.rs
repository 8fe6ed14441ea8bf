//! What an operator may know about the keys.

use std::collections::BTreeMap;

use super::KeyringDocument;
use super::ids::INDEX_ID;
use crate::keyring::Peppers;
use phoneproof_domain::clock::Timestamp;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// A root: it seals challenges, makes codes, and signs tokens with ES256 where no RSA key does.
    Root,
    /// It signs success tokens with RS256.
    Rsa,
    /// It makes the indexes in the tables, and never ends.
    Index,
    /// It goes into the hashes of passwords.
    Pepper,
}

/// What an operator may know about a key. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// The id of the root or pepper, the `kid` of the RSA key, or `index`.
    pub id: String,
    /// What the key is for.
    pub purpose: KeyPurpose,
    /// Whether new tokens, indexes or hashes are made with this key now.
    pub is_current: bool,
    /// When an RSA key or a pepper that was added later comes into use by itself.
    pub from: Option<Timestamp>,
    /// When the key was added, if the keyring says so.
    pub added: Option<Timestamp>,
    /// When another root took its place as the current one. `None` if that never happened, or the root is current
    /// again.
    pub replaced: Option<Timestamp>,
}

impl KeyringDocument {
    /// Lists every key as it is at `now`: the roots ordered by id, the RSA key, the index key, the peppers.
    #[must_use]
    pub fn keys(&self, now: Timestamp) -> Vec<KeyFacts> {
        let document = &self.document;
        let instant = |dates: &BTreeMap<String, i64>, id: &str| {
            dates.get(id).copied().map(Timestamp::from_unix)
        };
        let facts = |id: &str, purpose, is_current| KeyFacts {
            id: id.to_owned(),
            purpose,
            is_current,
            from: None,
            added: None,
            replaced: None,
        };
        let roots = document.roots.keys().map(|id| KeyFacts {
            added: instant(&document.added, id),
            replaced: instant(&document.replaced, id),
            ..facts(id, KeyPurpose::Root, *id == document.current)
        });
        let rsa = document.rsa.iter().map(|rsa| {
            let from = rsa.from.map(Timestamp::from_unix);
            KeyFacts {
                from,
                added: instant(&document.added, &rsa.kid),
                ..facts(
                    &rsa.kid,
                    KeyPurpose::Rsa,
                    from.is_none_or(|from| from <= now),
                )
            }
        });
        let index = std::iter::once(facts(INDEX_ID, KeyPurpose::Index, true));
        let current = Peppers::read(&document.peppers);
        let current = current
            .map(|peppers| peppers.current(now).id().clone())
            .ok();
        let is_current = |id: &str| {
            current
                .as_ref()
                .is_some_and(|current| current.as_str() == id)
        };
        let peppers = document.peppers.iter().map(|pepper| KeyFacts {
            from: pepper.from.map(Timestamp::from_unix),
            ..facts(&pepper.id, KeyPurpose::Pepper, is_current(&pepper.id))
        });
        roots.chain(rsa).chain(index).chain(peppers).collect()
    }
}
