//! The lines of receipts of delivery.

use std::time::{Duration, SystemTime};

use metrique_writer_format_emf::{Emf, EmfBuilder};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::receipt::{Outcome, ReceiptReason};

use super::metrics::{COUNT, declare as declare_metrics};
use super::{Level, NAMESPACE};

/// A receipt that was read.
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    /// The country of the phone, if the policy serves it.
    pub country: Option<Country>,
    /// The channel of the text; `None` when nothing says that this service sent it.
    pub channel: Option<Channel>,
    /// What became of the text.
    pub outcome: Outcome,
    /// Why the text has that outcome: one of a short list, never the words of a provider.
    pub reason: ReceiptReason,
}

/// Why a receipt was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not an event or a callback of the form that is documented.
    Form,
    /// What it brings back was not made by this stack, or its key has left the keyring.
    Foreign,
    /// It came too long after its text.
    TooLate,
    /// No secret of the hook made its signature.
    Signature,
}

impl Unreadable {
    /// Returns the name of the kind in lines and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Foreign => "foreign",
            Self::TooLate => "too-late",
            Self::Signature => "signature",
        }
    }
}

/// The channel in the line of a text that nothing says this service sent.
const UNATTRIBUTED: &str = "unattributed";

/// The line of a receipt. Its members are values of closed sets.
#[derive(metrique_writer::Entry)]
pub(super) struct ReceiptLine<'l> {
    #[entry(timestamp)]
    at: SystemTime,
    level: &'static str,
    message: &'static str,
    stack: &'l str,
    country: Option<&'l str>,
    channel: Option<&'static str>,
    outcome: Option<&'static str>,
    reason: Option<&'static str>,
    kind: Option<&'static str>,
    #[entry(name = "Receipts")]
    receipts: Option<u64>,
    #[entry(name = "UnreadableReceipts")]
    unreadable: Option<u64>,
}

impl<'l> ReceiptLine<'l> {
    pub(super) fn read(stack: &'l str, at: Duration, receipt: &'l Receipt) -> Self {
        Self {
            at: SystemTime::UNIX_EPOCH + at,
            level: Level::Info.as_str(),
            message: "receipt",
            stack,
            country: receipt.country.as_ref().map(Country::as_str),
            channel: Some(receipt.channel.map_or(UNATTRIBUTED, Channel::as_str)),
            outcome: Some(receipt.outcome.as_str()),
            reason: Some(receipt.reason.as_str()),
            kind: None,
            receipts: Some(1),
            unreadable: None,
        }
    }

    pub(super) fn unreadable(stack: &'l str, at: Duration, kind: Unreadable) -> Self {
        Self {
            at: SystemTime::UNIX_EPOCH + at,
            level: Level::Warn.as_str(),
            message: "a receipt was not read",
            stack,
            country: None,
            channel: None,
            outcome: None,
            reason: None,
            kind: Some(kind.as_str()),
            receipts: None,
            unreadable: Some(1),
        }
    }
}

/// Declares the metrics of receipts. Countries are those of the policy, so the sets are closed.
pub(super) fn declare() -> EmfBuilder {
    Emf::builder(NAMESPACE.to_owned(), vec![vec!["stack".to_owned()]])
        .directive(declare_metrics(
            COUNT,
            &[&["stack", "country", "channel", "outcome"]],
            &["Receipts"],
        ))
        .directive(declare_metrics(
            COUNT,
            &[&["stack", "kind"]],
            &["UnreadableReceipts"],
        ))
        .skip_all_validations(cfg!(not(test)))
}
