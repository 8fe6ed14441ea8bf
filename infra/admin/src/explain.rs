//! `explain`: says which rule would refuse a text now, and which purse would pay for it. It decides with the functions
//! that the service decides with.

mod calls;
mod outcome;
mod purses;
mod report;

use phoneproof_aws::store::{Block, Store};
use phoneproof_crypto::index::Indexer;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::gate::{Check, Found, Gate, Verdict};
use phoneproof_domain::phone::Destination;
use phoneproof_domain::phone_record::{Reservation, SendRefusal, Terms};
use phoneproof_domain::policy::{Business, Policy};
use phoneproof_domain::purse::{Ask, Claim, Lane};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex, Subjects};
use serde_json::json;

use self::calls::CallForecast;
use self::purses::{Forecast, make_ask};
use self::report::report;
use crate::cli::{Common, ExplainArguments};
use crate::operator::{Operator, parse_phone};
use crate::opted_out::is_opted_out;
use crate::output::{CommandError, Reply};
use crate::specimen;
use crate::subjects::{parse_address, parse_device};

/// What one rule decides, and the count and limit it decides by.
struct Finding {
    rule: Rule,
    subject: Subject,
    count: Option<u32>,
    limit: Option<u32>,
    block: Option<Block>,
    denial: Option<Denial>,
    /// Whether the phone has an allowance for this caller, which the denial does not hold for.
    is_lifted: bool,
}

impl Finding {
    /// Whether the denial is by a limit of the phone, which its allowance may get around.
    fn is_of_phone(&self) -> bool {
        let denial = self.denial.as_ref();
        denial.is_some_and(|denial| denial.yields_to_allowance(self.subject.kind))
    }

    /// The rule that refuses, or else the one whose gate this is. The gate of the cooldown also finds the lock.
    fn name(&self) -> &'static str {
        let refuses = self.denial.as_ref().map(Denial::rule);
        refuses.unwrap_or(self.rule.name())
    }

    /// When the rule admits a text again; `None` when it admits one now, or when only an operator can help.
    fn frees_at(&self) -> Option<Timestamp> {
        let block_ends = self.block.as_ref().and_then(|block| block.expires_at);
        block_ends.or(self.denial.as_ref().and_then(Denial::retry_at))
    }
}

/// No challenge is made, so any will do.
const ANY: Reservation = Reservation::New {
    id: ChallengeId([0; 16]),
    slot: 0,
};

/// What the operator asks about: at least one of the four.
struct Asked<'a> {
    destination: Option<Destination>,
    device: Option<&'a str>,
    address: Option<&'a str>,
    business: Option<&'a str>,
}

pub(crate) async fn explain(
    operator: &Operator,
    common: &Common,
    arguments: &ExplainArguments,
) -> Result<Reply, CommandError> {
    let mut asked = read_arguments(arguments, common)?;
    let policy = operator.read_policy().await?;
    asked.destination = asked
        .destination
        .map(|read| policy.numbers.classify(read.clone()).unwrap_or(read));
    let resources = operator.find_resources().await?;
    let keyring = operator.read_keyring(&resources).await?;
    let business = find_business(&policy, &asked)?;
    let mut subjects = index_subjects(keyring.indexer(), &asked)?;
    subjects.business_index = business.map(|(id, _)| SubjectIndex::of_business(id));
    let (store, now) = (operator.open_store(&resources), operator.now());
    let limits = match &asked.destination {
        Some(destination) => policy.find_limits(&destination.phone, now),
        None => policy.limits,
    };
    let is_test = asked.destination.as_ref().is_some_and(|destination| {
        let listed = policy.test_number(&destination.phone, now);
        matches!(listed, Ok(Some(_)))
    });
    let limits = match business {
        Some((_, business)) if !is_test => business.limit(limits),
        Some(_) | None => limits,
    };
    let terms = policy.make_terms(now, &limits);
    let phone_index = subjects.phone_index.clone();
    let record = match &subjects.phone_index {
        Some(index) => store.read_phone_record(index, &terms.today).await?,
        None => None,
    };
    let found = Found {
        phone: record.unwrap_or_default(),
        ..Found::default()
    };
    let mut findings = Vec::new();
    let made = policy.make_gates(subjects, &limits, now);
    for gate in made.clone() {
        findings.push(check_gate(gate, &store, &found, &terms).await?);
    }
    let ask = make_ask(&policy, keyring.indexer(), &asked, now)?;
    let forecast = match ask.filter(|_| !is_test) {
        Some(ask) => {
            let gates = (&made[..], &terms);
            let allowance =
                take_allowance(&mut findings, found.clone(), gates, &ask, &policy, &store);
            let allowance = allowance.await?;
            let record = &found.phone;
            Some(Forecast::foresee(ask, allowance, &policy, record, &store).await?)
        }
        None => None,
    };
    // Where nothing pays for texts, calls are paid as those of strangers.
    let lane = forecast.as_ref().map_or(Some(Lane::Open), Forecast::lane);
    // A test number is never called.
    let calls = if is_test {
        None
    } else {
        CallForecast::foresee(&policy, &asked, lane, (&store, now)).await?
    };
    let decided = (&findings[..], forecast.as_ref(), calls.as_ref());
    let mut reply = report(&policy, &asked, decided, &found.phone, &terms);
    if let Some(destination) = &asked.destination {
        let opted_out = is_opted_out(operator, &resources, &destination.phone).await;
        add_opted_out(&mut reply, &opted_out);
    }
    if let Some(index) = &phone_index {
        let last = store.read_outcome(index).await?;
        outcome::add(&mut reply, last.as_ref());
    }
    Ok(reply)
}

