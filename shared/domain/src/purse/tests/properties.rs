//! What holds for every order of sends, codes, losses and races.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::challenge::ChallengeId;
use crate::phone_record::{Guess, PhoneRecord, Slot, Terms, Use, WriteId};
use crate::root::RootId;

/// One step of a history.
#[derive(Debug, Clone)]
pub(super) struct Step {
    wait: i64,
    network: u8,
    block: u8,
    is_known: bool,
    is_typed: bool,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        6 => 0_i64..90,
        2 => 0_i64..30_000,
        1 => 0_i64..2_000_000,
    ];
    let step = (wait, 0_u8..3, 0_u8..3, any::<bool>(), any::<bool>());
    let step = step.prop_map(|(wait, network, block, is_known, is_typed)| Step {
        wait,
        network,
        block,
        is_known,
        is_typed,
    });
    proptest::collection::vec(step, 1..80)
}

/// Plays a history and calls `look` with the ask before each send.
pub(super) fn play(
    steps: &[Step],
    policy: &PursePolicy,
    mut look: impl FnMut(&Table, &Ask, Option<&Evidence>),
) {
    let (mut table, mut now) = (Table::default(), 0);
    for step in steps {
        now += step.wait;
        let ask = ask(
            now,
            &format!("n{}", step.network),
            &format!("b{}", step.block),
        );
        let known = known("device", ask.now, policy);
        let evidence = step.is_known.then_some(&known);
        look(&table, &ask, evidence);
        if let Ok(plan) = table.send(&ask, policy, evidence)
            && step.is_typed
        {
            table.credit(&ask, &plan.payer, policy);
        }
    }
}

/// The defaults, with every lane on.
fn whole() -> PursePolicy {
    let policy = PursePolicy::default();
    PursePolicy {
        attested: Some(policy.open),
        ..policy
    }
}

/// A country with these amounts.
fn country(crowd: Micros, known: Micros, best: Option<i64>, probes: i64) -> Table {
    let mut table = Table::familiar(&whole());
    let key = ask(0, "n", "b").country_key();
    table.set(key.clone(), Attribute::Lane(Lane::Crowd), crowd);
    table.set(key.clone(), Attribute::Lane(Lane::Known), known);
    table.set(key.clone(), Attribute::Probes, probes);
    if let Some(best) = best {
        table.set(key, Attribute::Best, best);
    }
    table
}

fn payer(lane: Lane, heals: bool) -> Payer {
    let mut table = Table::familiar(&PursePolicy::default());
    let plan = table.send(&ask(0, "home", "b"), &PursePolicy::default(), None);
    let payer = plan.expect("a plan").payer;
    Payer {
        lane,
        heals,
        ..payer
    }
}

fn lane() -> impl Strategy<Value = Lane> {
    proptest::sample::select(Lane::ALL.to_vec())
}

