//! Refresh tokens: a secret of 256 bits, with the account and the session that it is for.
//!
//! The first secret of a session is random. Each later one is derived from the one before, under a key of the service.
//! So a client that exchanges a token twice, because its calls ran in parallel or a reply was lost, gets the same next
//! token both times. The service stores only digests.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use phoneproof_crypto::derive::{mac_parts, short_mac};
use phoneproof_crypto::keyring::{Keyring, Root};
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::random::{Random, RandomUnavailable, draw_array};
use zeroize::Zeroizing;

/// The name of the key that derives successors and authenticates tokens.
const KEY: &str = "refresh";

/// Identifies an account: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(pub [u8; 16]);

/// Identifies a session, the family of refresh tokens that one log-in began: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// The SHA-256 of a token's secret. Nothing else of the token is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

/// A refresh token. It is a secret of its bearer, so `Debug` hides it and its memory is wiped on drop.
#[derive(Clone, derive_more::Debug)]
#[debug("RefreshToken(…)")]
pub struct RefreshToken {
    account: AccountId,
    session: SessionId,
    secret: Zeroizing<[u8; 32]>,
}

fn key(root: &Root) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, root.named_key(KEY).as_slice())
}

impl RefreshToken {
    /// Makes the first token of a session, with a random secret.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] when the random source fails.
    pub fn first(
        account: AccountId,
        session: SessionId,
        random: &dyn Random,
    ) -> Result<Self, RandomUnavailable> {
        Ok(Self {
            account,
            session,
            secret: Zeroizing::new(draw_array(random)?),
        })
    }

    /// Reads a token that this service issued under a root that is still in the keyring; `None` for any other text.
    ///
    /// The token carries a MAC. An invented token is refused before the store is read, so nobody can end another
    /// person's session with a token that was never issued.
    #[must_use]
    pub fn parse(text: &str, keyring: &Keyring) -> Option<Self> {
        let bytes = Zeroizing::new(from_base64url(text).ok()?);
        let (account, rest) = bytes.split_first_chunk::<16>()?;
        let (session, rest) = rest.split_first_chunk::<16>()?;
        let (secret, mac) = rest.split_first_chunk::<32>()?;
        let token = Self {
            account: AccountId(*account),
            session: SessionId(*session),
            secret: Zeroizing::new(*secret),
        };
        let is_ours = |root: &Root| verify_slices_are_equal(&token.mac(root), mac).is_ok();
        keyring.roots().any(is_ours).then_some(token)
    }

    /// Writes the token as a client holds it: ids, secret and MAC in base64url, under the current root.
    #[must_use]
    pub fn to_text(&self, keyring: &Keyring) -> Zeroizing<String> {
        let mac = self.mac(keyring.current());
        let bytes = [
            self.account.0.as_slice(),
            &self.session.0,
            self.secret.as_slice(),
            &mac,
        ];
        Zeroizing::new(base64url(Zeroizing::new(bytes.concat()).as_slice()))
    }

    /// Returns the account that the token is for.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Returns the session that the token continues.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Computes the digest of the token's secret.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        let mut bytes = [0; 32];
        let digest = digest::digest(&digest::SHA256, self.secret.as_slice());
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        TokenDigest(bytes)
    }

    /// Derives the tokens that may follow this one: one per root in the keyring, that of the current root first.
    ///
    /// A token that was exchanged just before the current root changed has its successor under the root before.
    #[must_use]
    pub fn successors(&self, keyring: &Keyring) -> Vec<Self> {
        let current = keyring.current();
        let others = keyring.roots().filter(|root| root.id() != current.id());
        std::iter::once(current)
            .chain(others)
            .map(|root| self.derive_successor(root))
            .collect()
    }

    fn derive_successor(&self, root: &Root) -> Self {
        let parts: [&[u8]; 4] = [
            b"next",
            &self.account.0,
            &self.session.0,
            self.secret.as_slice(),
        ];
        let mut secret = Zeroizing::new([0; 32]);
        for (to, from) in secret
            .iter_mut()
            .zip(mac_parts(&key(root), &parts).as_ref())
        {
            *to = *from;
        }
        Self {
            account: self.account,
            session: self.session,
            secret,
        }
    }

    fn mac(&self, root: &Root) -> [u8; 16] {
        let parts: [&[u8]; 4] = [
            b"mac",
            &self.account.0,
            &self.session.0,
            self.secret.as_slice(),
        ];
        short_mac(&key(root), &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.fill(7);
            Ok(())
        }
    }

    fn read_keyring(text: &str) -> Keyring {
        Keyring::from_json(text).expect("a keyring")
    }

    fn one() -> Keyring {
        read_keyring(&format!(r#"{{"current":"r1","r1":"{}"}}"#, "a".repeat(43)))
    }

    fn two(current: &str) -> Keyring {
        let (a, b) = ("a".repeat(43), "b".repeat(43));
        read_keyring(&format!(
            r#"{{"current":"{current}","index":"r1","roots":{{"r1":"{a}","r2":"{b}"}}}}"#
        ))
    }

    fn token() -> RefreshToken {
        RefreshToken::first(AccountId([1; 16]), SessionId([2; 16]), &Sevens).expect("a token")
    }

    #[test]
    fn reads_its_own_text_and_refuses_every_changed_bit() {
        let (keyring, token) = (one(), token());
        let text = token.to_text(&keyring);
        let read = RefreshToken::parse(&text, &keyring).expect("ours");
        assert_eq!(read.digest(), token.digest());
        assert_eq!(
            (read.account(), read.session()),
            (AccountId([1; 16]), SessionId([2; 16]))
        );
        let bytes = from_base64url(&text).expect("base64url");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                RefreshToken::parse(&base64url(&changed), &keyring).is_none(),
                "bit {bit}"
            );
        }
        for length in 0..bytes.len() {
            assert!(RefreshToken::parse(&base64url(&bytes[..length]), &keyring).is_none());
        }
    }

    #[test]
    fn a_token_has_one_successor_which_is_never_an_earlier_token() {
        let keyring = one();
        let (mut token, mut seen) = (token(), HashSet::new());
        for _ in 0..100 {
            assert!(seen.insert(token.digest()));
            let again = token.successors(&keyring);
            let next = token.successors(&keyring).remove(0);
            assert_eq!(again[0].digest(), next.digest());
            token = next;
        }
    }

    #[test]
    fn old_tokens_and_their_successors_survive_a_new_current_root() {
        let text = token().to_text(&one());
        let after = two("r2");
        let read = RefreshToken::parse(&text, &after).expect("r1 is live");
        let before: Vec<_> = token()
            .successors(&one())
            .iter()
            .map(RefreshToken::digest)
            .collect();
        let possible: Vec<_> = read
            .successors(&after)
            .iter()
            .map(RefreshToken::digest)
            .collect();
        assert_eq!(possible.len(), 2);
        assert_eq!(possible[1], before[0]);
        let retired = read_keyring(&format!(
            r#"{{"current":"r2","roots":{{"r2":"{}"}}}}"#,
            "b".repeat(43)
        ));
        assert!(RefreshToken::parse(&text, &retired).is_none());
    }

    #[test]
    fn debug_hides_the_token() {
        assert_eq!(format!("{:?}", token()), "RefreshToken(…)");
    }
}
