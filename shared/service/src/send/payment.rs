//! Who pays for the text of a send.

use std::iter;

use phoneproof_aws::store::{
    Freshness, Known, KnownEvidence, Moved, PhoneCaller, SendPlan, StoreError,
};
use phoneproof_domain::challenge::Payment;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal};
use phoneproof_domain::purse::{
    Ask, Caller, Lane, PurseRefusal, PurseRule, Records, decide, plan_first_try, price_of,
};
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_observe::RequestContext;

use super::reserve::find_denial_of_record;
use super::{Given, SendError};
use crate::Service;

impl Service {
    /// Makes the request to the purses; `None` for a test number, which costs nothing. The text is billed as
    /// `segments` messages. `text_payment` paid for the text whose code a call speaks.
    pub(super) fn make_ask(
        &self,
        given: Given<'_>,
        text_payment: Option<&Payment>,
        segments: u32,
        request: &RequestContext,
    ) -> Option<Ask> {
        let checked = given.checked;
        let country = checked.country.filter(|_| checked.test.is_none())?;
        let estimate = match checked.medium {
            Medium::Text => self.policy.sms.estimate_cost(Some(country), segments)?,
            Medium::Call => self.policy.voice.as_ref()?.estimate_cost(country),
        };
        let indexer = given.keyring.indexer();
        let shards = self.policy.purses.shards_of(country);
        let mut ask = Ask {
            now: request.now,
            today: self.policy.make_terms(request.now, &checked.limits).today,
            country,
            shard: Ask::shard_of(&indexer.index_phone(&checked.phone), shards),
            shards,
            price: price_of(estimate),
            number_block: indexer.index_number_block(&checked.phone),
            caller: Caller {
                device: indexer.index_device(&given.command.device),
                network: indexer.index_purse_network(&checked.address),
            },
            allowance: None,
            is_attested: checked.is_vouched_for,
            call_after: None,
        };
        if checked.medium == Medium::Call {
            let paid = text_payment.map(|payment| payment.payer.clone());
            ask.call_after = Some(paid.unwrap_or_else(|| ask.make_payer(Lane::Open)));
        }
        Some(ask)
    }

    /// Returns what the phone's allowance has for the caller of `ask`.
    pub(super) fn make_phone_caller(&self, ask: &Ask) -> PhoneCaller {
        PhoneCaller {
            caller: ask.caller.clone(),
            allowance: self.purses().known_texts,
        }
    }

    /// Plans who pays, after a transaction was refused.
    ///
    /// When only the limits of the phone refused, the same purses pay. Otherwise the rest of what is stored is read
    /// once, and the domain decides.
    pub(super) async fn pay_again(
        &self,
        ask: &mut Ask,
        plan: &mut SendPlan,
        moved: &Moved,
        request: &mut RequestContext,
    ) -> Result<(), SendError> {
        if moved.allowance.is_some() {
            ask.allowance = moved.allowance;
        }
        let is_first = plan.paid.as_ref()
            == Some(&plan_first_try(
                &Ask {
                    allowance: None,
                    ..ask.clone()
                },
                self.purses(),
            ));
        if !moved.is_unpaid {
            if moved.allowance.is_some() && is_first {
                plan.paid = Some(plan_first_try(ask, self.purses()));
                return Ok(());
            }
            if moved.allowance.is_none() {
                return Ok(());
            }
        }
        let mut known = Known {
            purses: moved.purses.clone(),
            evidence: moved.evidence.clone(),
        };
        // It follows a write that was refused, and may have to see what that met.
        let decided = self.find_payer(ask, plan, &mut known, Freshness::Latest, request);
        let (refused, _) = decided.await?;
        match refused {
            Some(unpaid) => {
                if ask.call_after.is_some() {
                    let challenge = plan.reservation.id();
                    let ends = unpaid.0.retry_at();
                    self.remembered
                        .calls
                        .remember(challenge, unpaid.clone(), ends, ask.now);
                }
                // The answer is that of a phone without an allowance, or it would tell that this phone is known.
                let denied = match &moved.lifted {
                    Some(lifted) => {
                        self.remembered.remember(lifted, plan);
                        (lifted.denial, lifted.subject.clone())
                    }
                    None => unpaid,
                };
                Err(self.deny(denied, ask.is_attested, request))
            }
            None => Ok(()),
        }
    }