proptest! {
    // A case is a history of up to 80 sends.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_purse_is_ever_below_nothing_or_far_above_its_cap(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, _| {
            for item in table.0.values() {
                for (attribute, value) in item.iter() {
                    assert!(value >= 0, "{attribute:?} is {value}");
                }
            }
            let country = table.item(&ask.country_key());
            for lane in Lane::ALL {
                let cap = policy.cap(lane, PRICE, None) * 2 + policy.gain.of(PRICE);
                let holds = country.get(Attribute::Lane(lane)).unwrap_or(0);
                assert!(holds <= cap, "{lane:?} holds {holds}");
            }
        });
    }

    #[test]
    fn a_plan_holds_on_what_it_was_decided_on_and_touches_each_attribute_once(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let Ok(plan) = plan_from_records(ask, &policy, &table.records(ask, evidence)) else {
                return;
            };
            assert!(table.clone().write(&plan.writes));
            let keys: HashSet<_> = plan.writes.iter().map(|write| &write.key).collect();
            assert_eq!(keys.len(), plan.writes.len());
            for write in &plan.writes {
                let changed: HashSet<_> = write.changes.iter().map(Change::attribute).collect();
                assert_eq!(changed.len(), write.changes.len(), "{write:?}");
            }
        });
    }

    /// Otherwise a store would refuse callers that the rules admit, or admit callers that they refuse.
    #[test]
    fn the_first_try_passes_only_where_the_decision_is_the_crowd(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let mut after = table.clone();
            if after.write(&plan_first_try(ask, &policy).writes) {
                let plan = plan_from_records(ask, &policy, &table.records(ask, evidence)).expect("a plan");
                assert_eq!(plan.payer.lane, Lane::Crowd);
                let mut decided = table.clone();
                assert!(decided.write(&plan.writes));
                assert_eq!(after.lane(Lane::Crowd), decided.lane(Lane::Crowd));
            }
        });
    }

    #[test]
    fn of_two_sends_at_once_both_pay_or_one_does_not_happen(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let Ok(plan) = plan_from_records(ask, &policy, &table.records(ask, evidence)) else {
                return;
            };
            let mut after = table.clone();
            assert!(after.write(&plan.writes));
            let once = after.clone();
            if !after.write(&plan.writes) {
                assert_eq!(after, once);
                return;
            }
            // Both paid, from what was there: nothing was topped up, begun or granted twice.
            let lane = plan.payer.lane;
            assert_eq!(once.lane(lane) - after.lane(lane), PRICE);
            assert_eq!(table.lane(lane) - once.lane(lane), PRICE);
            assert!(after.0.values().flat_map(PurseItem::iter).all(|(_, value)| value >= 0));
        });
    }

    /// A stranger and a known phone, or the first try of one and the second of another.
    #[test]
    fn two_different_sends_at_once_take_no_more_than_there_is(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let mut other = ask.clone();
            (other.caller.network, other.number_block) = (index("n1"), index("b1"));
            let known = known("device", ask.now, &policy);
            let decided = |ask, evidence| plan_from_records(ask, &policy, &table.records(ask, evidence)).ok();
            let Some(plan) = decided(ask, evidence) else {
                return;
            };
            let rivals = [decided(&other, None), decided(&other, Some(&known))];
            for rival in rivals.into_iter().flatten().chain([plan_first_try(&other, &policy)]) {
                let (mut after, mut reverse) = (table.clone(), table.clone());
                let paid = [&plan, &rival].map(|plan| after.write(&plan.writes));
                let _ = [&rival, &plan].map(|plan| reverse.write(&plan.writes));
                for item in after.0.values().chain(reverse.0.values()) {
                    assert!(item.iter().all(|(_, value)| value >= 0));
                }
                // The day counts every text that was paid, and no other.
                let spent = |table: &Table| {
                    let country = table.item(&ask.country_key());
                    let is_today = country.get(Attribute::Day) == Some(ask.day());
                    let spent = country.get(Attribute::cost_on(ask.day()));
                    spent.filter(|_| is_today).unwrap_or(0)
                };
                let texts = paid.into_iter().filter(|paid| *paid).count();
                let texts = i64::try_from(texts).expect("few");
                assert_eq!(spent(&after) - spent(table), texts * PRICE);
            }
        });
    }

    #[test]
    fn a_text_takes_its_price_and_time_gives_at_most_its_share(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let records = table.records(ask, evidence);
            let Ok(plan) = plan_from_records(ask, &policy, &records) else {
                return;
            };
            let mut after = table.clone();
            assert!(after.write(&plan.writes));
            let Some(before) = &records.country else {
                return;
            };
            // A text whose reply is lost is not sent. Then the purse has lost.
            for lane in Lane::ALL {
                let paid = if lane == plan.payer.lane { PRICE } else { 0 };
                let own = policy.lane(lane).map_or(0, |own| i64::from(own.refill_to) * PRICE);
                let most = before.holds(lane).max(own) - paid;
                let holds = after.item(&ask.country_key()).get(Attribute::Lane(lane));
                assert!(holds.unwrap_or(0) <= most);
            }
        });
    }

    #[test]
    fn who_waits_as_long_as_the_refusal_says_gets_the_text(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            if let Err(refusal) = plan_from_records(ask, &policy, &table.records(ask, evidence)) {
                assert!(refusal.retry_at > ask.now);
                let mut later = ask.clone();
                later.now = refusal.retry_at;
                later.today = Window::containing(later.now, DAY, Duration::ZERO);
                assert!(table.clone().send(&later, &policy, evidence).is_ok(), "{refusal:?}");
            }
        });
    }

    #[test]
    fn the_refusal_does_not_depend_on_whether_the_phone_is_known(steps in steps()) {
        let policy = PursePolicy::default();
        play(&steps, &policy, |table, ask, evidence| {
            let with = plan_from_records(ask, &policy, &table.records(ask, evidence));
            let without = plan_from_records(ask, &policy, &table.records(ask, None));
            // What the caller hears. Only operators hear which purse was empty.
            let told = |refusal: PurseRefusal| (refusal.rule, refusal.retry_at);
            if let (Err(with), Err(without)) = (with, without) {
                assert_eq!(told(with), told(without));
            }
        });
    }

}

