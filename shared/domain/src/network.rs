//! Networks: blocks of IP addresses that operators block as one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::address::SourceAddress;

/// The bits between two lengths of networks. A send is looked up in one network of each length, so every length in
/// between would cost each send more.
const STEP: u8 = 4;

/// The two families of IP addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// The length of the largest network that can be blocked, and the length of one address of [`SourceAddress`].
    const fn lengths(self) -> (u8, u8) {
        match self {
            Self::V4 => (8, 32),
            Self::V6 => (16, 64),
        }
    }
}

/// A block of IP addresses: IPv4 with a length of 8, 12, 16, 20, 24 or 28 bits, IPv6 with one of 16, 20, … 60 bits.
/// A prefix of another length becomes up to eight entries of the block list.
///
/// The networks of a caller are personal data, so `Debug` hides them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("Network(…)")]
pub struct Network {
    family: Family,
    /// The first bits of its addresses, at the top. The bits after `length` are zero.
    bits: u128,
    length: u8,
}

/// A part of a prefix: a network, or a single address of [`SourceAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixPart {
    /// A network of IPv4 or IPv6.
    Network(Network),
    /// An IPv4 address, or the /64 of an IPv6 address.
    Address(SourceAddress),
}

/// Reports a text that is not a prefix that can be blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "198.51.100.0/24 or 2001:db8::/32 is needed: an IPv4 prefix of 8 to 32 bits or an IPv6 prefix of 16 to 128"
)]
pub struct InvalidPrefix;

/// Splits a prefix, as in `198.51.100.0/22`, into the networks and addresses that it consists of: 8 parts at most.
///
/// Bits after the length count as zero. A prefix of IPv4-mapped IPv6 addresses is one of IPv4.
///
/// # Errors
///
/// [`InvalidPrefix`] for another text, and for a prefix that is too short to be blocked.
pub fn split_prefix(text: &str) -> Result<Vec<PrefixPart>, InvalidPrefix> {
    let (address, length) = text.split_once('/').ok_or(InvalidPrefix)?;
    let address: IpAddr = address.parse().map_err(|_| InvalidPrefix)?;
    let all_digits = length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u8 = length.parse().map_err(|_| InvalidPrefix)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    if !all_digits || length > longest {
        return Err(InvalidPrefix);
    }
    let (family, bits, length) = match address {
        IpAddr::V4(v4) => (Family::V4, align(v4), length),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) if length >= 96 => (Family::V4, align(v4), length - 96),
            _ => (Family::V6, v6.to_bits(), length),
        },
    };
    let (least, single) = family.lengths();
    if length < least {
        return Err(InvalidPrefix);
    }
    let length = length.min(single);
    let wanted = length.next_multiple_of(STEP);
    let first = bits & mask(length);
    let count = 1_u128 << (wanted - length);
    let parts = (0..count).map(|n| {
        let network = Network {
            family,
            bits: first | n.checked_shl(128 - u32::from(wanted)).unwrap_or(0),
            length: wanted,
        };
        if wanted == single {
            PrefixPart::Address(SourceAddress::new(network.first()))
        } else {
            PrefixPart::Network(network)
        }
    });
    Ok(parts.collect())
}

/// Moves the bits of an IPv4 address to the top.
fn align(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits()) << 96
}

/// The bits that an address keeps in a network of this length, which is at least 1.
const fn mask(length: u8) -> u128 {
    u128::MAX << (128 - length)
}

impl Network {
    /// Returns the networks of every length that an address is in, the largest first.
    #[must_use]
    pub fn of(address: &SourceAddress) -> Vec<Self> {
        let (family, bits) = match address.ip() {
            IpAddr::V4(v4) => (Family::V4, align(v4)),
            IpAddr::V6(v6) => (Family::V6, v6.to_bits()),
        };
        let (least, single) = family.lengths();
        let lengths = (least..single).step_by(usize::from(STEP));
        let network = |length| Self {
            family,
            bits: bits & mask(length),
            length,
        };
        lengths.map(network).collect()
    }

    /// Returns the network by which purses know an address: its IPv4 /16 or IPv6 /32.
    #[must_use]
    pub fn of_purse(address: &SourceAddress) -> Self {
        let (family, bits, length) = match address.ip() {
            IpAddr::V4(v4) => (Family::V4, align(v4), 16),
            IpAddr::V6(v6) => (Family::V6, v6.to_bits(), 32),
        };
        Self {
            family,
            bits: bits & mask(length),
            length,
        }
    }

