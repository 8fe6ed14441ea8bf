//! The purses that could not pay, for those who operate the service.

use super::lane::{Lane, Lanes};

/// A purse that was open to a caller and could not pay.
///
/// It is for metrics alone. It may tell that a phone is known, so no answer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyPurse {
    /// A lane of the country.
    Lane(Lane),
    /// The purse of the number block.
    NumberBlock,
    /// The room that a call takes from.
    Calls,
}

impl EmptyPurse {
    /// The lanes, ordered by how much an empty one says about the country, the most telling first.
    ///
    /// An attack does not touch the lane of known phones. That of the crowd stops most new users.
    const TELLING: [Lane; Lane::ALL.len()] = [
        Lane::Known,
        Lane::Crowd,
        Lane::Attested,
        Lane::Moved,
        Lane::Open,
    ];

    /// Returns the stable name, in metrics: that of the lane, `number-block` or `calls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lane(lane) => lane.name(),
            Self::NumberBlock => "number-block",
            Self::Calls => "calls",
        }
    }

    /// Chooses the lane that says most of those that are empty.
    pub(super) fn choose_most_telling(empty: Lanes<bool>) -> Option<Self> {
        let mut lanes = Self::TELLING.into_iter();
        lanes.find(|lane| empty[*lane]).map(Self::Lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_lane_of_known_phones_says_most_and_every_lane_has_its_place() {
        let all = EmptyPurse::choose_most_telling(Lanes::new(|_| true));
        assert_eq!(all, Some(EmptyPurse::Lane(Lane::Known)));
        for lane in Lane::ALL {
            let one = EmptyPurse::choose_most_telling(Lanes::new(|own| own == lane));
            assert_eq!(one.map(EmptyPurse::name), Some(lane.name()));
        }
        assert_eq!(EmptyPurse::choose_most_telling(Lanes::default()), None);
    }
}
