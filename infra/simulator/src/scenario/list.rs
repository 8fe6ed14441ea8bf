//! The list of scenarios.

use phoneproof_domain::purse::{LanePolicy, PursePolicy};

use super::make::{make_attack, make_load};
use super::{Market, Scenario, list_calls};
use crate::attack::Attack;
use crate::crowd::{Habits, Shape};
use crate::play::Outage;
use crate::world::{DAY, HOUR, Place};

/// When outages and spikes begin.
const AFTERNOON: f64 = DAY + 15.0 * HOUR;

/// An operator who has set the money stop to the expected costs.
fn raise_stop(policy: &mut PursePolicy) {
    policy.money.least = policy.money.least.max(500_000_000);
}

/// An operator who has granted a launch.
fn grant_launch(policy: &mut PursePolicy) {
    raise_stop(policy);
    for texts in [
        &mut policy.start_texts,
        &mut policy.open.refill_to,
        &mut policy.open.cap.texts,
        &mut policy.young_open.texts,
    ] {
        *texts = (*texts).max(20);
    }
    policy.unearned_per_day = policy.unearned_per_day.max(50_000_000);
}

/// An operator whose edge vouches for callers.
fn attest(policy: &mut PursePolicy) {
    policy.attested.get_or_insert(LanePolicy::ATTESTED);
}

/// Returns the scenarios that have an attack.
#[must_use]
pub fn list_attacks(market: &Market) -> Vec<Scenario> {
    let place = market.random;
    let random = |tries| Attack::Healthchecks { place, tries };
    let typing = |share| Attack::Typing { place, share };
    let again = |share| Attack::AsksAgain { place, share };
    let domestic = |own_blocks| Attack::Domestic {
        place,
        tries: 8_000,
        hours: 12,
        share: 0.0,
        own_blocks,
    };
    let countries = |places: &[Place], tries| Attack::Countries {
        places: places.to_vec(),
        tries,
    };
    let whole = Attack::LumaWhole {
        places: market.whole.clone(),
        tries: 200_000,
    };
    let pumped = Attack::Luma {
        place: market.pumped,
    };
    let slow = Attack::Slow { place: market.slow };
    let seeds = |scenario: Scenario, seeds| Scenario { seeds, ..scenario };
    let new = |id, attack: &Scenario| Scenario {
        id,
        title: "the same, country new".to_owned(),
        service: market.leave_out_attacked(),
        counted: None,
        ..attack.clone()
    };
    let make = |id, title: &str, what| make_attack(market, id, title.to_owned(), what);
    let named = |title: &str, place: Place| format!("{title}, {}", place.country);
    let luma = named("Luma: one block, 20,000 addresses", market.pumped);
    let luma = seeds(make_attack(market, "1", luma, pumped), 10);
    let checks = named("Healthchecks: random numbers, VPNs", place);
    let checks = seeds(make_attack(market, "2", checks, random(8_000)), 10);
    let several = |what, n: usize| format!("{what} over {n} dear countries");
    let dear = several("8,000", market.dear.len());
    let many = several("10,000", market.many.len());
    let slowly = named("slow: 1 a minute, a week", market.slow);
    vec![
        luma.clone(),
        new("1n", &luma),
        seeds(
            make(
                "1w",
                "Luma whole: 200,000 tries, 6 blocks of 4 countries",
                whole,
            ),
            1,
        ),
        checks.clone(),
        new("2n", &checks),
        make("2p", "ten times the tries", random(80_000)),
        make_attack(market, "2m", dear, countries(&market.dear, 8_000)),
        seeds(make_attack(market, "3", slowly, slow), 1),
        make_attack(market, "4", many, countries(&market.many, 10_000)),
        make("5a", "types 10 % of the codes", typing(0.1)),
        make("5b", "types 20 %", typing(0.2)),
        make("5c", "types 30 %", typing(0.3)),
        make("5d", "verifies, then asks again, types 20 %", again(0.2)),
        make(
            "5e",
            "verifies, then asks again, types 33 %",
            again(1.0 / 3.0),
        ),
        make(
            "6",
            "proxies in the country, random numbers",
            domestic(None),
        ),
        make(
            "6b",
            "proxies in the country, one own block",
            domestic(Some(1)),
        ),
    ]
}

fn new(scenario: Scenario, prepare: fn(&mut PursePolicy)) -> Scenario {
    Scenario {
        history: 0,
        prepare,
        ..scenario
    }
}

