//! The attacks, as streams of sends.

#[cfg(test)]
mod tests;

use crate::dice::{Dice, Zipf};
use crate::world::{
    BLOCK, DAY, Device, HOUR, Network, ODD_NETWORKS, PROXY_NETWORKS, Place, Request,
};

/// When attacks begin, in seconds: at noon of the second day.
pub const START: f64 = DAY + 12.0 * HOUR;

/// An attack, with what varies about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Attack {
    /// Luma: 20,000 addresses, 13,000 texts in 8 hours, all into one block of ten thousand numbers.
    Luma {
        /// The country; Uzbekistan in the report.
        place: Place,
    },
    /// The whole of it, as the same report tells: tries in a day into 6 blocks of each of four countries.
    LumaWhole {
        /// The countries; at least one.
        places: Vec<Place>,
        /// The tries in all countries together; 200,000 in the report.
        tries: u32,
    },
    /// Healthchecks.io: texts to random numbers of a country in 12 hours, 5 per number, from VPNs, slow at first.
    Healthchecks {
        /// The country; Morocco in the report.
        place: Place,
        /// The tries; 8,000 in the report.
        tries: u32,
    },
    /// Random numbers of several countries in 12 hours, from VPNs, slow at first.
    Countries {
        /// The countries; at least one.
        places: Vec<Place>,
        /// The tries in all countries together.
        tries: u32,
    },
    /// A text a minute into 500 blocks for a week, an address and a device for each.
    Slow {
        /// The country that all texts go to.
        place: Place,
    },
    /// Random numbers by somebody who types in a share of the codes, from VPNs.
    Typing {
        /// The country that all texts go to.
        place: Place,
        /// The share of the codes.
        share: f64,
    },
    /// An attacker with own numbers, who verifies each and then asks for more texts to it from VPNs.
    AsksAgain {
        /// The country that all texts go to.
        place: Place,
        /// The share of the codes that the attacker types in; more than 0.
        share: f64,
    },
    /// Residential proxies in the attacked country itself: the same networks as its honest users.
    Domestic {
        /// The country of the numbers and of the proxies.
        place: Place,
        /// The tries in all of the hours together.
        tries: u32,
        /// The hours over which the tries are spread.
        hours: u32,
        /// The share of the codes that are typed in.
        share: f64,
        /// The blocks of numbers that the attacker owns; `None` sends to random numbers.
        own_blocks: Option<u32>,
    },
}

/// A send of an attack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// When it comes, in seconds.
    pub at: f64,
    /// What the rules see of it.
    pub request: Request,
    /// Whether its code is typed in.
    pub is_typed: bool,
    /// How many more texts the attacker asks for between two typed codes.
    pub again: u32,
}

impl Hit {
    /// Lists what follows when the code of this send was typed in: the texts that nobody types, and then one that is.
    ///
    /// The phone is known at its device, for so many texts. The attacker asks for the rest from another device.
    pub(crate) fn list_next(&self) -> Vec<Self> {
        let other = match self.request.device {
            Device::Other(bits) => Device::Other(bits.wrapping_add(1)),
            Device::Own => Device::Own,
        };
        let next = |n: u32| {
            let is_typed = n > self.again;
            let device = if n > AT_ONE_DEVICE && !is_typed {
                other
            } else {
                self.request.device
            };
            Self {
                at: self.at + AGAIN_AFTER * f64::from(n),
                request: Request {
                    device,
                    ..self.request
                },
                is_typed,
                again: self.again,
            }
        };
        if !self.is_typed || self.again == 0 {
            return vec![];
        }
        (1..=self.again + 1).map(next).collect()
    }

    /// Returns the same send later, if the attacker needs it to go on.
    pub(crate) fn retry(&self) -> Option<Self> {
        let at = self.at + RETRY_AFTER;
        (self.is_typed && self.again > 0).then_some(Self { at, ..*self })
    }
}

/// The seconds between two texts to one number, by an attacker who waits for the cooldown.
const AGAIN_AFTER: f64 = 62.0;
/// The seconds after which the attacker repeats a refused request.
const RETRY_AFTER: f64 = 780.0;
/// The texts that a known phone has at its device between two typed codes.
const AT_ONE_DEVICE: u32 = 3;

