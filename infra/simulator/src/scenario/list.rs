//! The list of scenarios.

use phoneproof_domain::purse::{LanePolicy, PursePolicy};

use super::Scenario;
use crate::attack::{Attack, DEAR, START, TWENTY};
use crate::crowd::{Habits, Shape};
use crate::play::Outage;
use crate::world::{DAY, HOUR};

/// A service of 2,000 sends a day.
const SERVICE: &[(&str, f64)] = &[
    ("FR", 600.0),
    ("GB", 600.0),
    ("MA", 400.0),
    ("UZ", 200.0),
    ("ID", 200.0),
];
/// The same without the countries that are attacked: they are allowed, but new.
const WITHOUT: &[(&str, f64)] = &[("FR", 600.0), ("GB", 600.0), ("ID", 200.0)];
/// When outages and spikes begin.
const AFTERNOON: f64 = DAY + 15.0 * HOUR;

fn nothing(_: &mut PursePolicy) {}

/// An operator who has set the money stop to what he expects.
fn raised_stop(policy: &mut PursePolicy) {
    policy.money.least = 500_000_000;
}

/// An operator who has granted a launch.
fn launch(policy: &mut PursePolicy) {
    raised_stop(policy);
    policy.open.refill_to = 20;
    policy.open.cap.texts = 20;
    policy.young_open.texts = 20;
    policy.unearned_per_day = 50_000_000;
}

/// An operator whose edge vouches for callers.
fn attesting(policy: &mut PursePolicy) {
    policy.attested = Some(LanePolicy::ATTESTED);
}

fn attack(
    id: &'static str,
    title: &'static str,
    attack: Attack,
    counted: Option<&'static [&'static str]>,
) -> Scenario {
    let end = START + attack.lasts();
    Scenario {
        id,
        title,
        service: SERVICE.to_vec(),
        history: 90,
        attack: Some(attack),
        counted,
        end: end + HOUR,
        window: (START, end),
        habits: Habits::default(),
        shape: Shape::Day,
        outage: None,
        prepare: nothing,
        seeds: 2,
    }
}

fn load(id: &'static str, title: &'static str, days: f64, window: (f64, f64)) -> Scenario {
    Scenario {
        id,
        title,
        service: SERVICE.to_vec(),
        history: 90,
        attack: None,
        counted: None,
        end: days * DAY,
        window,
        habits: Habits::default(),
        shape: Shape::Day,
        outage: None,
        prepare: nothing,
        seeds: 3,
    }
}

/// Returns the attacks.
#[must_use]
pub fn attacks() -> Vec<Scenario> {
    let healthchecks = Attack::Healthchecks { tries: 8_000 };
    let countries = |codes| Attack::Countries {
        codes,
        tries: if codes == TWENTY { 10_000 } else { 8_000 },
    };
    let typing = |share| Attack::Typing { share };
    let domestic = |own_blocks| Attack::Domestic {
        code: "MA",
        tries: 8_000,
        hours: 12,
        share: 0.0,
        own_blocks,
    };
    let ma: Option<&'static [&'static str]> = Some(&["MA"]);
    let new_country = |scenario: Scenario| Scenario {
        service: WITHOUT.to_vec(),
        counted: None,
        ..scenario
    };
    let seeds = |scenario: Scenario, seeds| Scenario { seeds, ..scenario };
    let luma = attack(
        "1",
        "Luma: one block, 20,000 addresses",
        Attack::Luma,
        Some(&["UZ"]),
    );
    let random = attack("2", "Healthchecks: random numbers, VPNs", healthchecks, ma);
    let tenfold = Attack::Healthchecks { tries: 80_000 };
    let four: &[&str] = &["UZ", "ID", "MA"];
    let served: &[&str] = &["FR", "GB", "MA", "UZ", "ID"];
    vec![
        seeds(luma.clone(), 10),
        seeds(
            new_country(Scenario {
                id: "1n",
                title: "the same, country new",
                ..luma
            }),
            10,
        ),
        seeds(
            attack(
                "1w",
                "Luma whole: 24 blocks, 4 countries",
                Attack::LumaWhole,
                Some(four),
            ),
            1,
        ),
        seeds(random.clone(), 10),
        seeds(
            new_country(Scenario {
                id: "2n",
                title: "the same, country new",
                ..random
            }),
            10,
        ),
        attack("2p", "ten times the tries", tenfold, ma),
        attack(
            "2m",
            "8,000 over ten dear countries",
            countries(DEAR),
            Some(four),
        ),
        seeds(
            attack("3", "slow: 1 a minute, a week", Attack::Slow, Some(&["ID"])),
            1,
        ),
        attack("4", "twenty countries", countries(TWENTY), Some(served)),
        attack("5a", "types 10 % of the codes", typing(0.1), ma),
        attack("5b", "types 20 %", typing(0.2), ma),
        attack("5c", "types 30 %", typing(0.3), ma),
        attack(
            "6",
            "proxies in the country, random numbers",
            domestic(None),
            ma,
        ),
        attack(
            "6b",
            "proxies in the country, one own block",
            domestic(Some(1)),
            ma,
        ),
    ]
}

