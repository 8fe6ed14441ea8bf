//! The challenge on a phone's record: what a send writes of it, and what a refund takes back.

use phoneproof_domain::challenge::{ChallengeId, SlotIndex};
use phoneproof_domain::phone_record::{
    Predecessor, REPEATABLE_FOR, REPEATED_FOR, ResendId, Reservation, Share,
};
use phoneproof_domain::purse::{Claim, Evidence};
use phoneproof_domain::tally::Begin;
use phoneproof_domain::window::Quota;

use super::item::{
    attribute, bytes, instant, make_slot, number, resent_name, slot_member, slot_name, text,
};
use super::record::RecordWrite;
use super::send_plan::SendPlan;

/// The most slots that a phone's record may have.
///
/// The condition of an idempotent send names every slot. DynamoDB takes expressions of up to 4 KB and 300 operators
/// (DynamoDB developer guide, "Quotas"). A test makes the longest condition.
pub const MAX_SLOTS: SlotIndex = 40;

/// Checks cooldown, locks and challenge, and writes the challenge.
///
/// The condition is the decision of [`PhoneRecord::admits_send`].
///
/// [`PhoneRecord::admits_send`]: phoneproof_domain::phone_record::PhoneRecord::admits_send
pub(super) fn reserve_slot(write: &mut RecordWrite, plan: &SendPlan) {
    let (terms, reservation) = (&plan.terms, &plan.reservation);
    let last = match plan.share() {
        Share::Common => attribute::LAST_SENT,
        Share::Here => attribute::RESERVED_HERE,
        Share::Near => attribute::RESERVED_NEAR,
    };
    // A neighbour waits for the texts of strangers, too.
    let other = (plan.share() == Share::Near).then_some(attribute::LAST_SENT);
    for sent in [Some(last), other].into_iter().flatten() {
        write.require(format!(
            "(attribute_not_exists({sent}) OR {sent} <= :ready)"
        ));
    }
    write.require("(attribute_not_exists(failures) OR failures < :hard)");
    write.value(":now", instant(terms.now));
    write.value(":ready", instant(terms.now - terms.cooldown));
    write.value(":hard", number(terms.lockout.hard));
    write.set(format!("{last} = :now"));
    if let (Share::Common, Some(own)) = (plan.share(), &plan.caller) {
        write.set(format!("{} = :by", attribute::LAST_SENT_BY));
        write.value(":by", text(own.caller.device.as_str()));
    }
    claim_evidence(write, plan);
    let soft = Quota {
        limit: terms.lockout.soft,
        window: terms.today,
    };
    write.limit_tally(attribute::WRONG, &soft, plan.wrong);
    if plan.wrong != Begin::Next {
        write.clear(attribute::WRONG, &terms.today);
    }
    match reservation {
        Reservation::New { .. } => {}
        Reservation::Idempotent { .. } => forbid_id(write, plan),
        Reservation::Renewal { of, key, .. } => {
            forbid_id(write, plan);
            move_guesses(write, of, reservation.id());
            forbid_resend(write, *key, "#old");
        }
        Reservation::Resend {
            id,
            attempts_left,
            key,
            ..
        } => {
            write.require(
                "#slot.#id = :id AND #slot.#expires > :now AND #slot.#left > :zero \
                 AND #slot.#left = :left AND attribute_not_exists(#slot.#used)",
            );
            write.value(":left", number(*attempts_left));
            write.name("#id", slot_member::ID);
            write.name("#left", slot_member::LEFT);
            write.value(":id", bytes(id.0));
            write.value(":zero", number(0));
            forbid_resend(write, *key, "#slot");
            if key.is_some() {
                write.set("#slot.#resent = :now");
            }
        }
    }
    if reservation.is_new() {
        // A send never ends a challenge that is not over, so its slot must be free.
        write.require(
            "(attribute_not_exists(#slot) OR #slot.#expires <= :over OR #slot.#used <= :once)",
        );
        write.set("#slot = :slot");
        let resend = reservation.key().map(|key| (key, terms.now));
        let (id, root) = (reservation.id(), &plan.root);
        let challenge = make_slot(
            id,
            root,
            plan.expires_at,
            plan.attempts,
            resend,
            plan.call(),
        );
        write.value(":over", instant(terms.now - REPEATED_FOR));
        write.value(":once", instant(terms.now - REPEATABLE_FOR));
        write.value(":slot", challenge);
    } else if let Some(call) = plan.call() {
        write.set("#slot.#called = :called");
        write.value(":called", number(call.price));
        write.name("#called", slot_member::CALLED);
        // An update adds to no member of a map.
        write.set("#slot.#calls = if_not_exists(#slot.#calls, :zero) + :one");
        write.value(":zero", number(0));
        write.value(":one", number(1));
        write.name("#calls", slot_member::CALLS);
    } else {
        // From now on a text has the code, too, or may have.
        write.remove("#slot.#spoken");
        write.name("#spoken", slot_member::SPOKEN);
    }
    write.name("#slot", slot_name(reservation.slot()));
    write.name("#expires", slot_member::EXPIRES);
    write.name("#used", slot_member::USED);
}

