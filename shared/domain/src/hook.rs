//! The send hook: where it is, and which addresses it may lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ip_range::{RangeV4, RangeV6, hold_v4, hold_v6};

/// The send hook of a policy. `Debug` hides the URL, whose path or query may be a secret of the operator and the
/// receiver.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("HookPolicy {{ reach: {reach:?}, .. }}")]
pub struct HookPolicy {
    /// The URL that texts are posted to, which `phoneproof_config` has checked. It may hold a key of the receiver.
    pub url: String,
    /// The addresses that connections may go to.
    pub reach: Reach,
}

/// The addresses that a connection may go to. Each address is judged when it is connected to, so a name that leads
/// elsewhere later on is judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any address, private ones too, as `hook.allow_private` wants it.
    Any,
    /// Addresses of the public internet only.
    Public,
    /// This machine only: for plain HTTP, which nobody else may read.
    Loopback,
}

impl Reach {
    /// Whether a connection may go to `address`.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public => is_public(address),
            Self::Loopback => match address {
                IpAddr::V4(v4) => v4.is_loopback(),
                IpAddr::V6(v6) => v6.is_loopback(),
            },
        }
    }
}

/// The ranges of IPv4 that are not public: first address and length of the prefix (IANA's registry of special-purpose
/// addresses, RFC 6890), with multicast.
const SPECIAL_V4: [RangeV4; 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    // Link-local, with the metadata of instances and containers, and the Runtime API of some sandboxes.
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([255, 255, 255, 255], 32),
];

/// The ranges inside `2000::/3`, the only public part of IPv6, that are not public.
const SPECIAL_V6: [RangeV6; 4] = [
    // Protocol assignments, with Teredo, which carries an address of IPv4.
    (0x2001_0000 << 96, 23),
    (0x2001_0db8 << 96, 32),
    // 6to4, which carries an address of IPv4.
    (0x2002 << 112, 16),
    (0x3fff << 112, 20),
];

/// Whether `address` belongs to the public internet. A form of IPv6 that carries an address of IPv4 is judged by that
/// one.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match find_embedded(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !hold_v4(&SPECIAL_V4, address)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let is_global = address.to_bits() >> 125 == 1;
    is_global && !hold_v6(&SPECIAL_V6, address)
}

/// The address of IPv4 that a mapped address (`::ffff:0:0/96`) or one of NAT64 (`64:ff9b::/96`) carries.
fn find_embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const NAT64: u128 = 0x0064_ff9b << 96;
    let bits = address.to_bits();
    let low = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    let nat64 = (bits >> 32 == NAT64 >> 32).then(|| Ipv4Addr::from_bits(low));
    address.to_ipv4_mapped().or(nat64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2003::1",
        ] {
            assert!(is_public(address(public)), "{public}");
        }
    }

    #[test]
    fn no_private_address_is_public_in_any_form() {
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.100.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address(private)), "{private}");
            assert!(!Reach::Public.admits(address(private)), "{private}");
            assert!(Reach::Any.admits(address(private)), "{private}");
        }
        let loopback = ["127.0.0.1", "127.8.8.8", "::1"];
        assert!(
            loopback
                .iter()
                .all(|text| Reach::Loopback.admits(address(text)))
        );
        let others = ["10.0.0.1", "1.1.1.1", "::", "fe80::1"];
        assert!(
            !others
                .iter()
                .any(|text| Reach::Loopback.admits(address(text)))
        );
    }
}
