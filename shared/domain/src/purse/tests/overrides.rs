//! What operators give, how it ends, and a purse that starts anew.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600;

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOON + seconds)
}

impl Table {
    /// Writes what an operator makes of an item.
    fn operate(&mut self, key: &PurseKey, make: impl Fn(&PurseItem) -> Write) -> bool {
        let write = make(&self.item(key));
        self.write(&[write])
    }

    fn grant(&mut self, key: &PurseKey, texts: i64, until: i64) {
        let policy = PursePolicy::default();
        let grant = Grant {
            room: texts * PRICE,
            until: later(until),
        };
        let given = (texts > 0).then_some(grant);
        assert!(self.operate(key, |item| {
            give_grant(key.clone(), &policy, item, given, later(0)).expect("whole")
        }));
    }

    fn budget(&mut self, ask: &Ask, dollars: i64, until: i64) {
        let policy = PursePolicy::default();
        let budget = Budget {
            per_day: dollars * 1_000_000,
            until: later(until),
        };
        let given = (dollars > 0).then_some(budget);
        assert!(self.operate(&ask.country_key(), |item| {
            give_budget(ask, &policy, item, given).expect("whole")
        }));
    }

    /// Counts how many of `all` strangers in blocks of their own get a text.
    fn count_strangers(&mut self, seconds: i64, all: usize) -> usize {
        let policy = PursePolicy::default();
        let mut sent = 0;
        for n in 0..all {
            let ask = ask(seconds, &format!("vpn-{n}"), &format!("b-{seconds}-{n}"));
            sent += usize::from(self.send(&ask, &policy, None).is_ok());
        }
        sent
    }
}

#[test]
fn a_grant_is_room_for_strangers_until_its_end_and_leaves_the_lane_alone() {
    let key = ask(0, "n", "b").country_key();
    for is_new in [true, false] {
        let mut table = Table::default();
        if !is_new {
            assert_eq!(table.count_strangers(0, 40), 6);
        }
        table.grant(&key, 10, HOUR);
        let own = if is_new { 6 } else { 0 };
        assert_eq!(table.count_strangers(HOUR - 1, 8), 8, "new: {is_new}");
        assert_eq!(table.count_strangers(HOUR, 40), 0, "it is over: {is_new}");
        let at = table.get(&key, Attribute::LaneAt(Lane::Open));
        let paid_at = if is_new { HOUR - 1 } else { 0 };
        assert_eq!(at, NOON + paid_at, "the lane waits for its own texts");
        // Twelve hours after its own last text, time gives the lane one.
        assert_eq!(table.count_strangers(paid_at + 12 * HOUR, 40), 1);
        assert!(
            !table.item(&key).has(Attribute::Granted),
            "it left the item"
        );
        let mut table = Table::default();
        table.grant(&key, 10, HOUR);
        assert_eq!(table.count_strangers(5, 40), 6 + 10, "own: {own}");
    }
}

#[test]
fn a_grant_takes_the_place_of_an_earlier_one_and_can_be_taken_back() {
    let mut table = Table::default();
    let key = ask(0, "n", "b").country_key();
    table.grant(&key, 10, HOUR);
    table.grant(&key, 3, HOUR);
    assert_eq!(table.count_strangers(5, 40), 6 + 3);
    table.grant(&key, 10, HOUR);
    table.grant(&key, 0, HOUR);
    assert_eq!(table.count_strangers(9, 40), 0);
    // As of a country that nobody texted.
    let mut table = Table::default();
    table.grant(&key, 10, HOUR);
    table.grant(&key, 0, HOUR);
    assert_eq!(table.count_strangers(9, 40), 6);
}

