//! Pumping of calls, on a service that calls people.

use super::make::{make_attack, make_load};
use super::{Market, Scenario};
use crate::attack::Attack;
use crate::play::Calls;
use crate::world::DAY;

/// A call costs what a text costs there: no public list of prices was read. One in ten people who typed no code in ask
/// for one.
fn with_calls(market: &Market, scenario: Scenario) -> Scenario {
    Scenario {
        calls: Some(Calls {
            price: market.random.price,
            asked_by: 0.1,
        }),
        seeds: 20,
        ..scenario
    }
}

/// Returns the scenarios of a service that calls people: without an attack, and with attackers who ask for calls after
/// each text.
#[must_use]
pub fn list_calls(market: &Market) -> Vec<Scenario> {
    let place = market.random;
    let strangers = Attack::Countries {
        places: vec![place],
        tries: 8_000,
    };
    let neighbours = Attack::Domestic {
        place,
        tries: 8_000,
        hours: 12,
        share: 0.0,
        own_blocks: None,
    };
    let steady = Scenario {
        counted: Some(vec![place.country]),
        ..make_load(market, "va", "calls, no attack", 3.0, (0.0, 3.0 * DAY))
    };
    let pumped = |id, title: &str, what| make_attack(market, id, title.to_owned(), what);
    let all = vec![
        steady,
        pumped(
            "v2",
            "calls after each text, random numbers, VPNs",
            strangers,
        ),
        pumped("v6", "the same, proxies in the country", neighbours),
    ];
    let all = all.into_iter();
    all.map(|scenario| with_calls(market, scenario)).collect()
}
