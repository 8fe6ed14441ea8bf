//! What the limits of a send say after it: read only where the carrier refused the text.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::gate::Check;
use phoneproof_domain::rule::Rule;
use phoneproof_observe::RequestContext;

use super::counter::counter_key;
use super::item::read_number;
use super::{SendPlan, Store, StoreError, get_item};

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
            let item = get_item(&self.client, &self.tables.limits, key, request).await?;
            let count = item.and_then(|item| read_number(&item, "n"));
            if count.unwrap_or(0) >= quota.limit {
                last = last.max(Some(quota.window.end()));
            }
        }
        Ok(last)
    }
}
