use std::collections::BTreeSet;

use super::*;
use crate::channel::Channel;
use crate::limits::Limits;
use crate::outgoing::Origination;
use crate::phone_record::Lockout;
use crate::policy::{NumberPolicy, SmsPolicy, SmsType};
use crate::window::DAY;

pub(super) fn business(template: &str) -> Business {
    let locale = Locale::parse("en").expect("a locale");
    Business {
        brand: "Bär".to_owned(),
        code_length: 6,
        code_lifetime: Duration::from_mins(5),
        attempts: 5,
        success_lifetime: Duration::from_mins(5),
        templates: BTreeMap::from([(locale.clone(), template.to_owned())]),
        registered: BTreeMap::new(),
        default_locale: locale,
        origin: None,
        android_hashes: Vec::new(),
        action_labels: BTreeMap::new(),
        client_key_sha256: None,
        texts_per_hour: None,
        texts_per_day: None,
    }
}

pub(super) fn policy(business: Business) -> Policy {
    Policy {
        day_starts_at: Duration::ZERO,
        limits: Limits::new(Duration::from_mins(1), Limits::default_of),
        lockout: Lockout {
            soft: 20,
            hard: 100,
            remembered: DAY,
        },
        most_slots: 40,
        numbers: NumberPolicy {
            countries: BTreeSet::new(),
            types: BTreeSet::new(),
            ranges: Vec::new(),
        },
        sms: SmsPolicy {
            sms_type: SmsType::Transactional,
            channels: vec![Channel::Sns],
            origination: Origination::Unnamed,
            countries: BTreeMap::new(),
            max_price: None,
            prices: BTreeMap::new(),
            prices_as_of: None,
            max_segments: 2,
        },
        purses: Box::default(),
        businesses: BTreeMap::from([(BusinessId::parse("b").expect("an id"), business)]),
        test_numbers: Vec::new(),
        attestation: None,
        end_user_messaging: None,
        notify: None,
        hook: None,
        voice: None,
    }
}

fn render_one(business: Business) -> String {
    let left = business.code_lifetime;
    render_in("en", business, left)
}

fn render_in(locale: &str, mut business: Business, left: Duration) -> String {
    let locale = Locale::parse(locale).expect("a locale");
    let template = business.templates.into_values().next().expect("a template");
    business.templates = BTreeMap::from([(locale.clone(), template)]);
    business.default_locale = locale;
    let policy = policy(business);
    let catalog = Catalog::new(&policy).expect("compiles");
    let (id, _) = policy.businesses.first_key_value().expect("one business");
    let texts = catalog.templates(id).expect("its texts");
    let code = Code::from_number(42, 6);
    texts
        .render(&texts.choose_locale(&[], None), None, &code, left)
        .body
}

#[test]
fn a_locale_without_a_text_gets_the_default_one() {
    let policy = policy(business("{code}"));
    let catalog = Catalog::new(&policy).expect("compiles");
    let (id, _) = policy.businesses.first_key_value().expect("one business");
    let texts = catalog.templates(id).expect("its texts");
    let dropped = Locale::parse("de").expect("a locale");
    assert_eq!(texts.choose_locale(&[], [&dropped]).as_str(), "en");
    let (code, left) = (Code::from_number(42, 6), Duration::from_mins(5));
    assert_eq!(texts.render(&dropped, None, &code, left).body, "000042");
}

#[test]
fn a_business_needs_a_text_in_its_default_locale() {
    let mut business = business("{code}");
    business.default_locale = Locale::parse("de").expect("a locale");
    let PolicyFaults(faults) = Catalog::new(&policy(business)).expect_err("no such text");
    assert_eq!(faults[0].path, "business.b.default_locale");
}

#[test]
fn a_fault_of_any_text_refuses_them_all() {
    let mut business = business("{code}");
    let other = Locale::parse("de").expect("a locale");
    business.templates.insert(other, "no code".to_owned());
    let PolicyFaults(faults) = Catalog::new(&policy(business)).expect_err("a fault");
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].path, "business.b.templates.de");
}

/// One form in another encoding makes the longest text, however short it is.
#[test]
fn a_text_is_measured_with_the_form_that_needs_most() {
    let segments = |template: &str, minutes| {
        let mut business = business(template);
        business.code_lifetime = Duration::from_mins(minutes);
        let catalog = Catalog::new(&policy(business)).expect("compiles");
        let report = catalog.report.first().expect("a text");
        (report.segments.count, report.segments.units)
    };
    let fill = "a".repeat(60);
    let english = format!("{{code}} {fill} {{minutes:minute|minutes}}");
    assert_eq!(segments(&english, 1), (1, 6 + 1 + 60 + 1 + 8));
    assert_eq!(segments(&english, 10), (1, 6 + 1 + 60 + 1 + 10));
    // One minute can be the longest text, too.
    let longest_first = format!("{{code}} {fill} {{minutes:long minute|min}}");
    assert_eq!(segments(&longest_first, 10), (1, 6 + 1 + 60 + 1 + 13));
    // One minute is the shortest text, and the only one that is not in the alphabet of SMS.
    let mixed = format!("{{code}} {fill} {{minutes:мин|minutes long}}");
    assert_eq!(segments(&mixed, 10), (2, 6 + 1 + 60 + 1 + 5));
    let mixed = format!("{{code}} {fill} {{minutes:minute long|мин}}");
    assert_eq!(segments(&mixed, 10), (2, 6 + 1 + 60 + 1 + 6));
    // An accent is more bytes, and no more of the alphabet.
    let accent = format!("{{code}} {fill} {{minutes:àààààà|minutes}}");
    assert_eq!(segments(&accent, 10), (1, 6 + 1 + 60 + 1 + 10));
}