impl Attack {
    /// Returns how long the attack lasts, in seconds.
    #[must_use]
    pub fn lasts(&self) -> f64 {
        match self {
            Self::Luma { .. } => 8.0 * HOUR,
            Self::LumaWhole { .. } => 24.0 * HOUR,
            Self::Slow { .. } => 7.0 * DAY,
            Self::Healthchecks { .. }
            | Self::Countries { .. }
            | Self::Typing { .. }
            | Self::AsksAgain { .. } => 12.0 * HOUR,
            Self::Domestic { hours, .. } => f64::from(*hours) * HOUR,
        }
    }

    /// Whether an attacker who got so many texts, and typed the codes of so many, types another one.
    ///
    /// An attacker who asks again chooses which codes to type, and keeps to the given share of all texts.
    pub(crate) fn types_another(&self, texts: u64, typed: u64) -> bool {
        match self {
            Self::AsksAgain { share, .. } => typed as f64 <= share * texts as f64,
            _ => true,
        }
    }

    /// Draws the sends of the attack, in the order of their instants.
    #[must_use]
    pub fn hits(&self, mut dice: Dice) -> Box<dyn Iterator<Item = Hit>> {
        let span = self.lasts();
        match self {
            Self::Luma { place } => {
                let (pool, place) = (draw_pool(&mut dice), *place);
                let times = draw_times(&mut dice, span, 13_000, false);
                Box::new(times.into_iter().map(move |at| {
                    let phone = 3 * BLOCK + dice.below(BLOCK);
                    let origin = pick(&mut dice, &pool);
                    make_hit(&mut dice, at, place, phone, origin)
                }))
            }
            Self::LumaWhole { places, tries } => {
                let (pool, places) = (draw_pool(&mut dice), places.clone());
                let times = draw_times(&mut dice, span, *tries, false);
                Box::new(times.into_iter().map(move |at| {
                    let place = pick(&mut dice, &places);
                    let phone = dice.below(6) * BLOCK + dice.below(BLOCK);
                    let origin = pick(&mut dice, &pool);
                    make_hit(&mut dice, at, place, phone, origin)
                }))
            }
            Self::Healthchecks { place, tries } => play_healthchecks(dice, span, *place, *tries),
            Self::Countries { places, tries } => {
                let places = places.clone();
                let times = draw_times(&mut dice, span, *tries, true);
                Box::new(times.into_iter().map(move |at| {
                    let place = pick(&mut dice, &places);
                    let (phone, origin) = (draw_number(&mut dice, &place), draw_vpn(&mut dice));
                    make_hit(&mut dice, at, place, phone, origin)
                }))
            }
            Self::Slow { place } => play_slow(dice, span, *place),
            Self::Typing { place, share } => {
                let (place, share) = (*place, *share);
                let times = draw_times(&mut dice, span, 8_000, false);
                Box::new(times.into_iter().map(move |at| {
                    let (phone, origin) = (draw_number(&mut dice, &place), draw_vpn(&mut dice));
                    let hit = make_hit(&mut dice, at, place, phone, origin);
                    Hit {
                        is_typed: dice.happens(share),
                        ..hit
                    }
                }))
            }
            Self::AsksAgain { place, share } => {
                let (place, again) = (*place, (1.0 / share).round() as u32 - 1);
                let times = draw_times(&mut dice, span, 8_000, false);
                Box::new(times.into_iter().map(move |at| {
                    // Honest users have the even blocks.
                    let block = dice.below(place.blocks / 2) * 2 + 1;
                    let phone = block * BLOCK + dice.below(BLOCK);
                    let origin = draw_vpn(&mut dice);
                    let hit = make_hit(&mut dice, at, place, phone, origin);
                    Hit {
                        is_typed: true,
                        again,
                        ..hit
                    }
                }))
            }
            Self::Domestic {
                place,
                tries,
                share,
                own_blocks,
                ..
            } => play_domestic(dice, span, *place, *tries, *share, *own_blocks),
        }
    }
}

