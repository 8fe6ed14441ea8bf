//! Changing the keyring: each step leaves one that every running function can use.
//!
//! Functions read the secret every [`REFRESH_AFTER`]. So a root must have been in it for that long before
//! it becomes current, and must stay in it until the last token made with it is over. The dates that
//! these rules need stand in the secret itself, beside the roots.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use super::base64url;
use super::keyring::{Keyring, KeyringError, REFRESH_AFTER};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// The secret's JSON with everything that is in it.
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
    rsa: Option<RsaKey>,
    /// When a root was added, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    added: BTreeMap<String, i64>,
    /// When a root stopped being current, in Unix seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    replaced: BTreeMap<String, i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RsaKey {
    kid: String,
    pkcs8: Zeroizing<String>,
}

/// Why a step was not taken. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The keyring is not usable, before or after the step.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// There is no such key.
    #[error("the keyring has no key `{0}`")]
    Unknown(String),
    /// There is one already.
    #[error("the keyring has a key `{0}` already")]
    Exists(String),
    /// The keyring is that way already.
    #[error("`{0}` is current already")]
    Current(String),
    /// The step would break what is in use, now or ever.
    #[error("{0}")]
    Unsafe(String),
    /// The step is safe from this instant on.
    #[error("{reason}; safe from {from}")]
    TooEarly {
        /// What would break.
        reason: String,
        /// When it no longer does.
        from: Timestamp,
    },
}

/// What can be said about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its id.
    pub id: String,
    /// `ES256` for a root, `RS256` for the RSA key.
    pub algorithm: &'static str,
    /// Whether new tokens are made with it.
    pub is_current: bool,
    /// Whether it keys the tables.
    pub is_index: bool,
    /// When it was added, unless the stack was made with it.
    pub added: Option<Timestamp>,
    /// When it stopped being current.
    pub replaced: Option<Timestamp>,
}

impl KeyringDocument {
    /// Reads the keyring secret.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when the functions could not use it either, or `replaced` holds no dates: the functions
    /// do not read it.
    pub fn from_json(text: &str) -> Result<Self, KeyringError> {
        Keyring::from_json(text)?;
        serde_json::from_str(text).map_err(|_| KeyringError::NotJson)
    }

    /// The text of the secret, checked to be a keyring that functions can use.
    ///
    /// # Errors
    ///
    /// [`KeyringError`] when it is not.
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

    /// Every key, roots first.
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

