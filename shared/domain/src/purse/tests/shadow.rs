//! Rules in shadow mode refuse nobody, and the others count what they let pass.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::properties::{play, steps};
use super::*;

fn shadowing(shadowed: &[PurseRule]) -> PurseSettings {
    PurseSettings {
        shadowed: shadowed.iter().copied().collect(),
        ..PurseSettings::default()
    }
}

/// Sends as the service does where rules are in shadow mode.
fn send(table: &mut Table, ask: &Ask, settings: &PurseSettings) -> Result<Plan, PurseRule> {
    if let Ok(plan) = table.send(ask, &settings.policy, None) {
        return Ok(plan);
    }
    let decision = decide(ask, settings, &table.records(ask, None));
    let plan = decision.outcome.map_err(|refusal| refusal.rule)?;
    assert!(table.write(&plan.writes), "{plan:?}");
    Ok(plan)
}

/// Sends to other blocks from other networks until a rule refuses. Returns the texts, and the rule.
fn flood(
    settings: &PurseSettings,
    most: i64,
    block: impl Fn(i64) -> String,
) -> (i64, Option<PurseRule>) {
    let mut table = Table::default();
    for n in 0..most {
        let ask = ask(n, &format!("net-{n}"), &block(n));
        if let Err(rule) = send(&mut table, &ask, settings) {
            return (n, Some(rule));
        }
    }
    (most, None)
}

#[test]
fn the_money_of_a_day_ends_while_the_country_is_in_shadow_mode() {
    let settings = shadowing(&[PurseRule::Country, PurseRule::NumberBlock]);
    let affordable = settings.policy.money.least / PRICE;
    let each_its_own = |n| format!("block-{n}");
    let stopped = (affordable, Some(PurseRule::MoneyPerDay));
    assert_eq!(flood(&settings, 1_000, each_its_own), stopped);
    assert_eq!(flood(&settings, 1_000, |_| "block".to_owned()), stopped);
}

#[test]
fn a_refund_makes_no_room_that_a_rule_in_shadow_mode_did_not_take() {
    let settings = shadowing(&[PurseRule::Country, PurseRule::MoneyPerDay]);
    let mut table = Table::default();
    let ask_of = |n: i64| ask(n, &format!("net-{n}"), &format!("block-{n}"));
    let key = ask_of(0).country_key();
    let affordable = settings.policy.money.least / PRICE;
    for n in 0..affordable + 10 {
        send(&mut table, &ask_of(n), &settings).expect("a plan");
    }
    let before = table.item(&key);
    assert!(before.get(Attribute::Left).is_some_and(|left| left < PRICE));
    for n in 0..20 {
        let plan = send(&mut table, &ask_of(1_000 + n), &settings).expect("a plan");
        assert!(table.write(&[plan.refund(morocco())]), "{plan:?}");
    }
    let after = table.item(&key);
    for attribute in [
        Attribute::Lane(Lane::Open),
        Attribute::Left,
        Attribute::cost_on(ask_of(0).day()),
        Attribute::Sent,
    ] {
        assert_eq!(after.get(attribute), before.get(attribute), "{attribute:?}");
    }
}

#[test]
fn a_block_ends_while_the_country_and_its_money_are_in_shadow_mode() {
    let settings = shadowing(&[PurseRule::Country, PurseRule::MoneyPerDay]);
    let flooded = flood(&settings, 1_000, |_| "block".to_owned());
    assert_eq!(flooded, (4, Some(PurseRule::NumberBlock)));
}

#[test]
fn a_country_ends_while_its_blocks_and_its_money_are_in_shadow_mode() {
    let settings = shadowing(&[PurseRule::NumberBlock, PurseRule::MoneyPerDay]);
    let flooded = flood(&settings, 1_000, |_| "block".to_owned());
    assert_eq!(flooded, (6, Some(PurseRule::Country)));
}

#[test]
fn nobody_is_refused_while_every_rule_is_in_shadow_mode() {
    let settings = shadowing(&PurseRule::ALL);
    assert_eq!(
        flood(&settings, 1_000, |_| "block".to_owned()),
        (1_000, None)
    );
}

