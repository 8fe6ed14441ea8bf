//! The refusals that this instance remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use phoneproof_aws::store::SendPlan;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::refusals::{CAPACITY, Refusals};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::subject::Subject;

/// The denials of rules, by the rule whose gate refused and by the subject that it refused.
#[derive(Debug)]
pub(crate) struct Remembered(Mutex<Refusals<(Rule, Subject), Denial>>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(Refusals::new(CAPACITY)))
    }
}

impl Remembered {
    /// Remembers that the store refused `subject` at `now`.
    pub(crate) fn remember(&self, denial: Denial, subject: &Subject, now: Timestamp) {
        let key = (denial.gate(), subject.clone());
        self.lock().remember(key, denial, denial.retry_at(), now);
    }

    /// Lists the denials that hold for a send at `now`, each with its subject, in the order of the gates.
    pub(crate) fn recall(&self, plan: &SendPlan, now: Timestamp) -> Vec<(Denial, Subject)> {
        let refusals = self.lock();
        let mut denials = Vec::new();
        if refusals.is_empty() {
            return denials;
        }
        for gate in &plan.gates {
            for subject in gate.subjects() {
                let key = (gate.rule, subject.clone());
                if let Some(denial) = refusals.recall(&key, now) {
                    denials.push((*denial, key.1));
                }
            }
        }
        denials
    }

    /// Locks the memory, even after a panic under its lock: what it holds only refuses.
    fn lock(&self) -> MutexGuard<'_, Refusals<(Rule, Subject), Denial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
