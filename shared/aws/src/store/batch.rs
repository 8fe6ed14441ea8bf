//! Reads and writes of many items for operators. DynamoDB takes them in batches, and may leave some of a batch.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, WriteRequest};
use phoneproof_domain::random::{Random, draw_array};
use tokio::time::sleep;

use super::item::{Item, PK, text};
use super::{OperationFailed, Store};

const READ: &str = "BatchGetItem";
/// The most items of one `BatchGetItem` (DynamoDB API reference).
const MAX_READ: usize = 100;
const OPERATION: &str = "BatchWriteItem";
/// The most writes of one `BatchWriteItem` (DynamoDB API reference).
const MAX_BATCH: usize = 25;
/// How many calls in a row may write nothing. A throttled table then had some ten seconds to recover.
const MAX_IDLE_CALLS: u32 = 8;
/// The longest pause after the first call that left items. Each further call in a row that writes nothing doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

impl Store {
    /// Reads the items under these keys, as the last writes left them. Those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] when a call fails, or when [`MAX_IDLE_CALLS`] in a row read nothing.
    pub(super) async fn read_batches(
        &self,
        table: &str,
        mut keys: Vec<String>,
        random: &dyn Random,
    ) -> Result<HashMap<String, Item>, OperationFailed> {
        let (mut items, mut idle) = (HashMap::new(), 0);
        while !keys.is_empty() {
            let rest = keys.split_off(keys.len().min(MAX_READ));
            let asked = keys.len();
            let names = keys.into_iter();
            let names = names.map(|key| HashMap::from([(PK.to_owned(), text(key))]));
            let read = KeysAndAttributes::builder()
                .set_keys(Some(names.collect()))
                .consistent_read(true)
                .build()
                .map_err(|error| OperationFailed::not_built(READ, &error))?;
            let call = self.client.batch_get_item().request_items(table, read);
            let answer = call.send().await;
            let answer = answer.map_err(|error| OperationFailed::new(READ, &error))?;
            let found = answer.responses.into_iter().flatten();
            items.extend(found.flat_map(|(_, items)| items).filter_map(|item| {
                let key = item.get(PK)?.as_s().ok()?.clone();
                Some((key, item))
            }));
            let left = answer.unprocessed_keys.unwrap_or_default();
            let left = left.into_values().flat_map(|read| read.keys);
            keys = left
                .filter_map(|mut key| match key.remove(PK) {
                    Some(AttributeValue::S(key)) => Some(key),
                    _ => None,
                })
                .collect();
            if !keys.is_empty() {
                idle = if keys.len() < asked { 0 } else { idle + 1 };
                if idle == MAX_IDLE_CALLS {
                    return Err(OperationFailed {
                        operation: READ,
                        code: format!("the table {table} is throttled"),
                    });
                }
                sleep(choose_pause(idle, random)).await;
            }
            keys.extend(rest);
        }
        Ok(items)
    }

    /// Puts and deletes items in batches. What DynamoDB leaves of a batch goes into the next one, after a pause: it
    /// leaves items while a table is throttled (DynamoDB API reference, `BatchWriteItem`).
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] when a call fails, or when [`MAX_IDLE_CALLS`] in a row wrote nothing. The latter says how
    /// many items are left, and of which table.
    pub(super) async fn write_batches(
        &self,
        table: &str,
        requests: Vec<WriteRequest>,
        random: &dyn Random,
    ) -> Result<(), OperationFailed> {
        let total = requests.len();
        let left = write_all(
            requests,
            async |batch| {
                let call = self.client.batch_write_item().request_items(table, batch);
                let answer = call.send().await;
                let answer = answer.map_err(|error| OperationFailed::new(OPERATION, &error))?;
                let left = answer.unprocessed_items.unwrap_or_default();
                Ok(left.into_values().flatten().collect())
            },
            async |idle| sleep(choose_pause(idle, random)).await,
        )
        .await?;
        if left == 0 {
            return Ok(());
        }
        Err(OperationFailed {
            operation: OPERATION,
            code: format!("the table {table} is throttled; {left} of {total} writes are left"),
        })
    }
}

