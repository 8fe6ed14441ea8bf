//! The peppers of passwords.

use zeroize::Zeroizing;

use super::{KeyringError, PepperEntry};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::root::RootId;

/// A pepper: a key that goes into every hash of a password, and never stands in the table of hashes.
#[derive(derive_more::Debug)]
#[debug("Pepper {{ id: {id:?}, .. }}")]
pub struct Pepper {
    id: RootId,
    key: Zeroizing<[u8; 32]>,
    /// New hashes are made with it from this instant on.
    from: Timestamp,
}

impl Pepper {
    fn read(entry: &PepperEntry) -> Result<Self, KeyringError> {
        Ok(Self {
            id: RootId::parse(&entry.id).ok_or(KeyringError::BadId)?,
            key: entry.key.decode().ok_or(KeyringError::BadKey("peppers"))?,
            from: Timestamp::from_unix(entry.from.unwrap_or(0)),
        })
    }

    /// The id of the pepper, which stands in the tags of its hashes.
    #[must_use]
    pub const fn id(&self) -> &RootId {
        &self.id
    }

    /// The 256-bit key, for the hashes of passwords.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.key.as_slice()
    }
}

/// All peppers, in the order in which they came into use. There is at least one.
pub(crate) struct Peppers {
    first: Pepper,
    later: Vec<Pepper>,
}

impl Peppers {
    pub(crate) fn read(entries: &[PepperEntry]) -> Result<Self, KeyringError> {
        let (first, later) = entries.split_first().ok_or(KeyringError::NoPepper)?;
        Ok(Self {
            first: Pepper::read(first)?,
            later: later.iter().map(Pepper::read).collect::<Result<_, _>>()?,
        })
    }

    /// The pepper with this id.
    pub(super) fn find(&self, id: &RootId) -> Option<&Pepper> {
        let mut all = std::iter::once(&self.first).chain(&self.later);
        all.find(|pepper| pepper.id == *id)
    }

    /// The last pepper whose time has come by `now`.
    pub(crate) fn current(&self, now: Timestamp) -> &Pepper {
        let started = self.later.iter().rev().find(|pepper| pepper.from <= now);
        started.unwrap_or(&self.first)
    }
}
