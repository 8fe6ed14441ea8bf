//! The challenge: one code, sent to one phone, for one business.

use crate::clock::Timestamp;
use crate::code::CodeMac;
use crate::country::Country;
use crate::device::Device;
use crate::locale::Locale;
use crate::phone::Phone;
use crate::phone_record::SlotIndex;
use crate::policy::BusinessId;

/// Identifies a challenge: 128 random bits, or 128 bits derived from an idempotency key.
///
/// An idempotency key that is used again after its challenge is over gives the same id. The two challenges differ in
/// when they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChallengeId(pub [u8; 16]);

/// A challenge: everything that `verify` has to know about a send.
///
/// The client carries it as a sealed token. The phone's record holds only what changes, in a
/// [`Slot`](crate::phone_record::Slot).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Identifies the challenge.
    pub id: ChallengeId,
    /// The number that was texted.
    pub phone: Phone,
    /// The country of the number, if the policy serves it. Reports name no other countries.
    pub country: Option<Country>,
    /// The device that asked for the code.
    pub device: Device,
    /// The business that the code is for.
    pub business: BusinessId,
    /// The slot of the challenge on the phone's record.
    pub slot: SlotIndex,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// The MAC of the code.
    pub code_mac: CodeMac,
    /// The language of the text.
    pub locale: Locale,
    /// SHA-256 of the action that the challenge is bound to.
    pub action: Option<[u8; 32]>,
    /// Whether the number is a test number of the policy.
    pub test: bool,
}

/// Why a challenge takes no guess and no resend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The right code was given before, or the phone's record no longer holds the challenge.
    Used,
    /// The code has expired.
    Expired,
    /// No guesses are left.
    Exhausted,
}

/// Where challenge tokens live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenMode {
    /// The token itself carries the sealed challenge, so `verify` reads nothing.
    #[default]
    Sealed,
    /// The client gets a reference. The sealed challenge is stored, where it can be revoked.
    Stored,
}

impl TokenMode {
    /// Reads `sealed` or `stored`.
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
