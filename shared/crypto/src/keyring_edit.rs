//! Edits the keyring. After each step every running function can use the keyring.
//!
//! Functions read the secret every [`REFRESH_AFTER`], and caches keep the key set that they publish. So a root must
//! have been in the secret for [`PUBLISHED_AFTER`] before it becomes current. It must stay there until the last token
//! made with it has expired. The secret itself holds the dates that these rules need. After a leak none of this is
//! waited for: see [`KeyringDocument::replace_leaked`].

mod facts;
mod ids;
mod leak;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

pub use self::facts::{KeyFacts, KeyPurpose};
pub use self::leak::{Replaced, Replacement};

use self::ids::{RESERVED, next_id};
use super::base64url;
use super::keyring::{
    Document, Keyring, KeyringError, KeyringOwner, PUBLISHED_AFTER, REFRESH_AFTER, RsaEntry,
};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// The keyring secret with all its members. It can be edited and written back.
///
/// It is always written in the form whose roots can be removed. A secret in the first form, which CloudFormation
/// generates, is read as if it had been converted.
pub struct KeyringDocument {
    document: Document,
    was_first_form: bool,
}

/// Why a step was not taken. No variant holds any part of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The functions could not use the keyring, before or after the step.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring has no key with this id.
    #[error("the keyring has no key `{0}`")]
    Unknown(String),
    /// The keyring has a key with this id already. When an RSA key is added, it is the id of the one that is there.
    #[error("the keyring has a key `{0}` already")]
    Exists(String),
    /// The keyring had a key with this id before, or the id names another kind of key. Caches may still know the old
    /// one.
    #[error("`{id}` was used before; choose an id that was not, such as `{next}`")]
    Used {
        /// The id that was asked for.
        id: String,
        /// An id that no key had.
        next: String,
    },
    /// The id of a new key has other characters than ids have.
    #[error("ID: 1 to 16 lower-case letters and digits are needed, as in `{next}`")]
    Malformed {
        /// An id that no key had.
        next: String,
    },
    /// The id is a word of the commands or of the keyring. In a command or in a list nobody could tell which of the two
    /// it is.
    #[error(
        "`{id}` is a reserved word and cannot be the id of a key; choose an id such as `{next}`"
    )]
    Reserved {
        /// The id that was asked for.
        id: String,
        /// An id that no key had.
        next: String,
    },
    /// The root with this id is current already.
    #[error("`{0}` is current already")]
    Current(String),
    /// The step would break tokens or table entries that are in use, and waiting does not help. Says which.
    #[error("{0}")]
    Unsafe(String),
    /// The step would break something now, but not later.
    #[error("{reason}; safe from {from}")]
    TooEarly {
        /// What the step would break.
        reason: String,
        /// From when on the step is safe.
        from: Timestamp,
    },
}

