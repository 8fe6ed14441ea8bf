//! Honest users: who they are, when they come, and how long they take.

use std::f64::consts::TAU;

use crate::dice::{Dice, Zipf};
use crate::world::{BLOCK, DAY, Device, HOUR, Network, ODD_NETWORKS, Place, Request};

/// The habits of honest users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Habits {
    /// The share of sends to phones that were verified before.
    pub known: f64,
    /// The share of those from a new device.
    pub moved: f64,
    /// The share of sends from abroad or through a VPN.
    pub odd: f64,
    /// The share of sends for which the operator vouches.
    pub attested: f64,
    /// The phones that were verified before, for each send of a day.
    pub regulars_per_send: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            known: 0.5,
            moved: 0.3,
            odd: 0.02,
            attested: 0.0,
            regulars_per_send: 15.0,
        }
    }
}

/// How many users come at which time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Nights have a fifth of the mean, and evenings 1.8 times the mean.
    Day,
    /// A day with several times the users for an hour.
    Spike {
        /// When the hour begins, in seconds.
        from: f64,
        /// How many times as many users come.
        times: f64,
    },
    /// Nobody but in this hour, which has the mean.
    Hour {
        /// When the hour begins, in seconds.
        from: f64,
    },
}

impl Shape {
    fn at(self, t: f64) -> f64 {
        let day = 1.0 + 0.8 * ((t % DAY) / DAY * TAU - 2.4).sin();
        let within = |from: f64| (from..from + HOUR).contains(&t);
        match self {
            Self::Spike { from, times } if within(from) => day * times,
            Self::Day | Self::Spike { .. } => day,
            Self::Hour { from } => f64::from(u8::from(within(from))),
        }
    }

    const fn peak(self) -> f64 {
        match self {
            Self::Day => 1.8,
            Self::Spike { times, .. } => 1.8 * times,
            Self::Hour { .. } => 1.0,
        }
    }
}

/// The honest users of one country.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// The country that the users live in.
    pub place: Place,
    /// The sends of a day, without those that are repeated.
    pub per_day: f64,
    /// What the users do.
    pub habits: Habits,
    /// How their sends are spread over the day.
    pub shape: Shape,
    /// The phones that were verified before.
    pub regulars: Vec<u32>,
    networks: Zipf,
    hosts: Zipf,
    dice: Dice,
}

impl Crowd {
    /// Makes the crowd of a country with this many sends a day.
    #[must_use]
    pub fn new(mut dice: Dice, place: Place, per_day: f64, habits: Habits) -> Self {
        let regulars = if habits.known > 0.0 {
            ((per_day * habits.regulars_per_send) as u32).max(20)
        } else {
            0
        };
        let regulars = (0..regulars).map(|_| draw_number(&mut dice, &place));
        Self {
            regulars: regulars.collect(),
            networks: Zipf::new(place.networks),
            hosts: Zipf::new(64),
            shape: Shape::Day,
            place,
            per_day,
            habits,
            dice,
        }
    }

    /// Returns the share of the crowd's sends in each of its networks.
    #[must_use]
    pub fn shares(&self) -> Vec<(Network, f64)> {
        let odd = self.habits.odd;
        let home = (0..).zip(self.networks.shares());
        let home = home.map(|(rank, share)| {
            let network = Network::Home(self.place.country, rank);
            (network, (1.0 - odd) * share)
        });
        let abroad = (0..ODD_NETWORKS).map(Network::Odd);
        let abroad = abroad.map(|network| (network, odd / f64::from(ODD_NETWORKS)));
        home.chain(abroad).collect()
    }

    /// Draws who asks for the next text, from where, and to which phone.
    fn request(&mut self) -> Request {
        let dice = &mut self.dice;
        let is_regular = !self.regulars.is_empty() && dice.happens(self.habits.known);
        let phone = if is_regular {
            let place = dice.below(self.regulars.len() as u32);
            self.regulars.get(place as usize).copied()
        } else {
            None
        };
        let phone = phone.unwrap_or_else(|| draw_number(dice, &self.place));
        let device = if is_regular && !dice.happens(self.habits.moved) {
            Device::Own
        } else {
            Device::Other(dice.bits())
        };
        let network = if dice.happens(self.habits.odd) {
            Network::Odd(dice.below(ODD_NETWORKS))
        } else {
            Network::Home(self.place.country, self.networks.pick(dice))
        };
        // Six of ten share an address with others behind a carrier's gateway.
        let host = if dice.happens(0.6) {
            self.hosts.pick(dice)
        } else {
            1_000 + dice.below(60_000)
        };
        Request {
            place: self.place,
            phone,
            device,
            network,
            host,
            is_attested: dice.happens(self.habits.attested),
            is_regular,
        }
    }

    /// Returns the sends until `end`, as a Poisson process, with the instant of each.
    pub fn sends(mut self, end: f64) -> impl Iterator<Item = (f64, Request)> {
        let mut times = self.dice.fork();
        let mut t = 0.0;
        let rate = self.per_day * self.shape.peak() / DAY;
        std::iter::from_fn(move || {
            if rate <= 0.0 {
                return None;
            }
            loop {
                t += times.exponential(rate);
                if t >= end {
                    return None;
                }
                if times.happens(self.shape.at(t) / self.shape.peak()) {
                    return Some((t, self.request()));
                }
            }
        })
    }
}

/// Draws a number of an honest user. Every second block is in use.
fn draw_number(dice: &mut Dice, place: &Place) -> u32 {
    let block = dice.below((place.blocks / 2).max(1)) * 2;
    block * BLOCK + dice.below(BLOCK)
}

/// Draws the seconds from a text to its typed code: the median is 25, and one in ten takes over 70.
#[must_use]
pub fn draw_time_to_type(dice: &mut Dice) -> f64 {
    dice.log_normal(25.0, 0.8).min(280.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::find_place;

    fn crowd() -> Crowd {
        Crowd::new(Dice::new(3), find_place("MA"), 400.0, Habits::default())
    }

    #[test]
    fn so_many_come_a_day_and_half_of_them_are_known() {
        let sends: Vec<_> = crowd().sends(10.0 * DAY).collect();
        assert!((3_800..4_200).contains(&sends.len()), "{}", sends.len());
        assert!(sends.is_sorted_by(|a, b| a.0 <= b.0));
        let known = sends
            .iter()
            .filter(|(_, request)| request.is_regular)
            .count();
        assert!((known as f64 / sends.len() as f64 - 0.5).abs() < 0.03);
    }

    #[test]
    fn the_shares_of_the_networks_make_a_whole() {
        let sum: f64 = crowd().shares().iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_spike_lasts_an_hour() {
        let mut crowd = crowd();
        let from = 15.0 * HOUR;
        crowd.shape = Shape::Spike { from, times: 20.0 };
        let sends: Vec<_> = crowd.sends(DAY).collect();
        let inside = sends
            .iter()
            .filter(|(t, _)| (from..from + HOUR).contains(t));
        assert!(inside.count() > sends.len() / 3);
    }
}
