//! What a service knows that has run for a while: the phones, networks and conversion of its users.

use std::time::Duration;

use phoneproof_domain::purse::{
    Attribute, CountryRecord, DAYS_KEPT, Evidence, Lane, Lanes, Micros, PurseItem, PurseKey,
    PursePolicy, Room,
};

use super::Service;
use crate::crowd::Crowd;
use crate::dice::Dice;
use crate::world::{DAY, FIRST_DAY, Network, instant, own_device, phone_index};

impl Service {
    /// Lets the service have served this crowd for this many days.
    pub fn remember(&mut self, crowd: &Crowd, days: u32, dice: &mut Dice) {
        let Some(settings) = self.purse_settings.clone() else {
            return;
        };
        let policy = settings.policy;
        let country = crowd.place.country;
        let shards = settings.shards_of(country);
        let conversion = crowd.place.conversion;
        let typed_per_day = crowd.per_day * conversion / f64::from(shards);
        if days == 0 || typed_per_day <= 0.0 {
            return;
        }
        let start = instant(0.0);
        for phone in &crowd.regulars {
            let device = own_device(country, *phone);
            let evidence = Evidence {
                since: start - Duration::from_secs(u64::from(days) * 86_400),
                ..Evidence::from_code(device, start, &policy)
            };
            let entry = self.phones.entry(phone_index(country, *phone)).or_default();
            entry.evidence = Some(evidence);
        }
        let typed_in_a_week = (typed_per_day * 7.0) as i64;
        // In a strange network, new users that the operator vouches for earn nothing for the network.
        let not_vouched = 1.0 - (1.0 - crowd.habits.known) * crowd.habits.attested;
        for shard in 0..shards {
            for (network, share) in crowd.shares() {
                let earning = match network {
                    Network::Odd(_) if policy.attested.is_some() => not_vouched,
                    _ => 1.0,
                };
                let past = draw_past_codes(dice, typed_per_day * share * earning, days, &policy);
                let Some(Past { codes, since, last }) = past else {
                    continue;
                };
                let key = PurseKey::Network {
                    country,
                    shard,
                    network: network.index(),
                };
                let earned = policy.network.earns.of(codes * crowd.place.price);
                let most = i64::from(policy.network.cap) * crowd.place.price;
                let forgotten_at = instant(last) + policy.network.forgotten_after;
                let item = [
                    (Attribute::Room, earned.min(most)),
                    (Attribute::Codes, codes),
                    (Attribute::Since, instant(since).unix()),
                    (
                        Attribute::Needed,
                        policy.count_codes_needed(typed_in_a_week),
                    ),
                    (Attribute::ExpiresAt, forgotten_at.unix()),
                ];
                self.purses.insert(key, item.into_iter().collect());
            }
            let key = PurseKey::Country { country, shard };
            let item = make_past_country(crowd, &policy, shards, typed_in_a_week);
            self.purses.insert(key, item);
        }
    }
}

/// Makes the purse of a country that was in use: full, and with its days.
fn make_past_country(crowd: &Crowd, policy: &PursePolicy, shards: u8, typed: i64) -> PurseItem {
    let price = crowd.place.price;
    let per_day = (crowd.per_day * price as f64) as Micros / i64::from(shards);
    let is_learned = crowd.per_day * 7.0 >= f64::from(policy.learned_from);
    let best = is_learned.then(|| (crowd.place.conversion * 1_000.0).round() as i64);
    let lanes = Lanes::new(|lane| {
        let holds = match lane {
            Lane::Open => policy.open.cap.at(price),
            lane => policy.lane(lane)?.cap.at(price),
        };
        let at = instant(0.0);
        Some(Room { holds, at })
    });
    let least = policy.money.least / i64::from(shards);
    let record = CountryRecord {
        lanes,
        day: FIRST_DAY,
        left: least.max(policy.money.growth.of(per_day)),
        costs: [per_day; DAYS_KEPT as usize],
        week: FIRST_DAY.div_euclid(7),
        sent: 0,
        typed: 0,
        typed_before: typed,
        best,
        probes: 0,
    };
    let mut item = record.to_item();
    item.set(Attribute::cost_on(FIRST_DAY), 0);
    item
}

/// The typed codes of a network until the clock starts. Times are in seconds, and negative.
struct Past {
    codes: i64,
    since: f64,
    last: f64,
}

/// Draws the typed codes of a network that had this many a day; `None` when it is forgotten or never had one.
fn draw_past_codes(dice: &mut Dice, per_day: f64, days: u32, policy: &PursePolicy) -> Option<Past> {
    let span = policy.network.forgotten_after.as_secs_f64();
    let halved_after = policy.network.halved_after.as_secs_f64();
    let all = f64::from(days) * DAY;
    if per_day * span / DAY > 20.0 && all > span {
        let since = dice.unit() * all.min(halved_after);
        let kept = (all - since).min(halved_after);
        return Some(Past {
            codes: (per_day * (kept + since) / DAY) as i64,
            since: -since,
            last: -DAY / per_day / 2.0,
        });
    }
    let (mut t, mut past) = (-all, None);
    loop {
        t += dice.exponential(per_day / DAY);
        if t >= 0.0 {
            break;
        }
        past = match past {
            Some(Past { codes, since, last }) if t - last <= span => {
                let is_halved = t - since >= halved_after;
                Some(Past {
                    codes: if is_halved { codes / 2 } else { codes } + 1,
                    since: if is_halved { t } else { since },
                    last: t,
                })
            }
            _ => Some(Past {
                codes: 1,
                since: t,
                last: t,
            }),
        };
    }
    past.filter(|past| -past.last <= span)
}
