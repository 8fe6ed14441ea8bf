//! The challenge: one code that the service sent to one phone for one business.

use std::time::Duration;

use crate::business_id::BusinessId;
use crate::clock::Timestamp;
use crate::code::CodeMac;
use crate::country::Country;
use crate::device::Device;
use crate::locale::Locale;
use crate::phone::Phone;
use crate::purse::Payer;
use crate::subject::SubjectIndex;

/// The least time that a code must still work to be texted again.
///
/// A text takes seconds to arrive, and its words promise whole minutes. With less time left, a resend makes a new
/// challenge with the guesses that are left.
pub const RENEWED_BELOW: Duration = Duration::from_mins(2);

/// Identifies a challenge: 128 random bits, or 128 bits derived from an idempotency key or from the challenge before.
///
/// An idempotency key that is used again after its challenge is over gives the same id. Such challenges differ in the
/// instant at which they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChallengeId(pub [u8; 16]);

/// The place of a challenge on its phone's record, below [`SlotLayout::count`](crate::phone_record::SlotLayout::count).
pub type SlotIndex = u8;

/// Everything that `verify` has to know about a send.
///
/// The sealed token holds the challenge. The phone's record holds only the part that changes, in a
/// [`Slot`](crate::phone_record::Slot).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The id of the challenge, which its slot holds, too.
    pub id: ChallengeId,
    /// The number that the code was texted to.
    pub phone: Phone,
    /// The country of the number, if the policy serves it. Reports never name a country that it does not serve.
    pub country: Option<Country>,
    /// The device that asked for the code.
    pub device: Device,
    /// The business that the code is for.
    pub business: BusinessId,
    /// The slot of the challenge on the phone's record.
    pub slot: SlotIndex,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// The MAC of the code, bound to the challenge.
    pub code_mac: CodeMac,
    /// The language of the text.
    pub locale: Locale,
    /// SHA-256 of the action that the challenge is bound to.
    pub action: Option<[u8; 32]>,
    /// Whether the number is a test number of the policy.
    pub test: bool,
    /// What the text used up; `None` for a test number, for a token of an earlier version, and for one that was made
    /// again. Nothing is given back for those.
    pub payment: Option<Payment>,
}

/// What the text of a challenge used up, which its typed code gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The purses that paid.
    pub payer: Payer,
    /// The address that counts the text.
    pub address: SubjectIndex,
    /// The start of the hour in which it counts there.
    pub hour: Timestamp,
}

impl Challenge {
    /// Whether a resend at `now` makes a new challenge, because the code does not work for [`RENEWED_BELOW`] any more.
    #[must_use]
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        self.expires_at < now + RENEWED_BELOW
    }
}

/// Why a challenge takes no guess and no resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The right code was entered before, or the phone's record no longer holds the challenge.
    Used,
    /// The code has expired.
    Expired,
    /// No guesses are left.
    Exhausted,
    /// A resend near the end has made a new challenge, which took over the guesses.
    Renewed,
}

/// Where the sealed challenge is kept between send and verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenMode {
    /// The client keeps it: the challenge token is the sealed challenge, so `verify` reads no token from the store.
    #[default]
    Sealed,
    /// The store keeps it, where an operator can revoke it. The challenge token is a reference to it.
    Stored,
}

impl TokenMode {
    /// Reads `sealed` or `stored`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sealed" => Some(Self::Sealed),
            "stored" => Some(Self::Stored),
            _ => None,
        }
    }
}

impl std::fmt::Display for TokenMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sealed => "sealed",
            Self::Stored => "stored",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_is_written() {
        for mode in [TokenMode::Sealed, TokenMode::Stored] {
            assert_eq!(TokenMode::parse(&mode.to_string()), Some(mode));
        }
        assert_eq!(TokenMode::parse("Sealed"), None);
    }
}
