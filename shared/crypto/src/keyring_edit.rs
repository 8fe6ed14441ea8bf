//! Edits the keyring. After each step every running function can use the keyring.
//!
//! Functions read the secret every [`REFRESH_AFTER`]. So a root must have been in it for that long before it becomes
//! current, and must stay in it until the last token made with it has expired. The secret itself holds the dates that
//! these rules need.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::base64url;
use super::keyring::{Keyring, KeyringError, REFRESH_AFTER, RsaEntry};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// The JSON of the keyring secret with all its members. It can be edited and written back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyringDocument {
    current: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    roots: BTreeMap<String, Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r1: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rsa: Option<RsaEntry>,
    /// When a key was added, by its id, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    added: BTreeMap<String, i64>,
    /// When a root stopped being current, by its id, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    replaced: BTreeMap<String, i64>,
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

/// What an operator may know about a key. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// The id of the root, or the `kid` of the RSA key.
    pub id: String,
    /// The JWS algorithm that the key signs with: `ES256` for a root, `RS256` for the RSA key.
    pub algorithm: &'static str,
    /// Whether new tokens are made with this key.
    pub is_current: bool,
    /// Whether the indexes in the tables are made with this root.
    pub is_index: bool,
    /// When the key was added. `None` for the root that was generated with the stack.
    pub added: Option<Timestamp>,
    /// When another root took its place as the current one. `None` if that never happened, or the root is current
    /// again.
    pub replaced: Option<Timestamp>,
}

