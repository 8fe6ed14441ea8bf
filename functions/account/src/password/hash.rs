//! Argon2id with a pepper, under a tag that says how a hash was made.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use phoneproof_crypto::keyring::{Keyring, Root};
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::random::{Random, RandomUnavailable, random_array};
use phoneproof_domain::root::RootId;
use thiserror::Error;
use zeroize::Zeroizing;

use super::Password;

/// The name of the pepper's key.
const PEPPER: &str = "pepper";

/// The cost of the current version: 19 MiB, two passes, one lane, the first choice of the OWASP Password
/// Storage Cheat Sheet for Argon2id where memory is scarce.
const CURRENT: Cost = Cost {
    kibibytes: 19 * 1_024,
    passes: 2,
};

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    kibibytes: u32,
    passes: u32,
}

impl Cost {
    /// The most that is accepted from a stored tag, so that nobody who can write one item makes every log-in
    /// run out of memory.
    const MOST: Self = Self {
        kibibytes: 64 * 1_024,
        passes: 10,
    };

    const fn is_acceptable(self) -> bool {
        self.kibibytes <= Self::MOST.kibibytes && self.passes <= Self::MOST.passes
    }
}

/// A hash as it is stored: `argon2id.<root of the pepper>.<KiB>.<passes>.<salt>.<hash>`.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword(String);

impl StoredPassword {
    /// A text from the store.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The text for the store.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword(…)")
    }
}

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashFailed {
    /// There was no random salt.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// Argon2 failed, for example for want of memory.
    #[error("Argon2: {0}")]
    Argon2(argon2::Error),
    /// The stored text is not a hash of this service.
    #[error("the stored hash is damaged")]
    Damaged,
    /// The thread that hashes ended before it was done.
    #[error("the hashing thread ended early")]
    ThreadEnded,
}

/// Whether a password is the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is not.
    Wrong,
    /// It is.
    Right,
    /// It is, and the stored hash was made with other parameters or another pepper than today's: this one
    /// should take its place.
    Upgrade(StoredPassword),
}

/// The parts of a stored hash.
struct Parts {
    root: RootId,
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parts {
    fn parse(stored: &StoredPassword) -> Option<Self> {
        let mut parts = stored.0.split('.');
        let mut next = || parts.next();
        let ("argon2id", root) = (next()?, RootId::parse(next()?)?) else {
            return None;
        };
        let cost = Cost {
            kibibytes: next()?.parse().ok()?,
            passes: next()?.parse().ok()?,
        };
        let (salt, hash) = (from_base64url(next()?).ok()?, from_base64url(next()?).ok()?);
        let is_whole = next().is_none() && hash.len() == HASH_BYTES && cost.is_acceptable();
        is_whole.then_some(Self {
            root,
            cost,
            salt,
            hash,
        })
    }
}

/// Makes and checks hashes.
///
/// The pepper, a key of the keyring that never stands in the table, is Argon2's own secret input (RFC 9106
/// section 3.1): a stolen table cannot be searched without it.
#[derive(Debug, Clone, Copy)]
pub struct Hasher<'k> {
    keyring: &'k Keyring,
}

impl<'k> Hasher<'k> {
    /// A hasher with the peppers of `keyring`.
    #[must_use]
    pub const fn new(keyring: &'k Keyring) -> Self {
        Self { keyring }
    }

    /// Hashes `password` with today's parameters.
    ///
    /// # Errors
    ///
    /// [`HashFailed`] without random bytes or memory.
    pub fn hash(
        &self,
        password: &Password,
        random: &dyn Random,
    ) -> Result<StoredPassword, HashFailed> {
        let salt: [u8; SALT_BYTES] = random_array(random)?;
        let root = self.keyring.current();
        let hash = digest(password, root, CURRENT, &salt)?;
        let (Cost { kibibytes, passes }, root) = (CURRENT, root.id().as_str());
        let (salt, hash) = (base64url(salt), base64url(hash.as_slice()));
        Ok(StoredPassword(format!(
            "argon2id.{root}.{kibibytes}.{passes}.{salt}.{hash}"
        )))
    }

