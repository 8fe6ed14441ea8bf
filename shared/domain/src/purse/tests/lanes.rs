//! Which lane pays, and what ends it.

use super::*;

pub(super) fn rule(refused: Result<Plan, PurseRefusal>) -> PurseRule {
    refused.expect_err("a refusal").rule
}

pub(super) fn lane(plan: Result<Plan, PurseRefusal>) -> Lane {
    plan.expect("a plan").payer.lane
}

#[test]
fn a_new_country_gets_six_texts_from_the_service_and_then_one_in_twelve_hours() {
    let (policy, mut table) = (PursePolicy::default(), Table::default());
    // So early that twelve hours later is the same day.
    let early = -40_000;
    for n in 0..6 {
        let sent = table.send(&ask(early + n, "net", &format!("b{n}")), &policy, None);
        assert_eq!(lane(sent), Lane::Open);
    }
    let refused = table
        .send(&ask(early + 6, "net", "b6"), &policy, None)
        .expect_err("empty");
    let twelve_hours = Timestamp::from_unix(NOON + early + 5 + 12 * 3_600);
    assert_eq!(
        (refused.rule, refused.retry_at),
        (PurseRule::Country, twelve_hours)
    );
    let service = ask(0, "n", "b").service_key();
    assert_eq!(table.get(&service, Attribute::Left), 4_750_000 - 6 * PRICE);
    assert!(
        table
            .send(&ask(early + 5 + 12 * 3_600, "net", "b7"), &policy, None)
            .is_ok()
    );
    assert_eq!(table.get(&service, Attribute::Left), 4_750_000 - 7 * PRICE);
}

#[test]
fn what_nobody_earned_ends_for_all_countries_together() {
    let (policy, mut table) = (PursePolicy::default(), Table::default());
    let service = ask(0, "n", "b").service_key();
    table.set(service.clone(), Attribute::Left, PRICE - 1);
    let refused = table
        .send(&ask(0, "net", "b"), &policy, None)
        .expect_err("none left");
    assert_eq!(refused.rule, PurseRule::Country);
    table.set(service.clone(), Attribute::Left, PRICE + 1);
    assert!(table.send(&ask(0, "net", "b"), &policy, None).is_ok());
    assert_eq!(table.lane(Lane::Open), 1);
    assert_eq!(table.get(&service, Attribute::Left), 0);
}

/// A store that has not read the service's purse learns from the write that fails.
#[test]
fn a_grant_that_the_service_no_longer_has_is_not_written() {
    let (policy, mut table) = (PursePolicy::default(), Table::default());
    let ask = ask(0, "net", "b");
    let plan = plan_from_records(&ask, &policy, &Records::default()).expect("a plan");
    let fourth = 4 * PRICE - 1;
    table.set(ask.service_key(), Attribute::Left, fourth);
    assert!(!table.clone().write(&plan.writes));
    let again = plan_from_records(&ask, &policy, &table.records(&ask, None)).expect("a plan");
    assert!(table.write(&again.writes));
    assert_eq!(table.get(&ask.service_key(), Attribute::Left), 0);
    assert_eq!(table.lane(Lane::Open), fourth - PRICE);
}

#[test]
fn three_typed_codes_open_the_crowds_lane_to_their_network_and_to_no_other() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    assert_eq!(
        lane(table.send(&ask(0, "home", "b"), &policy, None)),
        Lane::Crowd
    );
    assert_eq!(
        lane(table.send(&ask(1, "abroad", "b"), &policy, None)),
        Lane::Open
    );
    let network = ask(0, "home", "b").network_key();
    table.set(network, Attribute::Codes, 2);
    assert_eq!(
        lane(table.send(&ask(2, "home", "b"), &policy, None)),
        Lane::Open
    );
}