#[test]
fn fills_in_the_variables() {
    assert_eq!(
        render_one(business("{code} for {brand}, {minutes} min")),
        "000042 for Bär, 5 min"
    );
}

#[test]
fn the_minutes_are_never_more_than_the_code_has_left() {
    for (seconds, said) in [
        (600, "10"),
        (300, "5"),
        (299, "4"),
        (119, "1"),
        (90, "1"),
        (60, "1"),
    ] {
        let left = Duration::from_secs(seconds);
        assert_eq!(
            render_in("zh", business("{code} {minutes}"), left),
            format!("000042 {said}")
        );
    }
}

#[test]
fn one_minute_reads_well_in_every_language() {
    for (locale, template, one, five) in [
        (
            "en-GB",
            "{code} {minutes} minutes.",
            "1 minute.",
            "5 minutes.",
        ),
        ("de", "{code} {minutes} Minuten", "1 Minute", "5 Minuten"),
        (
            "fr",
            "{code} {minutes}\u{a0}minutes",
            "1\u{a0}minute",
            "5\u{a0}minutes",
        ),
        ("en", "{code} {minutes} min", "1 min", "5 min"),
        (
            "en",
            "{code} {minutes:minute|minutes}!",
            "1 minute!",
            "5 minutes!",
        ),
        (
            "ru",
            "{code} {minutes:минуту|минуты|минут}",
            "1 минуту",
            "5 минут",
        ),
        ("zh", "{code} {minutes} 分钟", "1 分钟", "5 分钟"),
        ("ja", "{code} {minutes:分}", "1 分", "5 分"),
    ] {
        for (minutes, said) in [(1, one), (5, five)] {
            let text = render_in(locale, business(template), Duration::from_mins(minutes));
            assert_eq!(text, format!("000042 {said}"), "{locale}");
        }
    }
}

#[test]
fn a_text_for_androids_retriever_has_at_most_140_bytes() {
    let with_hashes = |template: &str| {
        let mut business = business(template);
        business.android_hashes = vec!["FA+9qCX9VSu".to_owned(), "AAAAAAAAAAA".to_owned()];
        business
    };
    let longest = format!("{{code}}{}", "a".repeat(140 - 6 - 24));
    let text = render_one(with_hashes(&longest));
    assert_eq!(text.len(), 140);
    assert!(text.ends_with("\nFA+9qCX9VSu\nAAAAAAAAAAA"));
    let longer = policy(with_hashes(&format!("{longest}a")));
    let PolicyFaults(faults) = Catalog::new(&longer).expect_err("a byte too long");
    assert!(
        faults[0].reason.contains("141 bytes"),
        "{}",
        faults[0].reason
    );
}

#[test]
fn the_autofill_lines_come_last() {
    let mut business = business("{code}");
    business.origin = Some("example.com".to_owned());
    business.android_hashes = vec!["FA+9qCX9VSu".to_owned()];
    assert_eq!(
        render_one(business),
        "000042\nFA+9qCX9VSu\n@example.com #000042"
    );
}

#[test]
fn every_fault_of_a_template_is_reported() {
    let mut business = business("{code}\t{code} {phone} {minutes}");
    business.code_lifetime = Duration::from_secs(59);
    let reasons = lint_templates("b", &business, 2);
    let reasons: Vec<_> = reasons.iter().map(|fault| fault.reason.as_str()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons[3].contains("code_lifetime_seconds is 59"));
    let mut a_minute = self::business("{code} {minutes}");
    a_minute.code_lifetime = Duration::from_mins(1);
    assert_eq!(lint_templates("b", &a_minute, 2), []);
}

#[test]
fn a_fault_names_its_template_and_its_reason() {
    let long = format!("{{code}}{}", "a".repeat(301));
    for (template, reason) in [
        ("no code", "{code} must stand"),
        ("{code}{code}", "{code} must stand"),
        ("{code} {phone}", "variables are"),
        ("{code} {brand", "no `}`"),
        ("{code} {minutes:minutes}", "needs 2 forms in `en`"),
        (long.as_str(), "needs 3 segments (Gsm7, 307 units)"),
    ] {
        let PolicyFaults(faults) = Catalog::new(&policy(business(template))).expect_err(template);
        assert_eq!(faults[0].path, "business.b.templates.en");
        assert!(faults[0].reason.contains(reason), "{}", faults[0].reason);
    }
}