/// Lifts the denials by limits of the phone, if the phone has an allowance for the caller. Returns what the text then
/// takes out of it.
async fn take_allowance(
    findings: &mut [Finding],
    mut found: Found,
    (gates, terms): (&[Gate], &Terms),
    ask: &Ask,
    policy: &Policy,
    store: &Store,
) -> Result<Option<Claim>, CommandError> {
    let mut of_phone = findings.iter().filter(|finding| finding.is_of_phone());
    let Some(subject) = of_phone.next().map(|finding| &finding.subject) else {
        return Ok(None);
    };
    found.record = store.read_subject_record(subject).await?;
    let texts = policy.purses.policy.known_texts;
    let Some(allowance) = found.find_allowance(gates, &ask.caller, texts, &ANY, terms) else {
        return Ok(None);
    };
    for finding in findings {
        finding.is_lifted = finding.is_of_phone();
    }
    Ok(Some(allowance.claim))
}

/// Adds what SNS says about the number. SNS takes a text to a number that is opted out, and drops it.
fn add_opted_out(reply: &mut Reply, opted_out: &Result<bool, String>) {
    if let Some(members) = reply.json.as_object_mut() {
        members.insert("optedOut".to_owned(), json!(opted_out.as_ref().ok()));
    }
    let said = match opted_out {
        Ok(true) => "yes, its owner replied STOP, so SNS drops every text; see `opt-in`".to_owned(),
        Ok(false) => "no".to_owned(),
        Err(code) => format!("not known ({code})"),
    };
    reply.text.push_str("\nopted out: ");
    reply.text.push_str(&said);
}

fn read_arguments<'a>(
    arguments: &'a ExplainArguments,
    common: &Common,
) -> Result<Asked<'a>, CommandError> {
    fn choose<'a>(placed: Option<&'a String>, named: Option<&'a String>) -> Option<&'a str> {
        let placed = placed.filter(|text| *text != "-");
        placed.or(named).map(String::as_str)
    }
    let asked = Asked {
        destination: choose(arguments.typed_phone.as_ref(), None)
            .map(|typed| parse_phone(typed, common))
            .transpose()?,
        device: choose(arguments.device.as_ref(), arguments.named_device.as_ref()),
        address: choose(arguments.address.as_ref(), arguments.named_address.as_ref()),
        business: arguments.business.as_deref(),
    };
    let names_caller = asked.device.is_some() || asked.address.is_some();
    if asked.destination.is_none() && !names_caller && asked.business.is_none() {
        return Err(CommandError::usage(
            "explain: a phone, --device, --address or --business is needed",
        ));
    }
    Ok(asked)
}

/// Finds the business that the operator named.
fn find_business<'p>(
    policy: &'p Policy,
    asked: &Asked<'_>,
) -> Result<Option<(&'p BusinessId, &'p Business)>, CommandError> {
    let Some(name) = asked.business else {
        return Ok(None);
    };
    let id = BusinessId::parse(name).ok();
    let found = id.and_then(|id| policy.businesses.get_key_value(&id));
    found
        .map(Some)
        .ok_or_else(|| specimen::name_businesses(policy))
}

/// Makes the indexes of the subjects that the operator named. `None` leaves out the rules about that subject.
fn index_subjects(
    indexer: &Indexer,
    asked: &Asked<'_>,
) -> Result<Subjects<Option<SubjectIndex>>, CommandError> {
    let destination = asked.destination.as_ref();
    let device = asked.device.map(parse_device).transpose()?;
    let address = asked.address.map(parse_address).transpose()?;
    let networks = address
        .as_ref()
        .map(|address| indexer.index_networks(address));
    Ok(Subjects {
        phone_index: destination.map(|destination| indexer.index_phone(&destination.phone)),
        number_block_index: destination
            .map(|destination| indexer.index_number_block(&destination.phone)),
        country_index: destination
            .and_then(|destination| destination.country)
            .map(SubjectIndex::of_country),
        device_index: device.map(|device| indexer.index_device(&device)),
        address_index: address.map(|address| indexer.index_address(&address)),
        network_indexes: networks.unwrap_or_default(),
        business_index: None,
    })
}

/// Reads what the store holds for one gate, and decides as a send would.
async fn check_gate(
    gate: Gate,
    store: &Store,
    found: &Found,
    terms: &Terms,
) -> Result<Finding, CommandError> {
    let mut finding = Finding {
        rule: gate.rule,
        subject: gate.subject.clone(),
        count: None,
        limit: None,
        block: None,
        denial: None,
        is_lifted: false,
    };
    let mut found = found.clone();
    match &gate.check {
        Check::NotInBlockedRange(ranges) => {
            found.blocked = store.read_blocked_ranges(ranges).await?;
        }
        Check::NotBlocked | Check::Count(..) => {
            found.record = store.read_subject_record(&gate.subject).await?;
        }
        Check::Reserve => {}
    }
    if let Some(quota) = gate.quota() {
        let tally = found.record.tally(gate.share, quota.window.length);
        finding.count = Some(tally.count_in(&quota.window));
        finding.limit = Some(quota.limit);
    }
    if let Verdict::Refuses(SendRefusal::Denied(denial), subject) =
        gate.examine(&found, &ANY, terms)
    {
        if let Denial::Blocked(_) = denial {
            finding.block = store.find_block(&subject).await?;
        }
        finding.subject = subject;
        finding.denial = Some(denial);
    }
    Ok(finding)
}