    /// Compares `password` with what is stored.
    ///
    /// Without anything stored, the same work is done and the answer is [`Outcome::Wrong`]: an account that
    /// does not exist costs what a wrong password costs. So does one whose pepper was retired: nothing can say
    /// any more whether the password is right, and its owner has to reset it.
    ///
    /// # Errors
    ///
    /// [`HashFailed`] when the stored text is damaged, or memory is missing.
    pub fn check(
        &self,
        password: &Password,
        stored: Option<&StoredPassword>,
        random: &dyn Random,
    ) -> Result<Outcome, HashFailed> {
        let parts = match stored.map(Parts::parse) {
            None => return self.nothing_to_compare(password, random),
            Some(parts) => parts.ok_or(HashFailed::Damaged)?,
        };
        let Some(root) = self.keyring.root(&parts.root) else {
            tracing::warn!(
                root = parts.root.as_str(),
                "a password could not be compared: its root was retired"
            );
            return self.nothing_to_compare(password, random);
        };
        let hash = digest(password, root, parts.cost, &parts.salt)?;
        if verify_slices_are_equal(hash.as_slice(), &parts.hash).is_err() {
            return Ok(Outcome::Wrong);
        }
        if parts.cost == CURRENT && root.id() == self.keyring.current().id() {
            return Ok(Outcome::Right);
        }
        Ok(Outcome::Upgrade(self.hash(password, random)?))
    }

    /// The work of a comparison, and the answer that a wrong password gets.
    fn nothing_to_compare(
        self,
        password: &Password,
        random: &dyn Random,
    ) -> Result<Outcome, HashFailed> {
        self.hash(password, random)?;
        Ok(Outcome::Wrong)
    }
}

