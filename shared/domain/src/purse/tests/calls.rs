//! The purse of a country's calls.

use super::*;
use crate::purse::{CallOutlook, CallRecord, Payer, reset_calls};

const PRICE: Micros = 30_000;

fn ask_after(lane: Lane, at: i64) -> Ask {
    let mut ask = ask(at, "net", "block");
    ask.price = PRICE;
    ask.call_after = Some(Payer {
        lane,
        shard: 0,
        price: 10_000,
        day: ask.day(),
        network: ask.caller.network.clone(),
        codes_needed: None,
        heals: false,
    });
    ask
}

/// Plans a call on the item, and writes it.
fn place(ask: &Ask, policy: &PursePolicy, item: &mut PurseItem) -> Result<Plan, PurseRefusal> {
    let decision = foresee(ask, &settings_of(policy), None, |_| item.clone());
    let plan = decision.expect("whole").outcome?;
    let [write] = plan.writes.as_slice() else {
        panic!("a call writes one purse");
    };
    *item = write.apply(item).expect("the conditions hold");
    Ok(plan)
}

#[test]
fn strangers_get_three_calls_then_one_in_twelve_hours_and_never_stop_the_others() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    for at in 0..3 {
        place(&ask_after(Lane::Open, at), &policy, &mut item).expect("a call");
    }
    let refused = place(&ask_after(Lane::Moved, 3), &policy, &mut item).expect_err("empty");
    assert_eq!(refused.rule, PurseRule::Calls);
    for at in 0..10 {
        place(&ask_after(Lane::Crowd, 10 + at), &policy, &mut item).expect("a call");
    }
    let refused = place(&ask_after(Lane::Known, 30), &policy, &mut item).expect_err("empty");
    assert_eq!(refused.rule, PurseRule::Calls);
    let later = 2 + 12 * 3_600;
    assert!(place(&ask_after(Lane::Open, later - 1), &policy, &mut item).is_err());
    place(&ask_after(Lane::Open, later), &policy, &mut item).expect("time gave one back");
    assert!(place(&ask_after(Lane::Open, later + 1), &policy, &mut item).is_err());
}

#[test]
fn the_strangers_of_yesterday_do_not_stop_the_others_of_today() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    for at in 0..3 {
        place(&ask_after(Lane::Open, 43_190 + at), &policy, &mut item).expect("a call");
    }
    let mut today = item.clone();
    place(&ask_after(Lane::Crowd, 43_200), &policy, &mut today).expect("a call");
    let refused = place(&ask_after(Lane::Open, 43_200), &policy, &mut item).expect_err("empty");
    assert_eq!(refused.rule, PurseRule::Calls);
    assert_eq!(refused.empty, Some(EmptyPurse::Calls));
}

#[test]
fn the_lane_of_the_text_says_whose_call_it_is() {
    for lane in Lane::ALL {
        let is_strange = matches!(lane, Lane::Open | Lane::Moved);
        assert_eq!(CallOutlook::is_strange(lane), is_strange, "{lane:?}");
        let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
        place(&ask_after(lane, 0), &policy, &mut item).expect("a call");
        let strange = item.get(Attribute::Lane(Lane::Open));
        assert_eq!(strange == Some(2 * PRICE), is_strange, "{lane:?}");
    }
}

#[test]
fn an_empty_purse_of_calls_stops_nobody_in_shadow_mode() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    for at in 0..3 {
        place(&ask_after(Lane::Open, at), &policy, &mut item).expect("a call");
    }
    let ask = ask_after(Lane::Open, 3);
    let records = Records::read(&ask, None, |_| item.clone()).expect("whole");
    let plan = |shadowed: &[PurseRule]| {
        let settings = PurseSettings {
            shadowed: shadowed.iter().copied().collect(),
            ..PurseSettings::default()
        };
        decide(&ask, &settings, &records).outcome
    };
    assert!(plan(&[PurseRule::CallMoneyPerDay]).is_err());
    let plan = plan(&[PurseRule::Calls]).expect("in shadow mode");
    let after = plan.writes[0].apply(&item).expect("as it was read");
    assert_eq!(after.get(Attribute::Lane(Lane::Open)), Some(0));
    let left = |item: &PurseItem| item.get(Attribute::Left).expect("money");
    assert_eq!(left(&item) - left(&after), PRICE, "its money is counted");
}

#[test]
fn the_calls_of_a_day_cost_no_more_than_its_money() {
    let (mut policy, mut item) = (PursePolicy::default(), PurseItem::default());
    policy.calls.money_per_day = 2 * PRICE;
    for at in 0..2 {
        place(&ask_after(Lane::Crowd, at), &policy, &mut item).expect("a call");
    }
    let ask = ask_after(Lane::Crowd, 2);
    let refused = place(&ask, &policy, &mut item).expect_err("spent");
    assert_eq!(refused.rule, PurseRule::CallMoneyPerDay);
    assert_eq!((refused.retry_at, refused.empty), (ask.today.end(), None));
    place(&ask_after(Lane::Crowd, 2 * 86_400), &policy, &mut item).expect("another day");
}

