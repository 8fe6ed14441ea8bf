//! The network address that asks for a code.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::hook::is_public;
use crate::ip_range::{RangeV4, RangeV6, hold_v4, hold_v6};

/// The part of a caller's IP address that limits count: a whole IPv4 address or an IPv6 /64.
///
/// One subscriber usually holds a whole /64 (RFC 6177), so all of its addresses count as one. An IPv4-mapped IPv6
/// address counts as the IPv4 address. An address is personal data: `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("SourceAddress(…)")]
pub struct SourceAddress(IpAddr);

/// Why an address is refused as that of an end user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotOfUser {
    /// The text is no address.
    #[error("one IP address without port is needed, as in 198.51.100.7 or 2001:db8::7")]
    NoAddress,
    /// No end user is seen under this address from the internet.
    #[error(
        "the address that a user has on the internet is needed, as in 198.51.100.7 or 2001:db8::7; loopback, private, \
         multicast and reserved addresses are not accepted"
    )]
    NotOnTheInternet,
}

/// The ranges of IPv4 for documentation and tests. No end user has them, so examples and test suites may.
const TO_TRY_V4: [RangeV4; 4] = [
    ([192, 0, 2, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
];

/// The ranges of IPv6 for documentation, inside `2000::/3`.
const TO_TRY_V6: [RangeV6; 2] = [(0x2001_0db8 << 96, 32), (0x3fff << 112, 20)];

/// The 16 bits that begin an address of 6to4. The 32 bits behind them are the user's IPv4 address (RFC 3056).
const SIX_TO_FOUR: u128 = 0x2002;

/// Whether an end user can have `ip` on the internet, or a test can.
fn is_of_user(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => is_public(v4.into()) || hold_v4(&TO_TRY_V4, v4),
        // All users of a NAT64 or of a server of Teredo would count as one /64. Those of NAT64 are outside of `2000::/3`,
        // and `is_public` refuses those of Teredo.
        IpAddr::V6(v6) if v6.to_bits() >> 125 != 1 => false,
        IpAddr::V6(v6) if v6.to_bits() >> 112 == SIX_TO_FOUR => {
            let [_, high, low, ..] = v6.segments();
            is_of_user(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)).into())
        }
        IpAddr::V6(v6) => is_public(v6.into()) || hold_v6(&TO_TRY_V6, v6),
    }
}

impl SourceAddress {
    /// Reads the address of an end user, as a backend names it.
    ///
    /// A backend that passes on the address of its load balancer would put all its users into one count and one purse.
    /// So an address that nobody has on the internet is refused, such as a private one.
    ///
    /// # Errors
    ///
    /// [`NotOfUser`] says what is accepted.
    pub fn parse_of_user(text: &str) -> Result<Self, NotOfUser> {
        let ip: IpAddr = text.parse().map_err(|_| NotOfUser::NoAddress)?;
        is_of_user(ip)
            .then(|| Self::new(ip))
            .ok_or(NotOfUser::NotOnTheInternet)
    }

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
    fn an_end_user_has_an_address_of_the_internet() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.169.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2001:200::1",
            "2002:101:101::1",
            // Those of documentation and tests.
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.255",
            "2001:db8::7",
            "3fff::1",
        ] {
            let ip = text.parse().expect("an address");
            let read = SourceAddress::parse_of_user(text);
            assert_eq!(read, Ok(SourceAddress::new(ip)), "{text}");
            // What the service keeps of it is one, too.
            let kept = SourceAddress::new(ip).ip().to_string();
            assert!(SourceAddress::parse_of_user(&kept).is_ok(), "{kept}");
        }
    }

    #[test]
    fn nobody_is_seen_under_these_addresses_from_the_internet() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.88.99.1",
            "192.168.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0.0.0.0",
            "::127.0.0.1",
            "64:ff9b::1.1.1.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let read = SourceAddress::parse_of_user(text);
            assert_eq!(read, Err(NotOfUser::NotOnTheInternet), "{text}");
        }
        for text in ["", "localhost", "1.1.1.1:443", "1.1.1.1, 2.2.2.2"] {
            let read = SourceAddress::parse_of_user(text);
            assert_eq!(read, Err(NotOfUser::NoAddress), "{text}");
        }
    }

    #[test]
    fn ipv4_and_ipv6_have_bytes_of_different_lengths() {
        assert_eq!(address("192.0.2.7").bytes().len(), 4);
        assert_eq!(address("2001:db8::1").bytes().len(), 8);
    }
}