#[test]
fn a_text_that_the_carrier_refused_gives_its_price_back_to_the_grant_that_paid() {
    let policy = PursePolicy::default();
    let mut table = Table::default();
    let ask = ask(10, "vpn", "b");
    let key = ask.country_key();
    assert_eq!(table.count_strangers(0, 40), 6);
    table.grant(&key, 2, HOUR);
    let before = table.item(&key);
    let plan = table.send(&ask, &policy, None).expect("a text");
    assert_eq!(
        (plan.payer.lane, plan.granted_until),
        (Lane::Open, Some(later(HOUR)))
    );
    assert_eq!(table.get(&key, Attribute::Granted), PRICE);
    assert!(table.write(&[plan.refund(morocco())]));
    for attribute in [
        Attribute::Granted,
        Attribute::Left,
        Attribute::Lane(Lane::Open),
    ] {
        assert_eq!(table.item(&key).get(attribute), before.get(attribute));
    }
    // Another grant does not get it.
    table.grant(&key, 2, 2 * HOUR);
    assert!(!table.write(&[plan.refund(morocco())]));
}

#[test]
fn a_granted_block_pays_until_the_end_whenever_it_was_texted_last() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let of = ask(0, "home", "block");
    let key = of.number_block_key();
    for (key, attribute) in [
        (of.network_key(), Attribute::Room),
        (of.country_key(), Attribute::Lane(Lane::Crowd)),
    ] {
        table.set(key, attribute, 100 * PRICE);
    }
    let count = |table: &mut Table, seconds| {
        (0..12)
            .filter(|_| {
                table
                    .send(&ask(seconds, "home", "block"), &policy, None)
                    .is_ok()
            })
            .count()
    };
    table.grant(&key, 3, 40 * HOUR);
    assert_eq!(count(&mut table, 0), 4 + 3);
    assert_eq!(count(&mut table, 60), 0);
    table.grant(&key, 3, 40 * HOUR);
    assert_eq!(table.get(&key, Attribute::ExpiresAt), NOON + 40 * HOUR);
    assert_eq!(count(&mut table, 61), 3);
    assert_eq!(table.get(&key, Attribute::ExpiresAt), NOON + 40 * HOUR);
    let spent = table.item(&key);
    table.grant(&key, 5, 40 * HOUR);
    // Six hours give a text back, and eight years the start.
    assert_eq!(count(&mut table, 40 * HOUR), 4, "no grant");
    assert!(!table.item(&key).has(Attribute::GrantedUntil));
    table.0.insert(key.clone(), spent);
    let block = NumberBlockRecord::read(&table.item(&key), later(62)).expect("whole");
    let pays_at = block.and_then(|block| block.pays_at(PRICE, &policy, later(62)));
    assert_eq!(pays_at, Some(later(6 * HOUR)));
}

#[test]
fn a_budget_is_the_money_stop_until_its_end_and_never_less_than_the_policys() {
    let policy = PursePolicy::default();
    let left = |table: &Table| table.get(&ask(0, "n", "b").country_key(), Attribute::Left);
    let mut table = Table::familiar(&policy);
    let spent = 4 * PRICE;
    table.budget(&ask(0, "n", "b"), 200, 30 * HOUR);
    assert_eq!(left(&table), 200_000_000 - spent);
    table.budget(&ask(0, "n", "b"), 100, 30 * HOUR);
    assert_eq!(left(&table), 100_000_000 - spent);
    // The next day begins with it, and it ends in the middle of that day.
    assert!(
        table
            .send(&ask(13 * HOUR, "home", "b"), &policy, None)
            .is_ok()
    );
    assert_eq!(left(&table), 100_000_000 - PRICE);
    let last = table.send(&ask(30 * HOUR - 1, "home", "c"), &policy, None);
    assert_eq!(last.expect("a text").payer.lane, Lane::Crowd);
    assert_eq!(left(&table), 100_000_000 - 2 * PRICE);
    assert!(
        table
            .send(&ask(30 * HOUR, "home", "d"), &policy, None)
            .is_ok()
    );
    assert_eq!(left(&table), 25_000_000 - 3 * PRICE);
    assert!(
        !table
            .item(&ask(0, "n", "b").country_key())
            .has(Attribute::BudgetUntil)
    );
    // The first try holds again.
    let first = plan_first_try(&ask(30 * HOUR + 1, "home", "e"), &policy);
    assert!(table.write(first.writes.get(2..).expect("the country's write")));
    // A budget below what the policy gives changes nothing.
    let mut table = Table::familiar(&policy);
    table.budget(&ask(0, "n", "b"), 5, 30 * HOUR);
    assert_eq!(left(&table), 25_000_000 - spent);
}

