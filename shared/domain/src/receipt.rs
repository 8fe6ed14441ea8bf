//! Delivery receipts: what a carrier reported about a text, later on.
//!
//! A receipt is a statistic. Nothing decides by it, and no text is sent again because of one.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use strum::EnumCount;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::country::Country;
use crate::subject::SubjectIndex;

/// For how long the last outcome of a phone is kept.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// For how long after its text a receipt is taken. Carriers report within 72 hours (AWS End User Messaging user guide).
pub const TAKEN_FOR: Duration = Duration::from_hours(7 * 24);

/// An instant of a report, in milliseconds since the Unix epoch. Two reports of one second have an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// Makes the instant `milliseconds` after the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Makes the instant that is `elapsed` after the Unix epoch.
    #[must_use]
    pub fn since_epoch(elapsed: Duration) -> Self {
        Self(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Returns the last moment of a second, because the exact moment is not known.
    #[must_use]
    pub const fn end_of(second: Timestamp) -> Self {
        Self(second.unix().saturating_mul(1_000).saturating_add(999))
    }

    /// Reads RFC 3339, as in `2026-11-23T12:00:00.25Z`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let read = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let milliseconds = read.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(milliseconds).ok().map(Self)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Returns the second that it is in.
    #[must_use]
    pub const fn second(self) -> Timestamp {
        Timestamp::from_unix(self.0.div_euclid(1_000))
    }
}

/// Writes its second, which is as fine as people need it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.second().fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.second().serialize(serializer)
    }
}

/// Tells the reports of one phone apart: a digest of the text and of what its report is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportId(pub [u8; 6]);

/// What became of a text, as far as somebody reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount)]
pub enum Outcome {
    /// The text arrived, or the carrier of the phone took it: many carriers report no more than that.
    Delivered,
    /// The text did not arrive.
    Undelivered,
    /// No carrier reported in time. AWS says so after 72 hours.
    Unknown,
}

impl Outcome {
    /// Every outcome, in the order of the documents.
    pub const ALL: [Self; Self::COUNT] = [Self::Delivered, Self::Undelivered, Self::Unknown];

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount)]
pub enum ReceiptReason {
    /// The phone received the text, or somebody answered the call.
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
    /// A call that nobody picked up.
    NotAnswered,
    /// Anything else, or nothing was said.
    Other,
}

impl ReceiptReason {
    /// Every reason, in the order of the documents.
    pub const ALL: [Self; Self::COUNT] = [
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

    /// Finds the reason with this name. Any other text is [`ReceiptReason::Other`], so that a provider's new word costs
    /// nobody a receipt.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|reason| reason.as_str() == name);
        found.unwrap_or(Self::Other)
    }
}

/// What somebody reported about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The instant that the report is about.
    pub at: Moment,
    /// What became of the text.
    pub outcome: Outcome,
    /// Why the text has that outcome; [`ReceiptReason::Other`] if nothing was said.
    pub reason: ReceiptReason,
}

/// What this service knows of a text that a receipt is about. It travels with the text, sealed, and comes back with the
/// receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentText {
    /// The keyed index of the phone, the one of the tables.
    pub phone_index: SubjectIndex,
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

    /// Returns the instant that a report counts for: no earlier than its text, and no later than now. So no clock that
    /// is ahead makes a report win over all later ones.
    #[must_use]
    pub fn bound(&self, reported: Moment, now: Moment) -> Moment {
        let sent_at = Moment(self.sent_at.unix().saturating_mul(1_000));
        reported.min(now).max(sent_at)
    }
}

/// The last outcome that is stored for a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastOutcome {
    /// The channel that the text took.
    pub channel: Channel,
    /// The newest report of the phone.
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
            phone_index: SubjectIndex::from_text("i".to_owned()),
            country: None,
            channel: Channel::Hook,
            sent_at: at(1_000),
        };
        let (now, moment) = (Moment(1_200_500), Moment);
        assert_eq!(text.bound(moment(1_100_250), now), moment(1_100_250));
        assert_eq!(text.bound(moment(9_999_000), now), now, "ahead");
        let sent_at = moment(1_000_000);
        assert_eq!(text.bound(moment(999_999), now), sent_at, "before its text");
        assert!(text.takes_receipts_at(at(1_000 + 7 * 86_400 - 1)));
        assert!(!text.takes_receipts_at(at(1_000 + 7 * 86_400)));
    }

    #[test]
    fn a_moment_is_read_to_the_millisecond_and_shown_to_the_second() {
        let noon = 1_795_435_200_000;
        for (text, expected) in [
            ("2026-11-23T12:00:00Z", Some(noon)),
            ("2026-11-23T12:00:00.25Z", Some(noon + 250)),
            ("2026-11-23T13:00:00.999999+01:00", Some(noon + 999)),
            ("1969-12-31T23:59:59.5Z", Some(-500)),
            ("2026-11-23", None),
            ("2026-11-23T12:00:00", None),
            ("", None),
        ] {
            let read = Moment::parse(text).map(Moment::unix_millis);
            assert_eq!(read, expected, "{text}");
        }
        let moment = Moment::from_unix_millis(noon + 999);
        assert_eq!(moment.to_string(), "2026-11-23T12:00:00Z");
        let second = Timestamp::from_unix(noon / 1_000);
        assert_eq!((moment.second(), Moment::end_of(second)), (second, moment));
        let elapsed = Duration::from_millis(1_500);
        assert_eq!(Moment::since_epoch(elapsed), Moment(1_500));
    }
}
