//! Who pays for the text of a send.

use phoneproof_aws::store::{
    Freshness, Known, KnownEvidence, Moved, PhoneCaller, SendPlan, StoreError,
};
use phoneproof_domain::challenge::Payment;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::phone_record::{PhoneRecord, Reservation, SendRefusal};
use phoneproof_domain::purse::{
    Ask, Caller, Lane, PurseRefusal, PurseRule, Records, plan_first_try, plan_from_records,
    plan_in_shadow, price_of,
};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_observe::RequestContext;

use super::{Given, SendError};
use crate::Service;

impl Service {
    /// Makes what a send shows to the purses; `None` for a test number, which costs nothing. The text is billed as
    /// `segments` messages. `of_text` paid for the text whose code a call speaks.
    pub(super) fn make_ask(
        &self,
        given: Given<'_>,
        of_text: Option<&Payment>,
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
            shard: Ask::shard_of(&indexer.phone(&checked.phone), shards),
            shards,
            price: price_of(estimate),
            number_block: indexer.number_block(&checked.phone),
            caller: Caller {
                device: indexer.device(&given.command.device),
                network: indexer.purse_network(&checked.address),
            },
            reserved: None,
            is_attested: request.facts.vouched,
            call_after: None,
        };
        if checked.medium == Medium::Call {
            let paid = of_text.map(|payment| payment.payer.clone());
            ask.call_after = Some(paid.unwrap_or_else(|| ask.make_payer(Lane::Open)));
        }
        Some(ask)
    }

    /// Returns what the phone's reserve has for the caller of `ask`.
    pub(super) fn make_phone_caller(&self, ask: &Ask) -> PhoneCaller {
        PhoneCaller {
            caller: ask.caller.clone(),
            reserve: self.purses().known_texts,
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
        if moved.reserved.is_some() {
            ask.reserved = moved.reserved;
        }
        let is_first = plan.paid.as_ref()
            == Some(&plan_first_try(
                &Ask {
                    reserved: None,
                    ..ask.clone()
                },
                self.purses(),
            ));
        if !moved.is_unpaid {
            if moved.reserved.is_some() && is_first {
                plan.paid = Some(plan_first_try(ask, self.purses()));
                return Ok(());
            }
            if moved.reserved.is_none() {
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
            Some(refusal) => Err(self.deny(Denial::Unpaid(refusal), request)),
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
        let Some(refusal) = refused else {
            return Ok(Precheck::Passed(Box::new(record)));
        };
        let unpaid = Denial::Unpaid(refusal);
        if matches!(plan.reservation, Reservation::New { .. }) {
            return Err(self.deny(unpaid, request));
        }
        match record.admits_send(&plan.reservation, &plan.terms) {
            Ok(()) | Err(SendRefusal::Instead(_)) => Err(self.deny(unpaid, request)),
            Err(SendRefusal::Denied(denial)) => {
                let own = request.facts.denied.clone();
                let phone = Subject::new(SubjectKind::Phone, plan.phone_index.clone());
                let denials = [(unpaid, own), (denial, Some(phone))];
                let (denial, subject) =
                    Denial::find_most_lasting(denials).unwrap_or((unpaid, None));
                request.facts.denied = subject;
                Err(self.deny(denial, request))
            }
            Err(other) => {
                // The answer is not a refusal by a purse.
                let subject = request.facts.denied.take();
                request.facts.empty_purse = None;
                Ok(Precheck::Refused(other, (unpaid, subject)))
            }
        }
    }

    /// Reads what is not known yet of the purses and of the phone's record, and lets the domain decide who pays.
    /// Returns the refusal, if nobody does, and the record if it was read.
    async fn find_payer(
        &self,
        ask: &Ask,
        plan: &mut SendPlan,
        known: &mut Known,
        freshness: Freshness,
        request: &mut RequestContext,
    ) -> Result<(Option<PurseRefusal>, Option<PhoneRecord>), SendError> {
        let (evidence, record) = self
            .store
            .read_purses(ask, plan, known, freshness, request)
            .await?;
        let records = Records::read(ask, evidence, |key| {
            known.purses.get(key).cloned().unwrap_or_default()
        })
        .map_err(StoreError::from)?;
        if let Some((item, damage)) = &records.damaged_service {
            tracing::error!(%item, %damage, "a damaged item counts as one with nothing left");
        }
        let country = records.country.as_ref();
        request.facts.money_used =
            country.and_then(|country| country.money_used(ask.day(), ask.price));
        let decided = plan_from_records(ask, self.purses(), &records);
        request.facts.empty_purse = match &decided {
            Ok(paid) => paid.empty,
            Err(refusal) => refusal.empty,
        };
        let mut refused = None;
        match decided {
            Ok(paid) => plan.paid = Some(paid),
            Err(refusal) if self.policy.purses.is_shadowed(refusal.rule) => {
                request.facts.would_refuse = Some(refusal.rule.name());
                let counted = plan_in_shadow(ask, &self.policy.purses, &records);
                match counted {
                    Ok(paid) => plan.paid = Some(paid),
                    Err(refusal) => refused = Some(refusal),
                }
            }
            Err(refusal) => refused = Some(refusal),
        }
        if let Some(refusal) = refused {
            // The reserve of a phone does not concern the country.
            if ask.reserved.is_none() && ask.call_after.is_none() {
                self.remembered.remember_purses(ask, &known.purses, refusal);
            }
            request.facts.denied = Some(subject_of(ask, refusal));
        }
        Ok((refused, record))
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
    /// What the phone's record says about it, which is more than a denial. If it asks for another text after all, this
    /// refuses it, and this is its subject.
    Refused(SendRefusal, (Denial, Option<Subject>)),
}

impl Precheck {
    /// Returns the refusal of a text that is asked for although the send repeats an earlier one, with its subject.
    pub(super) fn find_refusal(&self) -> Option<(Denial, Option<Subject>)> {
        match self {
            Self::Refused(_, unpaid) => Some(unpaid.clone()),
            Self::Skipped | Self::Passed(_) => None,
        }
    }
}

/// Returns the subject that a purse refused: the block or the country, never the phone.
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

/// Returns what the text of a plan uses up, for its challenge.
pub(super) fn make_payment(plan: &SendPlan) -> Option<Payment> {
    let payer = plan.paid.as_ref()?.payer.clone();
    let counts = |rule| plan.gates.iter().find(move |gate| gate.rule == rule);
    let gate = counts(Rule::AddressPerHour)?;
    Some(Payment {
        payer,
        address: gate.subject.index.clone(),
        hour: gate.quota()?.window.start,
    })
}
