//! Texts, codes and operators that decide on the same items, and write one after the other.

use super::*;

#[test]
fn texts_of_several_lanes_and_a_code_all_count() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let key = ask(0, "n", "b").country_key();
    let owner = evidence("device");
    // A code earns below the cap.
    let holds = policy.known.cap.at(PRICE) - 3 * PRICE;
    table.set(key.clone(), Attribute::Lane(Lane::Known), holds);
    let before = table.item(&key);
    let plan = |network: &str, block: &str, evidence: Option<&Evidence>| {
        let ask = ask(0, network, block);
        plan_from_records(&ask, &policy, &table.records(&ask, evidence)).expect("a text")
    };
    let plans = [
        plan("abroad", "b1", Some(&owner)),
        plan("abroad", "b2", Some(&owner)),
        plan("vpn", "b3", None),
    ];
    let lanes = plans.each_ref().map(|plan| plan.payer.lane);
    assert_eq!(lanes, [Lane::Known, Lane::Known, Lane::Open]);
    let payer = &plans[0].payer;
    let seen = table.records(&ask(0, "n", "b"), None).country;
    let code = payer.credit_country(morocco(), seen.as_ref(), &policy);
    let of_country = |plan: &Plan| {
        let mut writes = plan.writes.iter();
        writes.find(|write| write.key == key).expect("one").clone()
    };
    let writes = [
        of_country(&plans[0]),
        code,
        of_country(&plans[1]),
        of_country(&plans[2]),
    ];
    for write in writes {
        assert!(table.write(std::slice::from_ref(&write)), "{write:?}");
    }
    let day = Attribute::cost_on(ask(0, "n", "b").day());
    for (attribute, by) in [
        (Attribute::Lane(Lane::Known), 2 * PRICE - 2 * PRICE),
        (Attribute::Lane(Lane::Open), -PRICE),
        (Attribute::Left, -3 * PRICE),
        (day, 3 * PRICE),
        (Attribute::Sent, 3),
        (Attribute::Typed, 1),
    ] {
        let was = before.get(attribute).expect("a number");
        assert_eq!(table.get(&key, attribute) - was, by, "{attribute:?}");
    }
}

#[test]
fn a_money_stop_that_is_lowered_while_texts_are_paid_leaves_nothing_below_0() {
    let policy = PursePolicy::default();
    let ask = ask(0, "home", "b");
    let key = ask.country_key();
    let mut table = Table::familiar(&policy);
    let give = |table: &Table, budget| {
        give_budget(&ask, &policy, &table.item(&key), budget).expect("whole")
    };
    let budget = Budget {
        per_day: 200_000_000,
        until: ask.today.end(),
    };
    assert!(table.write(&[give(&table, Some(budget))]));
    let lowered = give(&table, None);
    let mut leave = |left| {
        table.set(key.clone(), Attribute::Left, left);
        let after = lowered.apply(&table.item(&key));
        after.and_then(|item| item.get(Attribute::Left))
    };
    assert_eq!(leave(175_000_001), Some(1));
    assert_eq!(leave(175_000_000), Some(0));
    assert_eq!(leave(174_999_999), None, "it is made again");
}

#[test]
fn an_operator_pins_the_grant_and_the_end_that_were_read() {
    let policy = PursePolicy::default();
    let ask = ask(0, "vpn", "b");
    let grant = |hours| Grant {
        room: PRICE,
        until: ask.now + Duration::from_hours(hours),
    };
    for key in [ask.country_key(), ask.number_block_key()] {
        let give = |item: &PurseItem, given| {
            give_grant(key.clone(), &policy, item, Some(given), ask.now).expect("whole")
        };
        let none = PurseItem::default();
        let one = give(&none, grant(1)).apply(&none).expect("nothing there");
        assert_eq!(give(&none, grant(2)).apply(&one), None, "another operator");
        let second = give(&one, grant(2));
        let two = second.apply(&one).expect("as it was read");
        assert_eq!(second.apply(&two), None, "it is another grant now");
        // A text that was decided without the grant is decided again.
        let first = plan_first_try(&ask, &policy);
        let of_block = first.writes.iter().find(|write| write.key == key);
        if key == ask.number_block_key() {
            assert_eq!(of_block.expect("the block").apply(&one), None);
        }
    }
    let key = ask.number_block_key();
    let give = |item: &PurseItem| {
        give_grant(key.clone(), &policy, item, Some(grant(1)), ask.now).expect("whole")
    };
    // A text came between, and set the end of its block.
    let mut table = Table::default();
    let early = give(&table.item(&key));
    assert!(table.send(&ask, &policy, None).is_ok());
    assert_eq!(early.apply(&table.item(&key)), None);
    let early = give(&table.item(&key));
    table.set(key.clone(), Attribute::ExpiresAt, NOON + 1_000_000);
    assert_eq!(early.apply(&table.item(&key)), None);
}

#[test]
fn a_country_that_starts_anew_pins_a_budget_and_keeps_what_it_learned() {
    let policy = PursePolicy::default();
    let ask = ask(60, "home", "b");
    let key = ask.country_key();
    let mut table = Table::familiar(&policy);
    table.set(key.clone(), Attribute::Best, 800);
    let before = table.item(&key);
    let anew = reset_country(&ask, &policy, &before);
    let after = anew.apply(&before).expect("as it was read");
    assert_eq!(after.get(Attribute::Best), Some(800));
    // Half a budget, which no write leaves, has raised the stop all the same.
    for half in [Attribute::Budget, Attribute::BudgetUntil] {
        let mut damaged = before.clone();
        damaged.set(half, 5);
        damaged.set(Attribute::Left, 500_000_000);
        let anew = reset_country(&ask, &policy, &damaged);
        let after = anew.apply(&damaged).expect("as it was read");
        let left = after.get(Attribute::Left);
        assert_eq!(left, Some(25_000_000 - 4 * PRICE), "{half:?}");
    }
    // The day of the policy can be one ahead of UTC. It is no damage, and stays.
    let mut ahead = before;
    ahead.set(Attribute::Day, ask.day() + 1);
    ahead.set(Attribute::Left, 7);
    let anew = reset_country(&ask, &policy, &ahead);
    let after = anew.apply(&ahead).expect("as it was read");
    assert_eq!(after.get(Attribute::Day), Some(ask.day() + 1));
    assert_eq!(after.get(Attribute::Left), Some(7));
}
