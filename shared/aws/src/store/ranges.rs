//! The ranges on the block list, and their copies that sends read.
//!
//! DynamoDB cancels one of two parallel transactions on an item, even if both only check it (DynamoDB developer guide,
//! "Transaction conflict handling"). So the item that says which ranges are blocked has many copies, and each send
//! checks the copy of its number block. The entries of the list are the truth; [`Store::spread_ranges`] makes the
//! copies.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, PutRequest, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, WriteRequest,
};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::Random;
use phoneproof_domain::range::{BlockedRanges, Ranges, SHARDS, find_shard};
use phoneproof_domain::subject::{Subject, SubjectKind};
use phoneproof_domain::subject_record::NEVER;

use tokio::time::sleep;

use super::batch::choose_pause;
use super::inspect::build_delete;
use super::item::{Item, PK, instant, read_number, text};
use super::{Block, BlockListError, OperationFailed, Store, StoreError};

/// The characters of an index in the name of an attribute: 96 bits of a MAC. A longer name would make the copies
/// larger, and each send pays for the size of the copy that it reads.
const NAME_CHARACTERS: usize = 16;

/// How many times the copies are compared with the list and written, before the command gives up.
const ROUNDS: u32 = 8;

/// The partition key of a copy begins with this.
const KEY_PREFIX: &str = "ranges#";

/// Returns the partition key of a copy.
fn shard_key(shard: u16) -> String {
    format!("{KEY_PREFIX}{shard}")
}

/// Returns the name of the attribute that holds the end of the block of a range.
fn attribute_name(range: &Subject) -> String {
    let index = range.index.as_str();
    let short = index.get(..NAME_CHARACTERS).unwrap_or(index);
    format!("{}_{short}", range.kind.prefix())
}