#[test]
fn money_that_a_budget_let_a_country_spend_stays_spent() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let (key, ask_at) = (ask(0, "n", "b").country_key(), |at| ask(at, "home", "b"));
    table.budget(&ask_at(0), 200, HOUR);
    let day = ask_at(0).day();
    table.set(key.clone(), Attribute::cost_on(day), 150_000_000);
    table.set(key.clone(), Attribute::Left, 50_000_000);
    let refused = table.send(&ask_at(HOUR), &policy, None).expect_err("over");
    assert_eq!(refused.rule, PurseRule::MoneyPerDay);
    table.budget(&ask_at(HOUR), 160, 3 * HOUR);
    assert_eq!(table.get(&key, Attribute::Left), 10_000_000);
    table.budget(&ask_at(HOUR), 0, 0);
    assert_eq!(table.get(&key, Attribute::Left), 0);
    let anew = reset_country(&ask_at(HOUR), &policy, &table.item(&key));
    assert!(table.write(&[anew]));
    assert_eq!(table.get(&key, Attribute::Left), 0);
    assert_eq!(table.get(&key, Attribute::cost_on(day)), 150_000_000);
}

#[test]
fn a_budget_of_a_country_that_nobody_texted_yet_is_its_first_money_stop() {
    let mut table = Table::default();
    let key = ask(0, "n", "b").country_key();
    table.budget(&ask(0, "n", "b"), 200, HOUR);
    assert_eq!(table.count_strangers(0, 40), 6);
    assert_eq!(table.get(&key, Attribute::Left), 200_000_000 - 6 * PRICE);
    let two = Ask {
        shards: 2,
        ..ask(0, "n", "b")
    };
    let record = table.records(&two, None).country.expect("a country");
    assert_eq!(record.holds(Lane::Open), 0);
    assert_eq!([0, 1, 2].map(|shard| share(10, shard, 3)), [4, 3, 3]);
    assert_eq!([0, 1, 2].map(|shard| share(11, shard, 3)), [4, 4, 3]);
}

#[test]
fn a_damaged_purse_starts_anew_and_keeps_what_can_be_read() {
    let policy = PursePolicy::default();
    let ask = ask(60, "home", "b");
    let key = ask.country_key();
    let whole = Table::familiar(&policy);
    for attribute in Attribute::all() {
        for value in [None, Some(-7), Some(i64::MAX)] {
            let mut table = whole.clone();
            let item = table.0.get_mut(&key).expect("an item");
            match value {
                // No integer.
                None => {
                    let stored = item.clone();
                    *item = PurseItem::read(|name| {
                        let of = |(own, value): (Attribute, i64)| {
                            (own.name() == name).then_some(Stored::Integer(value))
                        };
                        if attribute.name() == name {
                            Stored::Other
                        } else {
                            stored.iter().find_map(of).unwrap_or(Stored::Absent)
                        }
                    });
                }
                Some(value) => item.set(attribute, value),
            }
            let anew = reset_country(&ask, &policy, &table.item(&key));
            assert!(table.write(&[anew]), "{attribute:?} {value:?}");
            let records = Records::read(&ask, None, |key| table.item(key));
            let records = records.unwrap_or_else(|stopped| panic!("{attribute:?}: {stopped:?}"));
            let country = records.country.expect("a country");
            assert_eq!(country.holds(Lane::Open), 6 * PRICE);
            let is_money = matches!(attribute, Attribute::Left | Attribute::Cost(_));
            if !is_money && attribute != Attribute::Day {
                assert_eq!(country.left + country.cost_on(country.day), 25_000_000);
                assert_eq!(country.cost_on(ask.day()), 4 * PRICE);
            }
        }
    }
}