#[test]
fn an_empty_purse_is_reported_behind_a_money_stop_in_shadow_mode() {
    let shadowed = [PurseRule::MoneyPerDay, PurseRule::Country];
    let mut table = Table::familiar(&PursePolicy::default());
    let ask = ask(0, "net", "block");
    for (attribute, value) in [
        (Attribute::Left, 0),
        (Attribute::Lane(Lane::Open), 0),
        (Attribute::LaneAt(Lane::Open), NOON),
    ] {
        table.set(ask.country_key(), attribute, value);
    }
    for shadowed in [&shadowed[..1], &shadowed] {
        let decision = decide(&ask, &shadowing(shadowed), &table.records(&ask, None));
        let first = decision.refusals().next().map(|refusal| refusal.rule);
        assert_eq!(first, Some(PurseRule::MoneyPerDay));
        assert_eq!(decision.outcome.is_ok(), shadowed.len() == 2);
        assert_eq!(decision.empty(), Some(EmptyPurse::Lane(Lane::Open)));
    }
}

#[test]
fn texts_without_a_lane_at_once_are_all_counted() {
    let settings = shadowing(&[PurseRule::Country]);
    let mut table = Table::familiar(&settings.policy);
    let asks = (0..20).map(|n| ask(0, &format!("net-{n}"), &format!("block-{n}")));
    for ask in asks.clone() {
        send(&mut table, &ask, &settings).expect("in shadow mode");
    }
    // Each was decided before the others wrote.
    let plan = |ask: Ask| decide(&ask, &settings, &table.records(&ask, None)).outcome;
    let plans: Vec<_> = asks.map(|ask| plan(ask).expect("in shadow mode")).collect();
    let left = table.get(&ask(0, "n", "b").country_key(), Attribute::Left);
    for plan in &plans {
        let country = plan
            .writes
            .iter()
            .find(|write| matches!(write.key, PurseKey::Country { .. }));
        assert!(table.write(&[country.expect("the country").clone()]));
    }
    let after = table.get(&ask(0, "n", "b").country_key(), Attribute::Left);
    assert_eq!(left - after, 20 * PRICE);
}

proptest! {
    // A case is a history of up to 80 sends.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_plan_in_shadow_mode_holds_on_what_it_was_decided_on_and_leaves_nothing_below_0(
        steps in steps(), bits in 0_u8..8, left in prop_oneof![Just(None), (0..2 * PRICE).prop_map(Some)],
    ) {
        let shadowed = PurseRule::ALL.iter().enumerate();
        let shadowed: BTreeSet<_> = shadowed.filter(|(n, _)| bits & (1 << n) != 0).map(|(_, rule)| *rule).collect();
        let settings = PurseSettings { shadowed, ..PurseSettings::default() };
        play(&steps, &settings.policy, |table, ask, evidence| {
            let mut table = table.clone();
            if let Some(left) = left.filter(|_| table.0.contains_key(&ask.country_key())) {
                table.set(ask.country_key(), Attribute::Left, left);
            }
            let records = table.records(ask, evidence);
            let unshadowed = plan_from_records(ask, &settings.policy, &records);
            let Decision { outcome, passed_over } = decide(ask, &settings, &records);
            let rules: BTreeSet<_> = passed_over.iter().map(|refusal| refusal.rule).collect();
            assert_eq!(rules.len(), passed_over.len(), "{passed_over:?}");
            assert!(rules.is_subset(&settings.shadowed), "{passed_over:?}");
            // Shadow mode changes nothing for a send that no rule in it refuses.
            match passed_over.first() {
                Some(refusal) => assert_eq!(unshadowed, Err(*refusal)),
                None => assert_eq!(unshadowed, outcome),
            }
            match outcome {
                Err(refusal) => assert!(!settings.is_shadowed(refusal.rule)),
                Ok(plan) => {
                    assert!(table.write(&plan.writes), "{plan:?}");
                    assert!(table.0.values().flat_map(PurseItem::iter).all(|(_, value)| value >= 0));
                    for write in &plan.writes {
                        let changed: HashSet<_> = write.changes.iter().map(Change::attribute).collect();
                        assert_eq!(changed.len(), write.changes.len(), "{write:?}");
                    }
                }
            }
        });
    }
}