/// Writes all of `requests`. `call` returns what it left of a batch; `pause` is told how many calls in a row wrote
/// nothing.
///
/// Returns how many writes are left.
async fn write_all(
    mut requests: Vec<WriteRequest>,
    mut call: impl AsyncFnMut(Vec<WriteRequest>) -> Result<Vec<WriteRequest>, OperationFailed>,
    mut pause: impl AsyncFnMut(u32),
) -> Result<usize, OperationFailed> {
    let mut idle = 0;
    while !requests.is_empty() {
        let rest = requests.split_off(requests.len().min(MAX_BATCH));
        let asked = requests.len();
        let mut left = call(requests).await?;
        idle = if left.len() < asked { 0 } else { idle + 1 };
        let paused = !left.is_empty();
        left.extend(rest);
        if idle == MAX_IDLE_CALLS {
            return Ok(left.len());
        }
        if paused {
            pause(idle).await;
        }
        requests = left;
    }
    Ok(0)
}

/// Chooses the pause after `idle` calls in a row that wrote nothing. The longest pause doubles with each such call, up
/// to [`LONGEST_PAUSE`]. The choice is between half the longest pause and the whole of it, so that several operators
/// spread over time. If the random source fails, it is half.
pub(super) fn choose_pause(idle: u32, random: &dyn Random) -> Duration {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(idle.saturating_sub(1));
    let half = doubled.min(LONGEST_PAUSE) / 2;
    let [byte] = draw_array(random).unwrap_or([0]);
    half + half * u32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use phoneproof_domain::random::RandomUnavailable;

    use super::super::inspect::build_delete;
    use super::*;

    fn deletes(count: usize) -> Vec<WriteRequest> {
        let build = |n: usize| build_delete(n.to_string()).expect("a key");
        (0..count).map(build).collect()
    }

    /// Runs the writes with calls that leave as many items as `leave` says, of the number of the call and its size.
    /// Returns what is left, the sizes of the calls, and what each pause was told.
    async fn run(
        count: usize,
        leave: impl Fn(usize, usize) -> usize,
    ) -> (Result<usize, OperationFailed>, Vec<usize>, Vec<u32>) {
        let (mut sizes, mut pauses) = (Vec::new(), Vec::new());
        let left = write_all(
            deletes(count),
            async |mut batch| {
                sizes.push(batch.len());
                let keep = leave(sizes.len(), batch.len());
                Ok(batch.split_off(batch.len() - keep))
            },
            async |idle| pauses.push(idle),
        )
        .await;
        (left, sizes, pauses)
    }

    #[tokio::test]
    async fn a_table_that_takes_everything_causes_no_pause() {
        assert_eq!(run(0, |_, _| 0).await, (Ok(0), vec![], vec![]));
        assert_eq!(run(60, |_, _| 0).await, (Ok(0), vec![25, 25, 10], vec![]));
    }

    #[tokio::test]
    async fn what_is_left_goes_into_the_next_batch_after_a_pause() {
        let run = run(60, |call, _| [7, 0, 17, 0][call - 1]).await;
        assert_eq!(run, (Ok(0), vec![25, 25, 17, 17], vec![0, 1]));
    }

    #[tokio::test]
    async fn a_table_that_takes_nothing_is_given_up_and_what_is_left_is_counted() {
        let (left, sizes, pauses) = run(60, |call, size| if call == 1 { 5 } else { size }).await;
        assert_eq!(left, Ok(40));
        assert_eq!(sizes, [25; 9]);
        assert_eq!(pauses, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[tokio::test]
    async fn a_table_that_takes_one_item_a_call_gets_them_all() {
        let (left, sizes, pauses) = run(30, |_, size| size - 1).await;
        assert_eq!((left, sizes.len()), (Ok(0), 30));
        assert!(pauses.iter().all(|idle| *idle == 0));
    }

    /// A source that fills with one byte, or fails.
    struct Always(Option<u8>);

    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.fill(self.0.ok_or_else(|| RandomUnavailable::new("broken"))?);
            Ok(())
        }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_vary_by_half() {
        let milliseconds = |byte: Option<u8>| {
            let pause = |idle| choose_pause(idle, &Always(byte)).as_millis();
            (0..9).map(pause).collect::<Vec<_>>()
        };
        let longest = [100, 100, 200, 400, 800, 1_600, 3_000, 3_000, 3_000];
        assert_eq!(milliseconds(Some(255)), longest);
        let shortest = longest.map(|pause| pause / 2);
        assert_eq!(milliseconds(Some(0)), shortest);
        assert_eq!(milliseconds(None), shortest);
    }
}