/// Checks and counts what the text claims of the phone's evidence. Evidence that has ended leaves the record.
///
/// The condition is the decision of [`Evidence::bears`](phoneproof_domain::purse::Evidence::bears).
fn claim_evidence(write: &mut RecordWrite, plan: &SendPlan) {
    let (proved, now) = (attribute::PROVED, plan.terms.now);
    if let Some(ended) = plan.ended_evidence {
        write.require(format!("{proved} = :ended"));
        write.value(":ended", instant(ended));
        for name in attribute::EVIDENCE {
            write.remove(name);
        }
        return;
    }
    let (owed, texts, place) = match plan.claim() {
        Claim::Nothing => {
            write.require(format!(
                "(attribute_not_exists({proved}) OR {proved} > :now)"
            ));
            write.value(":now", instant(now));
            return;
        }
        Claim::Here { texts } => (attribute::OWED_HERE, texts, Some(attribute::PROVED_DEVICE)),
        Claim::Near { texts } => (attribute::OWED_NEAR, texts, Some(attribute::PROVED_NETWORK)),
        Claim::Elsewhere { texts } => (attribute::OWED_ELSEWHERE, texts, None),
    };
    write.require(format!(
        "{proved} > :now AND (attribute_not_exists({owed}) OR {owed} < :owed)"
    ));
    write.value(":owed", number(texts));
    write.add(format!("{owed} :one"));
    write.value(":one", number(1));
    if let (Some(place), Some(own)) = (place, &plan.caller) {
        let index = if place == attribute::PROVED_DEVICE {
            &own.caller.device
        } else {
            &own.caller.network
        };
        write.require(format!("{place} = :place"));
        write.value(":place", text(index.as_str()));
    }
}

/// Writes the evidence that a typed code gives.
pub(super) fn write_evidence(write: &mut RecordWrite, evidence: &Evidence) {
    for owed in [
        attribute::OWED_HERE,
        attribute::OWED_NEAR,
        attribute::OWED_ELSEWHERE,
    ] {
        write.remove(owed);
    }
    write.set(format!("{} = :until", attribute::PROVED));
    let since = attribute::PROVED_SINCE;
    write.set(format!("{since} = if_not_exists({since}, :proved_since)"));
    write.value(":proved_since", instant(evidence.since));
    write.set(format!("{} = :device", attribute::PROVED_DEVICE));
    write.value(":until", instant(evidence.until));
    write.value(":device", text(evidence.device.as_str()));
    match &evidence.network {
        Some(network) => {
            write.set(format!("{} = :network", attribute::PROVED_NETWORK));
            write.value(":network", text(network.as_str()));
        }
        None => write.remove(attribute::PROVED_NETWORK),
    }
}

/// Adds the condition that no live slot holds the challenge. The slot of an earlier send is not known, so the condition
/// looks at every slot.
fn forbid_id(write: &mut RecordWrite, plan: &SendPlan) {
    for index in 0..plan.terms.slots {
        write.require(format!(
            "(attribute_not_exists(#o{index}) OR #o{index}.#i<>:id OR #o{index}.#e<=:now)"
        ));
        write.name(format!("#o{index}"), slot_name(index));
    }
    // Short placeholders, because the condition names every slot, and there may be `MAX_SLOTS`.
    write.name("#i", slot_member::ID);
    write.name("#e", slot_member::EXPIRES);
    write.value(":id", bytes(plan.reservation.id().0));
}

/// Adds the condition that the challenge in `slot` was not resent under this idempotency key.
fn forbid_resend(write: &mut RecordWrite, key: Option<ResendId>, slot: &str) {
    if let Some(key) = key {
        write.require(format!("attribute_not_exists({slot}.#resent)"));
        write.name("#resent", resent_name(key));
    }
}

/// Adds the condition that the challenge before is open and has exactly this many guesses left. Takes them for `next`.
fn move_guesses(write: &mut RecordWrite, of: &Predecessor, next: ChallengeId) {
    write.require(
        "#old.#i = :of AND #old.#expires > :now AND #old.#left = :left \
         AND attribute_not_exists(#old.#used)",
    );
    write.set("#old.#left = :zero");
    write.set("#old.#next = :next");
    write.name("#next", slot_member::NEXT);
    write.value(":next", bytes(next.0));
    write.name("#old", slot_name(of.slot));
    write.name("#left", slot_member::LEFT);
    write.value(":of", bytes(of.id.0));
    write.value(":left", number(of.attempts_left));
    write.value(":zero", number(0));
}