#[test]
fn the_first_try_pays_for_the_crowd_and_for_nobody_else() {
    let policy = PursePolicy::default();
    let first = |change: fn(&mut Table, &Ask)| {
        let (mut table, ask) = (Table::familiar(&policy), ask(0, "home", "b"));
        change(&mut table, &ask);
        table.write(&plan_first_try(&ask, &policy).writes)
    };
    assert!(first(|_, _| ()));
    assert!(!first(|table, ask| {
        table.set(ask.country_key(), Attribute::Lane(Lane::Crowd), PRICE - 1);
    }));
    assert!(!first(|table, ask| table.set(
        ask.country_key(),
        Attribute::Left,
        PRICE - 1
    )));
    assert!(!first(|table, ask| table.set(
        ask.country_key(),
        Attribute::Day,
        ask.day() - 1
    )));
    assert!(!first(|table, ask| table.set(
        ask.number_block_key(),
        Attribute::Room,
        PRICE - 1
    )));
    assert!(!first(|table, ask| table.set(
        ask.network_key(),
        Attribute::Room,
        PRICE - 1
    )));
    for needed in [i64::MIN, -1, 0, 3, 5] {
        let mut table = Table::familiar(&policy);
        let ask = ask(0, "home", "b");
        table.set(ask.network_key(), Attribute::Needed, needed);
        assert!(
            !table.write(&plan_first_try(&ask, &policy).writes),
            "{needed}"
        );
    }
    assert!(!first(|table, ask| {
        table.set(ask.network_key(), Attribute::ExpiresAt, ask.now.unix());
    }));
    assert!(!first(|table, ask| drop(
        table.0.remove(&ask.network_key())
    )));
    assert!(!first(|table, ask| drop(
        table.0.remove(&ask.country_key())
    )));
}

#[test]
fn a_pumped_block_stops_strangers_in_it_and_leaves_the_country_alone() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    table.set(
        ask(0, "home", "b").network_key(),
        Attribute::Room,
        6 * PRICE,
    );
    for n in 0..4 {
        assert_eq!(
            lane(table.send(&ask(n, "home", "pumped"), &policy, None)),
            Lane::Crowd
        );
    }
    let refused = table
        .send(&ask(4, "home", "pumped"), &policy, None)
        .expect_err("empty");
    let six_hours = Timestamp::from_unix(NOON + 3 + 6 * 3_600);
    assert_eq!(
        (refused.rule, refused.retry_at),
        (PurseRule::NumberBlock, six_hours)
    );
    assert!(table.send(&ask(5, "home", "quiet"), &policy, None).is_ok());
    assert!(
        table
            .send(&ask(3 + 6 * 3_600, "home", "pumped"), &policy, None)
            .is_ok()
    );
}

#[test]
fn an_empty_crowd_probes_after_half_an_hour_and_its_codes_then_earn_the_whole_gain() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let country = ask(0, "n", "b").country_key();
    table.set(country.clone(), Attribute::Lane(Lane::Crowd), 0);
    table.set(country.clone(), Attribute::LaneAt(Lane::Crowd), NOON);
    table.set(country.clone(), Attribute::Lane(Lane::Open), 0);
    table.set(country.clone(), Attribute::LaneAt(Lane::Open), NOON);
    table.set(country.clone(), Attribute::Best, 980);
    let refused = table
        .send(&ask(1, "home", "b"), &policy, None)
        .expect_err("empty");
    assert_eq!(refused.retry_at, Timestamp::from_unix(NOON + 1_800));
    let ask = ask(1_800, "home", "b");
    let plan = table.send(&ask, &policy, None).expect("a probe");
    assert_eq!(plan.payer.lane, Lane::Crowd);
    assert_eq!(table.get(&country, Attribute::Probes), 8);
    table.credit(&ask, &plan.payer, &policy);
    assert_eq!(table.get(&country, Attribute::Probes), 7);
    assert_eq!(table.lane(Lane::Crowd), 2 * PRICE);
}