    /// Returns the canonical bytes: the length, then four bytes for IPv4 and eight for IPv6.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let kept = match self.family {
            Family::V4 => 4,
            Family::V6 => 8,
        };
        let prefix = self.bits.to_be_bytes().into_iter().take(kept);
        std::iter::once(self.length).chain(prefix).collect()
    }

    /// Returns the first address of the network.
    fn first(&self) -> IpAddr {
        match self.family {
            Family::V4 => {
                let top = u32::try_from(self.bits >> 96).unwrap_or_default();
                IpAddr::V4(Ipv4Addr::from_bits(top))
            }
            Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(self.bits)),
        }
    }

    /// Writes the network as operators do, as in `198.51.100.0/24`.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}/{}", self.first(), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let parts = split_prefix(text).expect("a prefix").into_iter();
        parts
            .map(|part| match part {
                PrefixPart::Network(network) => network.expose(),
                PrefixPart::Address(address) => format!("{} alone", address.ip()),
            })
            .collect()
    }

    #[test]
    fn a_prefix_becomes_the_networks_and_addresses_that_it_consists_of() {
        for (prefix, parts) in [
            ("198.51.100.0/24", &["198.51.100.0/24"][..]),
            ("198.51.100.77/24", &["198.51.100.0/24"]),
            ("10.0.0.0/8", &["10.0.0.0/8"]),
            ("198.51.100.0/23", &["198.51.100.0/24", "198.51.101.0/24"]),
            ("192.0.2.2/31", &["192.0.2.2 alone", "192.0.2.3 alone"]),
            ("192.0.2.7/32", &["192.0.2.7 alone"]),
            ("::ffff:192.0.2.0/120", &["192.0.2.0/24"]),
            ("::ffff:192.0.2.0/104", &["192.0.0.0/8"]),
            // More than the addresses of IPv4 is a network of IPv6.
            ("::ffff:192.0.2.0/48", &["::/48"]),
            ("2001:db8::/32", &["2001:db8::/32"]),
            ("2001:db8::/31", &["2001:db8::/32", "2001:db9::/32"]),
            (
                "2001:db8:0:2::/63",
                &["2001:db8:0:2:: alone", "2001:db8:0:3:: alone"],
            ),
            ("2001:db8::1/128", &["2001:db8:: alone"]),
        ] {
            // 2001:db8::/31 begins at an even number, 2001:db8.
            assert_eq!(split(prefix), parts, "{prefix}");
        }
        assert_eq!(split("198.51.96.0/21").len(), 8, "the most parts");
    }

    #[test]
    fn refuses_what_is_not_a_prefix_and_what_is_too_large() {
        for text in [
            "",
            "/",
            "192.0.2.0",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/7",
            "0.0.0.0/0",
            "::/0",
            "2001::/15",
            "2001:db8::/129",
            "192.0.2/24",
            "192.0.2.0/+8",
            "192.0.2.0/-1",
            "a/24",
        ] {
            assert_eq!(split_prefix(text), Err(InvalidPrefix), "{text}");
        }
    }

    #[test]
    fn an_address_is_in_a_prefix_exactly_if_one_of_its_networks_or_itself_is_a_part() {
        let is_in = |address: &str, prefix: &str| {
            let address = SourceAddress::new(address.parse().expect("an address"));
            let networks = Network::of(&address);
            let parts = split_prefix(prefix).expect("a prefix");
            parts.iter().any(|part| match part {
                PrefixPart::Network(network) => networks.contains(network),
                PrefixPart::Address(single) => *single == address,
            })
        };
        for (prefix, inside, outside) in [
            ("198.51.100.0/24", "198.51.100.255", "198.51.101.0"),
            ("198.51.96.0/21", "198.51.103.9", "198.51.104.0"),
            ("10.0.0.0/9", "10.127.1.1", "10.128.0.0"),
            ("192.0.2.4/30", "192.0.2.7", "192.0.2.8"),
            (
                "198.51.100.0/24",
                "::ffff:198.51.100.1",
                "::ffff:198.51.99.1",
            ),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("2001:db8:0:10::/60", "2001:db8:0:1f::9", "2001:db8:0:20::9"),
            ("2001:db8:0:1::/64", "2001:db8:0:1:ffff::", "2001:db8:0:2::"),
            // The bits of an IPv4 address are not those of an IPv6 one.
            ("32.1.0.0/16", "32.1.13.184", "2001:db8::1"),
        ] {
            assert!(is_in(inside, prefix), "{inside} in {prefix}");
            assert!(!is_in(outside, prefix), "{outside} not in {prefix}");
        }
    }

    #[test]
    fn purses_know_the_16_of_ipv4_and_the_32_of_ipv6() {
        let of = |address: &str| {
            let address = SourceAddress::new(address.parse().expect("an address"));
            assert!(Network::of(&address).contains(&Network::of_purse(&address)));
            Network::of_purse(&address).expose()
        };
        assert_eq!(of("198.51.100.7"), "198.51.0.0/16");
        assert_eq!(of("::ffff:198.51.100.7"), "198.51.0.0/16");
        assert_eq!(of("2001:db8:7:1::9"), "2001:db8::/32");
    }

    #[test]
    fn networks_have_different_bytes_and_hide_in_debug() {
        let networks =
            |address: &str| Network::of(&SourceAddress::new(address.parse().expect("one")));
        let mut all: Vec<_> = networks("0.0.0.0").iter().map(Network::bytes).collect();
        all.extend(networks("::").iter().map(Network::bytes));
        assert_eq!(all.len(), 6 + 12);
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(format!("{:?}", networks("192.0.2.7")[0]), "Network(…)");
    }
}