/// Releases the slot of a new challenge. A renewal also gives the guesses back to the challenge before. For a resend,
/// the challenge has to be there, and its idempotency key is removed: the next request under it texts.
pub(super) fn release_slot(write: &mut RecordWrite, plan: &SendPlan) {
    let reservation = &plan.reservation;
    write.name("#slot", slot_name(reservation.slot()));
    write.name("#id", slot_member::ID);
    write.value(":id", bytes(reservation.id().0));
    write.require("#slot.#id = :id");
    if !reservation.is_new() && plan.call().is_some() {
        // An earlier call with the same code may have been placed, so that is not forgotten.
        write.require("#slot.#calls > :zero");
        write.set("#slot.#calls = #slot.#calls - :one");
        write.value(":zero", number(0));
        write.value(":one", number(1));
        write.name("#calls", slot_member::CALLS);
    }
    match reservation {
        Reservation::Resend { key: None, .. } => {}
        Reservation::Resend { key: Some(key), .. } => {
            write.require("attribute_exists(#slot.#resent)");
            write.remove("#slot.#resent");
            write.name("#resent", resent_name(*key));
        }
        Reservation::New { .. } | Reservation::Idempotent { .. } => write.remove("#slot"),
        Reservation::Renewal { of, .. } => {
            // The guesses return to the challenge whose renewal was not texted, unless somebody guessed meanwhile: a
            // parallel resend gets the token of the renewal.
            write.require(
                "attribute_not_exists(#slot.#by) AND attribute_not_exists(#slot.#used) \
                 AND #old.#id = :of",
            );
            write.name("#used", slot_member::USED);
            write.remove("#slot");
            write.set("#old.#left = :left");
            write.remove("#old.#next");
            write.name("#next", slot_member::NEXT);
            write.name("#by", slot_member::BY);
            write.name("#old", slot_name(of.slot));
            write.name("#left", slot_member::LEFT);
            write.value(":left", number(of.attempts_left));
            write.value(":of", bytes(of.id.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use phoneproof_domain::clock::Timestamp;
    use phoneproof_domain::phone_record::{Lockout, Terms};
    use phoneproof_domain::root::RootId;
    use phoneproof_domain::subject::SubjectIndex;
    use phoneproof_domain::window::{DAY, HOUR, Window};

    use super::*;

    /// The longest condition: a renewal under an idempotency key, with both counts of the phone and its evidence.
    #[test]
    fn the_condition_of_the_most_slots_is_one_that_dynamodb_takes() {
        let now = Timestamp::from_unix(1_000);
        let day = Window::containing(now, DAY, Duration::ZERO);
        let of = Predecessor {
            id: ChallengeId([2; 16]),
            slot: MAX_SLOTS - 1,
            attempts_left: 5,
        };
        let plan = SendPlan {
            phone_index: SubjectIndex::from_text("p".repeat(43)),
            gates: Vec::new(),
            reservation: Reservation::Renewal {
                id: ChallengeId([1; 16]),
                slot: MAX_SLOTS - 2,
                of,
                key: Some(ResendId([3; 16])),
            },
            root: RootId::parse("r1").expect("an id"),
            expires_at: now + HOUR,
            attempts: 5,
            terms: Terms {
                now,
                today: day,
                cooldown: Duration::from_mins(1),
                lockout: Lockout {
                    soft: 20,
                    hard: 100,
                    remembered: DAY,
                },
                slots: MAX_SLOTS,
            },
            wrong: Begin::Next,
            ended_evidence: Some(now),
            caller: None,
            paid: None,
            attestation: None,
            kept_until: now + DAY,
            stored: None,
        };
        let mut write = RecordWrite::default();
        write.require_not_blocked(now);
        for (tally, length) in [(attribute::HOUR, HOUR), (attribute::DAY, DAY)] {
            let window = Window::containing(now, length, Duration::ZERO);
            write.count(tally, &Quota { limit: 5, window }, Begin::Next);
        }
        reserve_slot(&mut write, &plan);
        let condition = write.condition().expect("a condition");
        assert!(condition.len() <= 4_096, "{} bytes", condition.len());
        let count = |operator: &str| condition.matches(operator).count();
        // `<` and `>` also count the half of `<>`, `<=` and `>=`, and `=` the other half.
        let operators = [" AND ", " OR ", "attribute_", "<", ">", "="].map(count);
        let twice = ["<>", "<=", ">="].map(count).iter().sum::<usize>();
        let operators = operators.iter().sum::<usize>() - twice;
        assert!(operators <= 300, "{operators} operators");
    }
}