    /// Plans who pays for a send to a country whose purses refused another one lately, without a transaction that
    /// would fail.
    ///
    /// What refused is remembered, and only what depends on the caller is read, with one read unit. The phone's record
    /// is a part of that. It also tells whether the send repeats an earlier one, or resends a challenge that is over.
    /// Such a send is answered as the store would answer it.
    pub(super) async fn pay_from_memory(
        &self,
        ask: &Ask,
        plan: &mut SendPlan,
        request: &mut RequestContext,
    ) -> Result<Precheck, SendError> {
        let Some(purses) = self.remembered.recall_purses(ask) else {
            return Ok(Precheck::Skipped);
        };
        let mut known = Known {
            purses,
            evidence: KnownEvidence::Unread,
        };
        let decided = self.find_payer(ask, plan, &mut known, Freshness::Recent, request);
        let (refused, record) = decided.await?;
        let record = record.unwrap_or_default();
        let Some(unpaid) = refused else {
            return Ok(Precheck::Passed(Box::new(record)));
        };
        if matches!(plan.reservation, Reservation::New { .. }) {
            return Err(self.deny(unpaid, ask.is_attested, request));
        }
        match find_denial_of_record(&record, plan) {
            Ok(of_record) => {
                let denials = iter::once(unpaid.clone()).chain(of_record);
                let denied = Denial::find_most_lasting(denials).unwrap_or(unpaid);
                Err(self.deny(denied, ask.is_attested, request))
            }
            Err(other) => {
                // The answer is not a refusal by a purse.
                request.facts.empty_purse = None;
                Ok(Precheck::Refused(other, unpaid))
            }
        }
    }

    /// Reads what is not known yet of the purses and of the phone's record, and lets the domain decide who pays.
    /// Returns the denial with its subject, if nobody does, and the record if it was read.
    async fn find_payer(
        &self,
        ask: &Ask,
        plan: &mut SendPlan,
        known: &mut Known,
        freshness: Freshness,
        request: &mut RequestContext,
    ) -> Result<(Option<(Denial, Subject)>, Option<PhoneRecord>), SendError> {
        let (evidence, record) = self
            .store
            .read_purses(ask, plan, known, freshness, request)
            .await?;
        let records = Records::read(ask, evidence, |key| {
            known.purses.get(key).cloned().unwrap_or_default()
        });
        let records = records.map_err(|damaged| {
            // Until somebody repairs the item, it refuses every send. None of them needs a transaction to see that.
            self.remembered.remember_purses(ask, &known.purses, None);
            StoreError::from(damaged)
        })?;
        if let Some(damaged) = &records.damaged_service {
            let (item, damage) = (&damaged.key, damaged.damage);
            tracing::error!(%item, %damage, "a damaged item counts as one with nothing left");
        }
        let country = records.country.as_ref();
        request.facts.money_used =
            country.and_then(|country| country.money_used(ask.day(), ask.price));
        let decision = decide(ask, &self.policy.purses, &records);
        let passed_over = decision.passed_over.first();
        request.facts.would_refuse = passed_over.map(|refusal| refusal.rule.name());
        request.facts.empty_purse = decision.empty();
        let refused = match decision.outcome {
            Ok(paid) => {
                plan.paid = Some(paid);
                None
            }
            Err(refusal) => Some(refusal),
        };
        if let Some(refusal) = refused {
            // The allowance of a phone does not concern the country.
            if ask.allowance.is_none() && ask.call_after.is_none() {
                let retry_at = Some(refusal.retry_at);
                self.remembered
                    .remember_purses(ask, &known.purses, retry_at);
            }
        }
        let denied = refused.map(|refusal| (Denial::Unpaid(refusal), subject_of(ask, refusal)));
        Ok((denied, record))
    }
}

/// What is known of a send before its first transaction.
#[derive(Default)]
pub(super) enum Precheck {
    /// Nothing was read: this instance remembers no purse that refused such a send.
    #[default]
    Skipped,
    /// The phone's record, as it was within the last second or so. The purses can pay.
    Passed(Box<PhoneRecord>),
    /// What the phone's record says about the send, which is more than a denial. If the send then asks for another text,
    /// the denial refuses it; the subject is the one denied.
    Refused(SendRefusal, (Denial, Subject)),
}

impl Precheck {
    /// Returns the refusal of a text that is asked for although the send repeats an earlier one, with its subject.
    pub(super) fn find_refusal(&self) -> Option<(Denial, Subject)> {
        match self {
            Self::Refused(_, unpaid) => Some(unpaid.clone()),
            Self::Skipped | Self::Passed(_) => None,
        }
    }
}

/// Returns the subject that a purse refused: the number block or the country, never the phone.
fn subject_of(ask: &Ask, refusal: PurseRefusal) -> Subject {
    match refusal.rule {
        PurseRule::NumberBlock => Subject::new(SubjectKind::NumberBlock, ask.number_block.clone()),
        PurseRule::Country
        | PurseRule::MoneyPerDay
        | PurseRule::Calls
        | PurseRule::CallMoneyPerDay => {
            Subject::new(SubjectKind::Country, SubjectIndex::of_country(ask.country))
        }
    }
}
