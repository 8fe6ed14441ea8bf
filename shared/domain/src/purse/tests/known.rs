//! Which lane pays for a phone that was verified.

use super::lanes::{lane, rule};
use super::*;

#[test]
fn a_known_phone_pays_from_its_own_lane_three_times_without_its_block() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let mut owner = evidence("device");
    table.set(ask(0, "n", "b").number_block_key(), Attribute::Room, 0);
    table.set(ask(0, "n", "b").number_block_key(), Attribute::At, NOON);
    for n in 0..3 {
        let plan = table
            .send(&ask(n, "abroad", "b"), &policy, Some(&owner))
            .expect("a plan");
        assert_eq!(
            (plan.payer.lane, plan.claim),
            (Lane::Known, Claim::Here { texts: 3 })
        );
        owner.count(plan.claim);
    }
    // The last text, from the lane of phones that moved.
    let plan = table
        .send(&ask(3, "abroad", "b"), &policy, Some(&owner))
        .expect("a plan");
    assert_eq!(
        (plan.payer.lane, plan.claim),
        (Lane::Moved, Claim::Elsewhere { texts: 1 })
    );
    owner.count(plan.claim);
    assert_eq!(
        rule(table.send(&ask(4, "abroad", "b"), &policy, Some(&owner))),
        PurseRule::NumberBlock
    );
}

#[test]
fn a_stranger_gets_one_text_to_a_known_phone_and_the_owner_still_gets_his() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let mut owner = evidence("own");
    let plan = table
        .send(&ask(0, "abroad", "b"), &policy, Some(&owner))
        .expect("a plan");
    assert_eq!(
        (plan.payer.lane, plan.claim),
        (Lane::Moved, Claim::Elsewhere { texts: 1 })
    );
    owner.count(plan.claim);
    let next = table.send(&ask(1, "abroad", "b"), &policy, Some(&owner));
    assert_eq!(lane(next), Lane::Open);
    let mut own = ask(2, "abroad", "b");
    own.caller.device = index("own");
    assert_eq!(lane(table.send(&own, &policy, Some(&owner))), Lane::Known);
}

#[test]
fn time_fills_the_lane_of_known_phones_also_when_the_service_gives_nothing() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "abroad", "b");
    table.set(ask.country_key(), Attribute::Lane(Lane::Known), 0);
    table.set(
        ask.country_key(),
        Attribute::LaneAt(Lane::Known),
        NOON - 3_600,
    );
    table.set(ask.service_key(), Attribute::Left, 0);
    let plan = table.send(&ask, &policy, Some(&evidence("device")));
    assert_eq!(lane(plan), Lane::Known);
    assert_eq!(table.lane(Lane::Known), PRICE);
}

/// Who verified a phone a moment ago pays like a stranger, but not for strangers who ask for the phone.
#[test]
fn lanes_of_known_phones_pay_a_week_after_the_first_code() {
    let policy = PursePolicy::default();
    let fresh = Evidence::from_code(index("device"), Timestamp::from_unix(NOON - 60), &policy);
    let of = |own: &Ask, evidence: &Evidence, is_pumped: bool| {
        let mut table = Table::familiar(&policy);
        if is_pumped {
            table.set(own.number_block_key(), Attribute::Room, 0);
            table.set(own.number_block_key(), Attribute::At, own.now.unix());
        }
        let plan = table.send(own, &policy, Some(evidence));
        plan.map(|plan| (plan.payer.lane, plan.claim, plan.writes.len()))
            .map_err(|refusal| refusal.rule)
    };
    let here = Claim::Here { texts: 3 };
    let (home, abroad) = (ask(0, "home", "b"), ask(0, "abroad", "b"));
    let open = (Lane::Open, Claim::Nothing, 2);
    assert_eq!(of(&abroad, &fresh, false), Ok(open));
    assert_eq!(of(&abroad, &fresh, true), Ok((Lane::Open, here, 1)));
    assert_eq!(of(&home, &fresh, true), Ok((Lane::Crowd, here, 2)));
    let mut other = abroad.clone();
    other.caller.device = index("other");
    assert_eq!(of(&other, &fresh, true), Err(PurseRule::NumberBlock));
    let near = fresh.clone().with_network(Some(index("abroad")));
    let claim = Claim::Near { texts: 3 };
    assert_eq!(of(&other, &near, true), Ok((Lane::Open, claim, 1)));
    // What strangers have used up of the phone's own limits does not change that.
    let mut allowance = abroad.clone();
    allowance.allowance = Some(here);
    assert_eq!(of(&allowance, &fresh, true), Ok((Lane::Open, here, 1)));
    let mut known = fresh;
    known.since = known.since - policy.known_after;
    assert_eq!(of(&abroad, &known, true), Ok((Lane::Known, here, 1)));
    assert_eq!(of(&allowance, &known, true), Ok((Lane::Known, here, 1)));
}
