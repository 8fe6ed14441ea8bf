//! The lanes of a country's purse.

use std::ops::{Index, IndexMut};

use strum::EnumCount;

/// A part of a country's purse. What is known in favour of the caller decides which lane pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Lane {
    /// The caller's network is one where users of this country typed codes in before.
    Crowd,
    /// The phone was verified before, and the caller sits at the device that did it or in a network of the crowd.
    Known,
    /// The phone was verified before, and the caller sits at another device in a strange network.
    Moved,
    /// The operator vouches for the caller.
    Attested,
    /// Nothing is known in favour of the caller: a stranger.
    Open,
}

impl Lane {
    /// Every lane, in the order in which they are tried.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Crowd,
        Self::Known,
        Self::Moved,
        Self::Attested,
        Self::Open,
    ];

    /// Returns the stable name: in tokens, in metrics and in the attributes of the country's item.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crowd => "crowd",
            Self::Known => "known",
            Self::Moved => "moved",
            Self::Attested => "attested",
            Self::Open => "open",
        }
    }

    /// Returns the name of the attribute that says when the lane last paid.
    pub(super) const fn name_of_at(self) -> &'static str {
        match self {
            Self::Crowd => "crowd_at",
            Self::Known => "known_at",
            Self::Moved => "moved_at",
            Self::Attested => "attested_at",
            Self::Open => "open_at",
        }
    }

    /// Finds the lane of a stable name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }

    /// Whether the purse of the number block pays, too.
    ///
    /// A neighbour that was verified before is not stopped by a block that somebody else pumps.
    #[must_use]
    pub const fn asks_number_block(self) -> bool {
        match self {
            Self::Crowd | Self::Attested | Self::Open => true,
            Self::Known | Self::Moved => false,
        }
    }
}

/// One value per lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lanes<T>([T; Lane::ALL.len()]);

impl<T> Lanes<T> {
    /// Makes the value of every lane with `value`.
    pub fn new(value: impl FnMut(Lane) -> T) -> Self {
        Self(Lane::ALL.map(value))
    }
}

// `Lane::ALL` has the order of the variants, so an index is always in range. A test checks the order.
#[expect(clippy::indexing_slicing, reason = "there is one value per lane")]
impl<T> Index<Lane> for Lanes<T> {
    type Output = T;

    fn index(&self, lane: Lane) -> &T {
        &self.0[lane as usize]
    }
}

#[expect(clippy::indexing_slicing, reason = "there is one value per lane")]
impl<T> IndexMut<Lane> for Lanes<T> {
    fn index_mut(&mut self, lane: Lane) -> &mut T {
        &mut self.0[lane as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_the_order_of_the_variants() {
        for (place, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!(lane as usize, place, "{lane:?}");
        }
    }

    #[test]
    fn a_name_finds_its_lane() {
        for lane in Lane::ALL {
            assert_eq!(Lane::parse(lane.name()), Some(lane));
        }
        assert_eq!(Lane::parse("Crowd"), None);
    }

    #[test]
    fn a_phone_that_was_verified_before_does_not_need_its_block() {
        let without = Lane::ALL
            .into_iter()
            .filter(|lane| !lane.asks_number_block());
        assert!(without.eq([Lane::Known, Lane::Moved]));
    }
}
