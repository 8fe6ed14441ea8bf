//! Tests of templates that show the action.

use super::tests::{business, policy};
use super::*;
use crate::action::ActionKind;

/// Labels in English, by the kind of the action.
fn labels(labels: &[(&str, &str)]) -> BTreeMap<ActionKind, BTreeMap<Locale, String>> {
    let english = Locale::parse("en").expect("a locale");
    let label = |(kind, label): &(&str, &str)| {
        let by_locale = BTreeMap::from([(english.clone(), (*label).to_owned())]);
        (ActionKind::parse(kind).expect("a kind"), by_locale)
    };
    labels.iter().map(label).collect()
}

#[test]
fn an_action_shows_the_label_of_its_kind_or_that_of_others() {
    let mut business = business("{code} to {action}");
    let long = "a".repeat(160);
    business.action_labels = labels(&[("pay", "pay"), ("move", &long), ("other", "confirm")]);
    let policy = policy(business);
    let catalog = Catalog::new(&policy).expect("compiles");
    let (id, business) = policy.businesses.first_key_value().expect("one business");
    let show = |action| {
        let code = Code::from_number(42, 6);
        let texts = catalog.templates(id).expect("its texts");
        let lifetime = business.code_lifetime;
        let text = texts.render(&business.default_locale, action, &code, lifetime);
        (text.body, text.segments)
    };
    let (pay, other) = ("000042 to pay", "000042 to confirm");
    assert_eq!(show(Some("pay")), (pay.to_owned(), 1));
    assert_eq!(show(Some("pay:order-42:EUR 100")), (pay.to_owned(), 1));
    assert_eq!(show(Some("move:all")), (format!("000042 to {long}"), 2));
    for action in [None, Some("paying"), Some(" pay"), Some("{code}"), Some("")] {
        assert_eq!(show(action), (other.to_owned(), 1), "{action:?}");
    }
    let sizes: Vec<_> = catalog.report().iter().map(|line| line.segments).collect();
    assert_eq!((sizes.len(), sizes[0].units, sizes[0].count), (1, 170, 2));
}

#[test]
fn a_template_that_shows_the_action_needs_every_label_in_its_language() {
    let german = Locale::parse("de").expect("a locale");
    let with = |labels| {
        let mut business = business("{code} to {action}");
        business.action_labels = labels;
        Catalog::new(&policy(business)).map(|_| ())
    };
    let mut partly = labels(&[("other", "confirm"), ("pay", "pay")]);
    let translated = BTreeMap::from([(german, "zahlen".to_owned())]);
    partly.insert(ActionKind::parse("move").expect("a kind"), translated);
    for (labels, missing) in [
        (labels(&[]), "`en` is needed for: other"),
        (labels(&[("pay", "pay")]), "`en` is needed for: other"),
        (partly, "`en` is needed for: move"),
    ] {
        let PolicyFaults(faults) = with(labels).expect_err(missing);
        assert_eq!(faults[0].path, "business.b.templates.en");
        assert!(faults[0].reason.ends_with(missing), "{}", faults[0].reason);
    }
    let long = "a".repeat(301);
    let PolicyFaults(faults) = with(labels(&[("other", "a"), ("pay", &long)])).expect_err("long");
    assert!(
        faults[0].reason.contains("needs 3 segments"),
        "{}",
        faults[0].reason
    );
}
