//! The network address that asks for a code.

use std::net::{IpAddr, Ipv6Addr};

/// The part of a caller's IP address that limits count: a whole IPv4 address or an IPv6 /64.
///
/// One subscriber usually holds a whole /64 (RFC 6177), so all of its addresses count as one. An IPv4-mapped IPv6
/// address counts as the IPv4 address. An address is personal data: `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("SourceAddress(…)")]
pub struct SourceAddress(IpAddr);

impl SourceAddress {
    /// Reduces `ip` to the part that limits count.
    #[must_use]
    pub fn new(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            v4 @ IpAddr::V4(_) => Self(v4),
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }

    /// Returns the address in clear; for IPv6, the first one of its /64. It goes to operators, never into logs.
    #[must_use]
    pub const fn ip(&self) -> IpAddr {
        self.0
    }

    /// Returns the canonical bytes: four for IPv4, the first eight of the address for IPv6.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self.0 {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().into_iter().take(8).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SourceAddress {
        SourceAddress::new(text.parse().expect("an IP address"))
    }

    #[test]
    fn ipv6_addresses_of_one_64_bit_prefix_count_as_one() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    }

    #[test]
    fn an_ipv4_mapped_address_counts_as_ipv4() {
        assert_eq!(address("::ffff:192.0.2.7"), address("192.0.2.7"));
        assert_ne!(address("192.0.2.7"), address("192.0.2.8"));
    }

    #[test]
    fn ipv4_and_ipv6_have_bytes_of_different_lengths() {
        assert_eq!(address("192.0.2.7").bytes().len(), 4);
        assert_eq!(address("2001:db8::1").bytes().len(), 8);
    }
}
