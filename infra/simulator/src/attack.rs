//! The attacks, as streams of sends.

use crate::dice::{Dice, Zipf};
use crate::world::{
    BLOCK, DAY, Device, HOUR, Network, ODD_NETWORKS, PLACES, PROXY_NETWORKS, Place, Request, place,
};

/// When attacks begin, in seconds: at noon of the second day.
pub const START: f64 = DAY + 12.0 * HOUR;

/// An attack, with what varies about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attack {
    /// Luma: 20,000 addresses, 13,000 texts in 8 hours, all into one Uzbek block of ten thousand numbers.
    Luma,
    /// The whole of it, as the same report tells: 200,000 tries in a day into 24 blocks of four countries.
    LumaWhole,
    /// Healthchecks.io: texts to random Moroccan numbers in 12 hours, 5 per number, from VPNs, slow at first.
    Healthchecks {
        /// The tries; 8,000 in the report.
        tries: u32,
    },
    /// Random numbers of several countries in 12 hours, from VPNs, slow at first.
    Countries {
        /// The countries.
        codes: &'static [&'static str],
        /// The tries.
        tries: u32,
    },
    /// A text a minute into 500 Indonesian blocks for a week, an address and a device for each.
    Slow,
    /// Random Moroccan numbers by somebody who types in a share of the codes, from VPNs.
    Typing {
        /// The share of the codes.
        share: f64,
    },
    /// Residential proxies in the attacked country itself: the same networks as its honest users.
    Domestic {
        /// The country.
        code: &'static str,
        /// The tries.
        tries: u32,
        /// Over so many hours.
        hours: u32,
        /// The share of the codes that are typed in.
        share: f64,
        /// The blocks of numbers that the attacker owns; `None` sends to random numbers.
        own_blocks: Option<u32>,
    },
}

/// Ten dear countries.
pub const DEAR: &[&str] = &["MA", "UZ", "ID", "NG", "PK", "BD", "EG", "LK", "PH", "TN"];

/// Twenty countries from $0.05 to $0.35.
pub const TWENTY: &[&str] = &[
    "GB", "FR", "DE", "JP", "MA", "UZ", "ID", "NG", "PK", "BD", "EG", "LK", "PH", "TN", "JO", "KE",
    "SN", "GE", "NP", "IN",
];

/// A send of an attack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// When it comes, in seconds.
    pub at: f64,
    /// The send.
    pub request: Request,
    /// Whether its code is typed in.
    pub is_typed: bool,
}

impl Attack {
    /// Returns how long the attack lasts, in seconds.
    #[must_use]
    pub fn lasts(&self) -> f64 {
        match self {
            Self::Luma => 8.0 * HOUR,
            Self::LumaWhole => 24.0 * HOUR,
            Self::Slow => 7.0 * DAY,
            Self::Healthchecks { .. } | Self::Countries { .. } | Self::Typing { .. } => 12.0 * HOUR,
            Self::Domestic { hours, .. } => f64::from(*hours) * HOUR,
        }
    }

    /// Draws the sends of the attack, in the order of their instants.
    #[must_use]
    pub fn hits(&self, mut dice: Dice) -> Box<dyn Iterator<Item = Hit>> {
        let span = self.lasts();
        match *self {
            Self::Luma => {
                let (pool, uz) = (pool(&mut dice), known_place("UZ"));
                let times = times(&mut dice, span, 13_000, false);
                Box::new(times.into_iter().map(move |at| {
                    let phone = 3 * BLOCK + dice.below(BLOCK);
                    let origin = pick(&mut dice, &pool);
                    hit(&mut dice, at, uz, phone, origin)
                }))
            }
            Self::LumaWhole => {
                let pool = pool(&mut dice);
                let places = ["UZ", "ID", "PK", "MA"].map(known_place);
                let times = times(&mut dice, span, 200_000, false);
                Box::new(times.into_iter().map(move |at| {
                    let place = pick(&mut dice, &places);
                    let phone = dice.below(6) * BLOCK + dice.below(BLOCK);
                    let origin = pick(&mut dice, &pool);
                    hit(&mut dice, at, place, phone, origin)
                }))
            }
            Self::Healthchecks { tries } => healthchecks(dice, span, tries),
            Self::Countries { codes, tries } => {
                let places: Vec<_> = codes.iter().map(|code| known_place(code)).collect();
                let times = times(&mut dice, span, tries, true);
                Box::new(times.into_iter().map(move |at| {
                    let place = pick(&mut dice, &places);
                    let (phone, origin) = (any_number(&mut dice, &place), vpn(&mut dice));
                    hit(&mut dice, at, place, phone, origin)
                }))
            }
            Self::Slow => {
                let id = known_place("ID");
                let blocks: Vec<_> = (0..500).map(|_| dice.below(id.blocks)).collect();
                let minutes = (span / 60.0) as u32;
                Box::new((0..minutes).map(move |minute| {
                    let at = START + 60.0 * f64::from(minute) + dice.unit() * 50.0;
                    let phone = pick(&mut dice, &blocks) * BLOCK + dice.below(BLOCK);
                    let origin = proxy(&mut dice);
                    hit(&mut dice, at, id, phone, origin)
                }))
            }
            Self::Typing { share } => {
                let ma = known_place("MA");
                let times = times(&mut dice, span, 8_000, false);
                Box::new(times.into_iter().map(move |at| {
                    let (phone, origin) = (any_number(&mut dice, &ma), vpn(&mut dice));
                    let hit = hit(&mut dice, at, ma, phone, origin);
                    Hit {
                        is_typed: dice.happens(share),
                        ..hit
                    }
                }))
            }
            Self::Domestic {
                code,
                tries,
                share,
                own_blocks,
                ..
            } => domestic(dice, span, known_place(code), tries, share, own_blocks),
        }
    }
}

