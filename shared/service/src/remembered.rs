//! The refusals that this instance remembers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use phoneproof_aws::store::{Denied, SendPlan};
use phoneproof_domain::attestation::AttestationDigest;
use phoneproof_domain::challenge::{ChallengeId, Closed};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone_record::GuessRefusal;
use phoneproof_domain::purse::{Ask, Evidence, PurseItem, PurseKey};
use phoneproof_domain::refusals::{CAPACITY, Refusals};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::{Subject, SubjectIndex};

/// The rule whose gate refused, and the subject that it refused. If the allowance of the subject refused too, the third
/// member is the place of the caller that it is for.
type DenialKey = (Rule, Subject, Option<SubjectIndex>);

/// A denial. That of a phone comes with the evidence on its record: the callers that it names have an allowance of their
/// own.
type RememberedDenial = (Denial, Option<Evidence>);

/// A challenge as its token names it: by its id and its end. An id that comes from an idempotency key can have several
/// ends.
pub(crate) type ChallengeKey = (ChallengeId, Timestamp);

/// What counts once, and was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Used {
    /// An attestation.
    Attestation(AttestationDigest),
    /// A success token, by the SHA-256 of its `jti`.
    SuccessToken([u8; 32]),
}

/// A memory of refusals that all requests of an instance share.
#[derive(Debug)]
pub(crate) struct Memory<K, R>(Mutex<Refusals<K, R>>);

impl<K: Ord + Clone, R: Clone> Memory<K, R> {
    /// Remembers that the store refused `key` at `now`, and may admit it from `retry_at` on; `None` when waiting does not
    /// help.
    pub(crate) fn remember(&self, key: K, refusal: R, retry_at: Option<Timestamp>, now: Timestamp) {
        self.lock().remember(key, refusal, retry_at, now);
    }

    /// Returns the refusal of `key` that holds at `now`.
    pub(crate) fn recall(&self, key: &K, now: Timestamp) -> Option<R> {
        self.lock().recall(key, now).cloned()
    }
}

impl<K, R> Memory<K, R> {
    /// Locks the memory, even after a panic under its lock: what it holds only refuses.
    fn lock(&self) -> MutexGuard<'_, Refusals<K, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone, R> Default for Memory<K, R> {
    fn default() -> Self {
        Self(Mutex::new(Refusals::new(CAPACITY)))
    }
}

/// What the store refused: the denials of rules, the purses that could not pay, and what is over.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    denials: Memory<DenialKey, RememberedDenial>,
    /// What the purses held that refused a text. Whether they refuse the next one depends on its caller, too.
    purses: Memory<PurseKey, PurseItem>,
    /// The challenges that take no guess: they are over, or their phone is locked.
    guesses: Memory<ChallengeKey, GuessRefusal>,
    /// The challenges that take no resend any more.
    pub(crate) closed: Memory<ChallengeKey, Closed>,
    /// The challenges whose code nobody pays to speak, with the subject that was refused.
    pub(crate) calls: Memory<ChallengeId, (Denial, Subject)>,
    /// What was used before.
    pub(crate) used: Memory<Used, ()>,
    /// The phones whose record answered a send that repeats an earlier one. The next one is likely to repeat one, too.
    pub(crate) repeats: Memory<SubjectIndex, ()>,
}

impl Remembered {
    /// Remembers what the store denied, with the evidence that it found on a phone's record.
    pub(crate) fn remember(&self, denied: &Denied, plan: &SendPlan) {
        let Denied {
            denial,
            subject,
            evidence,
        } = denied;
        let Some(rule) = denial.gate() else {
            return;
        };
        let (now, ends) = (plan.terms.now, denial.retry_at());
        let place = evidence
            .as_ref()
            .and_then(|evidence| plan.place_of(evidence))
            .cloned();
        let mut denials = self.denials.lock();
        if place.is_some() {
            let key = (rule, subject.clone(), place);
            denials.remember(key, (*denial, None), ends, now);
        }
        let key = (rule, subject.clone(), None);
        denials.remember(key, (*denial, evidence.clone()), ends, now);
    }

    /// Remembers what the purses of `ask` held when they refused it: the country's, the number block's and the
    /// service's. They can pay from `retry_at` on; `None` when waiting does not help.
    pub(crate) fn remember_purses(
        &self,
        ask: &Ask,
        items: &HashMap<PurseKey, PurseItem>,
        retry_at: Option<Timestamp>,
    ) {
        let mut purses = self.purses.lock();
        for key in list_purse_keys(ask) {
            if let Some(item) = items.get(&key) {
                purses.remember(key, item.clone(), retry_at, ask.now);
            }
        }
    }

    /// Returns what the purses of `ask` held, if its country, its number block or the service could not pay lately. A
    /// purse that is not remembered counts as one that nobody used yet, so that the store decides on it.
    pub(crate) fn recall_purses(&self, ask: &Ask) -> Option<HashMap<PurseKey, PurseItem>> {
        let purses = self.purses.lock();
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

    /// Remembers why a challenge takes no guess, if that holds for right and wrong codes alike. An answer that is no refusal
    /// is not remembered.
    ///
    /// For 30 seconds after a right code, wrong ones are refused and count, and the right one succeeds again. If the memory
    /// refused wrong codes then, somebody with the token could try them all.
    pub(crate) fn refuse_guesses(
        &self,
        challenge: ChallengeKey,
        is_right: bool,
        refusal: &GuessRefusal,
        now: Timestamp,
    ) {
        let ends = match refusal {
            GuessRefusal::Closed(Closed::Exhausted | Closed::Renewed) => None,
            GuessRefusal::Closed(Closed::Used | Closed::Expired) if is_right => None,
            GuessRefusal::Locked { until } => *until,
            GuessRefusal::Closed(_)
            | GuessRefusal::Repeated(..)
            | GuessRefusal::AlreadyApplied(_) => return,
        };
        self.guesses.remember(challenge, refusal.clone(), ends, now);
    }

    /// Returns why a challenge takes no guess, if the store said so lately.
    pub(crate) fn find_guess_refusal(
        &self,
        challenge: &ChallengeKey,
        now: Timestamp,
    ) -> Option<GuessRefusal> {
        self.guesses.recall(challenge, now)
    }

    /// Lists the denials that hold for a send at `now`, each with its subject, in the order of the gates.
    ///
    /// A phone that was verified at the device or in the network of the caller may have an allowance for it. So the store
    /// decides, until it has refused that place, too.
    pub(crate) fn recall(&self, plan: &SendPlan, now: Timestamp) -> Vec<(Denial, Subject)> {
        let refusals = self.denials.lock();
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
    [ask.country_key(), ask.number_block_key(), ask.service_key()]
}
