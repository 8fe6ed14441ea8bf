//! The request lines, each of them a log entry and metrics at once.

mod metrics;
mod not_taken;
mod receipt;

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use metrique_writer::format::Format as _;
use metrique_writer_format_emf::{Emf, NoMetric};
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::Detail;
use phoneproof_domain::purse::EmptyPurse;

use self::metrics::{declare_most, declare_purses};
use self::not_taken::NotTakenLine;
use self::receipt::ReceiptLine;
pub use self::receipt::{Receipt, Unreadable};
use crate::facts::{Dependency, Facts};

/// The namespace of every metric.
pub const NAMESPACE: &str = "PhoneProof";

/// The percent of its money stop from which a country has a metric of it. An alarm begins there, and below it nobody
/// pays for the metric.
pub const MONEY_WATCHED_FROM: u8 = 50;

/// The level of a request line. It says whose fault the outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The request was served, or its refusal is the caller's doing.
    Info,
    /// The carrier is at fault, or somebody used a copied refresh token.
    Warn,
    /// The service or its infrastructure is at fault.
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A request that was answered.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The time from the Unix epoch to the answer.
    pub at: Duration,
    /// The id that the gateway gave to the request.
    pub request_id: &'a str,
    /// The path of the request, if the service has it.
    pub route: Option<&'a str>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// `served`, or the `type` slug of the refusal.
    pub outcome: &'static str,
    /// The name of the rule that refused, if one did.
    pub rule: Option<&'static str>,
    /// The event that the metrics count: that of the facts, or the one of a refused request.
    pub event: Option<&'static str>,
    /// Whose fault the outcome is.
    pub level: Level,
    /// The time from the request to its answer.
    pub took: Duration,
    /// What happened while the request was served.
    pub facts: &'a Facts,
}

/// The request line. Its strings are properties and dimensions, its numbers are metrics, and absent members are left
/// out.
#[derive(metrique_writer::Entry)]
struct Line<'l> {
    #[entry(timestamp)]
    at: SystemTime,
    level: &'static str,
    message: &'static str,
    stack: &'l str,
    request_id: &'l str,
    route: Option<&'l str>,
    status: NoMetric<u64>,
    outcome: &'static str,
    rule: Option<&'static str>,
    #[entry(name = "wouldRefuse")]
    would_refuse: Option<&'static str>,
    purse: Option<&'static str>,
    money_percent: Option<NoMetric<u64>>,
    subject: Option<&'l str>,
    event: Option<&'static str>,
    country: Option<&'l str>,
    business: Option<&'l str>,
    carrier: Option<&'static str>,
    channel: Option<&'static str>,
    reason: Option<&'static str>,
    detail: Option<&'l str>,
    #[entry(name = "Texts")]
    texts: Option<u64>,
    #[entry(name = "Sent")]
    sent: Option<u64>,
    #[entry(name = "Segments")]
    segments: Option<u64>,
    #[entry(name = "EstimatedCost")]
    estimated_cost: Option<f64>,
    #[entry(name = "UpperBoundCost")]
    upper_bound_cost: Option<f64>,
    #[entry(name = "Shortfall")]
    shortfall: Option<f64>,
    #[entry(name = "Verifications")]
    verifications: Option<u64>,
    #[entry(name = "Verified")]
    verified: Option<u64>,
    #[entry(name = "Events")]
    events: Option<u64>,
    #[entry(name = "Vouched")]
    vouched: Option<u64>,
    #[entry(name = "Denied")]
    denied: Option<u64>,
    #[entry(name = "WouldRefuse")]
    counted_only: Option<u64>,
    #[entry(name = "PurseEmpty")]
    purse_empty: Option<u64>,
    #[entry(name = "MoneyStopUsed")]
    money_stop_used: Option<u64>,
    #[entry(name = "CreditsLost")]
    credits_lost: Option<u64>,
    #[entry(name = "Faults")]
    faults: Option<u64>,
    #[entry(name = "ColdStarts")]
    cold_starts: Option<u64>,
    #[entry(name = "InitTime")]
    init_time: Option<Duration>,
    #[entry(name = "Time")]
    time: Duration,
    #[entry(name = "StoreTime")]
    store_time: Option<Duration>,
    #[entry(name = "CarrierTime")]
    carrier_time: Option<Duration>,
    #[entry(name = "KeysTime")]
    keys_time: Option<Duration>,
}

