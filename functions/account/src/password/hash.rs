//! Argon2id with a pepper, under a tag that says how a hash was made.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use phoneproof_crypto::keyring::{Keyring, Pepper};
use phoneproof_crypto::{base64url, from_base64url};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::{Random, RandomUnavailable, draw_array};
use phoneproof_domain::root::RootId;
use thiserror::Error;
use zeroize::Zeroizing;

use super::Password;

/// The cost of the current version: 19 MiB, two passes, one lane. It is the first choice of the OWASP Password Storage
/// Cheat Sheet for Argon2id where memory is scarce.
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

/// A hash as it is stored: `argon2id.<id of the pepper>.<KiB>.<passes>.<salt>.<hash>`.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("StoredPassword(…)")]
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

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
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
    /// The queue for a hashing thread was closed.
    #[error("the queue for hashing is closed")]
    QueueClosed,
    /// The thread that hashes panicked. A log line of its own says where. The message of a panic is not kept, because
    /// it can hold what was hashed.
    #[error("the hashing thread panicked")]
    ThreadPanicked,
    /// The thread that hashes was cancelled, as when the process ends.
    #[error("the hashing thread was cancelled")]
    ThreadCancelled,
}

/// Whether a password is the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It differs from the one whose hash is stored.
    Wrong,
    /// It is the one whose hash is stored.
    Right,
    /// It is, and the stored hash was made with other parameters or another pepper than today's: this one
    /// should take its place.
    Upgrade(StoredPassword),
}

/// The parts of a stored hash.
struct Parts {
    pepper: RootId,
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Parts {
    fn parse(stored: &StoredPassword) -> Option<Self> {
        let mut parts = stored.0.split('.');
        let mut next = || parts.next();
        let ("argon2id", pepper) = (next()?, RootId::parse(next()?)?) else {
            return None;
        };
        let cost = Cost {
            kibibytes: next()?.parse().ok()?,
            passes: next()?.parse().ok()?,
        };
        let (salt, hash) = (from_base64url(next()?).ok()?, from_base64url(next()?).ok()?);
        let is_whole = next().is_none() && hash.len() == HASH_BYTES && cost.is_acceptable();
        is_whole.then_some(Self {
            pepper,
            cost,
            salt,
            hash,
        })
    }
}

/// Makes and checks hashes.
///
/// The pepper is a key of the keyring and never stands in the table. It is Argon2's own secret input (RFC 9106 section
/// 3.1). So a stolen table cannot be searched without it.
#[derive(Debug, Clone, Copy)]
pub struct Hasher<'k> {
    keyring: &'k Keyring,
    now: Timestamp,
}

impl<'k> Hasher<'k> {
    /// A hasher with the peppers of `keyring`. New hashes are made with the one that is current at `now`.
    #[must_use]
    pub const fn new(keyring: &'k Keyring, now: Timestamp) -> Self {
        Self { keyring, now }
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
        let salt: [u8; SALT_BYTES] = draw_array(random)?;
        let pepper = self.keyring.current_pepper(self.now);
        let hash = digest(password, pepper, CURRENT, &salt)?;
        let (Cost { kibibytes, passes }, pepper) = (CURRENT, pepper.id().as_str());
        let (salt, hash) = (base64url(salt), base64url(hash.as_slice()));
        Ok(StoredPassword(format!(
            "argon2id.{pepper}.{kibibytes}.{passes}.{salt}.{hash}"
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
            None => return self.compare_with_nothing(password, random),
            Some(parts) => parts.ok_or(HashFailed::Damaged)?,
        };
        let Some(pepper) = self.keyring.pepper(&parts.pepper) else {
            tracing::warn!(
                pepper = parts.pepper.as_str(),
                "a password could not be compared: its pepper was retired"
            );
            return self.compare_with_nothing(password, random);
        };
        let hash = digest(password, pepper, parts.cost, &parts.salt)?;
        if verify_slices_are_equal(hash.as_slice(), &parts.hash).is_err() {
            return Ok(Outcome::Wrong);
        }
        if parts.cost == CURRENT && pepper.id() == self.keyring.current_pepper(self.now).id() {
            return Ok(Outcome::Right);
        }
        Ok(Outcome::Upgrade(self.hash(password, random)?))
    }

    /// The work of a comparison, and the answer that a wrong password gets.
    fn compare_with_nothing(
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
    pepper: &Pepper,
    cost: Cost,
    salt: &[u8],
) -> Result<Zeroizing<[u8; HASH_BYTES]>, HashFailed> {
    let params = Params::new(cost.kibibytes, cost.passes, 1, Some(HASH_BYTES));
    let params = params.map_err(HashFailed::Argon2)?;
    let argon2 = Argon2::new_with_secret(pepper.key(), Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    argon2
        .map_err(HashFailed::Argon2)?
        .hash_password_into(password.expose().as_bytes(), salt, hash.as_mut_slice())
        .map_err(HashFailed::Argon2)?;
    Ok(hash)
}

#[cfg(test)]
mod tests;
