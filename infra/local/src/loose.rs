//! Policies of the local stack that refuse less: that of `cargo run`, and one for end-to-end suites, which no limit
//! stops.

use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::phone_record::{REPEATED_FOR, RESERVE_SLOTS};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::PurseRule;
use phoneproof_domain::rule::Rule;
use toml::{Table, Value};

/// What a loose policy admits per window: more than a suite makes, and the most that a policy file may say.
const MOST: i64 = 1_000_000;

/// The wrong codes after which a loose policy locks a phone: the most that a policy file may say.
const MOST_WRONG_CODES: i64 = 100;

/// The shortest cooldown of a policy file.
const LEAST_COOLDOWN: Duration = Duration::from_secs(10);

/// The line of the policy file that names the rules in shadow mode.
const NO_SHADOW: &str = "shadow = []";

/// Returns the sample policy with every rule of the purses in shadow mode. The policy file stays what the stack runs
/// with.
///
/// A person who tries the service leaves codes untyped and would soon empty a purse: a new country starts with a few
/// texts.
#[must_use]
pub fn make_policy_to_try() -> String {
    let rules = PurseRule::ALL.map(|rule| format!("\"{}\"", rule.name()));
    let shadow = format!("shadow = [{}]", rules.join(", "));
    DEFAULT_POLICY.replacen(NO_SHADOW, &shadow, 1)
}

/// What `--voice` adds to the sample policy.
pub const CALLS_TO_TRY: &str = r#"
[notify]
configuration_id = "notify-local"
voice_template_id = "notify-code-verification-voice-english-001"

[voice]
countries = ["US", "GB"]
price_usd = 0.10
"#;

/// Rewrites the text of the file that holds `policy`: it gets limits that no test suite reaches, and a cooldown as
/// short as the lifetime of its codes allows. What may be texted, and what the texts say, stays.
///
/// It is a text, so that `phoneproof-admin`, which reads the file, judges by the limits that the stack has.
///
/// # Errors
///
/// What is wrong with a text that is not TOML.
pub fn loosen_limits(text: &str, policy: &Policy) -> Result<String, String> {
    let mut file: Table = text.parse().map_err(|error| format!("{error}"))?;
    let lifetimes = policy.businesses.values().map(|b| b.code_lifetime);
    let longest = lifetimes.max().unwrap_or_default() + REPEATED_FOR;
    // A phone has so many slots for challenges at most, besides those of its allowance. The next one needs a slot whose
    // challenge is over.
    let seconds = longest
        .as_secs()
        .div_ceil(u64::from(policy.most_slots - RESERVE_SLOTS) - 1);
    let shortest = Duration::from_secs(seconds).max(LEAST_COOLDOWN);
    let cooldown = shortest.min(policy.limits.cooldown).as_secs();
    let cooldown = i64::try_from(cooldown).unwrap_or(i64::MAX);
    change(&mut file, "limits", |limits| {
        limits.insert("cooldown_seconds".to_owned(), Value::Integer(cooldown));
        for rule in Rule::ALL {
            if rule.default_limit().is_some() {
                limits.insert(rule.limit_key(), Value::Integer(MOST));
            }
        }
    });
    change(&mut file, "lock", |lock| {
        for key in ["wrong_codes_per_day", "consecutive_wrong_codes"] {
            lock.insert(key.to_owned(), Value::Integer(MOST_WRONG_CODES));
        }
    });
    // A suite leaves most codes untyped. What its purses would refuse is still said in its request lines.
    let rules = PurseRule::ALL.map(|rule| Value::String(rule.name().to_owned()));
    change(&mut file, "purses", |purses| {
        purses.insert("shadow".to_owned(), Value::Array(rules.to_vec()));
    });
    change(&mut file, "business", |businesses| {
        for (_, business) in businesses {
            if let Value::Table(business) = business {
                business.remove("texts_per_hour");
                business.remove("texts_per_day");
            }
        }
    });
    Ok(file.to_string())
}

/// Changes the table of this name, which is empty where the file has none.
fn change(file: &mut Table, name: &str, change: impl FnOnce(&mut Table)) {
    let mut table = match file.remove(name) {
        Some(Value::Table(table)) => table,
        _ => Table::new(),
    };
    change(&mut table);
    file.insert(name.to_owned(), Value::Table(table));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_to_try_can_have_calls() {
        let policy = phoneproof_config::policy::from_toml(&(make_policy_to_try() + CALLS_TO_TRY));
        assert!(policy.expect("a good policy").voice.is_some());
    }

    fn loosen(lifetime: &str, cooldown: &str) -> Policy {
        let text = DEFAULT_POLICY
            .replace("code_lifetime_seconds = 300 ", lifetime)
            .replace("cooldown_seconds = 60", cooldown);
        loosen_text(&text)
    }

    fn loosen_text(text: &str) -> Policy {
        let read = |text: &str| phoneproof_config::policy::from_toml(text).expect("a good policy");
        let loosened = loosen_limits(text, &read(text)).expect("a text");
        read(&loosened)
    }

    #[test]
    fn a_business_has_no_limit_and_nothing_but_limits_changes() {
        let limited = "[business.register]\ntexts_per_hour = 1\ntexts_per_day = 2\n";
        let text = DEFAULT_POLICY.replace("[business.register]\n", limited);
        let policy = loosen_text(&text);
        let sample = phoneproof_config::policy::from_toml(DEFAULT_POLICY).expect("a good policy");
        let text = |policy: &Policy| format!("{:?} {:?}", policy.businesses, policy.numbers);
        assert_eq!(text(&policy), text(&sample));
        assert_eq!(policy.purses.policy, sample.purses.policy);
        assert_eq!(policy.sms.prices, sample.sms.prices);
    }

    #[test]
    fn the_cooldown_is_the_shortest_that_the_codes_allow() {
        for (lifetime, cooldown, expected) in [
            ("code_lifetime_seconds = 300 ", "cooldown_seconds = 60", 10),
            ("code_lifetime_seconds = 600 ", "cooldown_seconds = 60", 17),
            (
                "code_lifetime_seconds = 600 ",
                "cooldown_seconds = 3600",
                17,
            ),
            ("code_lifetime_seconds = 30 ", "cooldown_seconds = 10", 10),
        ] {
            let policy = loosen(lifetime, cooldown);
            let seconds = policy.limits.cooldown.as_secs();
            assert_eq!(seconds, expected, "{lifetime}{cooldown}");
        }
    }

    #[test]
    fn the_policy_to_try_shadows_every_purse_and_changes_nothing_else() {
        let read = |text: &str| phoneproof_config::policy::from_toml(text).expect("a good policy");
        let policy = read(&make_policy_to_try());
        assert!(
            PurseRule::ALL
                .map(|rule| policy.purses.is_shadowed(rule))
                .iter()
                .all(|is| *is)
        );
        let sample = read(DEFAULT_POLICY);
        assert_eq!(policy.purses.policy, sample.purses.policy);
        assert_eq!(policy.limits, sample.limits);
    }

    #[test]
    fn every_rule_that_counts_admits_a_million() {
        let policy = loosen("", "cooldown_seconds = 60");
        for rule in Rule::ALL
            .into_iter()
            .filter(|rule| rule.default_limit().is_some())
        {
            let limit = policy.limits.get(rule).map(i64::from);
            assert_eq!(limit, Some(MOST), "{}", rule.name());
        }
        assert_eq!((policy.lockout.soft, policy.lockout.hard), (100, 100));
    }
}
