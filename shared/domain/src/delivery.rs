//! What becomes of a text at a channel.

mod not_taken;
mod reason;
mod text;

pub use self::not_taken::{Detail, NotTaken};
pub use self::reason::{Certainty, Reason};
pub use self::text::{Text, TextId};

use crate::channel::Channel;

/// What became of a text at one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The channel took the text.
    Accepted {
        /// The channel that took it.
        channel: Channel,
        /// The id that the channel gave to the text, if it gave one.
        id: Option<MessageId>,
    },
    /// The text was certainly not sent.
    Refused {
        /// The channel that was tried last.
        channel: Channel,
        /// Why; the certainty of its reason is [`Certainty::NotSent`].
        why: NotTaken,
    },
    /// The text may have been sent: the channel gave no answer, or one that does not tell.
    Unknown {
        /// The channel that was tried last.
        channel: Channel,
        /// What is known; the certainty of its reason is [`Certainty::Unclear`].
        why: NotTaken,
    },
}

impl Delivery {
    /// Makes the outcome of a text that `channel` did not take. The reason says whether it is refused or unknown.
    #[must_use]
    pub fn from_failure(channel: Channel, why: impl Into<NotTaken>) -> Self {
        let why = why.into();
        match why.reason.certainty() {
            Certainty::NotSent => Self::Refused { channel, why },
            Certainty::Unclear => Self::Unknown { channel, why },
        }
    }

    /// Returns the name of the outcome in request lines.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Returns the channel that was tried last.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Accepted { channel, .. }
            | Self::Refused { channel, .. }
            | Self::Unknown { channel, .. } => *channel,
        }
    }

    /// Returns why the channel did not take the text, as far as is known; `None` if it did.
    #[must_use]
    pub const fn why(&self) -> Option<&NotTaken> {
        match self {
            Self::Accepted { .. } => None,
            Self::Refused { why, .. } | Self::Unknown { why, .. } => Some(why),
        }
    }

    /// Whether the channel took the text.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }

    /// Whether the next channel of the route is tried: nothing was sent, and another channel may do better.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        match self {
            Self::Refused { why, .. } => why.reason.tries_next(),
            Self::Accepted { .. } | Self::Unknown { .. } => false,
        }
    }
}

/// The id that a channel gave to a text.
///
/// An operator of a hook chooses its form, and it may name a person: `Debug` hides it, and no log has it.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("MessageId(…)")]
pub struct MessageId(String);

impl MessageId {
    /// Keeps `id`; `None` if it is empty.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        (!id.is_empty()).then_some(Self(id))
    }

    /// Returns the id, for the operator who sent the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_text_goes_on_and_an_unclear_one_stops() {
        for reason in Reason::ALL {
            let failed = Delivery::from_failure(Channel::Hook, reason);
            let is_sure = reason.certainty() == Certainty::NotSent;
            assert_eq!(matches!(failed, Delivery::Refused { .. }), is_sure);
            assert_eq!(matches!(failed, Delivery::Unknown { .. }), !is_sure);
            assert!(is_sure || !failed.goes_on(), "{}: two texts", reason.name());
            assert_eq!(failed.why(), Some(&NotTaken::from(reason)));
        }
        let id = MessageId::new("+14155550100");
        let accepted = Delivery::Accepted {
            channel: Channel::Sns,
            id,
        };
        assert!(!accepted.goes_on());
        assert!(!format!("{accepted:?}").contains("4155550100"));
    }
}
