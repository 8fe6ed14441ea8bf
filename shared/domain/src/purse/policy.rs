//! The numbers of the purses, which the policy may change.

mod faults;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::lane::Lane;
use super::{Micros, scale};
use crate::window::{DAY, HOUR};

/// How many times its cap a purse may hold. Above the cap a typed code gives back its own price and earns nothing.
///
/// Without it, texts that go out together and whose codes come in together would fill a purse without end.
pub(super) const LID: i64 = 2;

/// A ratio, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thousandths(pub u32);

impl Thousandths {
    /// Returns this share of `amount`, rounded down.
    #[must_use]
    pub fn of(self, amount: Micros) -> Micros {
        scale(amount, i64::from(self.0), 1_000)
    }
}

/// The most that a purse earns up to: the price of a number of texts, or an amount where that is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// The purse earns up to the price of this many texts.
    pub texts: u32,
    /// Or up to this amount, where that is more.
    pub at_least: Micros,
}

impl Cap {
    /// Returns the cap for texts of this price.
    #[must_use]
    pub fn at(&self, price: Micros) -> Micros {
        self.at_least
            .max(price.saturating_mul(i64::from(self.texts)))
    }
}

/// One lane of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanePolicy {
    /// What the lane holds when it is full.
    pub cap: Cap,
    /// An empty lane gets a text back after this time without any ...
    pub refill: Duration,
    /// ... up to this many texts.
    pub refill_to: u32,
}

impl LanePolicy {
    /// The attested lane of a policy that turns it on and says no more.
    pub const ATTESTED: Self = Self {
        cap: Cap {
            texts: 14,
            at_least: 2_000_000,
        },
        refill: Duration::from_hours(12),
        refill_to: 1,
    };
}

/// The purses of ten thousand neighbouring numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberBlockPolicy {
    /// What a block starts with, and what time gives back to it at most.
    pub start: Cap,
    /// What a block holds when it is full.
    pub cap: Cap,
    /// An empty block gets a text back after this time without any.
    pub refill: Duration,
}

/// The purses of networks: IPv4 /16 and IPv6 /32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// This many typed codes open the crowd's lane to a network ...
    pub codes: u32,
    /// ... or this many of a million codes of the country's last 15 days, where that is more.
    pub share_per_million: u32,
    /// What a code that another lane paid for puts into the network's purse, in shares of its price.
    pub earns: Thousandths,
    /// What the network's purse holds when it is full, in texts.
    pub cap: u32,
    /// A network without a typed code for this time is forgotten.
    pub forgotten_after: Duration,
    /// The codes of a network are halved after this time. Without it, the few codes of a VPN add up over the months to
    /// what a big country needs.
    pub halved_after: Duration,
}

/// The money that the texts of a country may cost in a day, typed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyStop {
    /// What a day may cost in any case.
    pub least: Micros,
    /// Or this many times the best of the days from 3 to 16 before, where that is more.
    pub growth: Thousandths,
}

/// The purse of the calls to a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallPolicy {
    /// The calls that strangers start with in a country.
    pub start: u32,
    /// The most calls that typed codes earn. Callers with evidence in their favour start with as many.
    pub cap: u32,
    /// An empty purse gets a call back after this time without any.
    pub refill: Duration,
    /// What the calls to a country may cost in a day, typed or not.
    pub money_per_day: Micros,
}

