//! The refund of a text that the carrier refused, and what is known after it.

use phoneproof_aws::store::{Refund, SendPlan, StoreError};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::purse::{DamagedPurse, NumberBlockRecord, PurseKey, PurseRule};
use phoneproof_domain::rule::Rule;
use phoneproof_observe::RequestContext;

use super::Checked;
use crate::Service;

/// What is known about a text that was certainly not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedText {
    /// The rules that the text does not count towards, because their counts were given back.
    pub given_back: Vec<Rule>,
    /// The rules that the text may count towards: the store did not say whether it gave their counts back.
    pub perhaps_given_back: Vec<Rule>,
    /// When the next text to the phone can pass. The cooldown and the window of each limit that is used up have then
    /// ended, and the phone's number block can pay again. The refused text stays paid by the block.
    pub retry_at: Timestamp,
    /// Whether the limits could be read. Otherwise `retry_at` is the end of the cooldown, and a limit may last longer.
    pub limits_known: bool,
}

impl Service {
    /// Gives back the counts of a refused text, and looks at the limits that it still counts towards.
    ///
    /// A refund or a read that fails does not fail the request. A failed refund only costs the user a part of the
    /// quota.
    pub(super) async fn refund(
        &self,
        checked: &Checked<'_>,
        plan: &SendPlan,
        cooldown_ends: Timestamp,
        request: &mut RequestContext,
    ) -> RefusedText {
        let refunded = plan.gates.iter().filter(|gate| gate.refund().is_some());
        let rules: Vec<_> = refunded.map(|gate| gate.rule).collect();
        let done = self.store.refund(plan, checked.country, request).await;
        let (given_back, perhaps_given_back) = match done {
            Ok(refund) => {
                if let Refund::WithoutPrice(error) = refund {
                    tracing::warn!(%error, "the price of a refused text was not given back");
                }
                (rules, Vec::new())
            }
            Err(error) => {
                tracing::warn!(%error, "a refused text was not refunded, as far as is known");
                let nothing = matches!(
                    error,
                    StoreError::NothingToRefund(_)
                        | StoreError::DamagedRecord(_)
                        | StoreError::Contended(_)
                );
                // Otherwise the reply may be what was lost, or a reply before the one that reports the error.
                (Vec::new(), if nothing { Vec::new() } else { rules })
            }
        };
        let full = self.find_end_of_refusals(plan, &given_back, request).await;
        if let Err(error) = &full {
            tracing::warn!(%error, "the limits of a refused text were not read");
        }
        RefusedText {
            given_back,
            perhaps_given_back,
            limits_known: full.is_ok(),
            retry_at: full
                .ok()
                .flatten()
                .map_or(cooldown_ends, |end| end.max(cooldown_ends)),
        }
    }

    /// Returns when the limits and the number block that a refused text has used up admit another one; `None` if they
    /// do.
    async fn find_end_of_refusals(
        &self,
        plan: &SendPlan,
        given_back: &[Rule],
        request: &mut RequestContext,
    ) -> Result<Option<Timestamp>, StoreError> {
        let store = &self.store;
        let full = store
            .find_end_of_full_windows(plan, given_back, request)
            .await?;
        let Some(paid) = &plan.paid else {
            return Ok(full);
        };
        let mut keys = paid.writes.iter().map(|write| &write.key);
        let block = keys.find(|key| matches!(key, PurseKey::NumberBlock(_)));
        let Some(key) = block.filter(|_| !self.policy.purses.is_shadowed(PurseRule::NumberBlock))
        else {
            return Ok(full);
        };
        let (item, now) = (store.read_purse(key, request).await?, request.now);
        let record = NumberBlockRecord::read(&item, now)
            .map_err(DamagedPurse::of(key.clone()))
            .map_err(StoreError::from)?;
        let pays_at = record.and_then(|block| block.pays_at(paid.payer.price, self.purses(), now));
        Ok(full.max(pays_at))
    }
}
