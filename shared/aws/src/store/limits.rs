//! What the limits of a send say after it: read only where the carrier refused the text.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::gate::Check;
use phoneproof_domain::rule::Rule;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::counter::counter_key;
use super::item::{PK, read_number, text};
use super::{CallFailed, SendPlan, Store, StoreError, within};

impl Store {
    /// Returns when the last window ends whose limit is used up, of the rules in `plan` that are not in `given_back`;
    /// `None` when all of them have room.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when a count cannot be read.
    pub async fn find_end_of_full_windows(
        &self,
        plan: &SendPlan,
        given_back: &[Rule],
        request: &mut RequestContext,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut last = None;
        for gate in &plan.gates {
            let Check::Count(quota) = &gate.check else {
                continue;
            };
            if given_back.contains(&gate.rule) {
                continue;
            }
            let key = counter_key(gate.rule.name(), &gate.subject.index, &quota.window);
            if self.count_under(key, request).await? >= quota.limit {
                last = last.max(Some(quota.window.end()));
            }
        }
        Ok(last)
    }

    async fn count_under(
        &self,
        key: String,
        request: &mut RequestContext,
    ) -> Result<u32, StoreError> {
        let call = self
            .client
            .get_item()
            .table_name(&self.tables.limits)
            .key(PK, text(key))
            .consistent_read(true);
        let began = Instant::now();
        let answer = within(request.deadline, call.send()).await;
        request.note_call(Dependency::Store, began);
        let answer = answer.map_err(|error| CallFailed::from_error("GetItem", error.as_ref()))?;
        let item = answer.item.unwrap_or_default();
        Ok(read_number(&item, "n").unwrap_or(0))
    }
}
