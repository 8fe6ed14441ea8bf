//! The refusals that this instance remembers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use phoneproof_aws::store::SendPlan;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::purse::{Ask, Evidence, PurseItem, PurseKey, PurseRefusal};
use phoneproof_domain::refusals::{CAPACITY, Refusals};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex};

/// The rule whose gate refused, the subject that it refused, and the place of a caller that has a reserve of the
/// subject, if the reserve refused, too.
type DenialKey = (Rule, Subject, Option<SubjectIndex>);

/// A denial. That of a phone comes with the evidence on its record: the callers that it names have a reserve of their
/// own.
type Remembrance = (Denial, Option<Evidence>);

/// The denials of rules, and the purses that could not pay.
#[derive(Debug)]
pub(crate) struct Remembered {
    denials: Mutex<Refusals<DenialKey, Remembrance>>,
    /// What the purses held that refused a text. Whether they refuse the next one depends on its caller, too.
    purses: Mutex<Refusals<PurseKey, PurseItem>>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            denials: Mutex::new(Refusals::new(CAPACITY)),
            purses: Mutex::new(Refusals::new(CAPACITY)),
        }
    }
}

impl Remembered {
    /// Remembers that the store refused `subject`, with the evidence that it found on a phone's record.
    pub(crate) fn remember(
        &self,
        denial: Denial,
        evidence: Option<&Evidence>,
        subject: &Subject,
        plan: &SendPlan,
    ) {
        let Some(rule) = denial.gate() else {
            return;
        };
        let (now, ends) = (plan.terms.now, denial.retry_at());
        let place = evidence
            .and_then(|evidence| plan.place_of(evidence))
            .cloned();
        let mut denials = lock(&self.denials);
        if place.is_some() {
            let key = (rule, subject.clone(), place);
            denials.remember(key, (denial, None), ends, now);
        }
        let key = (rule, subject.clone(), None);
        denials.remember(key, (denial, evidence.cloned()), ends, now);
    }

    /// Remembers what the purses of `ask` held when they refused it: the country's, the number block's and the
    /// service's.
    pub(crate) fn remember_purses(
        &self,
        ask: &Ask,
        items: &HashMap<PurseKey, PurseItem>,
        refusal: PurseRefusal,
    ) {
        let mut purses = lock(&self.purses);
        for key in list_purse_keys(ask) {
            if let Some(item) = items.get(&key) {
                purses.remember(key, item.clone(), Some(refusal.retry_at), ask.now);
            }
        }
    }

    /// Returns what the purses of `ask` held, if its country, its number block or the service could not pay lately. A
    /// purse that is not remembered counts as one that nobody used yet, so that the store decides on it.
    pub(crate) fn recall_purses(&self, ask: &Ask) -> Option<HashMap<PurseKey, PurseItem>> {
        let purses = lock(&self.purses);
        if purses.is_empty() {
            return None;
        }
        let [country, number_block, service] = list_purse_keys(ask);
        // Without the country's purse there is no decision.
        let seen = purses.recall(&country, ask.now)?.clone();
        let mut items = HashMap::from([(country, seen)]);
        for key in [number_block, service] {
            let item = purses.recall(&key, ask.now).cloned().unwrap_or_default();
            items.insert(key, item);
        }
        Some(items)
    }

    /// Lists the denials that hold for a send at `now`, each with its subject, in the order of the gates.
    ///
    /// A phone that was verified at the device or in the network of the caller may have a reserve for it. So the store
    /// decides, until it has refused that place, too.
    pub(crate) fn recall(&self, plan: &SendPlan, now: Timestamp) -> Vec<(Denial, Subject)> {
        let refusals = lock(&self.denials);
        let mut denials = Vec::new();
        if refusals.is_empty() {
            return denials;
        }
        for gate in &plan.gates {
            for subject in gate.subjects() {
                let mut key = (gate.rule, subject.clone(), None);
                let mut found = refusals.recall(&key, now);
                if let Some((_, Some(evidence))) = found
                    && let Some(place) = plan.place_of(evidence)
                {
                    key.2 = Some(place.clone());
                    found = refusals.recall(&key, now);
                }
                if let Some((denial, _)) = found {
                    denials.push((*denial, key.1));
                }
            }
        }
        denials
    }
}

/// The purses whose content a refusal remembers. That of the network depends on the caller.
fn list_purse_keys(ask: &Ask) -> [PurseKey; 3] {
    [ask.country_key(), ask.block_key(), ask.service_key()]
}

/// Locks a memory, even after a panic under its lock: what it holds only refuses.
fn lock<K, R>(memory: &Mutex<Refusals<K, R>>) -> MutexGuard<'_, Refusals<K, R>> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
