//! The scenarios: recorded attacks, honest loads, and other worlds.

mod calls;
mod list;
mod make;
mod market;

use std::collections::BTreeMap;

use phoneproof_domain::country::Country;
use phoneproof_domain::purse::{Micros, PursePolicy};

use crate::attack::Attack;
use crate::crowd::{Crowd, Habits, Shape};
use crate::dice::Dice;
use crate::play::{Calls, Honest, Outage, Outcome, Run, play};
use crate::service::{Defence, Service, Tally};
use crate::world::Place;

pub use self::calls::calls;
pub use self::list::{attacks, find, loads, worlds};
pub use self::market::Market;

/// One load of a service, with or without an attack.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// A short name, to choose it.
    pub id: &'static str,
    /// What happens, in words.
    pub title: String,
    /// The countries of the service, and the honest sends of a day in each.
    pub service: Vec<(Place, f64)>,
    /// For how many days the service has run; 0 is a new one.
    pub history: u32,
    /// The attack, if there is one.
    pub attack: Option<Attack>,
    /// The countries whose honest users count; `None` counts all.
    pub counted: Option<Vec<Country>>,
    /// When the run ends, in seconds.
    pub end: f64,
    /// The seconds between which honest sends are counted.
    pub window: (f64, f64),
    /// What honest users do.
    pub habits: Habits,
    /// When honest users of the counted countries come.
    pub shape: Shape,
    /// A carrier that delivers nothing.
    pub outage: Option<Outage>,
    /// Calls, which users and attackers then ask for; `None` where nobody is called.
    pub calls: Option<Calls>,
    /// What an operator has changed for it.
    pub prepare: fn(&mut PursePolicy),
    /// The seeds that give a steady figure.
    pub seeds: u32,
}

impl Scenario {
    /// Plays one seed of the scenario against `defence`.
    #[must_use]
    pub fn run(&self, defence: &Defence, seed: u32) -> Outcome {
        let (run, mut service, dice) = self.begin(defence, seed);
        play(run, &mut service, dice)
    }

    /// Makes what a run of one seed consists of.
    #[must_use]
    pub fn begin(&self, defence: &Defence, seed: u32) -> (Run, Service, Dice) {
        let mut dice = Dice::new(u64::from(seed));
        let mut service = Service::new(defence.with(self.prepare));
        let mut crowds = vec![];
        for (place, per_day) in &self.service {
            let mut crowd = Crowd::new(dice.fork(), *place, *per_day, self.habits);
            let counted = self.counted.as_ref();
            if counted.is_none_or(|countries| countries.contains(&place.country)) {
                crowd.shape = self.shape;
            }
            service.remember(&crowd, self.history, &mut dice);
            crowds.push(crowd);
        }
        let run = Run {
            crowds,
            attack: self.attack.clone(),
            end: self.end,
            window: self.window,
            counted: self.counted.clone(),
            outage: self.outage,
            // Who gets nothing in an outage is more eager.
            asks_again: if self.outage.is_some() { 0.7 } else { 0.5 },
            calls: self.calls,
        };
        (run, service, dice)
    }

    /// Plays the seeds from 1 to `seeds`.
    #[must_use]
    pub fn figures(&self, defence: &Defence, seeds: u32) -> Figures {
        let mut figures = Figures::default();
        for seed in 1..=seeds {
            figures.add(&self.run(defence, seed));
        }
        figures
    }
}

/// The sums of several runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// How many runs were summed up.
    pub runs: u32,
    /// The attacker's texts, in all runs together.
    pub texts: u64,
    /// The attacker's calls, in all runs together.
    pub calls: u64,
    /// What texts and calls cost, in millionths of a dollar.
    pub cost: Micros,
    /// What they cost in the dearest run.
    pub dearest: Micros,
    /// The honest sends of the window.
    pub honest: Honest,
    /// The honest calls of the window.
    pub honest_calls: Honest,
    /// The honest sends of the day on which attacks begin.
    pub on_day: Honest,
    /// The honest sends of the window to phones that were never verified.
    pub new_users: Honest,
    /// The honest sends of the window that each rule refused.
    pub lost_to: BTreeMap<&'static str, u64>,
    /// The attacker's sends that each rule refused.
    pub stopped_by: BTreeMap<&'static str, u64>,
    /// The attacker's texts by the lane that paid for them.
    pub paid_by: BTreeMap<&'static str, u64>,
    /// How the decisions came about.
    pub tally: Tally,
}

impl Figures {
    /// Adds the outcome of one more run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.texts += outcome.texts;
        self.calls += outcome.calls;
        self.cost += outcome.cost;
        self.dearest = self.dearest.max(outcome.cost);
        for (sum, part) in [
            (&mut self.honest, outcome.honest),
            (&mut self.honest_calls, outcome.honest_calls),
            (&mut self.on_day, outcome.on_day),
            (&mut self.new_users, outcome.new_users),
        ] {
            sum.sends += part.sends;
            sum.lost += part.lost;
        }
        for (sums, parts) in [
            (&mut self.lost_to, &outcome.lost_to),
            (&mut self.stopped_by, &outcome.stopped_by),
            (&mut self.paid_by, &outcome.paid_by),
        ] {
            for (name, count) in parts {
                *sums.entry(name).or_default() += count;
            }
        }
        self.tally.first_tries += outcome.tally.first_tries;
        self.tally.second_tries += outcome.tally.second_tries;
        self.tally.codes += outcome.tally.codes;
        self.tally.credit_writes += outcome.tally.credit_writes;
        self.tally.would_refuse += outcome.tally.would_refuse;
    }

    /// Returns the attacker's texts of a run.
    #[must_use]
    pub fn mean_texts(&self) -> f64 {
        self.texts as f64 / f64::from(self.runs.max(1))
    }

    /// Returns the attacker's calls of a run.
    #[must_use]
    pub fn mean_calls(&self) -> f64 {
        self.calls as f64 / f64::from(self.runs.max(1))
    }

    /// Returns what the attacker's texts and calls of a run cost, in dollars.
    #[must_use]
    pub fn mean_dollars(&self) -> f64 {
        self.cost as f64 / 1e6 / f64::from(self.runs.max(1))
    }

    /// Returns what the attacker's texts and calls of the dearest run cost, in dollars.
    #[must_use]
    pub fn dearest_dollars(&self) -> f64 {
        self.dearest as f64 / 1e6
    }
}