/// Takes each finished line, newline included.
pub type Output = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Writes the request lines.
#[derive(derive_more::Debug)]
#[debug("Journal {{ stack: {stack:?}, .. }}")]
pub struct Journal {
    stack: String,
    emf: Mutex<Emf>,
    /// For the lines that have a metric of purses. They declare more metrics, and every byte of a log line costs.
    purse_emf: LazyLock<Mutex<Emf>>,
    /// For the lines of channels.
    channel_emf: LazyLock<Mutex<Emf>>,
    /// For the lines of receipts.
    receipt_emf: LazyLock<Mutex<Emf>>,
    init: Mutex<Option<Duration>>,
    output: Output,
}

impl Journal {
    /// Makes a journal whose metrics all have the dimension `stack`.
    ///
    /// `init` is how long the function took to start. The first line reports it as a cold start.
    #[must_use]
    pub fn new(stack: String, init: Option<Duration>, output: Output) -> Self {
        Self {
            stack,
            emf: Mutex::new(declare_most().build()),
            purse_emf: LazyLock::new(|| Mutex::new(declare_purses(declare_most()).build())),
            channel_emf: LazyLock::new(|| Mutex::new(not_taken::declare().build())),
            receipt_emf: LazyLock::new(|| Mutex::new(receipt::declare().build())),
            init: Mutex::new(init),
            output,
        }
    }

    /// Writes the line of a request, after a line for each channel that did not take its text.
    pub fn record(&self, entry: &Entry<'_>) {
        for (channel, why) in &entry.facts.not_taken {
            let made = NotTakenLine::new(&self.stack, entry, *channel, why);
            self.write(&self.channel_emf, &made, Vec::new());
        }
        let line = Vec::with_capacity(1_536);
        // Only a refusal by a rule names its subject, and only a wrong code names the device that asked for it.
        let denied = entry.rule.and(entry.facts.denied.as_ref());
        let subject = denied.or(entry.facts.guessed_by.as_ref());
        let subject = subject.map(ToString::to_string);
        let made = self.make_line(entry, subject.as_deref());
        let emf = if made.has_metric_of_purses() {
            &*self.purse_emf
        } else {
            &self.emf
        };
        self.write(emf, &made, line);
    }

    /// Writes the line of a receipt that was read, `at` after the Unix epoch.
    pub fn record_receipt(&self, at: Duration, receipt: &Receipt) {
        let made = ReceiptLine::read(&self.stack, at, receipt);
        self.write(&self.receipt_emf, &made, Vec::new());
    }

    /// Writes the line of a receipt that was not read. It has the kind of the fault and nothing of the receipt.
    pub fn record_unreadable_receipt(&self, at: Duration, kind: Unreadable) {
        let made = ReceiptLine::unreadable(&self.stack, at, kind);
        self.write(&self.receipt_emf, &made, Vec::new());
    }

    /// Writes one line, in the memory of `line`.
    fn write(&self, emf: &Mutex<Emf>, made: &impl metrique_writer::Entry, mut line: Vec<u8>) {
        match lock(emf).format(made, &mut line) {
            Ok(()) => (self.output)(&line),
            Err(error) => tracing::error!(%error, "a line could not be written"),
        }
    }