#[test]
fn a_block_a_network_and_the_service_start_anew() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(60, "home", "b");
    for key in [ask.number_block_key(), ask.network_key(), ask.service_key()] {
        for attribute in [Attribute::Room, Attribute::Codes, Attribute::Left] {
            table.set(key.clone(), attribute, -5);
        }
        let write = reset(&key, &policy, ask.now).expect("no country");
        assert!(table.write(&[write]), "{key}");
    }
    let records = table.records(&ask, None);
    assert_eq!(records.number_block, None);
    assert!(
        records
            .network
            .is_some_and(|network| network.is_forgotten(ask.now))
    );
    assert_eq!(records.service.map(|service| service.left), Some(4_750_000));
    assert_eq!(reset(&ask.country_key(), &policy, ask.now), None);
    assert_eq!(
        table.send(&ask, &policy, None).expect("a text").payer.lane,
        Lane::Open
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Texts, days, budgets and grants in any order: what is left and what was spent is the money stop in force, or
    /// more was spent before that ended. Nothing is below 0, and no grant pays after its end or more than it is.
    #[test]
    fn no_order_of_texts_and_operators_loses_a_money_stop(
        steps in proptest::collection::vec((0_i64..30_000, 0_u8..6, 1_i64..90, 1_i64..200_000), 1..60),
    ) {
        let policy = PursePolicy::default();
        let mut table = Table::familiar(&policy);
        let key = ask(0, "n", "b").country_key();
        let (mut now, mut granted) = (0, 0);
        for (n, (wait, kind, amount, lasts)) in steps.into_iter().enumerate() {
            now += wait;
            let ask = ask(now, if kind == 0 { "home" } else { "vpn" }, &format!("b{n}"));
            match kind {
                4 => {
                    let until = later(now + lasts);
                    let given = Some(Grant { room: amount * PRICE, until });
                    let write = give_grant(key.clone(), &policy, &table.item(&key), given, ask.now);
                    prop_assert!(table.write(&[write.expect("whole")]));
                    granted = amount;
                }
                5 => {
                    let given = Some(Budget { per_day: amount * 1_000_000, until: later(now + lasts) });
                    let write = give_budget(&ask, &policy, &table.item(&key), given);
                    prop_assert!(table.write(&[write.expect("whole")]));
                }
                _ => {
                    if let Ok(plan) = table.send(&ask, &policy, None)
                        && let Some(until) = plan.granted_until
                    {
                        prop_assert!(ask.now < until);
                        granted -= 1;
                        prop_assert!(granted >= 0);
                    }
                }
            }
            let records = table.records(&ask, None);
            let country = records.country.clone().expect("a country");
            prop_assert!(table.item(&key).iter().all(|(_, value)| value >= 0));
            let view = view_purses(&ask, &policy, &records);
            let stop = country.bound_money(&ask, &policy, view.money.budget.as_ref());
            if country.day == ask.day() {
                let spent = country.cost_on(country.day);
                prop_assert_eq!(view.money.left, (stop - spent).max(0));
            }
        }
    }

    /// An operator's write that was made from an old item changes nothing, or loses nothing of what others wrote.
    #[test]
    fn an_operator_who_is_overtaken_changes_nothing_or_is_exact(
        first in 26_i64..90, second in 26_i64..90, texts in 0_usize..6, is_reset in any::<bool>(),
    ) {
        let policy = PursePolicy::default();
        let mut table = Table::familiar(&policy);
        let ask = ask(10, "home", "b");
        let key = ask.country_key();
        let budget = |dollars: i64| Budget { per_day: dollars * 1_000_000, until: later(HOUR) };
        let seen = table.item(&key);
        let late = if is_reset {
            reset_country(&ask, &policy, &seen)
        } else {
            give_budget(&ask, &policy, &seen, Some(budget(second))).expect("whole")
        };
        // Texts alone do not get in the way.
        table.count_strangers(11, texts);
        let spent = |table: &Table| table.get(&key, Attribute::cost_on(ask.day()));
        let before = spent(&table);
        let mut alone = table.clone();
        prop_assert!(alone.write(std::slice::from_ref(&late)));
        prop_assert_eq!(spent(&alone), before);
        let stop = if is_reset { 25 } else { second } * 1_000_000;
        prop_assert_eq!(alone.get(&key, Attribute::Left), stop - before);
        // Another operator does.
        let other = give_budget(&ask, &policy, &table.item(&key), Some(budget(first)));
        prop_assert!(table.write(&[other.expect("whole")]));
        let after = table.item(&key);
        prop_assert!(!table.write(&[late]));
        prop_assert_eq!(table.item(&key), after);
    }
}
