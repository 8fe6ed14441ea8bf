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
