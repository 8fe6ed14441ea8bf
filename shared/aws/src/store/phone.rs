//! The challenge on a phone's record: what a send writes of it, and what a refund takes back.

use phoneproof_domain::phone_record::{Predecessor, REPEATABLE_FOR, REPEATED_FOR, Reservation};
use phoneproof_domain::window::Quota;

use super::item::{attribute, bytes, instant, make_slot, number, slot_member, slot_name};
use super::record::RecordWrite;
use super::reserve::SendPlan;

/// Checks cooldown, locks and challenge, and writes the challenge.
///
/// The condition is the decision of [`PhoneRecord::admits_send`].
///
/// [`PhoneRecord::admits_send`]: phoneproof_domain::phone_record::PhoneRecord::admits_send
pub(super) fn reserve_slot(write: &mut RecordWrite, plan: &SendPlan) {
    let (terms, reservation) = (&plan.terms, &plan.reservation);
    write.require("(attribute_not_exists(last_sent) OR last_sent <= :ready)");
    write.require("(attribute_not_exists(failures) OR failures < :hard)");
    write.value(":now", instant(terms.now));
    write.value(":ready", instant(terms.now - terms.cooldown));
    write.value(":hard", number(terms.lockout.hard));
    write.set("last_sent = :now");
    let soft = Quota {
        limit: terms.lockout.soft,
        window: terms.today,
    };
    write.bound(attribute::WRONG, &soft, plan.wrong);
    if !matches!(plan.wrong, phoneproof_domain::tally::Begin::Next) {
        write.clear(attribute::WRONG, &terms.today);
    }
    match reservation {
        Reservation::New { .. } => {}
        Reservation::Idempotent { .. } => forbid_id(write, plan),
        Reservation::Renewal { of, .. } => {
            forbid_id(write, plan);
            move_guesses(write, of);
        }
        Reservation::Resend { id, .. } => {
            write.require(
                "#slot.#id = :id AND #slot.#expires > :now AND #slot.#left > :zero \
                 AND attribute_not_exists(#slot.#used)",
            );
            write.name("#id", slot_member::ID);
            write.name("#left", slot_member::LEFT);
            write.value(":id", bytes(id.0));
            write.value(":zero", number(0));
        }
    }
    if reservation.is_new() {
        // A send never ends a challenge that is not over, so its slot must be free.
        write.require(
            "(attribute_not_exists(#slot) OR #slot.#expires <= :over OR #slot.#used <= :once)",
        );
        write.set("#slot = :slot");
        let challenge = make_slot(reservation.id(), &plan.root, plan.expires_at, plan.attempts);
        write.value(":over", instant(terms.now - REPEATED_FOR));
        write.value(":once", instant(terms.now - REPEATABLE_FOR));
        write.value(":slot", challenge);
    }
    write.name("#slot", slot_name(reservation.slot()));
    write.name("#expires", slot_member::EXPIRES);
    write.name("#used", slot_member::USED);
}

/// Adds the condition that no live slot holds the challenge. The slot of an earlier send is not known, so the condition
/// looks at every slot.
fn forbid_id(write: &mut RecordWrite, plan: &SendPlan) {
    for index in 0..plan.terms.slots {
        write.require(format!(
            "(attribute_not_exists(#o{index}) OR #o{index}.#id <> :id OR #o{index}.#expires <= :now)"
        ));
        write.name(format!("#o{index}"), slot_name(index));
    }
    write.name("#id", slot_member::ID);
    write.value(":id", bytes(plan.reservation.id().0));
}

/// Adds the condition that the challenge before is open and has exactly so many guesses left, and takes them.
fn move_guesses(write: &mut RecordWrite, of: &Predecessor) {
    write.require(
        "#old.#id = :of AND #old.#expires > :now AND #old.#left = :left \
         AND attribute_not_exists(#old.#used)",
    );
    write.set("#old.#left = :zero");
    write.name("#old", slot_name(of.slot));
    write.name("#left", slot_member::LEFT);
    write.value(":of", bytes(of.id.0));
    write.value(":left", number(of.attempts_left));
    write.value(":zero", number(0));
}

/// Releases the slot of a new challenge. A renewal also gives the guesses back to the challenge before. For a resend, the
/// challenge only has to be there.
pub(super) fn release_slot(write: &mut RecordWrite, reservation: &Reservation) {
    write.name("#slot", slot_name(reservation.slot()));
    write.name("#id", slot_member::ID);
    write.value(":id", bytes(reservation.id().0));
    write.require("#slot.#id = :id");
    match reservation {
        Reservation::Resend { .. } => {}
        Reservation::New { .. } | Reservation::Idempotent { .. } => write.remove("#slot"),
        Reservation::Renewal { of, .. } => {
            // The guesses return to the challenge whose renewal was not texted, unless somebody guessed meanwhile: a
            // parallel resend gets the token of the renewal.
            write.require("attribute_not_exists(#slot.#by) AND #old.#id = :of");
            write.remove("#slot");
            write.set("#old.#left = :left");
            write.name("#by", slot_member::BY);
            write.name("#old", slot_name(of.slot));
            write.name("#left", slot_member::LEFT);
            write.value(":left", number(of.attempts_left));
            write.value(":of", bytes(of.id.0));
        }
    }
}