impl KeyringDocument {
    /// Reads the JSON of the keyring secret.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when the functions could not use the keyring, or `replaced` is not a map of dates. The
    /// functions do not read `replaced`.
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        Keyring::from_json(text)?;
        serde_json::from_str(text).map_err(|_| KeyringError::NotJson)
    }

    /// Writes the JSON of the secret.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when the functions could not use the keyring.
    pub fn to_json(&self) -> Result<Zeroizing<String>, KeyringError> {
        let text = serde_json::to_string(self).map_err(|_| KeyringError::NotJson)?;
        let text = Zeroizing::new(text);
        Keyring::from_json(&text)?;
        Ok(text)
    }

    fn has(&self, id: &str) -> bool {
        self.roots.contains_key(id) || (id == "r1" && self.r1.is_some())
    }

    fn index(&self) -> &str {
        self.index.as_deref().unwrap_or(&self.current)
    }

    /// Lists every key: the roots ordered by id, then the RSA key.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyFacts> {
        let generated = self.r1.iter().map(|_| "r1");
        let mut ids: Vec<_> = generated
            .chain(self.roots.keys().map(String::as_str))
            .collect();
        ids.sort_unstable();
        let instant = |dates: &BTreeMap<String, i64>, id: &str| {
            dates.get(id).copied().map(Timestamp::from_unix)
        };
        let root = |id: &str| KeyFacts {
            id: id.to_owned(),
            algorithm: "ES256",
            is_current: id == self.current,
            is_index: id == self.index(),
            added: instant(&self.added, id),
            replaced: instant(&self.replaced, id),
        };
        let rsa = self.rsa.iter().map(|rsa| KeyFacts {
            id: rsa.kid.clone(),
            algorithm: "RS256",
            is_current: true,
            is_index: false,
            added: instant(&self.added, &rsa.kid),
            replaced: None,
        });
        ids.into_iter().map(root).chain(rsa).collect()
    }

    /// Finds the first id of `r2`, `r3`, … that no root has.
    #[must_use]
    pub fn next_id(&self) -> String {
        // There is one candidate more than there are roots, so one of them is free.
        let mut candidates = (2..=self.roots.len() + 2).map(|n| format!("r{n}"));
        candidates.find(|id| !self.has(id)).unwrap_or_default()
    }

    fn check_new(&self, id: &str) -> Result<(), EditError> {
        RootId::parse(id).ok_or(KeyringError::BadId)?;
        if self.keys().iter().any(|key| key.id == id) {
            return Err(EditError::Exists(id.to_owned()));
        }
        Ok(())
    }

    /// Adds a root. `secret` is 256 random bits. Functions accept the root from their next refresh on. They make
    /// nothing with it before [`KeyringDocument::promote`].
    ///
    /// # Errors
    ///
    /// [`EditError`] for an id that is malformed or taken.
    pub fn add(&mut self, id: &str, secret: &[u8; 32], now: Timestamp) -> Result<(), EditError> {
        self.check_new(id)?;
        // From now on there are several roots, so the document must name the one that phones keep their indexes by.
        self.index.get_or_insert_with(|| self.current.clone());
        self.roots
            .insert(id.to_owned(), Zeroizing::new(base64url(secret)));
        self.added.insert(id.to_owned(), now.unix());
        Ok(())
    }

    /// Makes root `id` current, so that new tokens are made with it.
    ///
    /// With `force` also when some functions may not have read it yet. They refuse its tokens until they have.
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is no such root, it is current, or it is too early.
    pub fn promote(&mut self, id: &str, now: Timestamp, force: bool) -> Result<(), EditError> {
        if !self.has(id) {
            return Err(EditError::Unknown(id.to_owned()));
        }
        if self.current == id {
            return Err(EditError::Current(id.to_owned()));
        }
        if let Some(added) = self.added.get(id) {
            let from = Timestamp::from_unix(*added) + REFRESH_AFTER;
            let reason = format!("functions may not have read `{id}` yet");
            admit(from, now, force, reason)?;
        }
        self.replaced.insert(self.current.clone(), now.unix());
        self.replaced.remove(id);
        id.clone_into(&mut self.current);
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
        if self.rsa.as_ref().is_some_and(|rsa| rsa.kid == id) {
            return self.retire_rsa(id, force);
        }
        if !self.has(id) {
            return Err(EditError::Unknown(id.to_owned()));
        }
        if self.current == id {
            return Err(EditError::Unsafe(format!(
                "`{id}` is current; promote another root first"
            )));
        }
        if self.index() == id {
            return Err(EditError::Unsafe(format!(
                "`{id}` keys the tables; without it every limit, lock and block would be lost"
            )));
        }
        if let Some(replaced) = self.replaced.get(id) {
            // Until its next refresh, a function still makes tokens with the old root.
            let from = Timestamp::from_unix(*replaced) + REFRESH_AFTER + token_lifetime;
            admit(
                from,
                now,
                force,
                format!("tokens made with `{id}` may be in use"),
            )?;
        }
        self.roots.remove(id);
        if id == "r1" {
            self.r1 = None;
        }
        self.added.remove(id);
        self.replaced.remove(id);
        Ok(())
    }

    fn retire_rsa(&mut self, id: &str, force: bool) -> Result<(), EditError> {
        if !force {
            return Err(EditError::Unsafe(format!(
                "success tokens signed with `{id}` are refused as soon as it is gone; with --force they are"
            )));
        }
        self.rsa = None;
        self.added.remove(id);
        Ok(())
    }

    /// Adds the RSA key, as PKCS #8 in DER. It is published from the next refresh of each function on, and signs
    /// success tokens [`REFRESH_AFTER`] after `now`. Whether it is a usable key is checked by
    /// [`KeyringDocument::to_json`].
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is an RSA key already, or the id is malformed or taken.
    pub fn add_rsa(&mut self, kid: &str, pkcs8: &[u8], now: Timestamp) -> Result<(), EditError> {
        if let Some(rsa) = &self.rsa {
            return Err(EditError::Exists(rsa.kid.clone()));
        }
        self.check_new(kid)?;
        self.rsa = Some(RsaEntry {
            kid: kid.to_owned(),
            pkcs8: Zeroizing::new(STANDARD.encode(pkcs8)),
        });
        self.added.insert(kid.to_owned(), now.unix());
        Ok(())
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
