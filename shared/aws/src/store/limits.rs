//! What the limits of a send say after it: read only where the carrier refused the text.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::rule::Rule;
use phoneproof_observe::RequestContext;

use super::item::read_subject_record;
use super::send_plan::PlanPart;
use super::{SendPlan, Store, StoreError, get_item};

impl Store {
    /// Returns the end of the last window whose limit is used up; `None` when all limits have room. It looks at the
    /// rules in `plan` that are not in `given_back`. Each subject has one record, which is read once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when a record cannot be read.
    pub async fn find_end_of_full_windows(
        &self,
        plan: &SendPlan,
        given_back: &[Rule],
        request: &mut RequestContext,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut last = None;
        for part in plan.parts() {
            let PlanPart::Record(subject, gates) = part else {
                continue;
            };
            let counted = gates.iter().filter(|gate| !given_back.contains(&gate.rule));
            let quotas: Vec<_> = counted
                .filter_map(|gate| Some((gate.share, gate.quota()?)))
                .collect();
            if quotas.is_empty() {
                continue;
            }
            let (table, key) = self.record_of(subject);
            let item = get_item(&self.client, table, key, request).await?;
            let record = read_subject_record(&item.unwrap_or_default());
            for (share, quota) in quotas {
                let tally = record.tally(share, quota.window.length);
                if tally.count_in(&quota.window) >= quota.limit {
                    last = last.max(Some(quota.window.end()));
                }
            }
        }
        Ok(last)
    }
}
