//! The purses as operators read and change them.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnValue;
use phoneproof_domain::purse::{PurseItem, PurseKey, Write};
use phoneproof_domain::random::Random;
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::batch::choose_pause;
use super::inspect::read_key;
use super::once::Written;
use super::purse_item::{read_purse, write_purse};
use super::{OperationFailed, Store};

/// How often a purse that texts are paid from is written, before the command gives up.
const ROUNDS: u32 = 20;
/// How long one write may take.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// Why a purse was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChangeError<R> {
    /// A call failed. When it was the write, nobody knows whether that was applied.
    #[error(transparent)]
    Operation(#[from] OperationFailed),
    /// Other writers changed the purse at every try.
    #[error("other writers kept changing the purse")]
    Contended,
    /// What the purse holds does not admit the change.
    #[error("the purse does not admit the change")]
    Refused(R),
}

impl Store {
    /// Reads these purses, as the last writes left them. One that does not exist has no attributes.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn inspect_purses(
        &self,
        keys: &[PurseKey],
        random: &dyn Random,
    ) -> Result<HashMap<PurseKey, PurseItem>, OperationFailed> {
        let mut names: Vec<_> = keys.iter().map(ToString::to_string).collect();
        // A batch may not name an item twice.
        names.sort_unstable();
        names.dedup();
        let items = self
            .read_batches(&self.tables.limits, names, random)
            .await?;
        let read = |key: &PurseKey| {
            let item = items.get(&key.to_string());
            item.map(read_purse).unwrap_or_default()
        };
        Ok(keys.iter().map(|key| (key.clone(), read(key))).collect())
    }

    /// Reads every purse whose key begins with `prefix`. It reads the whole table.
    ///
    /// # Errors
    ///
    /// [`OperationFailed`] names the call.
    pub async fn scan_purses(
        &self,
        prefix: &str,
    ) -> Result<Vec<(PurseKey, PurseItem)>, OperationFailed> {
        let items = self.scan_all(&self.tables.limits, Some(prefix)).await?;
        let read = |item| Some((PurseKey::parse(&read_key(item)?)?, read_purse(item)));
        Ok(items.iter().filter_map(read).collect())
    }

    /// Writes what `make` makes of the purse as it is, again if somebody else has written meanwhile. Returns the item
    /// before and after the write.
    ///
    /// # Errors
    ///
    /// [`ChangeError`] says why nothing was written, as far as is known.
    pub async fn change_purse<R>(
        &self,
        key: &PurseKey,
        make: impl Fn(&PurseItem) -> Result<Write, R>,
        random: &dyn Random,
    ) -> Result<(PurseItem, PurseItem), ChangeError<R>> {
        let name = key.to_string();
        let seen = self.read_item(&self.tables.limits, name.clone()).await?;
        let mut seen = seen.as_ref().map(read_purse).unwrap_or_default();
        for round in 0..ROUNDS {
            if round > 0 {
                sleep(choose_pause(1, random)).await;
            }
            let write = make(&seen).map_err(ChangeError::Refused)?;
            let (own, deadline) = (write_purse(&write), Instant::now() + WRITTEN_WITHIN);
            let done = self.write_once(&name, own, ReturnValue::AllOld, deadline);
            match done.await? {
                Written::Done(before) => {
                    let before = read_purse(&before);
                    let after = write.apply(&before).unwrap_or_default();
                    return Ok((before, after));
                }
                Written::Differs(found) => seen = read_purse(&found),
                Written::Busy => {}
            }
        }
        Err(ChangeError::Contended)
    }
}