    fn make_line<'a>(&'a self, entry: &Entry<'a>, subject: Option<&'a str>) -> Line<'a> {
        let (facts, count_if) = (entry.facts, |is: bool| is.then_some(1));
        let text = facts.text.as_ref();
        let why = text.and_then(|text| text.delivery.why());
        let sent = text.filter(|text| text.delivery.is_accepted());
        let cost = sent.and_then(|text| text.cost);
        let money_used = facts.money_used.map(u64::from);
        let init = lock(&self.init).take();
        Line {
            at: SystemTime::UNIX_EPOCH + entry.at,
            level: entry.level.as_str(),
            message: "request",
            stack: &self.stack,
            request_id: entry.request_id,
            route: entry.route,
            status: NoMetric::from(u64::from(entry.status)),
            outcome: entry.outcome,
            rule: entry.rule,
            would_refuse: facts.would_refuse,
            purse: facts.empty_purse.map(EmptyPurse::name),
            money_percent: money_used.map(NoMetric::from),
            subject,
            event: entry.event,
            country: facts.country.as_ref().map(Country::as_str),
            business: facts.business.as_ref().map(BusinessId::as_str),
            carrier: text.map(|text| text.delivery.as_str()),
            channel: text.map(|text| text.delivery.channel().as_str()),
            reason: why.map(|why| why.reason.name()),
            detail: why.and_then(|why| why.detail.as_ref()).map(Detail::as_str),
            texts: text.map(|_| 1),
            sent: sent.map(|_| 1),
            segments: sent.map(|text| u64::from(text.segments)),
            estimated_cost: cost.map(|cost| cost.amount.dollars()),
            upper_bound_cost: cost
                .filter(|cost| cost.is_upper_bound)
                .map(|cost| cost.amount.dollars()),
            shortfall: measure_shortfall(sent.is_some(), facts.verified),
            verifications: count_if(facts.is_verification),
            verified: count_if(facts.verified),
            events: count_if(entry.event.is_some()),
            vouched: count_if(facts.vouched),
            denied: count_if(entry.rule.is_some()),
            counted_only: count_if(facts.would_refuse.is_some()),
            purse_empty: count_if(facts.empty_purse.is_some()),
            money_stop_used: money_used.filter(|used| *used >= MONEY_WATCHED_FROM.into()),
            credits_lost: (facts.credits_lost > 0).then_some(facts.credits_lost.into()),
            faults: count_if(entry.level == Level::Error),
            cold_starts: init.map(|_| 1),
            init_time: init,
            time: entry.took,
            store_time: facts.sum_up_time(|on| on == Dependency::Store),
            carrier_time: facts.sum_up_time(|on| matches!(on, Dependency::Carrier(_))),
            keys_time: facts.sum_up_time(|on| on == Dependency::Keys),
        }
    }
}

impl Line<'_> {
    const fn has_metric_of_purses(&self) -> bool {
        self.counted_only.is_some() || self.purse_empty.is_some() || self.money_stop_used.is_some()
    }
}

/// By how much a request changes the shortfall of its country: by 3 for a text, by -10 for a verified number.
///
/// The sum is above 0 when fewer than 3 of 10 texts lead to a verified number. An alarm can watch one sum per country,
/// but no quotient per country.
const fn measure_shortfall(sent: bool, verified: bool) -> Option<f64> {
    match (sent, verified) {
        (true, _) => Some(3.0),
        (false, true) => Some(-10.0),
        (false, false) => None,
    }
}

/// Locks `mutex`, even after a panic under its lock: the journal goes on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In tests, the formatter also validates the lines.
    #[test]
    fn only_the_first_line_of_a_process_reports_a_cold_start() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        let init = Some(Duration::from_millis(4));
        let output: Output = Arc::new(move |line| lock(&written).push(line.to_vec()));
        let journal = Journal::new("demo".to_owned(), init, output);
        let mut facts = Facts::default();
        facts.country = Country::parse("US").ok();
        facts.business = BusinessId::parse("login").ok();
        facts.is_verification = true;
        facts.verified = true;
        for _ in 0..2 {
            journal.record(&Entry {
                at: Duration::from_millis(1_795_435_200_123),
                request_id: "id",
                route: Some("/v1/verify"),
                status: 200,
                outcome: "served",
                rule: None,
                event: None,
                level: Level::Info,
                took: Duration::from_micros(1_250),
                facts: &facts,
            });
        }
        let lines: Vec<serde_json::Value> = lock(&lines)
            .iter()
            .map(|line| serde_json::from_slice(line).expect("JSON"))
            .collect();
        assert_eq!(lines[0]["_aws"]["Timestamp"], 1_795_435_200_123_u64);
        assert_eq!(
            (&lines[0]["ColdStarts"], &lines[0]["InitTime"]),
            (&1.into(), &4.into())
        );
        assert_eq!(
            (&lines[0]["Time"], &lines[0]["Verified"]),
            (&1.25.into(), &1.into())
        );
        assert!(lines[1]["ColdStarts"].is_null());
    }
}
