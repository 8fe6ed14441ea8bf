//! How days and weeks begin: the money stop and what a week teaches.

use super::*;

#[test]
fn the_money_of_a_day_ends_and_the_next_day_begins_with_its_own() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let country = ask(0, "n", "b").country_key();
    table.set(country.clone(), Attribute::Left, PRICE - 1);
    let refused = table.send(&ask(0, "home", "b"), &policy, Some(&evidence("device")));
    let refused = refused.expect_err("no money");
    let midnight = Timestamp::from_unix(NOON + 43_200);
    assert_eq!(
        (refused.rule, refused.retry_at),
        (PurseRule::MoneyPerDay, midnight)
    );
    assert!(table.send(&ask(43_200, "home", "b"), &policy, None).is_ok());
    let day = ask(43_200, "n", "b").day();
    assert_eq!(table.get(&country, Attribute::Day), day);
    assert_eq!(table.get(&country, Attribute::Left), 25_000_000 - PRICE);
    assert_eq!(table.get(&country, Attribute::cost_on(day)), PRICE);
    assert_eq!(table.get(&country, Attribute::cost_on(day - 1)), 4 * PRICE);
}

#[test]
fn the_money_stop_follows_the_best_of_the_days_3_to_16_before() {
    let policy = PursePolicy::default();
    let ceiling = |ago: i64| {
        let mut table = Table::familiar(&policy);
        let before = ask(0, "n", "b");
        let spent = Attribute::cost_on(before.day() - ago + 1);
        table.set(before.country_key(), spent, 50_000_000);
        table.set(before.country_key(), Attribute::Day, before.day());
        assert!(table.send(&ask(86_400, "home", "b"), &policy, None).is_ok());
        table.get(&before.country_key(), Attribute::Left) + PRICE
    };
    assert_eq!(ceiling(2), 25_000_000);
    assert_eq!(ceiling(3), 150_000_000);
    assert_eq!(ceiling(16), 150_000_000);
    // The place of the day 17 before is that of the new day.
    assert_eq!(ceiling(17), 25_000_000);
}

#[test]
fn days_without_a_text_cost_nothing() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let country = ask(0, "n", "b").country_key();
    for place in 0..17 {
        table.set(country.clone(), Attribute::Cost(place), 50_000_000);
    }
    let later = ask(5 * 86_400, "home", "b");
    assert!(table.send(&later, &policy, None).is_ok());
    let spent = |ago| table.get(&country, Attribute::cost_on(later.day() - ago));
    assert_eq!(
        [0, 1, 4, 5, 16].map(spent),
        [PRICE, 0, 0, 50_000_000, 50_000_000]
    );
}

#[test]
fn a_week_teaches_its_conversion_when_it_had_enough_texts_and_was_the_best() {
    let policy = PursePolicy::default();
    let learned = |sent, typed, best: Option<i64>| {
        let mut table = Table::familiar(&policy);
        let key = ask(0, "n", "b").country_key();
        table.set(key.clone(), Attribute::Sent, sent);
        table.set(key.clone(), Attribute::Typed, typed);
        if let Some(best) = best {
            table.set(key.clone(), Attribute::Best, best);
        }
        assert!(
            table
                .send(&ask(7 * 86_400, "home", "b"), &policy, None)
                .is_ok()
        );
        assert_eq!(table.get(&key, Attribute::Sent), 1);
        assert_eq!(table.get(&key, Attribute::Typed), 0);
        assert_eq!(table.get(&key, Attribute::TypedBefore), typed);
        table.item(&key).get(Attribute::Best)
    };
    assert_eq!(learned(299, 250, None), None);
    assert_eq!(learned(300, 225, None), Some(750));
    assert_eq!(learned(300, 300, None), Some(980));
    assert_eq!(learned(300, 225, Some(800)), Some(800));
    assert_eq!(learned(400, 340, Some(800)), Some(850));
}

#[test]
fn the_record_tells_how_much_of_its_money_stop_the_day_has_used_even_if_the_stop_has_grown() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let now = ask(0, "home", "b");
    let key = now.country_key();
    let used = |table: &Table, day, price| {
        let record = table.records(&now, None).country.expect("a record");
        record.money_used(day, price)
    };
    // Four texts of 25 dollars are 3.52 %.
    assert_eq!(used(&table, now.day(), PRICE), Some(3));
    assert_eq!(used(&table, now.day() + 1, PRICE), None, "another day");
    for (left, percent) in [
        (12_500_001, 49),
        (12_500_000, 50),
        (PRICE, 99),
        (PRICE - 1, 100),
        (0, 100),
    ] {
        table.set(key.clone(), Attribute::Left, left);
        let spent = Attribute::cost_on(now.day());
        table.set(key.clone(), spent, 25_000_000 - left);
        assert_eq!(used(&table, now.day(), PRICE), Some(percent), "{left}");
    }
    // A day of 50 dollars makes a stop of 150.
    let mut table = Table::familiar(&policy);
    let before = Attribute::cost_on(now.day() - 3);
    table.set(key.clone(), before, 50_000_000);
    let later = ask(86_400, "home", "b");
    assert!(table.send(&later, &policy, None).is_ok());
    let spent = Attribute::cost_on(later.day());
    table.set(key.clone(), spent, 75_000_000);
    table.set(key, Attribute::Left, 75_000_000);
    assert_eq!(used(&table, later.day(), PRICE), Some(50));
}

#[test]
fn the_last_text_of_a_days_money_is_sent() {
    let mut policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let key = ask(0, "n", "b").country_key();
    table.set(key.clone(), Attribute::Left, PRICE);
    let sent = table.send(&ask(0, "abroad", "b"), &policy, Some(&evidence("device")));
    assert_eq!(sent.expect("the last").payer.lane, Lane::Known);
    assert_eq!(table.get(&key, Attribute::Left), 0);
    // A day of which the first text is the last.
    policy.money.least = PRICE;
    let next = table.send(&ask(86_400, "abroad", "c"), &policy, None);
    assert!(next.is_ok());
    assert_eq!(table.get(&key, Attribute::Left), 0);
    let refused = table.send(&ask(86_401, "abroad", "d"), &policy, None);
    assert_eq!(refused.expect_err("spent").rule, PurseRule::MoneyPerDay);
}

#[test]
fn the_shards_of_a_country_divide_its_money() {
    let policy = PursePolicy::default();
    let mut table = Table::default();
    let ask = Ask {
        shards: 4,
        ..ask(0, "vpn", "b")
    };
    assert!(table.send(&ask, &policy, None).is_ok());
    let left = table.get(&ask.country_key(), Attribute::Left);
    assert_eq!(left + PRICE, 25_000_000 / 4);
}

#[test]
fn a_phone_keeps_its_shard() {
    let shard = |text: &str, shards| Ask::shard_of(&index(text), shards);
    // FNV-1a of `a` is 0xe40c292c, of `foobar` 0xbf9cf968.
    assert_eq!((shard("a", 255), shard("foobar", 255)), (70, 190));
    assert_eq!((shard("a", 16), shard("foobar", 16)), (12, 8));
    assert_eq!((shard("a", 1), shard("a", 0)), (0, 0));
}