/// Makes the item that checks that no range of a send is blocked.
///
/// Its condition is the decision of [`Ranges::find_blocked`].
pub(super) fn build_range_check(
    table: &str,
    ranges: &Ranges,
    now: Timestamp,
) -> Result<TransactWriteItem, StoreError> {
    let mut check = ConditionCheck::builder()
        .table_name(table)
        .key(PK, text(shard_key(ranges.shard)))
        .expression_attribute_values(":now", instant(now))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let mut conditions = Vec::with_capacity(ranges.members.len());
    for (place, range) in ranges.members.iter().enumerate() {
        let name = format!("#r{place}");
        conditions.push(format!("(attribute_not_exists({name}) OR {name} <= :now)"));
        check = check.expression_attribute_names(name, attribute_name(range));
    }
    let check = check
        .condition_expression(conditions.join(" AND "))
        .build()?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Reads which of these ranges a copy names.
pub(super) fn read_blocked_ranges(item: &Item, ranges: &Ranges) -> BlockedRanges {
    let read = |range: &Subject| {
        let until = Timestamp::from_unix(read_number(item, &attribute_name(range))?);
        Some((range.clone(), (until < NEVER).then_some(until)))
    };
    ranges.members.iter().filter_map(read).collect()
}

/// The copies, by partition key: the end of each block by the name of its attribute.
type Copies = BTreeMap<String, BTreeMap<String, i64>>;

/// Makes the copies that the entries ask for.
///
/// No clock decides: two operators whose clocks differ would undo each other's writes. A copy may hold a block that has
/// ended, until DynamoDB deletes its entry. It refuses nothing.
fn plan_copies(blocks: &[Block]) -> Copies {
    let mut copies = Copies::new();
    let kept = blocks.iter().filter(|block| !block.is_removed);
    for block in kept.filter(|block| block.subject.kind.is_range()) {
        let shards = match block.subject.kind {
            SubjectKind::NumberBlock => {
                let shard = find_shard(&block.subject.index);
                shard..shard + 1
            }
            _ => 0..SHARDS,
        };
        let (name, until) = (attribute_name(&block.subject), block.expires_at);
        for shard in shards {
            let copy = copies.entry(shard_key(shard)).or_default();
            copy.insert(name.clone(), until.unwrap_or(NEVER).unix());
        }
    }
    copies
}

/// Reads a copy; `None` when the item is not one.
fn read_copy(item: &Item) -> Option<(String, BTreeMap<String, i64>)> {
    let key = item.get(PK)?.as_s().ok()?;
    if !key.starts_with(KEY_PREFIX) {
        return None;
    }
    let ends = item.keys().filter(|name| *name != PK);
    let ends = ends.map(|name| (name.clone(), read_number(item, name).unwrap_or(i64::MIN)));
    Some((key.clone(), ends.collect()))
}

/// Lists the writes that turn the copies of the table into the planned ones.
fn list_writes(planned: &Copies, stored: &Copies) -> Result<Vec<WriteRequest>, OperationFailed> {
    let changed = planned
        .iter()
        .filter(|(key, copy)| stored.get(*key) != Some(*copy));
    let puts = changed.map(|(key, copy)| {
        let ends = copy
            .iter()
            .map(|(name, end)| (name.clone(), instant(Timestamp::from_unix(*end))));
        let item: HashMap<String, AttributeValue> =
            ends.chain([(PK.to_owned(), text(key))]).collect();
        let put = PutRequest::builder().set_item(Some(item)).build();
        let put = put.map_err(|error| OperationFailed::not_built("BatchWriteItem", &error))?;
        Ok(WriteRequest::builder().put_request(put).build())
    });
    let gone = stored.keys().filter(|key| !planned.contains_key(*key));
    let deletes = gone.map(|key| build_delete(key.clone()));
    puts.chain(deletes).collect()
}

impl Store {
    /// Reads which of these ranges are on the block list, from the copy that a send would check.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn read_blocked_ranges(
        &self,
        ranges: &Ranges,
    ) -> Result<BlockedRanges, OperationFailed> {
        let key = shard_key(ranges.shard);
        let item = self.read_item(&self.tables.blocks, key).await?;
        Ok(item
            .map(|item| read_blocked_ranges(&item, ranges))
            .unwrap_or_default())
    }

    /// Makes the copies of the ranges that are blocked. They act on the next send.
    ///
    /// The list is read again after the writes, so that two operators at once leave copies of both entries. An operator
    /// who wrote from an outdated list writes again. `random` spreads the repeats.
    ///
    /// # Errors
    ///
    /// [`BlockListError`] when a call fails, or others keep changing the list. Calling again completes the copies.
    pub async fn spread_ranges(&self, random: &dyn Random) -> Result<(), BlockListError> {
        for round in 0..ROUNDS {
            // The first two rounds write and check. Another one means that somebody else is writing.
            if round > 1 {
                sleep(choose_pause(round - 1, random)).await;
            }
            let items = self.scan_all(&self.tables.blocks, None).await?;
            let blocks: Vec<_> = items.iter().filter_map(Block::read).collect();
            let stored: Copies = items.iter().filter_map(read_copy).collect();
            let writes = list_writes(&plan_copies(&blocks), &stored)?;
            if writes.is_empty() {
                return Ok(());
            }
            self.write_batches(&self.tables.blocks, writes, random)
                .await?;
        }
        Err(BlockListError::Contended)
    }
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::subject::SubjectIndex;

    use super::*;

    fn block(kind: SubjectKind, index: &str, expires_at: Option<i64>) -> Block {
        Block {
            subject: Subject::new(kind, SubjectIndex::from_text(index.to_owned())),
            label: None,
            reason: String::new(),
            created_at: None,
            expires_at: expires_at.map(Timestamp::from_unix),
            is_removed: false,
        }
    }

    #[test]
    fn a_number_block_has_one_copy_and_countries_and_networks_have_all() {
        let blocks = [
            block(SubjectKind::Country, "US", None),
            block(SubjectKind::Network, &"n".repeat(43), Some(200)),
            block(SubjectKind::NumberBlock, &"b".repeat(43), Some(300)),
            Block {
                is_removed: true,
                ..block(SubjectKind::Country, "GB", Some(i64::MAX))
            },
            block(SubjectKind::Phone, &"p".repeat(43), None),
        ];
        let copies = plan_copies(&blocks);
        assert_eq!(copies.len(), usize::from(SHARDS));
        let sizes = copies.values().map(BTreeMap::len);
        assert_eq!(sizes.sum::<usize>(), 2 * usize::from(SHARDS) + 1);
        let own = &copies[&shard_key(find_shard(&blocks[2].subject.index))];
        assert_eq!(own["block_bbbbbbbbbbbbbbbb"], 300);
        assert_eq!(own["country_US"], NEVER.unix());
        assert_eq!(own["network_nnnnnnnnnnnnnnnn"], 200);
    }

    #[test]
    fn only_the_copies_that_differ_are_written() {
        let planned = plan_copies(&[block(SubjectKind::Country, "US", None)]);
        assert_eq!(list_writes(&planned, &planned).expect("built"), []);
        let mut stored = planned.clone();
        stored.remove(&shard_key(7));
        stored.get_mut(&shard_key(8)).expect("a copy").clear();
        stored.insert("ranges#old".to_owned(), BTreeMap::new());
        assert_eq!(list_writes(&planned, &stored).expect("built").len(), 3);
    }
}
