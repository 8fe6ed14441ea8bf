//! The write of `verify`: one conditional update that counts a wrong code or consumes the challenge.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use phoneproof_domain::challenge::Closed;
use phoneproof_domain::phone_record::{CodeCalls, Guess, GuessRefusal, REPEATABLE_FOR, Terms, Use};
use phoneproof_domain::purse::Evidence;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::tally::Begin;
use phoneproof_domain::window::Quota;
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use super::item::{
    Item, PK, attribute, bytes, instant, number, read_calls, read_number, read_phone_record,
    read_tally, slot_member, slot_name, text,
};
use super::phone::write_evidence;
use super::record::RecordWrite;
use super::transaction::{CONFLICT_RETRIES, pause};
use super::{OperationFailed, Store, StoreError, await_within};

const OPERATION: &str = "UpdateItem";

/// What became of a guess.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum GuessOutcome {
    /// It counts: it consumed the challenge, or used up one of its guesses.
    Counted {
        /// The guesses that are left.
        attempts_left: u32,
        /// The calls that spoke the code; `None` for a code that was texted only.
        calls: Option<CodeCalls>,
    },
    /// It does not count.
    Refused(GuessRefusal),
}

impl Store {
    /// Counts a wrong guess or consumes the challenge, if it is open and the phone is not locked. `phone_index` is the
    /// key of the phone's record. A right guess leaves `evidence` there.
    ///
    /// The guess was compared before, so one write with one condition is enough:
    /// parallel guesses cannot slip past the count, and a right code cannot succeed twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gave no answer.
    pub async fn record_guess(
        &self,
        phone_index: &SubjectIndex,
        guess: &Guess,
        terms: &Terms,
        evidence: Option<&Evidence>,
        request: &mut RequestContext,
    ) -> Result<GuessOutcome, StoreError> {
        let began = Instant::now();
        let recorded = self
            .try_guess(phone_index, guess, terms, evidence, request)
            .await;
        request.note_dependency(Dependency::Store, began);
        recorded
    }

    /// Tries the write until it is applied or refused for good: again while other writers touch the record, and with
    /// another day when the day of the wrong codes has changed.
    async fn try_guess(
        &self,
        phone_index: &SubjectIndex,
        guess: &Guess,
        terms: &Terms,
        evidence: Option<&Evidence>,
        request: &RequestContext,
    ) -> Result<GuessOutcome, StoreError> {
        let (mut conflicts, mut terms, mut begin) = (0, *terms, Begin::Next);
        loop {
            let update = self.client.update_item();
            let update = update
                .table_name(&self.tables.challenges)
                .key(PK, text(phone_index.as_str()));
            let mut write = write_guess(guess, &terms, begin);
            if let Some(evidence) = evidence.filter(|_| guess.right) {
                write_evidence(&mut write, evidence);
            }
            let update = write.fill(update);
            // All members of the slot come back, so that the answer can say whether the challenge was used.
            let update = update.return_values(ReturnValue::AllNew);
            let error = match await_within(request.deadline, update.send()).await {
                Ok(answer) => return Ok(read_outcome(answer.attributes.as_ref(), guess)),
                Err(error) => error,
            };
            match error.as_ref().and_then(SdkError::as_service_error) {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let item = failed.item();
                    let explained = explain_refusal(guess, &terms, item);
                    if !matches!(explained, Err(StoreError::Contradiction(_))) {
                        return explained;
                    }
                    // The day has changed since the send, and its place holds the count of another day.
                    let wrong = item.map(|item| read_tally(item, attribute::WRONG));
                    let met = wrong.unwrap_or_default().begin(terms.today);
                    if met == (terms.today, begin) {
                        return explained;
                    }
                    (terms.today, begin) = met;
                }
                Some(UpdateItemError::TransactionConflictException(_)) => {
                    if conflicts == CONFLICT_RETRIES {
                        return Err(StoreError::Contended(OPERATION));
                    }
                    conflicts += 1;
                    pause(OPERATION, conflicts, request).await?;
                }
                _ => return Err(OperationFailed::from_error(OPERATION, error.as_ref()).into()),
            }
        }
    }
}

/// Writes a guess. Its condition is the decision of [`PhoneRecord::admits_guess`].
///
/// [`PhoneRecord::admits_guess`]: phoneproof_domain::phone_record::PhoneRecord::admits_guess
fn write_guess(guess: &Guess, terms: &Terms, begin: Begin) -> RecordWrite {
    let open = "(attribute_not_exists(#slot.#used) AND #slot.#expires > :now)";
    // A wrong code counts as long as the right one would succeed again.
    let taken = if guess.right {
        open.to_owned()
    } else {
        format!("({open} OR #slot.#used > :since)")
    };
    let mut write = RecordWrite::default();
    // `#by <> :write` stops a repeat of this write, which the SDK sends after a lost reply, from counting twice.
    write.require(format!(
        "#slot.#id = :id AND #slot.#expires = :ends AND #slot.#left > :zero AND {taken} \
         AND (attribute_not_exists(#slot.#by) OR #slot.#by <> :write) \
         AND (attribute_not_exists(failures) OR failures < :hard)"
    ));
    for (placeholder, name) in [
        ("#id", slot_member::ID),
        ("#expires", slot_member::EXPIRES),
        ("#left", slot_member::LEFT),
        ("#used", slot_member::USED),
        ("#by", slot_member::BY),
    ] {
        write.name(placeholder, name);
    }
    write.name("#slot", slot_name(guess.slot));
    write.value(":id", bytes(guess.id.0));
    write.value(":ends", instant(guess.expires_at));
    write.value(":now", instant(terms.now));
    write.value(":zero", number(0));
    write.value(":write", bytes(guess.write.0));
    write.value(":hard", number(terms.lockout.hard));
    let soft = Quota {
        limit: terms.lockout.soft,
        window: terms.today,
    };
    if guess.right {
        write.limit_tally(attribute::WRONG, &soft, begin);
        write.clear(attribute::WRONG, &terms.today);
        // The used slot stays, so that a repeated code gets the same success, and later "already used".
        write.set("failures = :zero");
        write.set("#slot.#used = :now");
        // It is the id of this write, too, so a slot that is used needs no other.
        write.set("#slot.#used_by = :write");
        write.name("#used_by", slot_member::USED_BY);
    } else {
        write.count(attribute::WRONG, &soft, begin);
        write.set("#slot.#by = :write");
        write.set("#slot.#left = #slot.#left - :one");
        write.add("failures :one");
        write.value(":since", instant(terms.now - REPEATABLE_FOR));
    }
    write
}

