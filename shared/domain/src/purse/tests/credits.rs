//! What a typed code gives back, and what an instance expects of a purse that it saw before.

use super::*;

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
    let owner = proof("device");
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
