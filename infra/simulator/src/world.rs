//! The world: countries, networks, and what a send shows to the rules.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::purse::Micros;
use phoneproof_domain::subject::{SubjectIndex, Subjects};

/// The seconds of an hour.
pub const HOUR: f64 = 3_600.0;
/// The seconds of a day.
pub const DAY: f64 = 86_400.0;

/// The day, counted from the Unix epoch, at whose start the virtual clock shows 0. It begins a week of the purses.
pub const FIRST_DAY: i64 = 20_006;

/// The /16s of VPNs, data centres and foreign carriers, which honest travellers and attackers share.
pub const ODD_NETWORKS: u32 = 400;
/// The /16s of residential proxies all over the world.
pub const PROXY_NETWORKS: u32 = 6_000;
/// The numbers of a block.
pub const BLOCK: u32 = 10_000;

/// Returns the instant at which the virtual clock shows this many seconds; those before its start are negative.
#[must_use]
pub fn instant(seconds: f64) -> Timestamp {
    let start = Timestamp::from_unix(FIRST_DAY * 86_400);
    let whole = Duration::from_secs(seconds.abs().floor() as u64);
    if seconds < 0.0 {
        start - whole
    } else {
        start + whole
    }
}

/// A country of the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The country, as the policy names it.
    pub country: Country,
    /// What a text costs.
    pub price: Micros,
    /// The blocks of ten thousand consecutive mobile numbers.
    pub blocks: u32,
    /// The networks that its own users come from: /16s, or IPv6 /32s.
    pub networks: u32,
    /// The share of honest texts whose code is typed in.
    pub conversion: f64,
}

impl Place {
    /// Makes a country of which only price and conversion are known. Its size is that of the table of this module, or
    /// else that of a middling country.
    #[must_use]
    pub fn new(country: Country, price: Micros, conversion: f64) -> Self {
        let known = place(country);
        Self {
            country,
            price,
            blocks: known.map_or(5_000, |place| place.blocks),
            networks: known.map_or(60, |place| place.networks),
            conversion,
        }
    }
}

/// The countries: code, price in millionths of a dollar, blocks, networks, conversion.
const PLACES: &[(&str, Micros, u32, u32, f64)] = &[
    ("US", 10_000, 80_000, 2_500, 0.90),
    ("GB", 50_000, 9_000, 400, 0.90),
    ("FR", 70_000, 8_000, 400, 0.88),
    ("DE", 90_000, 12_000, 400, 0.88),
    ("AU", 30_000, 4_000, 200, 0.90),
    ("JP", 60_000, 18_000, 500, 0.88),
    ("MA", 220_000, 5_500, 60, 0.75),
    ("UZ", 141_100, 3_500, 40, 0.78),
    ("ID", 280_000, 35_000, 300, 0.78),
    ("NG", 350_000, 20_000, 120, 0.72),
    ("PK", 197_800, 19_000, 120, 0.75),
    ("BD", 250_000, 18_000, 100, 0.75),
    ("EG", 230_000, 10_000, 80, 0.75),
    ("LK", 320_000, 3_000, 30, 0.78),
    ("PH", 180_000, 16_000, 150, 0.78),
    ("TN", 155_800, 1_600, 30, 0.78),
    ("JO", 250_000, 1_000, 25, 0.78),
    ("KE", 250_000, 6_500, 50, 0.75),
    ("SN", 220_000, 2_200, 25, 0.75),
    ("GE", 130_000, 600, 25, 0.80),
    ("NP", 240_000, 4_000, 30, 0.75),
    ("IN", 70_000, 110_000, 600, 0.80),
    ("MX", 70_000, 12_000, 250, 0.82),
    ("KH", 170_000, 2_200, 30, 0.78),
    ("AL", 77_600, 300, 20, 0.80),
    ("BO", 60_000, 1_200, 25, 0.80),
    ("MT", 50_000, 60, 8, 0.85),
    ("IS", 70_000, 60, 8, 0.85),
    ("LU", 90_000, 100, 10, 0.85),
];

