//! The rules do what they were chosen for, and what the model in which they were designed says.
//!
//! The model draws another world from the same numbers, so figures are compared within the noise of their seeds.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests stop at the first surprise"
)]

use phoneproof_domain::country::Country;
use phoneproof_domain::purse::PursePolicy;
use phoneproof_simulator::attack::Attack;
use phoneproof_simulator::scenario::{Figures, find};
use phoneproof_simulator::service::Defence;

fn figures(id: &str, defence: &Defence, seeds: u32) -> Figures {
    let scenario = find(id).expect("a scenario");
    scenario.figures(defence, seeds)
}

fn purses(id: &str, seeds: u32) -> Figures {
    figures(id, &Defence::purses(), seeds)
}

/// Asserts that `seen` is within `noise` of what the model says.
fn assert_near(what: &str, seen: f64, model: f64, noise: f64) {
    assert!(
        (seen - model).abs() <= noise,
        "{what}: {seen:.2}, and {model:.2} in the model"
    );
}

#[test]
fn a_run_depends_on_its_seed_alone() {
    let scenario = find("2").expect("a scenario");
    let run = |seed| scenario.run(&Defence::purses(), seed);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn without_purses_the_limits_pay_for_almost_every_text() {
    // In the model Luma cost $22.58, because a number block had a limit of 20 texts an hour. Purses replaced it.
    let luma = figures("1", &Defence::limits(), 1);
    assert_near("Luma", luma.mean_dollars(), 1_828.80, 10.0);
    let random = figures("2", &Defence::limits(), 1);
    assert_near("Healthchecks", random.mean_dollars(), 1_760.0, 1.0);
}

#[test]
fn luma_costs_under_a_dollar_and_its_neighbours_almost_nothing() {
    let luma = purses("1", 1);
    assert_near("dollars", luma.mean_dollars(), 0.71, 0.15);
    assert!(luma.dearest_dollars() < 2.0);
    assert!(luma.on_day.percent() < 1.0, "{:?}", luma.on_day);
    let new = purses("1n", 1);
    assert_near("a new country", new.mean_dollars(), 0.71, 0.15);
}

#[test]
fn healthchecks_costs_under_two_dollars_and_under_one_percent_of_the_honest_sends() {
    let random = purses("2", 3);
    assert_near("dollars", random.mean_dollars(), 0.97, 0.5);
    assert!(random.dearest_dollars() < 2.0, "{random:?}");
    assert!(random.on_day.percent() < 1.0, "{:?}", random.on_day);
    let new = purses("2n", 1);
    assert_near("a new country", new.mean_dollars(), 1.32, 0.23);
    let own_block = purses("6b", 1);
    assert_near("an own block", own_block.mean_dollars(), 1.10, 0.23);
    assert!(own_block.honest.percent() < 0.3, "{own_block:?}");
}

/// The whole of Luma has 200,000 tries. Their room is used up long before a tenth of them.
#[test]
fn the_whole_of_luma_costs_under_ten_dollars() {
    let mut whole = find("1w").expect("a scenario");
    let Some(Attack::LumaWhole { tries, .. }) = &mut whole.attack else {
        panic!("{:?}", whole.attack);
    };
    *tries /= 10;
    let outcome = whole.run(&Defence::purses(), 1);
    assert_eq!(outcome.tries, 20_000);
    assert!(outcome.cost < 10_000_000, "{}", outcome.cost);
    assert!(outcome.cost > 4_000_000, "{}", outcome.cost);
}

#[test]
fn an_attacker_who_types_some_codes_gets_a_little_more() {
    let typing = purses("5b", 1);
    assert_near("dollars", typing.mean_dollars(), 1.32, 0.9);
    assert!(typing.dearest_dollars() < 5.0);
}

/// Callers that the operator vouches for must not make the attacker's networks familiar.
#[test]
fn vouching_for_callers_on_vpns_keeps_them_and_does_not_pay_the_attacker() {
    let vouched = purses("wa10", 2);
    assert_near("dollars", vouched.mean_dollars(), 2.71, 1.5);
    assert!(vouched.on_day.percent() < 1.0, "{:?}", vouched.on_day);
}

#[test]
fn a_steady_service_loses_next_to_nothing_and_passes_at_the_first_try() {
    let steady = purses("a", 1);
    assert_near("lost", steady.honest.percent(), 0.02, 0.1);
    let tally = steady.tally;
    let passed = tally.first_tries + tally.second_tries;
    let at_first = 100.0 * count(tally.first_tries) / count(passed);
    assert_near("percent at the first try", at_first, 96.8, 1.0);
    let writes = count(tally.credit_writes) / count(tally.codes);
    assert!(writes < 4.5, "{writes} writes per code");
    let mut sharded = Defence::purses();
    let settings = sharded.purses.as_mut().expect("purses");
    let all = ["FR", "GB", "MA", "UZ", "ID"].map(|code| Country::parse(code).expect("a country"));
    settings.shards = all.into_iter().map(|country| (country, 2)).collect();
    let sharded = figures("a", &sharded, 1);
    assert!(sharded.honest.percent() < 0.5, "{:?}", sharded.honest);
}

#[test]
fn an_outage_is_not_an_attack() {
    let after = purses("d1", 4);
    assert!(after.honest.percent() < 10.0, "{:?}", after.honest);
}

#[test]
fn a_cold_launch_in_a_country_of_low_conversion_loses_few() {
    // With four texts to start with, both of these locked everybody new out for twelve hours.
    let scenario = find("bnm").expect("a scenario");
    let mut launch = Figures::default();
    for seed in [5, 15] {
        launch.add(&scenario.run(&Defence::purses(), seed));
    }
    assert!(launch.honest.percent() < 5.0, "{:?}", launch.honest);
}

#[test]
fn ten_times_the_tries_cost_no_more_than_nine_texts() {
    // With three codes of a network and four texts of the lane moved, these cost $2.20 to $2.42.
    let scenario = find("2p").expect("a scenario");
    let dearest = [9, 13, 26].map(|seed| scenario.run(&Defence::purses(), seed).cost);
    assert!(dearest.iter().all(|cost| *cost < 2_000_000), "{dearest:?}");
}

#[test]
fn a_small_service_in_a_new_country_can_grow() {
    let growing = purses("cm", 3);
    assert!(growing.honest.percent() < 1.2, "{:?}", growing.honest);
    let first_day = purses("a1", 1);
    assert!(first_day.honest.percent() < 0.5, "{:?}", first_day.honest);
}

#[test]
fn each_purse_is_there_for_something() {
    let without = |change: fn(&mut PursePolicy)| Defence::purses().with(change);
    // Nobody is familiar: the crowd shares the open lane with the attacker.
    let no_network = without(|policy| policy.network.codes = u32::MAX);
    assert!(figures("2", &no_network, 1).honest.percent() > 20.0);
    // One block is all an attacker in the country needs.
    let no_block = without(|policy| policy.number_block.start.texts = 1_000_000);
    assert!(figures("6b", &no_block, 1).mean_dollars() > 5.0);
    // Nobody ends the outage.
    let no_known = without(|policy| {
        policy.known_texts = 0;
        policy.moved_texts = 0;
    });
    assert!(figures("d1", &no_known, 2).honest.percent() > 20.0);
}

fn count(n: u64) -> f64 {
    f64::from(u32::try_from(n).expect("few"))
}
