//! Generates policies, so that about half of them can work.

use super::*;

fn subset() -> impl Strategy<Value = BTreeSet<&'static str>> {
    proptest::sample::subsequence(LOCALES.to_vec(), 0..=LOCALES.len())
        .prop_map(|locales| locales.into_iter().collect())
}

fn rule() -> impl Strategy<Value = Rule> {
    let sender_id = prop_oneof![4 => Just(None), 1 => Just(Some("")), 1 => Just(Some("OWN"))];
    let locales = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(vec!["zh"]),
        1 => proptest::sample::subsequence(LOCALES.to_vec(), 1..=4).prop_shuffle(),
    ];
    let number = prop_oneof![
        6 => Just(None),
        1 => Just(Some(NUMBER)),
        1 => Just(Some(GERMAN_NUMBER)),
    ];
    (sender_id, number, locales).prop_map(|(sender_id, number, locales)| Rule {
        sender_id,
        number: number.filter(|_| sender_id.is_none()),
        locales,
        ..Rule::default()
    })
}

fn route() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::select(vec![
        vec![SNS],
        vec![END_USER_MESSAGING],
        vec![END_USER_MESSAGING],
        vec![END_USER_MESSAGING, SNS],
        vec![HOOK],
        vec![HOOK, END_USER_MESSAGING],
        vec![NOTIFY],
        vec![NOTIFY, END_USER_MESSAGING],
        vec![SNS, NOTIFY],
    ])
}

/// Who sends to single countries, in the table of End User Messaging.
fn identities() -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    let named = [POOL, POOL, "+18335550100", GERMAN_NUMBER, NAME, LONG_NAME];
    let identity = proptest::sample::select(named.to_vec());
    proptest::collection::btree_map(proptest::sample::select(COUNTRIES.to_vec()), identity, 0..2)
}

fn texts() -> impl Strategy<Value = Business> {
    let all = || LOCALES.into_iter().collect::<BTreeSet<_>>();
    let registered = prop_oneof![2 => Just(BTreeSet::new()), 2 => Just(all()), 1 => subset()];
    let templates = prop_oneof![6 => Just(all()), 1 => subset()];
    let signed = prop_oneof![2 => Just(BTreeSet::from(["zh"])), 1 => Just(all()), 1 => subset()];
    (templates, signed, registered).prop_map(|(mut templates, signed, registered)| {
        templates.insert("en");
        let registered = registered.intersection(&templates).copied().collect();
        Business {
            templates,
            signed,
            registered,
        }
    })
}

pub(super) fn given() -> impl Strategy<Value = Given> {
    let india = || {
        let rule = || Rule {
            sender_id: Some("ACMEIN"),
            entity_id: true,
            ..Rule::default()
        };
        prop_oneof![
            2 => Just(Rule::default()),
            2 => Just(rule()),
            1 => Just(Rule { locales: vec!["hi", "en"], ..rule() }),
            1 => Just(Rule { sender_id: None, ..rule() }),
            1 => Just(Rule { sender_id: Some("ACMEINDIA12"), ..rule() }),
            1 => Just(Rule { entity_id: false, ..rule() }),
        ]
    };
    let china = || {
        let chinese = |channels| Rule {
            channels,
            locales: vec!["zh"],
            ..Rule::default()
        };
        prop_oneof![
            4 => Just(chinese(Vec::new())),
            4 => Just(chinese(vec![SNS])),
            1 => route().prop_map(chinese),
            1 => rule(),
        ]
    };
    let others = COUNTRIES
        .into_iter()
        .filter(|country| !["CN", "IN"].contains(country));
    let other = prop_oneof![
        proptest::sample::select(vec!["AU", "CA", "DE", "PR", "US"]),
        proptest::sample::select(others.collect::<Vec<_>>()),
    ];
    let others = proptest::collection::btree_map(other, rule(), 0..4);
    let sender_id = prop_oneof![Just(None), Just(Some("ACME"))];
    let businesses = proptest::collection::vec(texts(), 1..3);
    let identity = prop_oneof![2 => Just(None), 1 => Just(Some(POOL))];
    (
        (route(), identity, identities()),
        sender_id,
        others,
        china(),
        india(),
        businesses,
        proptest::bool::weighted(0.8),
    )
        .prop_map(
            |(
                (channels, identity, identities),
                sender_id,
                mut rules,
                china,
                india,
                mut businesses,
                registers,
            )| {
                if registers {
                    // What India wants, so that enough policies can work.
                    for texts in &mut businesses {
                        texts.registered = texts.templates.clone();
                        texts.registered.retain(|_| india.entity_id);
                    }
                }
                rules.extend([("CN", china), ("IN", india)]);
                for (country, identity) in identities {
                    rules.entry(country).or_default().identity = Some(identity);
                }
                Given {
                    channels,
                    identity,
                    sender_id,
                    rules,
                    businesses,
                }
            },
        )
}
