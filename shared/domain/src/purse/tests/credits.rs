//! What a typed code gives back, and what an instance expects of a purse that it saw before.

use super::*;
use crate::purse::credit::Fill;

/// Below the cap of a lane, at it and above it, a credit from what an instance remembers is right at once.
#[test]
fn a_credit_from_the_record_of_the_last_one_holds_when_nobody_else_sent() {
    let policy = PursePolicy::default();
    let cap = policy.crowd.cap.at(PRICE);
    for texts in -3..3 {
        let mut table = Table::familiar(&policy);
        let country = ask(0, "n", "b").country_key();
        let holds = cap + texts * PRICE;
        table.set(country.clone(), Attribute::Lane(Lane::Crowd), holds);
        let mut remembered = None;
        for n in 0..6 {
            let ask = ask(n, "home", &format!("b{n}"));
            let plan = table.send(&ask, &policy, None).expect("a send");
            let payer = &plan.payer;
            if let Some(record) = remembered {
                let seen = payer.charge(record);
                let write = payer.credit_country(ask.country, Some(&seen), &policy);
                let applied = write.apply(&table.item(&country));
                assert!(applied.is_some(), "{texts} texts from the cap, code {n}");
            }
            table.credit(&ask, payer, &policy);
            remembered = table.records(&ask, None).country;
        }
    }
}

#[test]
fn known_phones_end_an_outage() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let country = ask(0, "n", "b").country_key();
    let cap = policy.known.cap.at(PRICE);
    table.set(country.clone(), Attribute::Lane(Lane::Crowd), 0);
    table.set(country.clone(), Attribute::LaneAt(Lane::Crowd), NOON);
    table.set(
        country.clone(),
        Attribute::Lane(Lane::Known),
        cap - 5 * PRICE - 1,
    );
    let owner = evidence("device");
    let ask = ask(60, "new", "b");
    let plan = table.send(&ask, &policy, Some(&owner)).expect("a plan");
    assert!(plan.payer.heals);
    table.credit(&ask, &plan.payer, &policy);
    assert_eq!(table.lane(Lane::Crowd), 2 * PRICE);
    assert_eq!(table.get(&ask.network_key(), Attribute::Room), PRICE);
    // Without the lack, a known phone earns half a text for its network and nothing for the crowd.
    table.set(country, Attribute::Lane(Lane::Known), cap);
    let plan = table.send(&ask, &policy, Some(&owner)).expect("a plan");
    assert!(!plan.payer.heals);
    table.credit(&ask, &plan.payer, &policy);
    assert_eq!(table.lane(Lane::Crowd), 2 * PRICE);
    assert_eq!(
        table.get(&ask.network_key(), Attribute::Room),
        PRICE * 3 / 2
    );
    // With this text it lacks six, and no more.
    let lane = Attribute::Lane(Lane::Known);
    table.set(ask.country_key(), lane, cap - 5 * PRICE);
    let plan = table.send(&ask, &policy, Some(&owner)).expect("a plan");
    assert!(!plan.payer.heals);
}

#[test]
fn a_network_without_a_code_for_15_days_starts_anew() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let later = ask(15 * 86_400 - 3_597, "home", "b");
    let network = later.network_key();
    let plan = table.send(&later, &policy, None).expect("a plan");
    assert_eq!(plan.payer.lane, Lane::Open);
    assert_eq!(table.get(&network, Attribute::Codes), 4);
    table.credit(&later, &plan.payer, &policy);
    assert_eq!(table.get(&network, Attribute::Codes), 1);
    assert_eq!(table.get(&network, Attribute::Room), PRICE / 2);
}

#[test]
fn the_codes_of_a_network_are_halved_every_30_days() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let network = ask(0, "home", "b").network_key();
    let type_code = |table: &mut Table, day: i64| {
        let ask = ask(day * 86_400 - 3_600, "home", &format!("b{day}"));
        let plan = table.send(&ask, &policy, None).expect("a plan");
        table.credit(&ask, &plan.payer, &policy);
        table.get(&network, Attribute::Codes)
    };
    let codes = [10, 20, 29, 30, 40, 50, 59, 60].map(|day| type_code(&mut table, day));
    assert_eq!(codes, [5, 6, 7, 4, 5, 6, 7, 4]);
}