/// The numbers of all purses. The defaults are what the simulator in `infra/simulator` was run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PursePolicy {
    /// Callers from networks where users of the country typed codes in. What time gives back is a probe: it shows
    /// whether codes come back after an outage.
    pub crowd: LanePolicy,
    /// Phones that were verified before, at the device that did it or in a network of the crowd.
    pub known: LanePolicy,
    /// Phones that were verified before, at another device in a strange network. Random numbers find them, too.
    pub moved: LanePolicy,
    /// Everybody else: strangers in strange networks.
    pub open: LanePolicy,
    /// The texts that the open lane of a new country starts with. With four, the first codes of every fortieth launch
    /// in a country of low conversion stayed untyped, and nobody new got in for hours.
    pub start_texts: u32,
    /// The cap of the open lane until the country's conversion is known, because everybody needs it until then.
    pub young_open: Cap,
    /// The lane of callers that the operator vouches for; `None` gives them no lane of their own.
    /// [`LanePolicy::ATTESTED`] is what the simulator was run with.
    pub attested: Option<LanePolicy>,
    /// What a typed code gives back at most, and in the lanes for which the gain is not learned.
    pub gain: Thousandths,
    /// What a typed code gives back in the lanes open and moved, once the country's conversion is known.
    pub strange_gain: Thousandths,
    /// The least that a typed code gives back in the crowd's lane.
    pub least_gain: Thousandths,
    /// The crowd's lane bears this many times the codes that stayed untyped in the country's best week.
    pub margin: Thousandths,
    /// The codes after a probe that give back [`PursePolicy::gain`].
    pub probes: u32,
    /// The texts of a week from which its conversion says anything.
    pub learned_from: u32,
    /// How long a phone is known after it typed a code in.
    pub known_for: Duration,
    /// How long a phone must have been known before the lanes known and moved pay for it. Without this wait, an
    /// attacker who verifies numbers of their own, asks for them again and types a third of the codes costs $57, and
    /// $159 in the dearest run.
    pub known_after: Duration,
    /// The texts of the lane known to one phone between two typed codes, at its own device and in all other places.
    pub known_texts: u32,
    /// The texts of the lane moved to one phone between two typed codes.
    pub moved_texts: u32,
    /// While the lane known lacks this many texts, carriers seem to deliver nothing. An attack does not touch that
    /// lane.
    pub outage_lack: u32,
    /// What each code of a known phone then gives the crowd, in shares of its price.
    pub heals_crowd: Thousandths,
    /// What it then gives its network.
    pub heals_network: Thousandths,
    /// The purses of number blocks.
    pub number_block: NumberBlockPolicy,
    /// The purses of networks.
    pub network: NetworkPolicy,
    /// What all countries together get in a day that nobody earned: first grants, and what time gives open lanes. With
    /// $5, texts to twenty countries cost over $10 in the dearest runs. With $4, the last of five countries that begin
    /// on one day had too little to start.
    pub unearned_per_day: Micros,
    /// The money stop of a country.
    pub money: MoneyStop,
    /// The purses of calls.
    pub calls: CallPolicy,
}

impl Default for PursePolicy {
    fn default() -> Self {
        let lane = |texts, at_least, refill, refill_to| LanePolicy {
            cap: Cap { texts, at_least },
            refill,
            refill_to,
        };
        let (half_hour, six_hours) = (Duration::from_mins(30), HOUR * 6);
        Self {
            crowd: lane(14, 750_000, half_hour, 2),
            known: lane(60, 20_000_000, half_hour, 2),
            // With four texts, the dearest of ten times as many random numbers cost $2.42.
            moved: lane(2, 450_000, six_hours, 1),
            // With six or eight hours, the dearest floods of random numbers cost $2.20.
            open: lane(4, 750_000, HOUR * 12, 4),
            start_texts: 6,
            young_open: Cap {
                texts: 6,
                at_least: 1_000_000,
            },
            attested: None,
            gain: Thousandths(2_000),
            strange_gain: Thousandths(1_500),
            least_gain: Thousandths(1_250),
            margin: Thousandths(2_000),
            probes: 8,
            learned_from: 300,
            known_for: DAY * 90,
            known_after: DAY * 7,
            known_texts: 3,
            moved_texts: 1,
            outage_lack: 6,
            heals_crowd: Thousandths(2_000),
            heals_network: Thousandths(1_000),
            number_block: NumberBlockPolicy {
                start: Cap {
                    texts: 4,
                    at_least: 50_000,
                },
                cap: Cap {
                    texts: 8,
                    at_least: 50_000,
                },
                refill: six_hours,
            },
            network: NetworkPolicy {
                // With three, a VPN now and then became familiar, and such floods cost $2.20.
                codes: 4,
                share_per_million: 300,
                earns: Thousandths(500),
                cap: 6,
                forgotten_after: DAY * 15,
                halved_after: DAY * 30,
            },
            unearned_per_day: 4_750_000,
            money: MoneyStop {
                least: 25_000_000,
                growth: Thousandths(3_000),
            },
            // A stranger's three calls and two a day from then on cost less than the texts of an attack that ends.
            calls: CallPolicy {
                start: 3,
                cap: 10,
                refill: HOUR * 12,
                money_per_day: 5_000_000,
            },
        }
    }
}

