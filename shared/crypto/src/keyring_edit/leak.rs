//! What is done when somebody may have read the secret.

use super::{KeyringDocument, next_id};
use crate::base64url;
use crate::derive::RootKey;
use crate::keyring::{KeyText, NamedKeys, PepperEntry, REFRESH_AFTER};
use phoneproof_domain::clock::Timestamp;

/// New keys in place of leaked ones.
#[derive(Clone, Copy)]
pub struct Replacement<'k> {
    /// 256 random bits for the new root.
    pub root: &'k [u8; 32],
    /// 256 random bits for a new pepper, where the keyring's peppers are in use.
    pub pepper: Option<&'k [u8; 32]>,
    /// A new RSA key, PKCS #8 in DER. It is needed if [`KeyringDocument::has_rsa`]; otherwise it is not used.
    pub rsa: Option<&'k [u8]>,
}

/// The ids of the keys that came and went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The keys that are gone: every root, and the RSA key.
    pub ended: Vec<String>,
    /// The new root, which is current.
    pub root: String,
    /// The new RSA key, which signs.
    pub rsa: Option<String>,
    /// The new pepper. New passwords are hashed with it when every function has read it.
    pub pepper: Option<String>,
}

impl KeyringDocument {
    /// Makes what somebody may have read of the keyring worthless, without waiting for anything.
    ///
    /// - A new root is current, and every other root is gone. A token or code made with one of those is refused by
    ///   every function that has read the new keyring.
    /// - The RSA key is replaced, and the new one signs at once.
    /// - The keys of idempotency and of stored challenges are replaced. Their challenges are gone anyway.
    /// - The key of indexes stays, because limits, locks, blocks and accounts depend on it. It makes no token.
    /// - A new pepper comes into use after [`REFRESH_AFTER`]. The old peppers stay for the passwords made with them.
    pub fn replace_leaked(&mut self, new: Replacement<'_>, now: Timestamp) -> Replaced {
        let id = self.next_id();
        let kid = self.next_rsa_id();
        let document = &mut self.document;
        let mut ended: Vec<_> = std::mem::take(&mut document.roots).into_keys().collect();
        let old_rsa = document.rsa.take();
        let new_rsa = new.rsa.filter(|_| old_rsa.is_some());
        ended.extend(old_rsa.map(|rsa| rsa.kid));
        let removed = ended.iter().map(|id| (id.clone(), now.unix()));
        document.removed.extend(removed);
        document.added.clear();
        document.replaced.clear();
        let fresh = NamedKeys::derive(&RootKey::new(&base64url(new.root)));
        document.keys.idempotency = fresh.idempotency;
        document.keys.reference = fresh.reference;
        document.current.clone_from(&id);
        self.insert_root(&id, new.root, now);
        if let Some(pkcs8) = new_rsa {
            self.insert_rsa(&kid, pkcs8, now, now);
        }
        let pepper = new.pepper.map(|key| self.add_pepper(key, now));
        Replaced {
            ended,
            root: id,
            rsa: new_rsa.map(|_| kid),
            pepper,
        }
    }

    fn add_pepper(&mut self, key: &[u8; 32], now: Timestamp) -> String {
        let id = next_id("p", 0, self.known_ids());
        self.document.peppers.push(PepperEntry {
            id: id.clone(),
            key: KeyText::new(key),
            from: Some((now + REFRESH_AFTER).unix()),
        });
        id
    }
}
