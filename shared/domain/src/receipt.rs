//! Delivery receipts: what a carrier reported about a text, later on.
//!
//! A receipt is a statistic. Nothing decides by it, and no text is sent again because of one.

use std::time::Duration;

use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::country::Country;
use crate::subject::SubjectIndex;

/// For how long the last outcome of a phone is kept.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// For how long after its text a receipt is taken. Carriers report within 72 hours (AWS End User Messaging user guide).
pub const TAKEN_FOR: Duration = Duration::from_hours(7 * 24);

/// What became of a text, as far as somebody reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The text arrived, or the carrier of the phone took it: many carriers report no more than that.
    Delivered,
    /// The text did not arrive.
    Undelivered,
    /// Nobody reported it.
    Unknown,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Undelivered, Self::Unknown];

    /// Returns the name of the outcome in callbacks, metrics and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
        }
    }

    /// Finds the outcome with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// Why a text has its outcome. It is one of a short list, so that no text of a provider reaches a table or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptReason {
    /// The phone has it, or picked up.
    Arrived,
    /// The carrier of the phone took it.
    TakenByCarrier,
    /// It could not be delivered before its time was over.
    Expired,
    /// The phone or its carrier blocks it.
    Blocked,
    /// The operator's own rules block it: opt-outs, or a Protect configuration.
    BlockedByOperator,
    /// It counts as spam.
    Spam,
    /// The number is not a number that takes texts.
    InvalidNumber,
    /// The words were refused.
    InvalidText,
    /// The phone cannot be reached: it is off, or out of service.
    Unreachable,
    /// The carrier cannot be reached.
    CarrierUnreachable,
    /// Nobody picked up.
    NotAnswered,
    /// Anything else, or nothing was said.
    Other,
}

impl ReceiptReason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::Arrived,
        Self::TakenByCarrier,
        Self::Expired,
        Self::Blocked,
        Self::BlockedByOperator,
        Self::Spam,
        Self::InvalidNumber,
        Self::InvalidText,
        Self::Unreachable,
        Self::CarrierUnreachable,
        Self::NotAnswered,
        Self::Other,
    ];

    /// Returns the name of the reason in callbacks, lines and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::TakenByCarrier => "taken-by-carrier",
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::BlockedByOperator => "blocked-by-operator",
            Self::Spam => "spam",
            Self::InvalidNumber => "invalid-number",
            Self::InvalidText => "invalid-text",
            Self::Unreachable => "unreachable",
            Self::CarrierUnreachable => "carrier-unreachable",
            Self::NotAnswered => "not-answered",
            Self::Other => "other",
        }
    }

    /// Finds the reason with this name. Any other text is [`ReceiptReason::Other`], so that a provider's new word costs nobody
    /// a receipt.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == name);
        found.unwrap_or(Self::Other)
    }
}

/// What somebody reported about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// When it was so.
    pub at: Timestamp,
    /// What became of the text.
    pub outcome: Outcome,
    /// Why.
    pub reason: ReceiptReason,
}

/// What this service knows of a text that a receipt is about. It travels with the text, sealed, and comes back with the
/// receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentText {
    /// The keyed index of the phone, the one of the tables.
    pub phone: SubjectIndex,
    /// The country of the phone, if the policy serves it.
    pub country: Option<Country>,
    /// The channel that the text was handed to.
    pub channel: Channel,
    /// When it was asked for.
    pub sent_at: Timestamp,
}

impl SentText {
    /// Whether a receipt for this text is taken at `now`.
    #[must_use]
    pub fn takes_receipts_at(&self, now: Timestamp) -> bool {
        now < self.sent_at + TAKEN_FOR
    }

    /// Returns the instant that a report counts for: no earlier than its text, and no later than now. So no clock that is
    /// ahead makes a report win over all later ones.
    #[must_use]
    pub fn bound(&self, reported: Timestamp, now: Timestamp) -> Timestamp {
        reported.min(now).max(self.sent_at)
    }
}

/// The last outcome that is stored for a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastOutcome {
    /// The channel that the text took.
    pub channel: Channel,
    /// What was reported.
    pub report: Report,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_an_unknown_reason_is_other() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        for reason in ReceiptReason::ALL {
            assert_eq!(ReceiptReason::parse(reason.as_str()), reason);
        }
        assert_eq!(Outcome::parse("sent"), None);
        assert_eq!(
            ReceiptReason::parse("+14155550100"),
            ReceiptReason::Other,
            "no text of a provider is kept"
        );
    }

    #[test]
    fn a_report_counts_between_its_text_and_now() {
        let at = Timestamp::from_unix;
        let text = SentText {
            phone: SubjectIndex::from_text("i".to_owned()),
            country: None,
            channel: Channel::Hook,
            sent_at: at(1_000),
        };
        assert_eq!(text.bound(at(1_100), at(1_200)), at(1_100));
        assert_eq!(text.bound(at(9_999), at(1_200)), at(1_200), "ahead");
        assert_eq!(text.bound(at(1), at(1_200)), at(1_000), "before its text");
        assert!(text.takes_receipts_at(at(1_000 + 7 * 86_400 - 1)));
        assert!(!text.takes_receipts_at(at(1_000 + 7 * 86_400)));
    }
}