#[test]
fn a_purse_earns_up_to_its_cap_and_gives_back_up_to_twice_that() {
    let cap = 100;
    for (holds, fill) in [
        (99, Fill::Earns),
        (100, Fill::Returns),
        (199, Fill::Returns),
        (200, Fill::Over),
    ] {
        assert!(Fill::of(holds, cap) == fill, "{holds}");
    }
}

#[test]
fn a_typed_code_fills_the_block_of_its_number_except_for_known_phones() {
    let policy = PursePolicy::default();
    let ask = ask(0, "vpn", "b");
    let (key, cap) = (ask.number_block_key(), policy.number_block.cap.at(PRICE));
    let credit = |lane, holds| {
        let at = ask.now;
        let room = Some(Room { holds, at });
        let seen = NumberBlockRecord { room, grant: None };
        let payer = ask.make_payer(lane);
        let write = payer.credit_number_block(&ask.number_block, Some(&seen), &policy)?;
        let item = [(Attribute::Room, holds)].into_iter().collect();
        let after = write.apply(&item).expect("as it was seen");
        assert_eq!(write.key, key);
        Some(after.get(Attribute::Room).expect("a room") - holds)
    };
    for lane in [Lane::Crowd, Lane::Attested, Lane::Open] {
        assert_eq!(credit(lane, 0), Some(2 * PRICE));
        assert_eq!(credit(lane, cap - 1), Some(2 * PRICE));
        assert_eq!(credit(lane, cap), Some(PRICE));
        assert_eq!(credit(lane, 2 * cap), None);
    }
    for lane in [Lane::Known, Lane::Moved] {
        assert_eq!(credit(lane, 0), None);
    }
}

/// A network that is full earns nothing from texts that it did not pay for.
#[test]
fn a_full_network_gets_back_what_it_paid_and_no_more() {
    let policy = PursePolicy::default();
    let ask = ask(0, "home", "b");
    let cap = PRICE * i64::from(policy.network.cap);
    let credit = |lane, holds| {
        let mut table = Table::familiar(&policy);
        table.set(ask.network_key(), Attribute::Room, holds);
        table.set(ask.number_block_key(), Attribute::Room, PRICE);
        table.set(ask.number_block_key(), Attribute::At, NOON);
        table.credit(&ask, &ask.make_payer(lane), &policy);
        table.get(&ask.network_key(), Attribute::Room) - holds
    };
    assert_eq!(credit(Lane::Crowd, cap - 1), 2 * PRICE);
    assert_eq!(credit(Lane::Crowd, cap), PRICE);
    assert_eq!(credit(Lane::Crowd, 2 * cap), 0);
    assert_eq!(credit(Lane::Open, cap - 1), PRICE / 2);
    assert_eq!(credit(Lane::Open, cap), 0);
    assert_eq!(credit(Lane::Known, 2 * cap), 0);
}

#[test]
fn only_a_code_of_the_crowd_that_earns_uses_up_a_probe() {
    let policy = PursePolicy::default();
    let ask = ask(0, "home", "b");
    let key = ask.country_key();
    let probes = |lane: Lane, is_full: bool, best: Option<i64>| {
        let mut table = Table::familiar(&policy);
        let cap = policy.cap(lane, PRICE, best);
        let holds = if is_full { cap } else { 0 };
        table.set(key.clone(), Attribute::Lane(lane), holds);
        table.set(key.clone(), Attribute::Probes, 5);
        table.set(ask.number_block_key(), Attribute::Room, PRICE);
        table.set(ask.number_block_key(), Attribute::At, NOON);
        if let Some(best) = best {
            table.set(key.clone(), Attribute::Best, best);
        }
        table.credit(&ask, &ask.make_payer(lane), &policy);
        table.get(&key, Attribute::Probes)
    };
    assert_eq!(probes(Lane::Crowd, false, Some(800)), 4);
    assert_eq!(probes(Lane::Crowd, true, Some(800)), 5);
    assert_eq!(probes(Lane::Crowd, false, None), 5);
    for lane in [Lane::Known, Lane::Moved, Lane::Open] {
        assert_eq!(probes(lane, false, Some(800)), 5, "{lane:?}");
    }
}
