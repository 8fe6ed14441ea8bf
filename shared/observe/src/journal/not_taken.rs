//! The line of a channel that did not take a text or a call.

use std::time::SystemTime;

use metrique_writer_format_emf::{Emf, EmfBuilder};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::{Detail, NotTaken};

use super::metrics::{COUNT, declare as declare_metrics};
use super::{Entry, Level, NAMESPACE};

/// The line of a channel that did not take a text or a call. A request whose text went on to another channel leaves it,
/// too.
#[derive(metrique_writer::Entry)]
pub(super) struct NotTakenLine<'l> {
    #[entry(timestamp)]
    at: SystemTime,
    level: &'static str,
    message: &'static str,
    stack: &'l str,
    request_id: &'l str,
    country: Option<&'l str>,
    channel: &'static str,
    reason: &'static str,
    detail: Option<&'l str>,
    #[entry(name = "NotTaken")]
    not_taken: u64,
    #[entry(name = "ChannelFaults")]
    channel_faults: Option<u64>,
}

impl<'l> NotTakenLine<'l> {
    pub(super) fn new(
        stack: &'l str,
        entry: &Entry<'l>,
        channel: Channel,
        why: &'l NotTaken,
    ) -> Self {
        Self {
            at: SystemTime::UNIX_EPOCH + entry.at,
            level: Level::Warn.as_str(),
            message: if channel.calls() {
                "a channel did not take a call"
            } else {
                "a channel did not take a text"
            },
            stack,
            request_id: entry.request_id,
            country: entry.facts.country.as_ref().map(Country::as_str),
            channel: channel.as_str(),
            reason: why.reason.name(),
            detail: why.detail.as_ref().map(Detail::as_str),
            not_taken: 1,
            channel_faults: why.reason.alarms().then_some(1),
        }
    }
}

/// Declares the metrics of channels that did not take a text or a call.
///
/// A route has few channels and a reason is one of a table, so there are at most some dozens of pairs. Nobody pays for
/// one that did not occur.
pub(super) fn declare() -> EmfBuilder {
    Emf::builder(NAMESPACE.to_owned(), vec![vec!["stack".to_owned()]])
        .directive(declare_metrics(
            COUNT,
            &[&["stack", "channel", "reason"]],
            &["NotTaken"],
        ))
        .skip_all_validations(cfg!(not(test)))
}
