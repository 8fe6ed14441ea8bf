//! Ranges of IP addresses, each as its first address and the length of the prefix that its addresses share.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A range of IPv4.
pub(crate) type RangeV4 = ([u8; 4], u32);

/// A range of IPv6.
pub(crate) type RangeV6 = (u128, u32);

/// Whether one of `ranges` holds `address`.
pub(crate) fn hold_v4(ranges: &[RangeV4], address: Ipv4Addr) -> bool {
    ranges.iter().any(|(first, length)| {
        let first = Ipv4Addr::from(*first).to_bits();
        (address.to_bits() ^ first).leading_zeros() >= *length
    })
}

/// Whether one of `ranges` holds `address`.
pub(crate) fn hold_v6(ranges: &[RangeV6], address: Ipv6Addr) -> bool {
    ranges
        .iter()
        .any(|(first, length)| (address.to_bits() ^ first).leading_zeros() >= *length)
}