/// Reads the guesses that are left from the attributes that the update returned. A wrong code at a challenge that was
/// used was counted, and is answered like every guess at one.
fn read_outcome(updated: Option<&Item>, guess: &Guess) -> GuessOutcome {
    let slot = updated.and_then(|item| item.get(&slot_name(guess.slot)));
    let members = slot.and_then(|value| value.as_m().ok());
    let is_used = members.is_some_and(|members| members.contains_key(slot_member::USED));
    if is_used && !guess.right {
        return GuessOutcome::Refused(GuessRefusal::Closed(Closed::Used));
    }
    GuessOutcome::Counted {
        attempts_left: members
            .and_then(|members| read_number(members, slot_member::LEFT))
            .unwrap_or(0),
        calls: members.and_then(read_calls),
    }
}

/// Whether the write of `guess` consumed the challenge.
fn is_used_by(used: Option<Use>, guess: &Guess) -> bool {
    used.is_some_and(|used| used.by == guess.write)
}

/// Explains why the condition of `guess` did not hold on `item`.
fn explain_refusal(
    guess: &Guess,
    terms: &Terms,
    item: Option<&Item>,
) -> Result<GuessOutcome, StoreError> {
    let record = item
        .map(|item| read_phone_record(item, &terms.today))
        .unwrap_or_default();
    match record.admits_guess(guess, terms) {
        // The reply to this write was lost, and the SDK repeated it. The first try counts.
        Err(GuessRefusal::AlreadyApplied(slot)) if is_used_by(slot.used, guess) == guess.right => {
            Ok(if slot.used.is_some() && !guess.right {
                GuessOutcome::Refused(GuessRefusal::Closed(Closed::Used))
            } else {
                GuessOutcome::Counted {
                    attempts_left: slot.attempts_left,
                    calls: slot.calls,
                }
            })
        }
        Err(refusal) => Ok(GuessOutcome::Refused(refusal)),
        Ok(()) => Err(StoreError::Contradiction("a guess")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_dynamodb::types::AttributeValue;
    use phoneproof_domain::challenge::ChallengeId;
    use phoneproof_domain::clock::Timestamp;
    use phoneproof_domain::phone_record::{Lockout, WriteId};
    use phoneproof_domain::root::RootId;
    use phoneproof_domain::window::{DAY, Window};

    use super::*;
    use crate::store::item::make_slot;

    const ID: ChallengeId = ChallengeId([1; 16]);
    const WRITE: WriteId = WriteId([7; 16]);

    fn terms() -> Terms {
        let now = Timestamp::from_unix(1_000);
        Terms {
            now,
            today: Window::containing(now, DAY, Duration::ZERO),
            cooldown: Duration::from_mins(1),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
            slots: 7,
        }
    }

    /// Explains the refusal of a guess on a slot that holds its own write id, used or not.
    fn explain_after_own_write(right: bool, used: bool) -> Result<GuessOutcome, StoreError> {
        let slot = make_slot(
            ID,
            &RootId::parse("r1").expect("an id"),
            Timestamp::from_unix(1_300),
            4,
            None,
            None,
        );
        let mut members = slot.as_m().expect("a map").clone();
        members.insert(slot_member::BY.to_owned(), bytes(WRITE.0));
        if used {
            members.insert(slot_member::USED.to_owned(), number(1_000));
            members.insert(slot_member::USED_BY.to_owned(), bytes(WRITE.0));
        }
        let item = Item::from([(slot_name(2), AttributeValue::M(members))]);
        let guess = Guess {
            id: ID,
            slot: 2,
            expires_at: Timestamp::from_unix(1_300),
            right,
            write: WRITE,
        };
        explain_refusal(&guess, &terms(), Some(&item))
    }

    #[test]
    fn a_repeated_write_counts_only_if_it_did_what_the_guess_asks() {
        let counted = GuessOutcome::Counted {
            attempts_left: 4,
            calls: None,
        };
        assert_eq!(explain_after_own_write(true, true), Ok(counted.clone()));
        assert_eq!(explain_after_own_write(false, false), Ok(counted));
        for (right, used) in [(true, false), (false, true)] {
            assert!(matches!(
                explain_after_own_write(right, used),
                Ok(GuessOutcome::Refused(GuessRefusal::AlreadyApplied(_)))
            ));
        }
    }
}