#[test]
fn a_typed_code_earns_up_to_the_cap_and_a_refund_gives_the_price_back() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    let ask = ask_after(Lane::Open, 0);
    let plan = place(&ask, &policy, &mut item).expect("a call");
    let holds = |item: &PurseItem| item.get(Attribute::Lane(Lane::Open));
    assert_eq!(holds(&item), Some(2 * PRICE));
    let mut refunded = item.clone();
    refunded = plan
        .refund(ask.country)
        .apply(&refunded)
        .expect("the same day");
    assert_eq!(holds(&refunded), Some(3 * PRICE));
    assert_eq!(
        refunded.get(Attribute::Left),
        Some(policy.calls.money_per_day)
    );
    let mut seen = None;
    for _ in 0..20 {
        let write = plan
            .payer
            .credit_calls(ask.country, PRICE, seen.as_ref(), &policy);
        let Some(write) = write else {
            break;
        };
        if let Some(after) = write.apply(&item) {
            item = after;
        }
        seen = CallRecord::read(&item, ask.now).expect("a record");
    }
    let cap = i64::from(policy.calls.cap) * PRICE;
    let held = holds(&item).expect("a room");
    assert!((cap..=cap * 2).contains(&held), "{held}");
    item.set(Attribute::Lane(Lane::Open), 2 * cap);
    let seen = CallRecord::read(&item, ask.now).expect("a record");
    let none = plan
        .payer
        .credit_calls(ask.country, PRICE, seen.as_ref(), &policy);
    assert_eq!(none, None);
}

#[test]
fn a_damaged_item_places_no_call_and_a_reset_begins_anew() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    let ask = ask_after(Lane::Open, 0);
    place(&ask, &policy, &mut item).expect("a call");
    for attribute in [
        Attribute::Lane(Lane::Open),
        Attribute::LaneAt(Lane::Crowd),
        Attribute::Left,
        Attribute::Day,
    ] {
        for value in [-1, i64::MAX] {
            let mut damaged = item.clone();
            damaged.set(attribute, value);
            let settings = settings_of(&policy);
            let is_stopped = foresee(&ask, &settings, None, |_| damaged.clone()).is_err();
            // The first try does not look at the room of the others. The next one does.
            let is_of_others = attribute == Attribute::LaneAt(Lane::Crowd);
            assert!(is_stopped || is_of_others, "{attribute:?} {value}");
        }
    }
    let reset = reset(&ask.calls_key(), &policy, ask.now).expect("a write");
    let anew = reset.apply(&item).expect("no condition");
    assert_eq!(CallRecord::read(&anew, ask.now), Ok(None));
}

#[test]
fn operators_see_the_rooms_the_money_and_when_each_pays_again() {
    let (mut policy, mut item) = (PursePolicy::default(), PurseItem::default());
    policy.calls.money_per_day = 4 * PRICE;
    let look = |item: &PurseItem, ask: &Ask| {
        let record = CallRecord::read(item, ask.now).expect("whole");
        CallOutlook::new(ask, &policy, record.as_ref())
    };
    let ask = |at| ask_after(Lane::Open, at);
    let new = look(&item, &ask(0));
    assert_eq!(
        (new.strange.holds, new.familiar.holds, new.left),
        (3 * PRICE, 10 * PRICE, 4 * PRICE)
    );
    for at in 0..3 {
        place(&ask(at), &policy, &mut item).expect("a call");
    }
    let refused = place(&ask(3), &policy, &mut item).expect_err("empty");
    let seen = look(&item, &ask(3));
    assert_eq!(seen.strange.pays_at, Some(refused.retry_at));
    assert_eq!((seen.familiar.pays_at, seen.money_pays_at), (None, None));
    place(&ask_after(Lane::Crowd, 4), &policy, &mut item).expect("a call");
    let refused = place(&ask(5), &policy, &mut item).expect_err("spent");
    assert_eq!(look(&item, &ask(5)).money_pays_at, Some(refused.retry_at));
    // Another day has begun, and its money with it.
    let later = look(&item, &ask(86_400));
    assert_eq!((later.left, later.money_pays_at), (4 * PRICE, None));
    assert_eq!(later.strange.pays_at, None, "time gave a call back");
}

#[test]
fn calls_that_start_anew_keep_what_their_day_has_spent() {
    let (policy, mut item) = (PursePolicy::default(), PurseItem::default());
    let ask = ask_after(Lane::Open, 0);
    for _ in 0..3 {
        place(&ask, &policy, &mut item).expect("a call");
    }
    let left = item.get(Attribute::Left);
    let write = reset_calls(&ask, &policy, &item);
    let anew = write.apply(&item).expect("no condition");
    assert_eq!(anew.get(Attribute::Left), left);
    assert_eq!(anew.get(Attribute::Lane(Lane::Open)), Some(3 * PRICE));
    item.set(Attribute::Day, i64::MAX);
    let write = reset_calls(&ask, &policy, &item);
    let anew = write.apply(&item).expect("no condition");
    let record = CallRecord::read(&anew, ask.now).expect("whole");
    let left = record.expect("a record").left;
    assert_eq!(left, policy.calls.money_per_day, "nobody knows it");
}