fn healthchecks(mut dice: Dice, span: f64, tries: u32) -> Box<dyn Iterator<Item = Hit>> {
    const PER_NUMBER: u32 = 5;
    let ma = known_place("MA");
    let mut hits = Vec::with_capacity(tries as usize);
    for at in times(&mut dice, span, tries / PER_NUMBER, true) {
        let phone = any_number(&mut dice, &ma);
        for n in 0..PER_NUMBER {
            let origin = vpn(&mut dice);
            let at = at + 62.0 * f64::from(n);
            hits.push(hit(&mut dice, at, ma, phone, origin));
        }
    }
    hits.sort_by(|a, b| a.at.total_cmp(&b.at));
    Box::new(hits.into_iter())
}

fn domestic(
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
    let times = times(&mut dice, span, tries, false);
    Box::new(times.into_iter().map(move |at| {
        let phone = if own.is_empty() {
            any_number(&mut dice, &place)
        } else {
            pick(&mut dice, &own) * BLOCK + dice.below(BLOCK)
        };
        let network = Network::Home(place.code, networks.pick(&mut dice));
        let origin = (network, 1_000 + dice.below(60_000));
        let hit = hit(&mut dice, at, place, phone, origin);
        Hit {
            is_typed: dice.happens(share),
            ..hit
        }
    }))
}

/// A network, and an address in it.
type Origin = (Network, u32);

fn hit(dice: &mut Dice, at: f64, place: Place, phone: u32, (network, host): Origin) -> Hit {
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
    }
}

/// Draws sorted instants. A ramp starts slowly.
fn times(dice: &mut Dice, span: f64, tries: u32, is_ramp: bool) -> Vec<f64> {
    let draw = |_| {
        let unit = dice.unit();
        START + span * if is_ramp { unit.sqrt() } else { unit }
    };
    let mut times: Vec<_> = (0..tries).map(draw).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn pool(dice: &mut Dice) -> Vec<Origin> {
    (0..20_000).map(|_| proxy(dice)).collect()
}

fn proxy(dice: &mut Dice) -> Origin {
    (
        Network::Proxy(dice.below(PROXY_NETWORKS)),
        dice.below(60_000),
    )
}

/// Draws an address of one of 60 VPNs.
fn vpn(dice: &mut Dice) -> Origin {
    let network = dice.below(60) * (ODD_NETWORKS / 60);
    (Network::Odd(network), dice.below(40))
}

fn any_number(dice: &mut Dice, place: &Place) -> u32 {
    dice.below(place.blocks) * BLOCK + dice.below(BLOCK)
}

/// Draws one of `choices`, of which there is at least one.
fn pick<T: Copy>(dice: &mut Dice, choices: &[T]) -> T {
    let place = dice.below(choices.len() as u32) as usize;
    let chosen = choices.get(place).copied();
    chosen.unwrap_or_else(|| unreachable!("something to choose from"))
}

/// Finds a country that an attack names.
fn known_place(code: &str) -> Place {
    // A test draws every attack.
    place(code).unwrap_or_else(|| unreachable!("{code} is in the world: {} places", PLACES.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_comes_in_order_within_its_hours() {
        let domestic = |own_blocks| Attack::Domestic {
            code: "MA",
            tries: 800,
            hours: 12,
            share: 0.5,
            own_blocks,
        };
        let attacks = [
            (Attack::Luma, 13_000),
            (Attack::LumaWhole, 200_000),
            (Attack::Healthchecks { tries: 8_000 }, 8_000),
            (
                Attack::Countries {
                    codes: DEAR,
                    tries: 900,
                },
                900,
            ),
            (
                Attack::Countries {
                    codes: TWENTY,
                    tries: 900,
                },
                900,
            ),
            (Attack::Slow, 10_080),
            (Attack::Typing { share: 0.2 }, 8_000),
            (domestic(None), 800),
            (domestic(Some(1)), 800),
        ];
        for (attack, tries) in attacks {
            let hits: Vec<_> = attack.hits(Dice::new(1)).collect();
            assert_eq!(hits.len(), tries, "{attack:?}");
            assert!(hits.is_sorted_by(|a, b| a.at <= b.at), "{attack:?}");
            let end = START + attack.lasts() + 5.0 * 62.0;
            assert!(hits.iter().all(|hit| (START..end).contains(&hit.at)));
        }
    }

    #[test]
    fn luma_is_one_block_and_the_attacker_with_one_block_has_one() {
        let blocks = |attack: Attack| {
            let hits = attack.hits(Dice::new(1));
            let blocks = hits.map(|hit| hit.request.phone / BLOCK);
            blocks.collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!(blocks(Attack::Luma), 1);
        let own = Attack::Domestic {
            code: "MA",
            tries: 800,
            hours: 12,
            share: 0.0,
            own_blocks: Some(1),
        };
        assert_eq!(blocks(own), 1);
        assert_eq!(blocks(Attack::LumaWhole), 6);
    }
}