impl KeyringDocument {
    /// Reads the JSON of the keyring secret.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when the functions could not use the keyring.
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        Keyring::from_json(text)?;
        let (document, was_first_form) = Document::read(text)?;
        Ok(Self {
            document,
            was_first_form,
        })
    }

    /// Writes the JSON of the secret.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when the functions could not use the keyring.
    pub fn to_json(&self) -> Result<Zeroizing<String>, KeyringError> {
        let text = serde_json::to_string(&self.document).map_err(|_| KeyringError::NotJson)?;
        let text = Zeroizing::new(text);
        Keyring::from_json(&text)?;
        Ok(text)
    }

    /// Whether the secret that was read had the first form. Functions that were deployed before the second form existed
    /// cannot read what [`to_json`](Self::to_json) writes.
    #[must_use]
    pub const fn was_first_form(&self) -> bool {
        self.was_first_form
    }

    /// The service whose keyring it is, if the keyring says so.
    #[must_use]
    pub const fn owner(&self) -> Option<KeyringOwner> {
        self.document.owner
    }

    /// Writes into the keyring which service it belongs to.
    pub const fn set_owner(&mut self, owner: KeyringOwner) {
        self.document.owner = Some(owner);
    }

    /// Whether there is an RSA key.
    #[must_use]
    pub const fn has_rsa(&self) -> bool {
        self.document.rsa.is_some()
    }

    /// Makes an id for a new root: `r` and a number that is higher than that of every key that is or was in the
    /// keyring.
    #[must_use]
    pub fn next_id(&self) -> String {
        next_id("r", 1, self.known_ids())
    }

    /// Makes an id for a new RSA key, as [`next_id`](Self::next_id) does.
    #[must_use]
    pub fn next_rsa_id(&self) -> String {
        next_id("rsa", 0, self.known_ids())
    }

    /// The ids of the keys that are in the keyring, and of those that were.
    fn known_ids(&self) -> impl Iterator<Item = &str> {
        let (document, rsa) = (&self.document, self.document.rsa.iter());
        let roots = document.roots.keys().map(String::as_str);
        let peppers = document.peppers.iter().map(|pepper| pepper.id.as_str());
        let removed = document.removed.keys().map(String::as_str);
        let kids = rsa.map(|rsa| rsa.kid.as_str());
        roots.chain(peppers).chain(kids).chain(removed)
    }

    /// Checks the id of a new key, for which `next` would be free. An id never comes back: a cache that still has the
    /// old key would check the tokens of the new one with it.
    fn check_new(&self, id: &str, next: String) -> Result<(), EditError> {
        RootId::parse(id).ok_or_else(|| EditError::Malformed { next: next.clone() })?;
        let mut kids = self.document.rsa.iter().map(|rsa| rsa.kid.as_str());
        if self.document.roots.contains_key(id) || kids.any(|kid| kid == id) {
            return Err(EditError::Exists(id.to_owned()));
        }
        let id = id.to_owned();
        if RESERVED.contains(&id.as_str()) {
            return Err(EditError::Reserved { id, next });
        }
        if self.known_ids().any(|known| known == id) {
            return Err(EditError::Used { id, next });
        }
        Ok(())
    }

    /// Notes that the key with this id is gone, so that its id does not come back.
    fn note_removed(&mut self, id: &str, now: Timestamp) {
        self.document.removed.insert(id.to_owned(), now.unix());
    }

    /// Adds a root. `secret` is 256 random bits. Functions accept the root from their next refresh on. They make
    /// nothing with it before [`KeyringDocument::promote`].
    ///
    /// # Errors
    ///
    /// [`EditError`] for an id that is malformed or taken.
    pub fn add(&mut self, id: &str, secret: &[u8; 32], now: Timestamp) -> Result<(), EditError> {
        self.check_new(id, self.next_id())?;
        self.insert_root(id, secret, now);
        Ok(())
    }

    fn insert_root(&mut self, id: &str, secret: &[u8; 32], now: Timestamp) {
        let (document, secret) = (&mut self.document, Zeroizing::new(base64url(secret)));
        document.roots.insert(id.to_owned(), secret);
        document.added.insert(id.to_owned(), now.unix());
    }

    /// Checks that `id` is a root. The list of keys has others, too, so the refusal says what each of them is.
    fn check_root(&self, id: &str, now: Timestamp) -> Result<(), EditError> {
        if self.document.roots.contains_key(id) {
            return Ok(());
        }
        let keys = self.keys(now);
        let purpose = keys.iter().find(|key| key.id == id).map(|key| key.purpose);
        Err(match purpose {
            Some(KeyPurpose::Index) => EditError::Unsafe(format!(
                "`{id}` is the key that finds phones in the tables; it signs nothing, outlives every rotation and is never \
                 retired or promoted"
            )),
            // The list of a verification stack shows no pepper, because nothing there uses one.
            Some(KeyPurpose::Pepper) if self.owner() == Some(KeyringOwner::Verification) => {
                EditError::Unknown(id.to_owned())
            }
            Some(KeyPurpose::Pepper) => EditError::Unsafe(format!(
                "`{id}` is a password pepper, not a root; `keys retire-pepper` removes it"
            )),
            Some(KeyPurpose::Rsa) => EditError::Unsafe(format!(
                "`{id}` is an RSA key, not a root; it begins to sign at its own time"
            )),
            Some(KeyPurpose::Root) | None => EditError::Unknown(id.to_owned()),
        })
    }

    /// Makes root `id` current, so that new tokens are made with it.
    ///
    /// With `force` also when some functions may not have read it yet, or caches may hold a key set without it. Its
    /// tokens are refused there until they have.
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is no such root, it is current, or it is too early.
    pub fn promote(&mut self, id: &str, now: Timestamp, force: bool) -> Result<(), EditError> {
        self.check_root(id, now)?;
        let document = &mut self.document;
        if document.current == id {
            return Err(EditError::Current(id.to_owned()));
        }
        if let Some(added) = document.added.get(id) {
            let from = Timestamp::from_unix(*added) + PUBLISHED_AFTER;
            let reason = format!("functions, or caches of their key set, may not know `{id}` yet");
            admit(from, now, force, reason)?;
        }
        document
            .replaced
            .insert(document.current.clone(), now.unix());
        document.replaced.remove(id);
        id.clone_into(&mut document.current);
        Ok(())
    }

    /// Removes a key. `token_lifetime` is how long a challenge token or a success token can be in use: the longest
    /// lifetime of either.
    ///
    /// With `force` also while tokens made with the key may be in use. They are refused from then on.
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is no such key, it is in use, or it is too early.
    pub fn retire(
        &mut self,
        id: &str,
        token_lifetime: Duration,
        now: Timestamp,
        force: bool,
    ) -> Result<(), EditError> {
        let document = &mut self.document;
        if document.rsa.as_ref().is_some_and(|rsa| rsa.kid == id) {
            return self.retire_rsa(id, now, force);
        }
        self.check_root(id, now)?;
        let document = &mut self.document;
        if document.current == id {
            return Err(EditError::Unsafe(format!(
                "`{id}` is current; promote another root first"
            )));
        }
        if let Some(replaced) = document.replaced.get(id) {
            // Until its next refresh, a function still makes tokens with the old root.
            let from = Timestamp::from_unix(*replaced) + REFRESH_AFTER + token_lifetime;
            let reason = format!("tokens made with `{id}` may be in use");
            admit(from, now, force, reason)?;
        }
        document.roots.remove(id);
        document.added.remove(id);
        document.replaced.remove(id);
        self.note_removed(id, now);
        Ok(())
    }

    /// Removes a pepper.
    ///
    /// The keyring does not say which passwords need it, so the operator has to count them and give `force`. They count
    /// as wrong from then on, until they are reset.
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is no such pepper, new hashes are made with it, or `force` is missing.
    pub fn retire_pepper(
        &mut self,
        id: &str,
        now: Timestamp,
        force: bool,
    ) -> Result<(), EditError> {
        let keys = self.keys(now);
        let mut peppers = keys.iter().filter(|key| key.purpose == KeyPurpose::Pepper);
        let pepper = peppers.find(|pepper| pepper.id == id);
        let pepper = pepper.ok_or_else(|| EditError::Unknown(id.to_owned()))?;
        let reason = match pepper.from.filter(|from| now < *from) {
            _ if pepper.is_current => {
                Some(format!("new passwords are made with the pepper `{id}`"))
            }
            Some(from) => Some(format!(
                "from {from} on, new passwords are made with the pepper `{id}`"
            )),
            None => None,
        };
        if let Some(reason) = reason {
            return Err(EditError::Unsafe(reason));
        }
        if !force {
            return Err(EditError::Unsafe(format!(
                "passwords made with the pepper `{id}` could then only be reset"
            )));
        }
        self.document.peppers.retain(|pepper| pepper.id != id);
        self.note_removed(id, now);
        Ok(())
    }

    fn retire_rsa(&mut self, id: &str, now: Timestamp, force: bool) -> Result<(), EditError> {
        if !force {
            return Err(EditError::Unsafe(format!(
                "success tokens signed with `{id}` are refused as soon as it is gone; with --force they are"
            )));
        }
        self.document.rsa = None;
        self.document.added.remove(id);
        self.note_removed(id, now);
        Ok(())
    }

    /// Adds the RSA key, as PKCS #8 in DER. It is published from the next refresh of each function on, and signs
    /// success tokens [`PUBLISHED_AFTER`] after `now`. Whether it is a usable key is checked by
    /// [`KeyringDocument::to_json`].
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is an RSA key already, or the id is malformed or taken.
    pub fn add_rsa(&mut self, kid: &str, pkcs8: &[u8], now: Timestamp) -> Result<(), EditError> {
        if let Some(rsa) = &self.document.rsa {
            return Err(EditError::Exists(rsa.kid.clone()));
        }
        self.check_new(kid, self.next_rsa_id())?;
        self.insert_rsa(kid, pkcs8, now, now + PUBLISHED_AFTER);
        Ok(())
    }

    fn insert_rsa(&mut self, kid: &str, pkcs8: &[u8], now: Timestamp, from: Timestamp) {
        self.document.rsa = Some(RsaEntry {
            kid: kid.to_owned(),
            pkcs8: Zeroizing::new(STANDARD.encode(pkcs8)),
            from: Some(from.unix()),
        });
        self.document.added.insert(kid.to_owned(), now.unix());
    }
}

/// Allows a step from `from` on, or at any time with `force`.
fn admit(from: Timestamp, now: Timestamp, force: bool, reason: String) -> Result<(), EditError> {
    if force || from <= now {
        Ok(())
    } else {
        Err(EditError::TooEarly { reason, from })
    }
}
