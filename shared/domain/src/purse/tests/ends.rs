//! When the items of purses end: the table forgets them then.

use super::*;

fn end(table: &Table, key: &PurseKey) -> Timestamp {
    Timestamp::from_unix(table.get(key, Attribute::ExpiresAt))
}

#[test]
fn a_country_is_kept_from_its_last_text_for_as_long_as_anybody_is_known() {
    let policy = PursePolicy::default();
    let kept = policy.find_country_lifetime();
    let mut table = Table::default();
    for (n, (network, lane)) in [
        ("vpn", Lane::Open),
        ("vpn", Lane::Open),
        ("home", Lane::Crowd),
    ]
    .into_iter()
    .enumerate()
    {
        if lane == Lane::Crowd {
            table = Table::familiar(&policy);
        }
        let seconds = i64::try_from(n).expect("small") * 60;
        let ask = ask(seconds, network, "b");
        let plan = table.send(&ask, &policy, None).expect("a text");
        assert_eq!(plan.payer.lane, lane);
        assert_eq!(end(&table, &ask.country_key()), ask.now + kept);
        let block = policy.find_number_block_lifetime(PRICE);
        assert_eq!(end(&table, &ask.number_block_key()), ask.now + block);
    }
    let anew = ask(3_600, "home", "b");
    let key = anew.country_key();
    let write = reset_country(&anew, &policy, &table.item(&key));
    assert!(table.write(&[write]));
    assert_eq!(end(&table, &key), anew.now + kept);
}

#[test]
fn calls_are_kept_for_as_long_as_their_country() {
    let policy = PursePolicy::default();
    let mut table = Table::default();
    // The second call is decided without reading.
    for seconds in [0, 60] {
        let mut ask = ask(seconds, "vpn", "b");
        ask.call_after = Some(ask.make_payer(Lane::Open));
        let decision = foresee(&ask, &settings_of(&policy), None, |key| table.item(key));
        let plan = decision.expect("whole").outcome.expect("a call");
        assert!(table.write(&plan.writes));
        let kept = ask.now + policy.find_country_lifetime();
        assert_eq!(end(&table, &ask.calls_key()), kept);
    }
    let later = ask(3_600, "vpn", "b");
    let key = later.calls_key();
    let anew = reset_calls(&later, &policy, &table.item(&key));
    assert!(table.write(&[anew]));
    assert_eq!(
        end(&table, &key),
        later.now + policy.find_country_lifetime()
    );
}

#[test]
fn what_an_operator_gives_stays_until_it_ends() {
    let policy = PursePolicy::default();
    let ask = ask(0, "vpn", "b");
    let give = |table: &mut Table, key: &PurseKey, hours| {
        let until = ask.now + Duration::from_hours(hours);
        let given = Some(Grant { room: 1, until });
        let write = give_grant(key.clone(), &policy, &table.item(key), given, ask.now);
        assert!(table.write(&[write.expect("whole")]));
        until
    };
    let mut table = Table::default();
    let country = ask.country_key();
    give(&mut table, &country, 1);
    let kept = ask.now + policy.find_country_lifetime();
    assert_eq!(end(&table, &country), kept, "no text paid yet");
    let block = ask.number_block_key();
    let until = give(&mut table, &block, 50);
    assert_eq!(end(&table, &block), until);
    // A shorter grant does not take from what the last text needs.
    assert!(table.send(&ask, &policy, None).is_ok());
    let before = end(&table, &block);
    give(&mut table, &block, 1);
    assert_eq!(end(&table, &block), before);
}

#[test]
fn the_service_is_kept_for_two_days_after_its_own() {
    let policy = PursePolicy::default();
    let mut table = Table::default();
    let ask = ask(0, "vpn", "b");
    assert!(table.send(&ask, &policy, None).is_ok());
    let key = ask.service_key();
    assert_eq!(end(&table, &key), ask.today.end() + DAY);
    assert!(table.write(&[reset(&key, &policy, ask.now).expect("a write")]));
    assert_eq!(end(&table, &key), ask.today.end() + DAY * 2);
}
