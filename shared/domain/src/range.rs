//! Ranges: the subjects that stand for many phones or callers, and how sends are checked against the block list.
//!
//! A send falls into about eight ranges. One item of the store says which ranges are blocked, so one condition checks
//! them all. A shared item would make parallel sends conflict with each other, so the store keeps [`SHARDS`] copies.
//! The number block of a send decides which copy it reads.
//!
//! A check costs a send two write units, as every item of a transaction does, and two more for each further kilobyte of
//! the copy. A kilobyte holds about 25 countries and networks.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::subject::{Subject, SubjectIndex, SubjectKind, Subjects};

/// The number of copies of the item. Two sends to different number blocks read the same copy once in this many cases.
pub const SHARDS: u16 = 1_024;

/// The ranges that one send falls into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranges {
    /// The copy that the send reads, below [`SHARDS`].
    pub shard: u16,
    /// The number block, the country and the networks of the send, as far as they are known.
    pub members: Vec<Subject>,
}

/// The ranges that are on the block list, each with the instant at which its block ends; `None` if it does not end.
pub type BlockedRanges = BTreeMap<Subject, Option<Timestamp>>;

impl Ranges {
    /// Lists the ranges of a send; `None` when none is known.
    #[must_use]
    pub fn of(subjects: &Subjects<Option<SubjectIndex>>) -> Option<Self> {
        let number_block = subjects.number_block_index.as_ref();
        let subject = |kind| move |index: &SubjectIndex| Subject::new(kind, index.clone());
        let members: Vec<_> = number_block
            .map(subject(SubjectKind::NumberBlock))
            .into_iter()
            .chain(
                subjects
                    .country_index
                    .as_ref()
                    .map(subject(SubjectKind::Country)),
            )
            .chain(
                subjects
                    .network_indexes
                    .iter()
                    .map(subject(SubjectKind::Network)),
            )
            .collect();
        (!members.is_empty()).then(|| Self {
            shard: number_block.map_or(0, find_shard),
            members,
        })
    }

    /// Finds the range of the send whose block lasts longest at `now`; of two that end together, the first.
    #[must_use]
    pub fn find_blocked(&self, blocked: &BlockedRanges, now: Timestamp) -> Option<&Subject> {
        let blocked = self.members.iter().filter_map(|member| {
            let until = *blocked.get(member)?;
            let lasts = until.is_none_or(|until| now < until);
            lasts.then_some((member, until))
        });
        let longest = blocked.reduce(|kept, next| match (kept.1, next.1) {
            (Some(kept_until), Some(until)) if kept_until < until => next,
            (Some(_), None) => next,
            (Some(_) | None, _) => kept,
        });
        longest.map(|(member, _)| member)
    }
}

/// Returns the copy that sends to this number block read.
#[must_use]
pub fn find_shard(number_block_index: &SubjectIndex) -> u16 {
    // An index is a MAC, so any function of all its characters spreads well.
    let digest = |sum: u32, byte: u8| sum.wrapping_mul(31).wrapping_add(u32::from(byte));
    let sum = number_block_index.as_str().bytes().fold(0, digest);
    u16::try_from(sum % u32::from(SHARDS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(kind: SubjectKind, index: &str) -> Subject {
        Subject::new(kind, SubjectIndex::from_text(index.to_owned()))
    }

    #[test]
    fn a_range_is_blocked_until_the_second_its_block_ends() {
        let country = subject(SubjectKind::Country, "US");
        let network = subject(SubjectKind::Network, "n");
        let ranges = Ranges {
            shard: 0,
            members: vec![country.clone(), network.clone()],
        };
        let at = Timestamp::from_unix;
        let blocked = BlockedRanges::from([(network.clone(), Some(at(100)))]);
        assert_eq!(ranges.find_blocked(&blocked, at(99)), Some(&network));
        assert_eq!(ranges.find_blocked(&blocked, at(100)), None);
        let blocked = BlockedRanges::from([(country.clone(), None)]);
        assert_eq!(ranges.find_blocked(&blocked, at(i64::MAX)), Some(&country));
        let mut both = BlockedRanges::from([
            (country.clone(), Some(at(100))),
            (network.clone(), Some(at(200))),
        ]);
        assert_eq!(ranges.find_blocked(&both, at(0)), Some(&network));
        both.insert(country.clone(), Some(at(200)));
        assert_eq!(ranges.find_blocked(&both, at(0)), Some(&country));
        both.insert(network.clone(), None);
        assert_eq!(ranges.find_blocked(&both, at(0)), Some(&network));
        let other = BlockedRanges::from([(subject(SubjectKind::Network, "US"), None)]);
        assert_eq!(ranges.find_blocked(&other, at(0)), None);
    }

    #[test]
    fn number_blocks_spread_over_all_shards() {
        let shards =
            (0..20_000).map(|n| find_shard(&SubjectIndex::from_text(format!("{:x}", n * 7_919))));
        let mut counts = BTreeMap::<u16, u32>::new();
        shards.for_each(|shard| *counts.entry(shard).or_default() += 1);
        assert!(counts.len() > 1_000, "{}", counts.len());
        assert!(counts.keys().all(|shard| *shard < SHARDS));
    }
}
