//! Policies of the local stack that refuse less: that of `cargo run`, and one for end-to-end suites, which no limit stops.

use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::limits::Limits;
use phoneproof_domain::phone_record::MAX_SLOTS;
use phoneproof_domain::phone_record::REPEATED_FOR;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::PurseRule;

/// What a loose policy admits per window, and of wrong codes: more than a suite makes.
const MOST: u32 = 1_000_000;

/// The shortest cooldown of a policy file.
const LEAST_COOLDOWN: Duration = Duration::from_secs(10);

/// The line of the policy file that names the rules in shadow mode.
const NO_SHADOW: &str = "shadow = []";

/// Returns the sample policy with every rule of the purses in shadow mode. The policy file stays what the stack runs with.
///
/// Who tries the service out leaves codes untyped, and would soon meet an empty purse: a new country has a few texts.
#[must_use]
pub fn policy_to_try() -> String {
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

/// Raises the limits of `policy` out of the reach of a suite, and shortens the cooldown as far as the lifetime of its
/// codes allows. What may be texted, and what the texts say, stays.
pub fn loosen_limits(policy: &mut Policy) {
    let lifetimes = policy.businesses.values().map(|b| b.code_lifetime);
    let longest = lifetimes.max().unwrap_or_default() + REPEATED_FOR;
    // A phone has this many slots for challenges at most. The next one needs a slot whose challenge is over.
    let seconds = longest.as_secs().div_ceil(u64::from(MAX_SLOTS) - 1);
    let shortest = Duration::from_secs(seconds).max(LEAST_COOLDOWN);
    policy.limits = Limits::new(shortest.min(policy.limits.cooldown), |_| MOST);
    for business in policy.businesses.values_mut() {
        business.texts_per_hour = None;
        business.texts_per_day = None;
    }
    policy.lockout.soft = MOST;
    policy.lockout.hard = MOST;
    // A suite leaves most codes untyped. What its purses would refuse is still said in its request lines.
    policy.purses.shadowed = PurseRule::ALL.into_iter().collect();
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::rule::Rule;

    use super::*;

    #[test]
    fn the_policy_to_try_can_have_calls() {
        let policy = phoneproof_config::policy::from_toml(&(policy_to_try() + CALLS_TO_TRY));
        assert!(policy.expect("a good policy").voice.is_some());
    }

    fn loosen(lifetime: &str, cooldown: &str) -> Policy {
        let text = DEFAULT_POLICY
            .replace("code_lifetime_seconds = 300 ", lifetime)
            .replace("cooldown_seconds = 60", cooldown);
        let mut policy = phoneproof_config::policy::from_toml(&text).expect("a good policy");
        loosen_limits(&mut policy);
        policy
    }

    #[test]
    fn the_cooldown_is_the_shortest_that_the_codes_allow() {
        for (lifetime, cooldown, expected) in [
            ("code_lifetime_seconds = 300 ", "cooldown_seconds = 60", 10),
            ("code_lifetime_seconds = 600 ", "cooldown_seconds = 60", 16),
            (
                "code_lifetime_seconds = 600 ",
                "cooldown_seconds = 3600",
                16,
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
        let policy = read(&policy_to_try());
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
            assert_eq!(policy.limits.get(rule), Some(MOST), "{}", rule.name());
        }
        assert_eq!((policy.lockout.soft, policy.lockout.hard), (MOST, MOST));
    }
}