/// Returns the honest loads.
#[must_use]
pub fn list_loads(market: &Market) -> Vec<Scenario> {
    let hour = (AFTERNOON, AFTERNOON + HOUR);
    let days = (0.0, 3.0 * DAY);
    let spike = |id, place: Place| Scenario {
        counted: Some(vec![place.country]),
        shape: Shape::Spike {
            from: AFTERNOON,
            times: 20.0,
        },
        ..make_load(
            market,
            id,
            format!("x20 for an hour, {}", place.country),
            2.0,
            hour,
        )
    };
    let first = (15.0 * HOUR, 16.0 * HOUR);
    let first_hour = |id, place: Place| Scenario {
        service: vec![(place, 12_000.0)],
        history: 0,
        shape: Shape::Hour { from: first.0 },
        prepare: raise_stop,
        ..make_load(
            market,
            id,
            format!("new service, 500 in its first hour, {}", place.country),
            1.0,
            first,
        )
    };
    let volume: f64 = market.service.iter().map(|(_, n)| n).sum();
    let steady = format!(
        "steady, {volume:.0} a day, {} countries",
        market.service.len()
    );
    let mut list = vec![
        make_load(market, "a", steady, 3.0, days),
        new(
            make_load(market, "a1", "first day of a new service", 1.0, (0.0, DAY)),
            raise_stop,
        ),
        new(
            make_load(market, "a2", "its days 2 to 4", 4.0, (DAY, 4.0 * DAY)),
            raise_stop,
        ),
        new(
            make_load(market, "al", "first day, launch granted", 1.0, (0.0, DAY)),
            grant_launch,
        ),
        spike("bf", market.busy),
        spike("bm", market.random),
        first_hour("bnf", market.busy),
        first_hour("bnm", market.random),
    ];
    for (id, place) in ["cf", "cm", "cn"].into_iter().zip(&market.new) {
        let price = place.price as f64 / 1e6;
        let title = format!("20 a day in a new country, {} ${price:.2}", place.country);
        list.push(Scenario {
            service: vec![(*place, 20.0)],
            history: 0,
            seeds: 8,
            ..make_load(market, id, title, 14.0, (0.0, 14.0 * DAY))
        });
    }
    list.extend(list_outages(market));
    if let Some(small) = market.small {
        let of_small = |scenario: Scenario| Scenario {
            service: vec![(small, 500.0)],
            ..scenario
        };
        let title = format!("{}, {} blocks, 500 a day", small.country, small.blocks);
        list.push(of_small(make_load(market, "e", title, 3.0, days)));
        let title = format!("{}, new", small.country);
        list.push(new(
            of_small(make_load(market, "en", title, 3.0, days)),
            raise_stop,
        ));
        let title = format!("{}, x10 for an hour", small.country);
        list.push(Scenario {
            shape: Shape::Spike {
                from: AFTERNOON,
                times: 10.0,
            },
            ..of_small(make_load(market, "e10", title, 2.0, hour))
        });
    }
    list
}

/// Returns a carrier's outage of two hours.
fn list_outages(market: &Market) -> Vec<Scenario> {
    let country = market.random.country;
    let (out, back) = (AFTERNOON, AFTERNOON + 2.0 * HOUR);
    let (later, last) = (back + HOUR, back + 6.0 * HOUR);
    let outage = |id, title: String, from, until| Scenario {
        counted: Some(vec![country]),
        outage: Some(Outage {
            country,
            from: out,
            until: back,
        }),
        seeds: 12,
        ..make_load(market, id, title, 2.0, (from, until))
    };
    let without_known = |scenario: Scenario| Scenario {
        habits: Habits {
            known: 0.0,
            ..Habits::default()
        },
        ..scenario
    };
    let dead = format!("{country} dead for 2 h: meanwhile");
    let unknown = |title: &str| format!("no known phones: {title}");
    let (first_hour, hours) = ("first hour after", "hours 2 to 6 after");
    vec![
        outage("d", dead, out, back),
        outage("d1", first_hour.to_owned(), back, later),
        outage("d2", hours.to_owned(), later, last),
        without_known(outage("dn1", unknown(first_hour), back, later)),
        without_known(outage("dn2", unknown(hours), later, last)),
    ]
}

/// Returns Healthchecks in other worlds.
#[must_use]
pub fn list_worlds(market: &Market) -> Vec<Scenario> {
    let random = |id, title: &str| {
        let (place, tries) = (market.random, 8_000);
        let checks = Attack::Healthchecks { place, tries };
        make_attack(market, id, title.to_owned(), checks)
    };
    let odd = |id, title, odd| Scenario {
        habits: Habits {
            odd,
            ..Habits::default()
        },
        seeds: 5,
        ..random(id, title)
    };
    let volume = |id, title, times, seeds| Scenario {
        service: market
            .service
            .iter()
            .map(|(place, n)| (*place, n * times))
            .collect(),
        seeds,
        ..random(id, title)
    };
    let history = |id, title, history| Scenario {
        history,
        seeds: 5,
        ..random(id, title)
    };
    let attested = |id, title, odd| Scenario {
        habits: Habits {
            odd,
            attested: 0.95,
            ..Habits::default()
        },
        prepare: attest,
        seeds: 5,
        ..random(id, title)
    };
    vec![
        odd("w0", "0 % from unfamiliar networks", 0.0),
        odd("w3", "3 % from unfamiliar networks", 0.03),
        odd("w6", "6 % from unfamiliar networks", 0.06),
        odd("w10", "10 % from unfamiliar networks", 0.1),
        history("wh3", "history of 3 days", 3),
        history("wh14", "history of 14 days", 14),
        volume("wv", "a tenth of the volume", 0.1, 15),
        volume("wv5", "five times the volume", 5.0, 3),
        attested("wa", "19 of 20 vouched for", 0.02),
        attested("wa10", "10 % unfamiliar, 19 of 20 vouched for", 0.1),
    ]
}

/// Finds a scenario of the recordings by its id.
#[must_use]
pub fn find(id: &str) -> Option<Scenario> {
    let market = Market::from_recordings();
    let all = list_attacks(&market).into_iter().chain(list_loads(&market));
    let mut all = all.chain(list_worlds(&market)).chain(list_calls(&market));
    all.find(|scenario| scenario.id == id)
}
