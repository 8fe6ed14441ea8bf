//! Codes and the slots that hold them.

use phoneproof_aws::store::MAX_SLOTS;

use super::*;

#[test]
fn refuses_codes_that_outlive_the_slots() {
    let lasting = |seconds: u32| {
        format!(
            "[limits]\ncooldown_seconds = 10\n{SMALLEST}\n[business.b]\nbrand = \"B\"\n\
             default_locale = \"en\"\ncode_lifetime_seconds = {seconds}\ntemplates.en = \"{{code}}\""
        )
    };
    assert_eq!(
        from_toml(&lasting(350)).map(|p| p.slots().count),
        Ok(MAX_SLOTS)
    );
    assert_eq!(
        faults(&lasting(351)),
        [
            "business.b.code_lifetime_seconds: at most 350 is accepted with limits.cooldown_seconds = 10"
        ]
    );
}

/// With another cooldown the code may fit, so only the cooldown is a fault.
#[test]
fn a_cooldown_out_of_range_says_nothing_of_a_code() {
    let text = format!(
        "[limits]\ncooldown_seconds = 5\n{}",
        SMALLEST.replace(
            "[business.login]",
            "[business.login]\ncode_lifetime_seconds = 400"
        )
    );
    assert_eq!(
        faults(&text),
        ["limits.cooldown_seconds: 5 is not within 10 to 3600"]
    );
}
