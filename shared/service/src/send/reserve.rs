//! Reserves the challenge of a send in the store, or refuses it from what this instance remembers.

use phoneproof_aws::store::{Denied, ReserveError, SendPlan};
use phoneproof_domain::denial::Denial;
use phoneproof_domain::medium::Medium;
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
            Precheck::Refused(refusal, _) => return Err(ReserveError::Refused(refusal)),
            Precheck::Passed(record) => Some(record),
            Precheck::Skipped => None,
        };
        self.refuse_again(checked, plan, record, request).await?;
        let reserved = self.reserve_in_store(checked, plan, request).await;
        match &reserved {
            Err(ReserveError::Denied(denied)) => self.remembered.remember(denied, plan),
            Err(ReserveError::Refused(_)) => {
                let phone = plan.phone_index.clone();
                self.remembered
                    .repeats
                    .remember(phone, (), None, request.now);
            }
            _ => {}
        }
        reserved
    }

    /// Refuses a send that falls under a remembered refusal, or repeats an earlier one, without a write.
    ///
    /// Only the phone's record knows whether a send repeats an earlier one or resends a challenge that is over. Such
    /// sends read it, unless this request has, and are answered as the store would answer them.
    async fn refuse_again(
        &self,
        checked: &Checked<'_>,
        plan: &SendPlan,
        record: Option<Box<PhoneRecord>>,
        request: &mut RequestContext,
    ) -> Result<(), ReserveError> {
        let mut denials = self.remembered.recall(plan, request.now);
        if checked.medium == Medium::Call {
            let challenge = plan.reservation.id();
            denials.extend(self.remembered.calls.recall(&challenge, request.now));
        }
        let is_new = matches!(plan.reservation, Reservation::New { .. });
        let repeats = &self.remembered.repeats;
        let may_repeat = !is_new && repeats.recall(&plan.phone_index, request.now).is_some();
        if denials.is_empty() && !may_repeat {
            return Ok(());
        }
        if !is_new {
            let record = match record {
                Some(record) => *record,
                None => self.store.read_record(plan, request).await?,
            };
            denials.retain(|(denial, _)| denial.gate() != Some(Rule::PhoneCooldown));
            let of_record = find_denial_of_record(&record, plan).map_err(ReserveError::Refused)?;
            denials.extend(of_record);
            // The phone may have an allowance for this caller. The store decides on it.
            if record
                .evidence
                .is_some_and(|evidence| plan.place_of(&evidence).is_some())
            {
                denials.retain(|(denial, subject)| !denial.yields_to_allowance(subject.kind));
            }
        }
        match Denial::find_most_lasting(denials) {
            Some((denial, subject)) => Err(ReserveError::Denied(Box::new(Denied {
                denial,
                subject,
                evidence: None,
            }))),
            None => Ok(()),
        }
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

/// Returns the denial of a send by the phone's record, with the phone as its subject; `None` when the record admits the
/// send.
///
/// # Errors
///
/// What the record says, if it is more than a denial.
pub(super) fn find_denial_of_record(
    record: &PhoneRecord,
    plan: &SendPlan,
) -> Result<Option<(Denial, Subject)>, SendRefusal> {
    match record.admits_send(&plan.reservation, &plan.terms) {
        Ok(()) | Err(SendRefusal::Instead(_)) => Ok(None),
        Err(SendRefusal::Denied(denial)) => {
            let phone = Subject::new(SubjectKind::Phone, plan.phone_index.clone());
            Ok(Some((denial, phone)))
        }
        Err(other) => Err(other),
    }
}
