//! A send that was made before: a repeated idempotency key, or a resend whose token was renewed before.

use phoneproof_crypto::code::make_code_mac;
use phoneproof_crypto::keyring::Root;
use phoneproof_domain::challenge::{Challenge, Closed, SlotIndex};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{Reservation, Slot};
use phoneproof_observe::RequestContext;

use super::answer::Answer;
use super::prepare::Prepared;
use super::{Checked, Given, SendError, Sent, make_code};
use crate::Service;

/// The challenge that exists already, as the phone's record holds it.
pub(super) struct Existing<'k> {
    prepared: Prepared<'k>,
    /// When it was made and first texted, or texted again under the key of the request.
    sent_at: Timestamp,
    attempts_left: u32,
}

impl<'k> Existing<'k> {
    /// Makes the challenge of a slot: the one that was planned, or the one before it, which was resent under the key.
    pub(super) fn find(
        index: SlotIndex,
        slot: &Slot,
        planned: Prepared<'_>,
        given: Given<'k>,
    ) -> Result<Self, SendError> {
        let (checked, keyring) = (given.checked, given.keyring);
        // Without its root, the service can neither make nor accept a token of this challenge. Either the root was
        // retired, or an operator promoted it by force before this function had read it.
        let root: &Root = keyring
            .root(&slot.root)
            .ok_or(SendError::Closed(Closed::Expired))?;
        let is_of_token = match planned.reservation {
            Reservation::Renewal { of, .. } => of.id == slot.id,
            Reservation::Resend { .. } => true,
            Reservation::New { .. } | Reservation::Idempotent { .. } => false,
        };
        let resent = planned
            .reservation
            .key()
            .and_then(|key| slot.resends.get(&key));
        let made_at = slot.expires_at - checked.business.code_lifetime;
        let code = make_code(root, checked, slot.id, slot.expires_at);
        let challenge = Challenge {
            id: slot.id,
            slot: index,
            expires_at: slot.expires_at,
            code_mac: make_code_mac(root.code_mac_key(), slot.id, &code),
            // Who paid for its text stands in the first token.
            payment: None,
            ..planned.challenge
        };
        Ok(Self {
            sent_at: resent.copied().unwrap_or(made_at),
            attempts_left: slot.attempts_left,
            prepared: Prepared {
                challenge,
                code,
                root,
                reservation: planned.reservation,
                is_of_token,
                presented: planned.presented,
            },
        })
    }

    /// Whether the request asks for another text: it is a resend, and the renewal was texted longer than the cooldown
    /// ago. Within the cooldown it is the repeat of a request, as under an idempotency key at any time.
    pub(super) fn is_over_cooldown(&self, checked: &Checked<'_>, now: Timestamp) -> bool {
        matches!(self.prepared.reservation, Reservation::Renewal { .. })
            && self.sent_at + checked.limits.cooldown <= now
    }

    /// Plans to text the code of the challenge again.
    fn resend(self) -> Prepared<'k> {
        let (id, slot) = (self.prepared.challenge.id, self.prepared.challenge.slot);
        let key = self.prepared.reservation.key();
        let attempts_left = self.attempts_left;
        Prepared {
            reservation: Reservation::Resend {
                id,
                slot,
                attempts_left,
                key,
            },
            ..self.prepared
        }
    }
}

impl Service {
    /// Plans what a resend with the token of the last renewal would: the same code again or, if that ends soon, one
    /// more renewal.
    pub(super) fn resend_last<'k>(
        &self,
        existing: Existing<'k>,
        given: Given<'k>,
        request: &RequestContext,
    ) -> Prepared<'k> {
        if existing.prepared.challenge.ends_soon(request.now) {
            let key = existing.prepared.reservation.key();
            let presented = existing.prepared.presented;
            self.renew(existing.prepared.challenge, presented, key, given, request)
        } else {
            existing.resend()
        }
    }

    /// Answers with an equivalent token for the challenge that exists, and texts nothing.
    pub(super) fn repeat(
        &self,
        existing: &Existing<'_>,
        given: Given<'_>,
        request: &RequestContext,
    ) -> Result<Sent, SendError> {
        let challenge = &existing.prepared.challenge;
        let token = self.choose_token(given, &existing.prepared, request)?;
        let answer = Answer {
            challenge,
            resend_at: existing.sent_at + given.checked.limits.cooldown,
            attempts: existing.attempts_left,
        };
        Ok(answer.make(given.checked, token, request.now))
    }
}