    /// The first free id of the form `r2`, `r3`, …
    #[must_use]
    pub fn next_id(&self) -> String {
        // With as many candidates as there are roots, and one more, one is free.
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

    /// Adds a root of 256 random bits. It is accepted from the next refresh on, and not used yet.
    ///
    /// # Errors
    ///
    /// [`EditError`] for an id that is malformed or taken.
    pub fn add(&mut self, id: &str, secret: &[u8; 32], now: Timestamp) -> Result<(), EditError> {
        self.check_new(id)?;
        // From now on there is a choice, and phones must keep their indexes.
        self.index.get_or_insert_with(|| self.current.clone());
        self.roots
            .insert(id.to_owned(), Zeroizing::new(base64url(secret)));
        self.added.insert(id.to_owned(), now.unix());
        Ok(())
    }

    /// Makes new tokens with root `id`. With `force` also when functions may not know it yet: they
    /// refuse its tokens until they do.
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

    /// Removes a key. `token_lifetime` is how long tokens made with it can be in use: the longest life of
    /// a code and of a success token. With `force` also while some may be: they are refused then.
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
            // A function that has not read the change yet still makes tokens with the old root.
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

    /// Adds the RSA key that signs success tokens from the next refresh on, PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// [`EditError`] when there is one, or the id is malformed or taken.
    pub fn add_rsa(&mut self, kid: &str, pkcs8: &[u8], now: Timestamp) -> Result<(), EditError> {
        if let Some(rsa) = &self.rsa {
            return Err(EditError::Exists(rsa.kid.clone()));
        }
        self.check_new(kid)?;
        self.rsa = Some(RsaKey {
            kid: kid.to_owned(),
            pkcs8: Zeroizing::new(STANDARD.encode(pkcs8)),
        });
        self.added.insert(kid.to_owned(), now.unix());
        Ok(())
    }
}

fn admit(from: Timestamp, now: Timestamp, force: bool, reason: String) -> Result<(), EditError> {
    if force || from <= now {
        Ok(())
    } else {
        Err(EditError::TooEarly { reason, from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);
    const LIFETIME: Duration = Duration::from_mins(10);

    fn generated() -> KeyringDocument {
        let secret = "a".repeat(64);
        KeyringDocument::from_json(&format!(r#"{{"current":"r1","r1":"{secret}"}}"#))
            .expect("valid")
    }

    fn later(minutes: u64) -> Timestamp {
        NOW + Duration::from_mins(minutes)
    }

    #[test]
    fn a_rotation_keeps_the_index_and_waits_where_it_must() {
        let mut keyring = generated();
        keyring.add("r2", &[7; 32], NOW).expect("added");
        let early = keyring.promote("r2", later(4), false);
        assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(5)));
        keyring.promote("r2", later(5), false).expect("promoted");
        assert!(matches!(
            keyring.retire("r2", LIFETIME, later(60), true),
            Err(EditError::Unsafe(_))
        ));
        assert!(matches!(
            keyring.retire("r1", LIFETIME, later(60), true),
            Err(EditError::Unsafe(_))
        ));
        keyring.add("r3", &[8; 32], later(60)).expect("added");
        keyring.promote("r3", later(65), false).expect("promoted");
        let early = keyring.retire("r2", LIFETIME, later(79), false);
        assert!(matches!(early, Err(EditError::TooEarly { from, .. }) if from == later(80)));
        keyring
            .retire("r2", LIFETIME, later(80), false)
            .expect("retired");
        let facts = keyring.keys();
        assert_eq!(
            facts.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(),
            ["r1", "r3"]
        );
        assert!(facts[0].is_index && !facts[0].is_current && facts[1].is_current);
        keyring.to_json().expect("usable");
    }

    #[test]
    fn force_skips_the_waiting_and_nothing_else() {
        let mut keyring = generated();
        keyring.add("r2", &[7; 32], NOW).expect("added");
        keyring.promote("r2", NOW, true).expect("promoted");
        keyring.add("r3", &[8; 32], NOW).expect("added");
        keyring.promote("r3", NOW, true).expect("promoted");
        keyring.retire("r2", LIFETIME, NOW, true).expect("retired");
        for id in ["r1", "r3"] {
            assert!(
                matches!(
                    keyring.retire(id, LIFETIME, NOW, true),
                    Err(EditError::Unsafe(_))
                ),
                "{id}"
            );
        }
    }

    #[test]
    fn a_root_that_was_never_current_can_go_at_once() {
        let mut keyring = generated();
        keyring.add("r2", &[7; 32], NOW).expect("added");
        keyring.retire("r2", LIFETIME, NOW, false).expect("retired");
        assert_eq!(keyring.next_id(), "r2");
    }

    #[test]
    fn ids_are_checked() {
        let mut keyring = generated();
        assert_eq!(
            keyring.add("r1", &[7; 32], NOW),
            Err(EditError::Exists("r1".to_owned()))
        );
        assert_eq!(
            keyring.add("R-2", &[7; 32], NOW),
            Err(EditError::Keyring(KeyringError::BadId))
        );
        assert_eq!(
            keyring.promote("r9", NOW, true),
            Err(EditError::Unknown("r9".to_owned()))
        );
        assert_eq!(
            keyring.promote("r1", NOW, true),
            Err(EditError::Current("r1".to_owned()))
        );
        assert_eq!(
            keyring.retire("r9", LIFETIME, NOW, true),
            Err(EditError::Unknown("r9".to_owned()))
        );
    }

    #[test]
    fn a_broken_rsa_key_is_never_written() {
        let mut keyring = generated();
        keyring.add_rsa("rsa1", b"no key", NOW).expect("noted");
        assert_eq!(keyring.to_json().err(), Some(KeyringError::BadRsaKey));
        assert_eq!(
            keyring.add_rsa("rsa2", b"", NOW),
            Err(EditError::Exists("rsa1".to_owned()))
        );
        assert!(matches!(
            keyring.retire("rsa1", LIFETIME, NOW, false),
            Err(EditError::Unsafe(_))
        ));
        keyring
            .retire("rsa1", LIFETIME, NOW, true)
            .expect("retired");
        keyring.to_json().expect("usable");
    }
}
