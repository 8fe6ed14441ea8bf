//! Reads the policy file: TOML becomes checked values or a list of faults.
//!
//! Every fault names its path, as in `limits.phone_per_hour`, and what is accepted there. The list holds all faults, so
//! an operator can mend them in one go.

mod attestation;
mod business;
mod countries;
mod end_user_messaging;
mod faults;
mod hook;
mod identities;
mod limits;
mod numbers;
mod purses;
mod reader;
mod sender_id;
mod senders;
mod sms;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod voice;

use std::collections::BTreeMap;

use phoneproof_aws::store::MAX_SLOTS;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::catalog::lint_templates;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::policy::{Business, Policy, PolicyFaults};

use self::attestation::check_attestation;
use self::business::check_business;
use self::countries::{check_reach, check_set_up};
use self::end_user_messaging::{
    add_senders_of_countries, check_deployed, check_end_user_messaging, check_notify,
};
use self::faults::Faults;
use self::hook::read_hook;
pub use self::hook::replace_hook;
use self::limits::{check_limits, check_lock, check_slots, parse_time_of_day};
use self::numbers::{check_numbers, check_test_numbers};
use self::purses::{check_payable, check_purses};
use self::sms::{Stage, check_sms};
use self::table::File;
use self::voice::check_voice;
use crate::{ConfigError, DEFAULT_POLICY, Environment};

/// The policy that is compiled into a function: the default one with empty lines in place of its comments, which are
/// most of it.
static COMPILED_IN: [u8; DEFAULT_POLICY.len()] = drop_comments(DEFAULT_POLICY.as_bytes());

/// Returns the text without its comments, filled up with empty lines. Its texts in quotes have no escaped quote.
#[expect(
    clippy::indexing_slicing,
    reason = "the compiler runs it, and would report a wrong index"
)]
const fn drop_comments<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut kept = [b'\n'; N];
    let (mut at, mut end) = (0, 0);
    let (mut is_quoted, mut is_comment) = (false, false);
    while at < N {
        match text[at] {
            b'"' if !is_comment => is_quoted = !is_quoted,
            b'#' if !is_quoted => is_comment = true,
            b'\n' => is_comment = false,
            _ => {}
        }
        if !is_comment {
            kept[end] = text[at];
            end += 1;
        }
        at += 1;
    }
    kept
}

/// Reads the policy that `POLICY_PATH` names, or else the policy that is compiled in.
///
/// `SMS_SENDER_ID`, `SMS_MAX_PRICE_USD`, `NOTIFY_CONFIGURATION_ID` and `SEND_HOOK_URL` replace the values of the file,
/// because they often differ between stages.
///
/// # Errors
///
/// [`ConfigError`] when the file cannot be read, or when a value is not accepted.
pub fn from_environment(environment: &dyn Environment) -> Result<Policy, ConfigError> {
    let text = match environment.get("POLICY_PATH") {
        None => String::from_utf8_lossy(&COMPILED_IN).into_owned(),
        Some(path) => std::fs::read_to_string(&path)
            .map_err(|error| ConfigError::PolicyUnreadable(path, error.to_string()))?,
    };
    let stage = Stage {
        sender_id: environment.get("SMS_SENDER_ID"),
        max_price_usd: environment.get("SMS_MAX_PRICE_USD"),
        notify_configuration_id: environment.get("NOTIFY_CONFIGURATION_ID"),
        hook_url: environment.get("SEND_HOOK_URL"),
    };
    let policy = read(&text, stage)?;
    check_deployed(policy.notify.as_ref())?;
    Ok(policy)
}

/// Reads a policy from TOML.
///
/// # Errors
///
/// [`PolicyFaults`] lists every fault with its path.
pub fn from_toml(text: &str) -> Result<Policy, PolicyFaults> {
    read(text, Stage::default())
}

fn read(text: &str, stage: Stage) -> Result<Policy, PolicyFaults> {
    let (mut file, form) = reader::read::<File>(text);
    stage.replace(&mut file);
    let mut faults = Faults::of_form(form);
    let policy = check(file, &mut faults);
    faults.finish(policy)
}

/// Checks every value. The policy is `None` when a fault leaves it without a value.
fn check(file: File, faults: &mut Faults) -> Option<Policy> {
    let day_starts_at = faults.check("day_starts_at", parse_time_of_day(&file.day_starts_at));
    let limits = check_limits(&file.limits, faults);
    let lockout = check_lock(&file.lock, faults);
    let numbers = check_numbers(&file.numbers, faults);
    let sms = check_sms(file.sms, &numbers.countries, faults);
    let mut purses = check_purses(&file.purses, &numbers.countries, faults);
    check_payable(&purses, &sms, &numbers.countries, faults);
    if file.business.is_empty() {
        faults.add_beside("business", "business", "at least one business is needed");
    }
    let businesses: BTreeMap<String, Business> = file
        .business
        .into_iter()
        .filter_map(|(name, table)| {
            let business = check_business(&name, table, faults)?;
            Some((name, business))
        })
        .collect();
    let has = |channel| match channel {
        Channel::Sns => true,
        Channel::EndUserMessaging => file.end_user_messaging.is_some(),
        Channel::Notify | Channel::NotifyVoice => file.notify.is_some(),
        Channel::Hook => file.hook.is_some(),
    };
    check_set_up(&sms, has, faults);
    let served = &numbers.countries;
    let mut end_user_messaging = file
        .end_user_messaging
        .map(|table| check_end_user_messaging(table, served, faults));
    let own = end_user_messaging.as_ref();
    check_reach((&sms, own), served, &businesses, faults);
    if let Some(own) = &mut end_user_messaging {
        add_senders_of_countries(own, &sms);
    }
    check_slots(limits.cooldown, &businesses, faults);
    let test_numbers = check_test_numbers(file.test_number, &businesses, faults);
    let attestation = file
        .attestation
        .and_then(|table| check_attestation(table, faults));
    let notify = file
        .notify
        .map(|table| check_notify(table, &businesses, faults));
    let voice = file.voice.and_then(|table| {
        let calls = &mut purses.policy.calls;
        check_voice(&table, served, notify.as_ref(), calls, faults)
    });
    let hook = file.hook.and_then(|table| read_hook(table, faults));
    // Without other faults the catalog reports those of the templates. A process compiles them only once.
    if !faults.is_empty() {
        let is_known = !faults.is_doubtful("sms.max_segments");
        let most = if is_known { sms.max_segments } else { u32::MAX };
        for (name, business) in &businesses {
            faults.extend(lint_templates(name, business, most));
        }
    }
    let by_id = businesses.into_iter().filter_map(|(name, business)| {
        let id = BusinessId::parse(&name).ok()?;
        Some((id, business))
    });
    Some(Policy {
        day_starts_at: day_starts_at?,
        limits,
        lockout,
        most_slots: MAX_SLOTS,
        numbers,
        sms,
        purses: Box::new(purses),
        businesses: by_id.collect(),
        test_numbers,
        attestation,
        end_user_messaging,
        notify,
        hook,
        voice,
    })
}