fn digest(
    password: &Password,
    root: &Root,
    cost: Cost,
    salt: &[u8],
) -> Result<Zeroizing<[u8; HASH_BYTES]>, HashFailed> {
    let params = Params::new(cost.kibibytes, cost.passes, 1, Some(HASH_BYTES));
    let params = params.map_err(HashFailed::Argon2)?;
    let pepper = root.named_key(PEPPER);
    let argon2 = Argon2::new_with_secret(
        pepper.as_slice(),
        Algorithm::Argon2id,
        Version::V0x13,
        params,
    );
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    argon2
        .map_err(HashFailed::Argon2)?
        .hash_password_into(password.expose().as_bytes(), salt, hash.as_mut_slice())
        .map_err(HashFailed::Argon2)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are not random: they count up.
    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::try_from(at % 256).unwrap_or(0);
            }
            Ok(())
        }
    }

    struct NoRandom;

    impl Random for NoRandom {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomUnavailable> {
            Err(RandomUnavailable)
        }
    }

    fn keyring(current: &str, roots: &[&str]) -> Keyring {
        let roots: Vec<_> = roots
            .iter()
            .map(|id| format!("\"{id}\":\"{}\"", id.repeat(22)))
            .collect();
        let (index, roots) = ("r1", roots.join(","));
        Keyring::from_json(&format!(
            r#"{{"current":"{current}","index":"{index}","roots":{{{roots}}}}}"#
        ))
        .expect("a keyring")
    }

    fn password(text: &str) -> Password {
        Password::parse(text).expect("a password")
    }

    #[test]
    fn only_the_right_password_passes() {
        let keyring = keyring("r1", &["r1"]);
        let hasher = Hasher::new(&keyring);
        let right = password("correct horse battery");
        let stored = hasher.hash(&right, &Counting).expect("a hash");
        let check = |typed: &str| hasher.check(&password(typed), Some(&stored), &Counting);
        assert_eq!(check("correct horse battery"), Ok(Outcome::Right));
        assert_eq!(check("Correct horse battery"), Ok(Outcome::Wrong));
        assert_eq!(hasher.check(&right, None, &Counting), Ok(Outcome::Wrong));
    }

    #[test]
    fn the_tag_names_pepper_and_cost_and_the_pepper_counts() {
        let one = keyring("r1", &["r1"]);
        let other = Keyring::from_json(&format!(
            r#"{{"current":"r1","roots":{{"r1":"{}"}}}}"#,
            "x".repeat(43)
        ))
        .expect("a keyring");
        let typed = password("correct horse battery");
        let stored = Hasher::new(&one).hash(&typed, &Counting).expect("a hash");
        assert!(
            stored
                .as_text()
                .starts_with("argon2id.r1.19456.2.AAECAwQFBgcICQoLDA0ODw.")
        );
        let elsewhere = Hasher::new(&other).check(&typed, Some(&stored), &Counting);
        assert_eq!(elsewhere, Ok(Outcome::Wrong));
    }

    #[test]
    fn an_old_pepper_or_cost_is_upgraded() {
        let typed = password("correct horse battery");
        let before = keyring("r1", &["r1"]);
        let old = Hasher::new(&before)
            .hash(&typed, &Counting)
            .expect("a hash");
        let after = keyring("r2", &["r1", "r2"]);
        let hasher = Hasher::new(&after);
        let upgraded = hasher.check(&typed, Some(&old), &Counting);
        let Ok(Outcome::Upgrade(new)) = upgraded else {
            panic!("{upgraded:?}");
        };
        assert!(new.as_text().starts_with("argon2id.r2."));
        assert_eq!(
            hasher.check(&typed, Some(&new), &Counting),
            Ok(Outcome::Right)
        );
        let cost = Cost {
            kibibytes: 64,
            passes: 1,
        };
        let hash = digest(&typed, before.current(), cost, &[7; SALT_BYTES]).expect("a hash");
        let (salt, hash) = (base64url([7; SALT_BYTES]), base64url(hash.as_slice()));
        let cheap = StoredPassword(format!("argon2id.r1.64.1.{salt}.{hash}"));
        let upgraded = Hasher::new(&before).check(&typed, Some(&cheap), &Counting);
        assert_eq!(upgraded, Ok(Outcome::Upgrade(old)));
    }

    #[test]
    fn a_retired_pepper_is_a_wrong_password_after_the_same_work() {
        let typed = password("correct horse battery");
        let before = keyring("r1", &["r1", "r2"]);
        let stored = Hasher::new(&before)
            .hash(&typed, &Counting)
            .expect("a hash");
        let after = Keyring::from_json(&format!(
            r#"{{"current":"r2","roots":{{"r2":"{}"}}}}"#,
            "r2".repeat(22)
        ))
        .expect("a keyring");
        let check = |random: &dyn Random| Hasher::new(&after).check(&typed, Some(&stored), random);
        assert_eq!(check(&Counting), Ok(Outcome::Wrong));
        // A salt is drawn for the work, so without random bytes there is no answer.
        assert_eq!(check(&NoRandom), Err(RandomUnavailable.into()));
    }

    #[test]
    fn a_damaged_text_is_an_error_not_a_wrong_password() {
        let typed = password("correct horse battery");
        let first = keyring("r1", &["r1"]);
        let stored = Hasher::new(&first).hash(&typed, &Counting).expect("a hash");
        let text = stored.as_text();
        for damaged in [
            text.replacen("r1", "R1", 1),
            text.replacen("argon2id", "argon2i", 1),
            text.replacen("19456", "4000000", 1),
            text.replacen("19456", "-1", 1),
            text.replacen(".2.", ".4000000.", 1),
            format!("{text}.more"),
            text[..text.len() - 1].to_owned(),
            String::new(),
        ] {
            let stored = StoredPassword::from_text(damaged.clone());
            let checked = Hasher::new(&first).check(&typed, Some(&stored), &Counting);
            assert_eq!(checked, Err(HashFailed::Damaged), "{damaged}");
        }
    }

    #[test]
    fn debug_hides_the_hash() {
        let stored = StoredPassword::from_text("canary".to_owned());
        assert_eq!(format!("{stored:?}"), "StoredPassword(…)");
    }
}
