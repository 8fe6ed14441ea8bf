//! Checks `day_starts_at`, `[limits]` and `[lock]`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use phoneproof_aws::store::MAX_SLOTS;
use phoneproof_domain::limits::Limits;
use phoneproof_domain::phone_record::{Lockout, REPEATED_FOR, RESERVE_SLOTS};
use phoneproof_domain::policy::Business;
use phoneproof_domain::rule::Rule;

use super::faults::Faults;
use super::reader::describe_unknown;
use super::table::LockTable;
use super::value::are_digits;

/// The key of the cooldown in `[limits]`.
const COOLDOWN: &str = "cooldown_seconds";
/// The cooldown of a policy that names none, in seconds.
const DEFAULT_COOLDOWN: u32 = 60;
/// The range of texts per window that a policy may admit.
pub(super) const COUNT: RangeInclusive<u32> = 1..=1_000_000;

/// Reads `HH:MM` as the time since midnight.
pub(super) fn parse_time_of_day(text: &str) -> Result<Duration, &'static str> {
    let parts = text
        .split_once(':')
        .filter(|(h, m)| h.len() == 2 && m.len() == 2 && are_digits(h) && are_digits(m));
    let minutes = parts.and_then(|(h, m)| {
        let (hours, minutes) = (h.parse::<u64>().ok()?, m.parse::<u64>().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    });
    minutes
        .map(|minutes| Duration::from_secs(minutes * 60))
        .ok_or("a time of day in UTC is needed, as in \"00:00\" or \"16:00\"")
}

/// Checks `[limits]`: the cooldown, and one number for every rule that counts for everybody.
pub(super) fn check_limits(table: &BTreeMap<String, u32>, faults: &mut Faults) -> Limits {
    let counting: Vec<Rule> = Rule::ALL
        .into_iter()
        .filter(|rule| rule.default_limit().is_some())
        .collect();
    let keys: Vec<String> = std::iter::once(COOLDOWN.to_owned())
        .chain(counting.iter().copied().map(Rule::limit_key))
        .collect();
    for unknown in table.keys().filter(|name| !keys.contains(name)) {
        faults.add(format_args!("limits.{unknown}"), describe_unknown(&keys));
    }
    for rule in counting {
        if let Some(limit) = table.get(&rule.limit_key()) {
            faults.check_range(format_args!("limits.{}", rule.limit_key()), *limit, COUNT);
        }
    }
    let seconds = table.get(COOLDOWN).copied().unwrap_or(DEFAULT_COOLDOWN);
    let cooldown = faults.check_seconds("limits.cooldown_seconds", seconds, 10..=3_600);
    Limits::new(cooldown, |rule| {
        let limit = table.get(&rule.limit_key()).copied();
        limit.unwrap_or_else(|| Limits::default_of(rule))
    })
}

/// Notes a fault for every business whose codes live longer than the slots of a phone's record allow.
///
/// [`SlotLayout::new`](phoneproof_domain::phone_record::SlotLayout::new) needs more slots the longer a code lives and
/// the shorter the cooldown is. [`MAX_SLOTS`] bounds their number.
pub(super) fn check_slots(
    cooldown: Duration,
    businesses: &BTreeMap<String, Business>,
    faults: &mut Faults,
) {
    // With another cooldown the codes may fit.
    if faults.is_doubtful("limits.cooldown_seconds") {
        return;
    }
    let step = cooldown.as_secs().max(1);
    let most =
        step.saturating_mul(u64::from(MAX_SLOTS - RESERVE_SLOTS) - 1) - REPEATED_FOR.as_secs();
    for (name, business) in businesses {
        if business.code_lifetime.as_secs() > most {
            faults.add(
                format_args!("business.{name}.code_lifetime_seconds"),
                format_args!("at most {most} is accepted with limits.cooldown_seconds = {step}"),
            );
        }
    }
}

/// Checks `[lock]`. NIST SP 800-63B-4 section 3.2.2 allows at most 100 consecutive wrong codes.
pub(super) fn check_lock(table: &LockTable, faults: &mut Faults) -> Lockout {
    let days = faults.check_range("lock.remembered_days", table.remembered_days, 1..=3_650);
    Lockout {
        soft: faults.check_range(
            "lock.wrong_codes_per_day",
            table.wrong_codes_per_day,
            1..=100,
        ),
        hard: faults.check_range(
            "lock.consecutive_wrong_codes",
            table.consecutive_wrong_codes,
            1..=100,
        ),
        remembered: Duration::from_secs(u64::from(days) * 86_400),
    }
}