#[test]
fn a_caller_that_the_operator_vouches_for_has_a_lane_where_the_policy_has_one() {
    let mut policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let mut ask = ask(0, "abroad", "b");
    ask.is_attested = true;
    assert_eq!(lane(table.send(&ask, &policy, None)), Lane::Open);
    let cap = Cap {
        texts: 2,
        at_least: 0,
    };
    policy.attested = Some(LanePolicy {
        cap,
        refill_to: 1,
        ..policy.open
    });
    let plan = table.send(&ask, &policy, None).expect("a plan");
    assert_eq!(plan.payer.lane, Lane::Attested);
    assert_eq!(table.lane(Lane::Attested), PRICE);
    table.credit(&ask, &plan.payer, &policy);
    assert_eq!(table.lane(Lane::Attested), 3 * PRICE);
    // The network is as strange as before.
    assert!(!table.0.contains_key(&ask.network_key()));
    let strange = Ask {
        is_attested: false,
        ..ask.clone()
    };
    assert_eq!(lane(table.send(&strange, &policy, None)), Lane::Open);
    table.set(ask.number_block_key(), Attribute::Room, 0);
    let refused = table.send(&ask, &policy, None);
    assert_eq!(
        rule(refused),
        PurseRule::NumberBlock,
        "the block pays for it, too"
    );
}

#[test]
fn a_refund_gives_back_the_lane_and_the_money_of_the_same_day() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "home", "b");
    let key = ask.country_key();
    let before = table.item(&key);
    let plan = table.send(&ask, &policy, None).expect("a plan");
    assert!(table.write(&[plan.refund(morocco())]));
    for attribute in [
        Attribute::Lane(Lane::Crowd),
        Attribute::Left,
        Attribute::cost_on(ask.day()),
        Attribute::Sent,
    ] {
        assert_eq!(
            table.item(&key).get(attribute),
            before.get(attribute),
            "{attribute:?}"
        );
    }
    table.set(key, Attribute::Day, ask.day() + 1);
    assert!(!table.write(&[plan.refund(morocco())]));
}

#[test]
fn a_damaged_item_stops_its_country_and_is_named() {
    let policy = PursePolicy::default();
    let stopped = |attribute: Attribute, value: Option<i64>| {
        let mut table = Table::familiar(&policy);
        let ask = ask(0, "home", "b");
        let item = table.0.get_mut(&ask.country_key()).expect("an item");
        match value {
            Some(value) => item.set(attribute, value),
            None => item.remove(attribute),
        }
        Records::read(&ask, None, |key| table.item(key)).expect_err("damaged")
    };
    let key = ask(0, "n", "b").country_key();
    for (attribute, value) in [
        (Attribute::Day, None),
        (Attribute::Day, Some(30_000)),
        (Attribute::Left, Some(-1)),
        (Attribute::Lane(Lane::Known), None),
        (Attribute::LaneAt(Lane::Crowd), Some(NOON * 2)),
        (Attribute::Best, Some(1_001)),
        (Attribute::Cost(3), None),
        (Attribute::Sent, None),
    ] {
        let (key, damage) = (key.clone(), Damaged(attribute));
        let damaged = DamagedPurse { key, damage };
        assert_eq!(stopped(attribute, value), damaged, "{value:?}");
    }
}

#[test]
fn a_damaged_item_of_the_service_counts_as_empty() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "home", "b");
    table.set(ask.service_key(), Attribute::Left, -1);
    let records = Records::read(&ask, None, |key| table.item(key)).expect("records");
    assert_eq!(records.service.map(|service| service.left), Some(0));
    let damaged = Some(DamagedPurse {
        key: ask.service_key(),
        damage: Damaged(Attribute::Left),
    });
    assert_eq!(records.damaged_service, damaged);
}