impl PursePolicy {
    /// Returns the numbers of a lane; `None` for the attested lane where it is off.
    #[must_use]
    pub const fn lane(&self, lane: Lane) -> Option<&LanePolicy> {
        match lane {
            Lane::Crowd => Some(&self.crowd),
            Lane::Known => Some(&self.known),
            Lane::Moved => Some(&self.moved),
            Lane::Open => Some(&self.open),
            Lane::Attested => self.attested.as_ref(),
        }
    }

    /// Returns the most that a lane earns up to; 0 for a lane that is off.
    #[must_use]
    pub fn cap(&self, lane: Lane, price: Micros, best: Option<i64>) -> Micros {
        if lane == Lane::Open && best.is_none() {
            return self.young_open.at(price);
        }
        self.lane(lane).map_or(0, |lane| lane.cap.at(price))
    }

    /// Returns what a typed code gives back, in shares of its price.
    ///
    /// `best` is the conversion of the country's best week in thousandths. The crowd's gain then lets its lane bear
    /// [`PursePolicy::margin`] times the codes that stay untyped: 1 + margin × (1 - c) / c.
    #[must_use]
    pub fn gain_of(&self, lane: Lane, best: Option<i64>, probing: bool) -> Thousandths {
        match (lane, best) {
            (Lane::Known | Lane::Attested, _) | (_, None) => self.gain,
            (Lane::Moved | Lane::Open, Some(_)) => self.strange_gain,
            (Lane::Crowd, Some(_)) if probing => self.gain,
            (Lane::Crowd, Some(best)) => {
                let untyped = i64::from(self.margin.0).saturating_mul((1_000 - best).max(0));
                let gain = 1_000 + untyped / best.max(1);
                let gain = Thousandths(u32::try_from(gain).unwrap_or(u32::MAX));
                gain.max(self.least_gain).min(self.gain)
            }
        }
    }

    /// Returns the typed codes that open the crowd's lane to a network, in a country that had this many in a week.
    #[must_use]
    pub fn count_codes_needed(&self, typed_in_a_week: i64) -> i64 {
        const MILLION_WEEKS: i64 = 7_000_000;
        let share = i64::from(self.network.share_per_million).saturating_mul(15);
        let of_country = scale(typed_in_a_week, share, MILLION_WEEKS);
        let exact =
            of_country.saturating_mul(MILLION_WEEKS) == typed_in_a_week.saturating_mul(share);
        i64::from(self.network.codes).max(if exact { of_country } else { of_country + 1 })
    }

    /// Returns how long the item of a block must stay after a text. Time alone has then given back what a block starts
    /// with, so that forgetting it gives nothing away.
    #[must_use]
    pub fn find_number_block_lifetime(&self, price: Micros) -> Duration {
        let texts = self.number_block.start.at(price) / price.max(1) + 1;
        let texts = u32::try_from(texts).unwrap_or(u32::MAX);
        self.number_block.refill.saturating_mul(texts)
    }

    /// Returns how long the item of a country must stay after a text: no phone and no network of it is known
    /// after that.
    #[must_use]
    pub fn find_country_lifetime(&self) -> Duration {
        self.known_for
            .max(self.network.forgotten_after)
            .max(DAY * 21)
    }

    /// Returns every number that makes no sense.
    #[must_use]
    pub fn faults(&self) -> Vec<PurseFault> {
        faults::find(self)
    }
}

/// A number of a [`PursePolicy`] that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseFault {
    /// The path below `purses` in the policy file, as in `crowd.refill_to`.
    pub field: &'static str,
    /// The path of the number that it is compared with, if it makes sense by itself.
    pub beside: Option<&'static str>,
    /// What is accepted, in words.
    pub reason: &'static str,
}
