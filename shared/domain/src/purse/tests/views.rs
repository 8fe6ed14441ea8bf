//! What operators see of the purses of a text.

use super::*;

fn outlook(table: &Table, ask: &Ask) -> Outlook {
    view_purses(ask, &PursePolicy::default(), &table.records(ask, None))
}

#[test]
fn operators_see_what_each_lane_holds_and_when_it_pays() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "home", "b");
    table.set(ask.country_key(), Attribute::Lane(Lane::Known), 0);
    let at = Attribute::LaneAt(Lane::Known);
    table.set(ask.country_key(), at, NOON - 60);
    let seen = outlook(&table, &ask);
    let known = seen.lanes[Lane::Known].expect("a lane");
    assert_eq!((known.holds, known.cap), (0, policy.known.cap.at(PRICE)));
    let half_an_hour = ask.now - Duration::from_mins(1) + policy.known.refill;
    assert_eq!(known.pays_at, Some(half_an_hour));
    let crowd = seen.lanes[Lane::Crowd].expect("a lane");
    assert_eq!((crowd.holds > PRICE, crowd.pays_at), (true, None));
    assert_eq!(seen.lanes[Lane::Attested], None, "it is off");
}

#[test]
fn operators_see_the_money_of_the_day_and_when_there_is_enough_again() {
    let mut table = Table::familiar(&PursePolicy::default());
    let ask = ask(0, "home", "b");
    let mut money = |left| {
        table.set(ask.country_key(), Attribute::Left, left);
        outlook(&table, &ask).money
    };
    let enough = money(PRICE);
    assert_eq!(
        (enough.spent, enough.left, enough.pays_at),
        (4 * PRICE, PRICE, None)
    );
    assert_eq!(money(PRICE - 1).pays_at, Some(ask.today.end()));
}

#[test]
fn operators_see_a_grant_while_it_lasts_and_has_room() {
    let now = NOON;
    let ask = ask(0, "vpn", "b");
    for (until, room, is_seen) in [
        (now + 1, 1, true),
        (now, 1, false),
        (now - 1, 1, false),
        (now + 1, 0, false),
    ] {
        let mut table = Table::default();
        for key in [ask.country_key(), ask.number_block_key()] {
            table.set(key.clone(), Attribute::Granted, room);
            table.set(key, Attribute::GrantedUntil, until);
        }
        let seen = outlook(&table, &ask);
        assert_eq!(seen.grant.is_some(), is_seen, "{until} {room}");
        assert_eq!(seen.number_block_grant.is_some(), is_seen, "{until} {room}");
        // A block that only an operator gave something holds what it starts with.
        let start = PursePolicy::default().number_block.start.at(PRICE);
        assert_eq!(seen.number_block.holds, start);
    }
}

#[test]
fn operators_see_the_money_of_a_day_also_when_its_texts_cost_more() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "home", "b");
    let (least, key) = (policy.money.least, ask.country_key());
    let mut of_day = |cost, left| {
        table.set(key.clone(), Attribute::cost_on(ask.day()), cost);
        table.set(key.clone(), Attribute::Left, left);
        let money = outlook(&table, &ask).money;
        (money.spent, money.per_day, money.left)
    };
    // As in shadow mode.
    assert_eq!(of_day(2 * least, 0), (2 * least, least, 0));
    // A policy that is deployed later in the day does not move the day's stop.
    assert_eq!(of_day(least / 2, 0), (least / 2, least / 2, 0));
    assert_eq!(of_day(1, 2 * least), (1, 2 * least, 2 * least));
}

#[test]
fn a_forgotten_network_holds_nothing() {
    let policy = PursePolicy::default();
    let table = Table::familiar(&policy);
    let near = outlook(&table, &ask(0, "home", "b")).network;
    assert_eq!(near.standing, Standing::Familiar);
    assert!(near.holds > 0);
    assert_eq!((near.codes, near.codes_needed), (4, 4));
    let later = outlook(&table, &ask(15 * 86_400, "home", "b")).network;
    assert_eq!(
        (later.standing, later.holds, later.codes),
        (Standing::Strange, 0, 0)
    );
}

#[test]
fn a_network_whose_purse_is_empty_is_not_a_strange_one() {
    let mut table = Table::familiar(&PursePolicy::default());
    let ask = ask(0, "home", "b");
    let mut standing = |holds, codes| {
        table.set(ask.network_key(), Attribute::Room, holds);
        table.set(ask.network_key(), Attribute::Codes, codes);
        outlook(&table, &ask).network.standing
    };
    assert_eq!(standing(PRICE, 4), Standing::Familiar);
    assert_eq!(standing(PRICE - 1, 4), Standing::Empty);
    assert_eq!(standing(PRICE - 1, 3), Standing::Strange);
    assert_eq!(standing(PRICE, 3), Standing::Strange);
}

#[test]
fn operators_see_when_unearned_money_is_given_again_and_an_item_that_gives_none() {
    let mut table = Table::familiar(&PursePolicy::default());
    let mut ask = ask(0, "home", "b");
    let mut seen = |ask: &Ask, left| {
        table.set(ask.service_key(), Attribute::Left, left);
        let seen = outlook(&table, ask);
        (seen.unearned_pays_at, seen.damaged_service.is_some())
    };
    assert_eq!(seen(&ask, PRICE), (None, false));
    assert_eq!(seen(&ask, PRICE - 1), (Some(ask.today.end()), false));
    assert_eq!(seen(&ask, -1), (Some(ask.today.end()), true));
    // A text that costs more than a whole day gives is never paid.
    ask.price = PursePolicy::default().unearned_per_day;
    assert_eq!(seen(&ask, PRICE), (Some(ask.today.end()), false));
    ask.price += 1;
    assert_eq!(seen(&ask, PRICE), (None, false));
}