proptest! {
    #[test]
    fn a_credit_made_from_an_old_record_never_gives_more_than_one_from_the_new_one(
        lane in lane(), heals in any::<bool>(),
        old in (0_i64..15_000_000, 0_i64..60_000_000), new in (0_i64..15_000_000, 0_i64..60_000_000),
        bests in (proptest::option::of(500_i64..980), proptest::option::of(500_i64..980)),
        probes in (0_i64..2, 0_i64..2),
    ) {
        let policy = whole();
        let ask = ask(0, "home", "b");
        let payer = payer(lane, heals);
        let seen = country(old.0, old.1, bests.0, probes.0).records(&ask, None).country;
        let now = country(new.0, new.1, bests.1, probes.1);
        let record = now.records(&ask, None).country;
        let fresh = payer.credit_country(morocco(), record.as_ref(), &policy);
        let due = fresh.apply(&now.item(&ask.country_key())).expect("a credit from what is there");
        let stale = payer.credit_country(morocco(), seen.as_ref(), &policy);
        if let Some(given) = stale.apply(&now.item(&ask.country_key())) {
            for lane in Lane::ALL {
                let holds = |item: &PurseItem| item.get(Attribute::Lane(lane)).unwrap_or(0);
                prop_assert!(holds(&given) <= holds(&due), "{lane:?}");
            }
        }
    }

    #[test]
    fn neither_a_block_nor_a_network_gets_more_by_an_old_record(
        lane in lane(), heals in any::<bool>(), old in 0_i64..4_000_000, new in 0_i64..4_000_000,
        ends in (-100_i64..100, -100_i64..100),
    ) {
        let policy = PursePolicy::default();
        let (ask, payer) = (ask(0, "home", "b"), payer(lane, heals));
        let table = |room, end| {
            let mut table = Table::familiar(&policy);
            for key in [ask.number_block_key(), ask.network_key()] {
                table.set(key.clone(), Attribute::Room, room);
                table.set(key, Attribute::At, NOON);
            }
            table.set(ask.network_key(), Attribute::ExpiresAt, NOON + end);
            table
        };
        let now = table(new, ends.1);
        let (seen, is) = (table(old, ends.0).records(&ask, None), now.records(&ask, None));
        let (block, network) = (now.item(&ask.number_block_key()), now.item(&ask.network_key()));
        let gets = |write: Option<Write>, item: &PurseItem| {
            write.and_then(|write| write.apply(item)).and_then(|after| after.get(Attribute::Room))
        };
        let of_block = |seen| payer.credit_number_block(&ask.number_block, seen, &policy);
        let due = gets(of_block(is.number_block.as_ref()), &block).unwrap_or(new);
        prop_assert!(gets(of_block(seen.number_block.as_ref()), &block).is_none_or(|got| got <= due));
        let of_network = |seen| payer.credit_network(morocco(), seen, &policy, ask.now);
        let due = gets(of_network(is.network.as_ref()), &network).unwrap_or(new);
        prop_assert!(gets(of_network(seen.network.as_ref()), &network).is_none_or(|got| got == due));
    }

    #[test]
    fn a_credit_earns_only_below_the_cap_and_gives_nothing_above_twice_the_cap(
        lane in lane(), holds in 0_i64..60_000_000, best in proptest::option::of(500_i64..980),
    ) {
        let policy = whole();
        let (ask, own) = (ask(0, "home", "b"), Attribute::Lane(lane));
        let mut table = country(0, 0, best, 0);
        table.set(ask.country_key(), own, holds);
        let record = table.records(&ask, None).country;
        let write = payer(lane, false).credit_country(morocco(), record.as_ref(), &policy);
        prop_assert!(table.write(&[write]));
        let given = table.get(&ask.country_key(), own) - holds;
        let cap = policy.cap(lane, PRICE, best);
        let most = if holds < cap {
            policy.gain.of(PRICE)
        } else if holds < cap * 2 {
            PRICE
        } else {
            0
        };
        prop_assert!((0..=most).contains(&given), "{given} of {most}");
    }
}

/// Before the success, one right code that is sent a thousand times would earn a thousand times.
#[test]
fn parallel_right_codes_earn_once() {
    let policy = PursePolicy::default();
    let mut table = Table::familiar(&policy);
    let ask = ask(0, "home", "b");
    let plan = table.send(&ask, &policy, None).expect("a plan");
    let before = table.lane(Lane::Crowd);
    let id = ChallengeId([1; 16]);
    let slot = Slot {
        id,
        root: RootId::parse("r1").expect("an id"),
        expires_at: ask.now + Duration::from_mins(5),
        attempts_left: 5,
        renewed_as: None,
        used: None,
        written_by: None,
        resends: BTreeMap::new(),
        calls: None,
    };
    let mut record = PhoneRecord {
        slots: BTreeMap::from([(0, slot)]),
        ..PhoneRecord::default()
    };
    let terms = Terms {
        today: ask.today,
        slots: 1,
        ..Terms::sample(ask.now)
    };
    for n in 0..200 {
        let write = WriteId([n; 16]);
        let guess = Guess {
            id,
            slot: 0,
            expires_at: ask.now + Duration::from_mins(5),
            right: true,
            write,
        };
        if record.admits_guess(&guess, &terms).is_ok() {
            let slot = record.slots.get_mut(&0).expect("the slot");
            let at = ask.now;
            (slot.used, slot.written_by) = (Some(Use { at, by: write }), Some(write));
            table.credit(&ask, &plan.payer, &policy);
        }
    }
    assert_eq!(table.lane(Lane::Crowd) - before, PRICE * 2);
}