/// Returns the honest loads.
#[must_use]
pub fn loads() -> Vec<Scenario> {
    let new = |scenario: Scenario, prepare| Scenario {
        history: 0,
        prepare,
        ..scenario
    };
    let hour = (AFTERNOON, AFTERNOON + HOUR);
    let spike = |id, title, counted: &'static [&'static str]| Scenario {
        counted: Some(counted),
        shape: Shape::Spike {
            from: AFTERNOON,
            times: 20.0,
        },
        ..load(id, title, 2.0, hour)
    };
    let first_hour = |id, title, code| Scenario {
        service: vec![(code, 12_000.0)],
        history: 0,
        shape: Shape::Hour { from: 15.0 * HOUR },
        prepare: raised_stop,
        ..load(id, title, 1.0, (15.0 * HOUR, 16.0 * HOUR))
    };
    let twenty = |id, title, code| Scenario {
        service: vec![(code, 20.0)],
        history: 0,
        seeds: 8,
        ..load(id, title, 14.0, (0.0, 14.0 * DAY))
    };
    let (out, back) = (AFTERNOON, AFTERNOON + 2.0 * HOUR);
    let outage = |id, title, from, until| Scenario {
        counted: Some(&["MA"]),
        outage: Some(Outage {
            code: "MA",
            from: out,
            until: back,
        }),
        seeds: 12,
        ..load(id, title, 2.0, (from, until))
    };
    let without_known = |scenario: Scenario| Scenario {
        habits: Habits {
            known: 0.0,
            ..Habits::default()
        },
        ..scenario
    };
    let malta = |scenario: Scenario| Scenario {
        service: vec![("MT", 500.0)],
        ..scenario
    };
    let week = (0.0, 3.0 * DAY);
    let (later, last) = (back + HOUR, back + 6.0 * HOUR);
    let of_malta = malta(load("e10", "Malta, x10 for an hour", 2.0, hour));
    vec![
        load("a", "2,000 a day, 5 countries", 3.0, week),
        new(
            load("a1", "first day of a new service", 1.0, (0.0, DAY)),
            raised_stop,
        ),
        new(
            load("a2", "its days 2 to 4", 4.0, (DAY, 4.0 * DAY)),
            raised_stop,
        ),
        new(
            load("al", "first day, launch granted", 1.0, (0.0, DAY)),
            launch,
        ),
        spike("bf", "x20 for an hour, FR", &["FR"]),
        spike("bm", "x20 for an hour, MA", &["MA"]),
        first_hour("bnf", "new service, 500 in its first hour, FR", "FR"),
        first_hour("bnm", "new service, 500 in its first hour, MA", "MA"),
        twenty("cf", "20 a day in a new country, FR $0.07", "FR"),
        twenty("cm", "20 a day in a new country, MA $0.22", "MA"),
        twenty("cn", "20 a day in a new country, NG $0.35", "NG"),
        outage("d", "MA dead for 2 h: meanwhile", out, back),
        outage("d1", "first hour after", back, later),
        outage("d2", "hours 2 to 6 after", later, last),
        without_known(outage(
            "dn1",
            "no known phones: first hour after",
            back,
            later,
        )),
        without_known(outage("dn2", "no known phones: hours 2 to 6", later, last)),
        malta(load("e", "Malta, 60 blocks, 500 a day", 3.0, week)),
        new(malta(load("en", "Malta, new", 3.0, week)), raised_stop),
        Scenario {
            shape: Shape::Spike {
                from: AFTERNOON,
                times: 10.0,
            },
            ..of_malta
        },
    ]
}

/// Returns Healthchecks in other worlds.
#[must_use]
pub fn worlds() -> Vec<Scenario> {
    let random = || {
        let tries = Attack::Healthchecks { tries: 8_000 };
        attack("w", "as assumed", tries, Some(&["MA"]))
    };
    let odd = |id, title, odd| Scenario {
        id,
        title,
        habits: Habits {
            odd,
            ..Habits::default()
        },
        seeds: 5,
        ..random()
    };
    let volume = |id, title, times, seeds| Scenario {
        id,
        title,
        service: SERVICE.iter().map(|(code, n)| (*code, n * times)).collect(),
        seeds,
        ..random()
    };
    let history = |id, title, history| Scenario {
        id,
        title,
        history,
        seeds: 5,
        ..random()
    };
    let attested = |id, title, odd| Scenario {
        habits: Habits {
            odd,
            attested: 0.95,
            ..Habits::default()
        },
        prepare: attesting,
        ..attack(
            id,
            title,
            Attack::Healthchecks { tries: 8_000 },
            Some(&["MA"]),
        )
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
        Scenario {
            seeds: 5,
            ..attested("wa", "19 of 20 vouched for", 0.02)
        },
        Scenario {
            seeds: 5,
            ..attested("wa10", "10 % unfamiliar, 19 of 20 vouched for", 0.1)
        },
    ]
}

/// Finds a scenario by its id.
#[must_use]
pub fn find(id: &str) -> Option<Scenario> {
    let all = attacks().into_iter().chain(loads()).chain(worlds());
    all.into_iter().find(|scenario| scenario.id == id)
}