/// Operators hear of a lane that is empty, also when another one pays.
#[test]
fn a_plan_and_a_refusal_name_the_lane_that_was_empty_and_that_says_most() {
    use Lane::{Crowd, Known, Moved, Open};
    let policy = PursePolicy::default();
    let empty = |lanes: &[Lane], ask: &Ask, evidence: Option<&Evidence>| {
        let mut table = Table::familiar(&policy);
        for lane in lanes {
            let now = ask.now.unix();
            table.set(ask.country_key(), Attribute::Lane(*lane), 0);
            table.set(ask.country_key(), Attribute::LaneAt(*lane), now);
        }
        match table.send(ask, &policy, evidence) {
            Ok(plan) => (Some(plan.payer.lane), plan.empty),
            Err(refusal) => (None, refusal.empty),
        }
    };
    let lane = |lane| Some(EmptyPurse::Lane(lane));
    let (home, abroad) = (ask(0, "home", "b"), ask(0, "abroad", "b"));
    let own = evidence("device");
    assert_eq!(empty(&[], &home, None), (Some(Crowd), None));
    assert_eq!(empty(&[Crowd], &home, None), (Some(Open), lane(Crowd)));
    assert_eq!(empty(&[Crowd, Open], &home, None), (None, lane(Crowd)));
    assert_eq!(empty(&[Open], &abroad, None), (None, lane(Open)));
    // An attack does not touch what known phones have.
    assert_eq!(
        empty(&[Crowd, Open], &home, Some(&own)),
        (Some(Known), lane(Crowd))
    );
    let outage = empty(&[Crowd, Known, Moved, Open], &home, Some(&own));
    assert_eq!(outage, (None, lane(Known)));
    // A stranger says nothing about them.
    assert_eq!(empty(&[Known, Open], &abroad, None), (None, lane(Open)));
}

#[test]
fn an_empty_block_and_a_money_stop_are_no_empty_lane() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "abroad", "b");
    table.set(ask.number_block_key(), Attribute::Room, 0);
    table.set(ask.number_block_key(), Attribute::At, ask.now.unix());
    let refused = table.send(&ask, &policy, None).expect_err("an empty block");
    assert_eq!(refused.empty, Some(EmptyPurse::NumberBlock));
    // A known phone does not need its block.
    let plan = table.send(&ask, &policy, Some(&evidence("device")));
    assert_eq!(plan.expect("a plan").empty, None);
    table.set(ask.country_key(), Attribute::Left, 0);
    let refused = table.send(&ask, &policy, None).expect_err("no money");
    assert_eq!(
        (refused.rule, refused.empty),
        (PurseRule::MoneyPerDay, None)
    );
}

/// When a refusal says that another try can succeed, it can, and not a second before.
#[test]
fn a_new_country_can_begin_at_the_instant_that_its_refusal_names() {
    let policy = PursePolicy::default();
    // So early that twelve hours later is the same day, and so late that they end tomorrow.
    for seconds in [-43_000, 0, 40_000] {
        for left in [0, 1, PRICE - 1] {
            let mut table = Table::default();
            let first = ask(seconds, "net", "b");
            table.set(first.service_key(), Attribute::Left, left);
            let refused = table.send(&first, &policy, None).expect_err("no money");
            let wait = |at: Timestamp| at.unix() - NOON;
            let before = ask(wait(refused.retry_at) - 1, "net", "b");
            assert!(table.clone().send(&before, &policy, None).is_err());
            let then = ask(wait(refused.retry_at), "net", "b");
            assert!(table.send(&then, &policy, None).is_ok(), "{seconds} {left}");
        }
    }
}

/// Time gives the lane of strangers a text only while the service has the money for it.
#[test]
fn an_empty_lane_of_strangers_waits_for_the_money_of_the_next_day() {
    let policy = PursePolicy::default();
    let mut table = Table::default();
    let early = -43_000;
    for n in 0..6 {
        let sent = table.send(&ask(early + n, "net", &format!("b{n}")), &policy, None);
        assert!(sent.is_ok());
    }
    let next = ask(early + 6, "net", "b");
    table.set(next.service_key(), Attribute::Left, PRICE - 1);
    let refused = table.send(&next, &policy, None).expect_err("no money");
    assert_eq!(refused.retry_at, next.today.end());
    let then = ask(43_200, "net", "b");
    assert!(table.clone().send(&then, &policy, None).is_ok());
    // With the money for just one text it waits for time alone.
    table.set(next.service_key(), Attribute::Left, PRICE);
    let refused = table.send(&next, &policy, None).expect_err("empty");
    let paid_at = next.now - Duration::from_secs(1);
    assert_eq!(refused.retry_at, paid_at + policy.open.refill);
}