/// Finds a country of the world.
#[must_use]
pub fn place(country: Country) -> Option<Place> {
    let row = PLACES
        .iter()
        .find(|(code, ..)| Country::parse(code) == Ok(country));
    row.map(|(_, price, blocks, networks, conversion)| Place {
        country,
        price: *price,
        blocks: *blocks,
        networks: *networks,
        conversion: *conversion,
    })
}

/// Finds a country that the lists of this crate name. A test makes all of them.
pub(crate) fn find_place(code: &str) -> Place {
    let known = Country::parse(code).ok().and_then(place);
    known.unwrap_or_else(|| unreachable!("{code} is in the world"))
}

/// A network that a send comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// A network of a country's carriers.
    Home(Country, u32),
    /// A VPN, a data centre or a foreign carrier.
    Odd(u32),
    /// A residential proxy somewhere in the world.
    Proxy(u32),
}

impl Network {
    /// Returns the network as purses name it.
    #[must_use]
    pub fn index(&self) -> SubjectIndex {
        SubjectIndex::from_text(match self {
            Self::Home(country, rank) => format!("{country}/{rank}"),
            Self::Odd(rank) => format!("odd/{rank}"),
            Self::Proxy(rank) => format!("proxy/{rank}"),
        })
    }
}

/// A device that a send comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The device on which the phone's owner was verified before.
    Own,
    /// Any other device, by its number.
    Other(u64),
}

/// What a send shows to the rules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The country of the phone.
    pub place: Place,
    /// The phone, counted from the first number of the country.
    pub phone: u32,
    /// The device that asks.
    pub device: Device,
    /// The network that it asks from.
    pub network: Network,
    /// The address inside the network.
    pub host: u32,
    /// Whether the operator vouches for the caller.
    pub is_attested: bool,
    /// Whether the phone belongs to somebody who was verified before. The rules do not look at it.
    pub is_regular: bool,
}

impl Request {
    /// Returns the subjects of the send. In place of keyed hashes they are the values.
    #[must_use]
    pub fn subjects(&self) -> Subjects {
        let (country, phone) = (self.place.country, self.phone);
        let index = SubjectIndex::from_text;
        Subjects {
            phone_index: phone_index(country, phone),
            number_block_index: index(format!("{country}{}", phone / BLOCK)),
            device_index: match self.device {
                Device::Own => own_device(country, phone),
                Device::Other(bits) => index(format!("{bits:x}")),
            },
            country_index: None,
            network_indexes: vec![],
            business_index: None,
            address_index: index(format!("{}/{}", self.network.index().as_str(), self.host)),
        }
    }
}

/// Returns the index of a phone.
#[must_use]
pub fn phone_index(country: Country, phone: u32) -> SubjectIndex {
    SubjectIndex::from_text(format!("{country}{phone}"))
}

/// Returns the index of the device of a phone's owner.
#[must_use]
pub fn own_device(country: Country, phone: u32) -> SubjectIndex {
    SubjectIndex::from_text(format!("own-{country}{phone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_a_country_with_numbers_and_has_a_price() {
        for (code, ..) in PLACES {
            let place = find_place(code);
            assert!(place.country.has_numbers(), "{code}");
            assert!(place.price > 0 && place.blocks > 1 && place.networks > 0);
        }
        let tuvalu = Country::parse("TV").expect("a country");
        assert_eq!(place(tuvalu), None);
        assert!(Place::new(tuvalu, 110_000, 0.7).blocks > 1);
    }

    #[test]
    fn the_clock_starts_with_a_day_and_goes_both_ways() {
        assert_eq!(instant(0.0).day(), FIRST_DAY);
        assert_eq!(instant(-1.0).day(), FIRST_DAY - 1);
        assert_eq!(instant(DAY).day(), FIRST_DAY + 1);
    }
}
