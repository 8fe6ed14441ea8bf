//! Reserves the challenge of a send in the store, or refuses it from what this instance remembers.

use phoneproof_aws::store::{ReserveError, SendPlan, StoreError};
use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectKind};
use phoneproof_observe::RequestContext;

use super::Checked;
use super::payment::Precheck;
use crate::Service;

impl Service {
    /// Reserves the challenge, unless a remembered refusal holds for it, or the `precheck` refused it. If a text will
    /// follow, the connection to the first channel of its route opens meanwhile.
    pub(super) async fn reserve(
        &self,
        checked: &Checked<'_>,
        plan: &SendPlan,
        precheck: Precheck,
        request: &mut RequestContext,
    ) -> Result<(), ReserveError> {
        let record = match precheck {
            Precheck::Refused(refusal, _) => return Err(ReserveError::Refused(refusal, None)),
            Precheck::Passed(record) => Some(record),
            Precheck::Skipped => None,
        };
        if let Some(refusal) = self.refuse_again(plan, record, request).await? {
            return Err(ReserveError::Refused(refusal, None));
        }
        let reserved = self.reserve_in_store(checked, plan, request).await;
        if let Err(ReserveError::Refused(SendRefusal::Denied(denial), evidence)) = &reserved
            && let Some(subject) = &request.facts.denied
        {
            self.remembered
                .remember(*denial, evidence.as_deref(), subject, plan);
        }
        reserved
    }

    /// Refuses a send that falls under a remembered refusal, without a write.
    ///
    /// Only the phone's record knows whether a send repeats an earlier one or resends a challenge that is over. Such
    /// sends read it, unless this request has, and are answered as the store would answer them.
    async fn refuse_again(
        &self,
        plan: &SendPlan,
        record: Option<Box<PhoneRecord>>,
        request: &mut RequestContext,
    ) -> Result<Option<SendRefusal>, StoreError> {
        let mut denials = self.remembered.recall(plan, request.now);
        if denials.is_empty() {
            return Ok(None);
        }
        let is_new = matches!(plan.reservation, Reservation::New { .. });
        if !is_new {
            let record = match record {
                Some(record) => *record,
                None => self.store.read_record(plan, request).await?,
            };
            denials.retain(|(denial, _)| denial.gate() != Some(Rule::PhoneCooldown));
            let phone = Subject::new(SubjectKind::Phone, plan.phone_index.clone());
            match record.admits_send(&plan.reservation, &plan.terms) {
                Ok(()) | Err(SendRefusal::Instead(_)) => {}
                Err(SendRefusal::Denied(denial)) => denials.push((denial, phone)),
                Err(other) => return Ok(Some(other)),
            }
            // The phone may have a reserve for this caller. The store decides on it.
            if record
                .evidence
                .is_some_and(|evidence| plan.place_of(&evidence).is_some())
            {
                denials.retain(|(_, subject)| subject.kind != SubjectKind::Phone);
            }
        }
        Ok(Denial::find_most_lasting(denials).map(|(denial, subject)| {
            request.facts.denied = Some(subject);
            SendRefusal::Denied(denial)
        }))
    }

    async fn reserve_in_store(
        &self,
        checked: &Checked<'_>,
        plan: &SendPlan,
        request: &mut RequestContext,
    ) -> Result<(), ReserveError> {
        // On the heap: it is large, and would move once more on its way to the connection beside it.
        let reserve = Box::pin(self.store.reserve(plan, request));
        if checked.test.is_some() {
            return reserve.await;
        }
        let first = self.route(checked.country, checked.medium).first().copied();
        match first {
            Some(first) => self.channels.connect_beside(first, reserve).await,
            None => reserve.await,
        }
    }
}
