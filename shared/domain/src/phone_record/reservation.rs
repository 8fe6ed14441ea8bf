//! A challenge that is to get a slot of its phone.

use super::ResendId;
use crate::challenge::{ChallengeId, SlotIndex};
use crate::purse::Claim;

/// What a send to a phone uses up, besides a slot: a cooldown, a count of the hour and a count of the day.
///
/// The two allowances have their own, so that strangers who keep asking for the phone do not stop its owner. Their limits
/// are those of the phone. So a phone gets three times its limit at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Share {
    /// What everybody who asks for the phone shares.
    #[default]
    Common,
    /// The allowance for the device that the phone was verified with.
    Here,
    /// The allowance for other devices in the network that the phone was verified in.
    Near,
}

impl Share {
    /// Returns the share of the phone's limits out of which the text of `claim` goes, when the common ones refuse it.
    #[must_use]
    pub const fn of(claim: Claim) -> Self {
        match claim {
            Claim::Here { .. } => Self::Here,
            Claim::Near { .. } => Self::Near,
            Claim::Nothing | Claim::Elsewhere { .. } => Self::Common,
        }
    }
}

/// The challenge that a send is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// A new challenge with a random id.
    New {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
    },
    /// A challenge whose id comes from an idempotency key. It may exist already.
    Idempotent {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
    },
    /// An existing challenge, whose code is texted again.
    Resend {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
        /// The guesses that it has left. The answer names them.
        attempts_left: u32,
        /// The resend, if it has an idempotency key.
        key: Option<ResendId>,
    },
    /// A new challenge in place of one that ends soon. Its id comes from that one, so it may exist already.
    Renewal {
        /// The id of the challenge.
        id: ChallengeId,
        /// The slot of the challenge.
        slot: SlotIndex,
        /// The challenge that it follows.
        of: Predecessor,
        /// The resend, if it has an idempotency key.
        key: Option<ResendId>,
    },
}

/// A challenge that ends soon, whose guesses pass to the challenge that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predecessor {
    /// The id of the challenge.
    pub id: ChallengeId,
    /// The slot of the challenge.
    pub slot: SlotIndex,
    /// The guesses that it has left. The new challenge gets them, and this one keeps none.
    pub attempts_left: u32,
}

impl Reservation {
    /// Returns the id of the challenge.
    #[must_use]
    pub const fn id(&self) -> ChallengeId {
        match self {
            Self::New { id, .. }
            | Self::Idempotent { id, .. }
            | Self::Resend { id, .. }
            | Self::Renewal { id, .. } => *id,
        }
    }

    /// Returns the slot of the challenge.
    #[must_use]
    pub const fn slot(&self) -> SlotIndex {
        match self {
            Self::New { slot, .. }
            | Self::Idempotent { slot, .. }
            | Self::Resend { slot, .. }
            | Self::Renewal { slot, .. } => *slot,
        }
    }

    /// Returns the resend, if it has an idempotency key.
    #[must_use]
    pub const fn key(&self) -> Option<ResendId> {
        match self {
            Self::Resend { key, .. } | Self::Renewal { key, .. } => *key,
            Self::New { .. } | Self::Idempotent { .. } => None,
        }
    }

    /// Whether the send makes a challenge, and does not text the code of an existing one again.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        !matches!(self, Self::Resend { .. })
    }

    /// Returns the same reservation in another slot. A resend keeps the slot of its challenge.
    #[must_use]
    pub const fn with_slot(self, slot: SlotIndex) -> Self {
        match self {
            Self::New { id, .. } => Self::New { id, slot },
            Self::Idempotent { id, .. } => Self::Idempotent { id, slot },
            Self::Renewal { id, of, key, .. } => Self::Renewal { id, slot, of, key },
            Self::Resend { .. } => self,
        }
    }
}
