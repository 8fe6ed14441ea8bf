//! Sealed names of devices. A name is personal data, so it is encrypted and a copy of the tables does not show it.

use phoneproof_crypto::aead;
use phoneproof_crypto::aead::SealFailed;
use phoneproof_crypto::keyring::{Keyring, Root};
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::random::Random;
use phoneproof_domain::root::RootId;
use zeroize::Zeroizing;

use crate::refresh_token::SessionId;

/// The name of the key that seals device names.
const KEY: &str = "device-name";

/// The name of a session's device as it is stored: `<root id>.<nonce>.<ciphertext and tag>`.
///
/// The last two are in base64url. The session's id is authenticated with the name, so the name opens for no other
/// session.
#[derive(Clone, derive_more::Debug)]
#[debug("SealedName(…)")]
pub struct SealedName(String);

fn key(root: &Root) -> Zeroizing<[u8; 32]> {
    root.named_key(KEY)
}

impl SealedName {
    /// Seals the name that the client of `session` gave its device.
    ///
    /// # Errors
    ///
    /// [`SealFailed`] when the random source gives no nonce.
    pub fn seal(
        name: &str,
        session: SessionId,
        keyring: &Keyring,
        random: &dyn Random,
    ) -> Result<Self, SealFailed> {
        let root = keyring.current();
        let (nonce, sealed) = aead::seal(&key(root), &session.0, name.into(), random)?;
        let (nonce, sealed) = (base64url(nonce), base64url(sealed));
        Ok(Self(format!("{}.{nonce}.{sealed}", root.id().as_str())))
    }

    /// Decrypts the name; `None` when its root was retired, or when it was sealed for another session.
    #[must_use]
    pub fn open(&self, session: SessionId, keyring: &Keyring) -> Option<String> {
        let mut parts = self.0.split('.');
        let root = keyring.root(&RootId::parse(parts.next()?)?)?;
        let nonce = from_base64url(parts.next()?).ok()?;
        let sealed = from_base64url(parts.next()?).ok()?;
        String::from_utf8(aead::open(&key(root), &session.0, &nonce, sealed)?).ok()
    }

    /// Wraps a text from the store. [`open`](Self::open) checks it.
    #[must_use]
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// Returns the text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phoneproof_config::process::SystemRandom;

    const SESSION: SessionId = SessionId([1; 16]);

    fn keyring(current: &str, roots: &[&str]) -> Keyring {
        let roots: Vec<_> = roots
            .iter()
            .map(|id| format!("\"{id}\":\"{}\"", id.repeat(22)))
            .collect();
        let index = if current == "r3" { "r3" } else { "r1" };
        let roots = roots.join(",");
        let text = format!(r#"{{"current":"{current}","index":"{index}","roots":{{{roots}}}}}"#);
        Keyring::from_json(&text).expect("a keyring")
    }

    #[test]
    fn a_name_opens_only_for_its_session_and_while_its_root_is_live() {
        let before = keyring("r1", &["r1"]);
        let sealed = SealedName::seal("Ann's phone", SESSION, &before, &SystemRandom);
        let sealed = sealed.expect("sealed");
        let open = |session, keyring: &Keyring| sealed.open(session, keyring);
        assert_eq!(open(SESSION, &before).as_deref(), Some("Ann's phone"));
        let rotated = keyring("r2", &["r1", "r2"]);
        assert_eq!(open(SESSION, &rotated).as_deref(), Some("Ann's phone"));
        assert_eq!(open(SessionId([2; 16]), &before), None);
        assert_eq!(open(SESSION, &keyring("r3", &["r3"])), None);
        assert!(!sealed.as_str().contains("Ann"));
        assert_eq!(format!("{sealed:?}"), "SealedName(…)");
    }
}