fn play_slow(mut dice: Dice, span: f64, place: Place) -> Box<dyn Iterator<Item = Hit>> {
    let blocks: Vec<_> = (0..500).map(|_| dice.below(place.blocks)).collect();
    let minutes = (span / 60.0) as u32;
    Box::new((0..minutes).map(move |minute| {
        let at = START + 60.0 * f64::from(minute) + dice.unit() * 50.0;
        let phone = pick(&mut dice, &blocks) * BLOCK + dice.below(BLOCK);
        let origin = draw_proxy(&mut dice);
        make_hit(&mut dice, at, place, phone, origin)
    }))
}

fn play_healthchecks(
    mut dice: Dice,
    span: f64,
    place: Place,
    tries: u32,
) -> Box<dyn Iterator<Item = Hit>> {
    const PER_NUMBER: u32 = 5;
    let mut hits = Vec::with_capacity(tries as usize);
    for at in draw_times(&mut dice, span, tries / PER_NUMBER, true) {
        let phone = draw_number(&mut dice, &place);
        for n in 0..PER_NUMBER {
            let origin = draw_vpn(&mut dice);
            let at = at + 62.0 * f64::from(n);
            hits.push(make_hit(&mut dice, at, place, phone, origin));
        }
    }
    hits.sort_by(|a, b| a.at.total_cmp(&b.at));
    Box::new(hits.into_iter())
}

fn play_domestic(
    mut dice: Dice,
    span: f64,
    place: Place,
    tries: u32,
    share: f64,
    own_blocks: Option<u32>,
) -> Box<dyn Iterator<Item = Hit>> {
    let networks = Zipf::new(place.networks);
    // Honest users have the even blocks.
    let own = (0..own_blocks.unwrap_or(0)).map(|_| dice.below(place.blocks / 2) * 2 + 1);
    let own: Vec<_> = own.collect();
    let times = draw_times(&mut dice, span, tries, false);
    Box::new(times.into_iter().map(move |at| {
        let phone = if own.is_empty() {
            draw_number(&mut dice, &place)
        } else {
            pick(&mut dice, &own) * BLOCK + dice.below(BLOCK)
        };
        let network = Network::Home(place.country, networks.pick(&mut dice));
        let origin = (network, 1_000 + dice.below(60_000));
        let hit = make_hit(&mut dice, at, place, phone, origin);
        Hit {
            is_typed: dice.happens(share),
            ..hit
        }
    }))
}

/// A network, and an address in it.
type Origin = (Network, u32);

fn make_hit(dice: &mut Dice, at: f64, place: Place, phone: u32, (network, host): Origin) -> Hit {
    let request = Request {
        place,
        phone,
        device: Device::Other(dice.bits()),
        network,
        host,
        is_attested: false,
        is_regular: false,
    };
    Hit {
        at,
        request,
        is_typed: false,
        again: 0,
    }
}

/// Draws sorted instants. A ramp starts slowly.
fn draw_times(dice: &mut Dice, span: f64, tries: u32, is_ramp: bool) -> Vec<f64> {
    let draw = |_| {
        let unit = dice.unit();
        START + span * if is_ramp { unit.sqrt() } else { unit }
    };
    let mut times: Vec<_> = (0..tries).map(draw).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn draw_pool(dice: &mut Dice) -> Vec<Origin> {
    (0..20_000).map(|_| draw_proxy(dice)).collect()
}

fn draw_proxy(dice: &mut Dice) -> Origin {
    (
        Network::Proxy(dice.below(PROXY_NETWORKS)),
        dice.below(60_000),
    )
}

/// Draws an address of one of 60 VPNs.
fn draw_vpn(dice: &mut Dice) -> Origin {
    let network = dice.below(60) * (ODD_NETWORKS / 60);
    (Network::Odd(network), dice.below(40))
}

fn draw_number(dice: &mut Dice, place: &Place) -> u32 {
    dice.below(place.blocks) * BLOCK + dice.below(BLOCK)
}

/// Draws one of `choices`, of which there is at least one.
fn pick<T: Copy>(dice: &mut Dice, choices: &[T]) -> T {
    let place = dice.below(choices.len() as u32) as usize;
    let chosen = choices.get(place).copied();
    chosen.unwrap_or_else(|| unreachable!("something to choose from"))
}
