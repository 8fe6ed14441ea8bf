//! Makes scenarios: what all attacks and all loads have in common.

use phoneproof_domain::purse::PursePolicy;

use super::{Market, Scenario};
use crate::attack::{Attack, START};
use crate::crowd::{Habits, Shape};
use crate::world::{DAY, HOUR};

fn change_nothing(_: &mut PursePolicy) {}

/// An attack, and the countries that it is about.
pub(super) fn make_attack(
    market: &Market,
    id: &'static str,
    title: String,
    attack: Attack,
) -> Scenario {
    let end = START + attack.lasts();
    let places = match &attack {
        Attack::Luma { place }
        | Attack::Healthchecks { place, .. }
        | Attack::Slow { place }
        | Attack::Typing { place, .. }
        | Attack::AsksAgain { place, .. }
        | Attack::Domestic { place, .. } => std::slice::from_ref(place),
        Attack::LumaWhole { places, .. } | Attack::Countries { places, .. } => places,
    };
    Scenario {
        counted: Some(market.list_served(places)),
        attack: Some(attack),
        end: end + HOUR,
        window: (START, end),
        seeds: 2,
        ..make_load(market, id, title, 0.0, (0.0, 0.0))
    }
}

/// A load without an attack.
pub(super) fn make_load(
    market: &Market,
    id: &'static str,
    title: impl Into<String>,
    days: f64,
    window: (f64, f64),
) -> Scenario {
    Scenario {
        id,
        title: title.into(),
        service: market.service.clone(),
        history: 90,
        attack: None,
        counted: None,
        end: days * DAY,
        window,
        habits: Habits::default(),
        shape: Shape::Day,
        outage: None,
        calls: None,
        prepare: change_nothing,
        seeds: 3,
    }
}
