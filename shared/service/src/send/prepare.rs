//! Makes the challenge of a send, and plans its transaction. Nothing is written yet.

use phoneproof_aws::store::{SendPlan, StoredToken};
use phoneproof_crypto::attestation::digest_of;
use phoneproof_crypto::code::{code_matches, make_code_mac};
use phoneproof_crypto::keyring::Root;
use phoneproof_domain::challenge::{Challenge, ChallengeId, Closed, SlotIndex, TokenMode};
use phoneproof_domain::code::Code;
use phoneproof_domain::gate::make_payment;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::phone_record::{Predecessor, REPEATABLE_FOR, ResendId, Reservation};
use phoneproof_domain::purse::{Ask, plan_first_try};
use phoneproof_domain::subject::{SubjectIndex, Subjects};
use phoneproof_domain::tally::Begin;
use phoneproof_observe::RequestContext;

use super::{Checked, Given, SendError, derive_reference, make_code};
use crate::remembered::ChallengeKey;
use crate::{PresentedToken, Service};

/// A challenge with its code, ready to reserve and deliver.
pub(super) struct Prepared<'k> {
    pub(super) challenge: Challenge,
    pub(super) code: Code,
    /// The root that the code is derived from.
    pub(super) root: &'k Root,
    pub(super) reservation: Reservation,
    /// Whether the token that the client presented is one of this challenge, so that the client keeps it.
    pub(super) is_of_token: bool,
    /// The challenge of the token that the client presented, if it presented one.
    pub(super) presented: Option<ChallengeKey>,
}

impl Prepared<'_> {
    /// Returns the same challenge with the slot of `reservation`, which the phone's record has room for.
    pub(super) fn move_to(mut self, reservation: Reservation) -> Self {
        self.challenge.slot = reservation.slot();
        self.reservation = reservation;
        self
    }

    /// Returns the guesses that the challenge has left: those of its business, or those that the record told.
    pub(super) const fn count_attempts(&self, checked: &Checked<'_>) -> u32 {
        match self.reservation {
            Reservation::Renewal { of, .. } => of.attempts_left,
            Reservation::Resend { attempts_left, .. } => attempts_left,
            Reservation::New { .. } | Reservation::Idempotent { .. } => checked.business.attempts,
        }
    }
}

impl Service {
    /// Makes a new challenge or that of an idempotency key, or opens the earlier challenge of a token. A challenge that ends
    /// soon is followed by a new one.
    pub(super) async fn prepare<'k>(
        &self,
        given: Given<'k>,
        request: &mut RequestContext,
    ) -> Result<Prepared<'k>, SendError> {
        match &given.command.token {
            Some(token) => self.prepare_resend(token, given, request).await,
            None => self.prepare_new(given, request),
        }
    }

    async fn prepare_resend<'k>(
        &self,
        token: &PresentedToken,
        given: Given<'k>,
        request: &mut RequestContext,
    ) -> Result<Prepared<'k>, SendError> {
        let Given {
            command,
            checked,
            keyring,
        } = given;
        let opened = self.open_token(&token.0, keyring, request).await?;
        let (mut challenge, root) = opened
            .filter(|(challenge, _)| is_same_exchange(challenge, given))
            .ok_or(SendError::Token)?;
        if challenge.expires_at <= request.now {
            // The slot may already hold a later challenge with the same id, made from the same idempotency key.
            return Err(SendError::Closed(Closed::Expired));
        }
        let presented = (challenge.id, challenge.expires_at);
        if let Some(closed) = self.remembered.closed.recall(&presented, request.now) {
            return Err(SendError::Closed(closed));
        }
        // The policy may have dropped the locale of the token, which then gets the text that it would get today.
        challenge.locale = if command.locales.is_empty() {
            checked
                .templates
                .choose_locale(checked.locales, [&challenge.locale])
        } else {
            checked.locale.clone()
        };
        let key = derive_resend(given);
        if challenge.ends_soon(request.now) {
            return Ok(self.renew(challenge, Some(presented), key, given, request));
        }
        let code = make_code(root, checked, challenge.id, challenge.expires_at);
        let mac_key = root.code_mac_key();
        if !code_matches(mac_key, challenge.id, &code, &challenge.code_mac) {
            // The policy has changed the code since the token was made, so `verify` would refuse this code.
            return Err(SendError::Closed(Closed::Expired));
        }
        let reservation = Reservation::Resend {
            id: challenge.id,
            slot: challenge.slot,
            // The record says how many are left, if guesses were used.
            attempts_left: checked.business.attempts,
            key,
        };
        Ok(Prepared {
            challenge,
            code,
            root,
            reservation,
            is_of_token: true,
            presented: Some(presented),
        })
    }

    /// Makes the challenge that follows `before`. Its id comes from `before`, so a repeated resend finds it. `presented` is
    /// the challenge of the client's token, which may be an earlier one.
    pub(super) fn renew<'k>(
        &self,
        before: Challenge,
        presented: Option<ChallengeKey>,
        key: Option<ResendId>,
        given: Given<'k>,
        request: &RequestContext,
    ) -> Prepared<'k> {
        let (checked, keyring) = (given.checked, given.keyring);
        let ends = before.expires_at.unix().to_be_bytes();
        let id = keyring
            .indexer()
            .derive_challenge_id(&[b"renewal", &before.id.0, &ends]);
        let of = Predecessor {
            id: before.id,
            slot: before.slot,
            // The record says how many are left, if guesses were used.
            attempts_left: checked.business.attempts,
        };
        let slot = self.choose_slot(checked, Some(before.slot), request);
        let root = keyring.current();
        let expires_at = request.now + checked.business.code_lifetime;
        let code = make_code(root, checked, id, expires_at);
        let challenge = Challenge {
            id,
            slot,
            expires_at,
            code_mac: make_code_mac(root.code_mac_key(), id, &code),
            ..before
        };
        Prepared {
            challenge,
            code,
            root,
            reservation: Reservation::Renewal { id, slot, of, key },
            is_of_token: false,
            presented,
        }
    }

    /// Returns the slot of a challenge that is sent now, other than `taken`.
    fn choose_slot(
        &self,
        checked: &Checked<'_>,
        taken: Option<SlotIndex>,
        request: &RequestContext,
    ) -> SlotIndex {
        let layout = self.policy.plan_slots_under(&checked.limits);
        let slot = layout.index_at(request.now);
        if taken == Some(slot) {
            layout.next(slot)
        } else {
            slot
        }
    }

    fn prepare_new<'k>(
        &self,
        given: Given<'k>,
        request: &RequestContext,
    ) -> Result<Prepared<'k>, SendError> {
        let Given {
            command,
            checked,
            keyring,
        } = given;
        let slot = self.choose_slot(checked, None, request);
        let reservation = match &command.idempotency_key {
            Some(key) => {
                let id = derive_id(key, given);
                Reservation::Idempotent { id, slot }
            }
            None => Reservation::New {
                id: ChallengeId(request.draw()?),
                slot,
            },
        };
        let root = keyring.current();
        let id = reservation.id();
        let expires_at = request.now + checked.business.code_lifetime;
        let code = make_code(root, checked, id, expires_at);
        let challenge = Challenge {
            id,
            phone: checked.phone.clone(),
            country: checked.country,
            device: command.device.clone(),
            business: command.business.clone(),
            slot,
            expires_at,
            code_mac: make_code_mac(root.code_mac_key(), id, &code),
            locale: checked.locale.clone(),
            action: checked.action,
            test: checked.test.is_some(),
            payment: None,
        };
        Ok(Prepared {
            challenge,
            code,
            root,
            reservation,
            is_of_token: false,
            presented: None,
        })
    }

    /// Plans the first try of the transaction: the gates that the send has to pass, who pays, and the items that it stores.
    pub(super) fn make_plan(
        &self,
        given: Given<'_>,
        prepared: &Prepared<'_>,
        ask: Option<&Ask>,
        request: &RequestContext,
    ) -> SendPlan {
        let Given {
            command,
            checked,
            keyring,
        } = given;
        let indexer = keyring.indexer();
        let subjects = Subjects {
            phone_index: indexer.index_phone(&checked.phone),
            number_block_index: indexer.index_number_block(&checked.phone),
            country_index: checked.country.map(SubjectIndex::of_country),
            device_index: indexer.index_device(&command.device),
            address_index: indexer.index_address(&checked.address),
            network_indexes: indexer.index_networks(&checked.address),
            business_index: Some(SubjectIndex::of_business(&command.business)),
        };
        let remembered = self.policy.lockout.remembered.max(self.purses().known_for);
        SendPlan {
            phone_index: subjects.phone_index.clone(),
            gates: self
                .policy
                .make_gates(subjects, &checked.limits, request.now),
            reservation: prepared.reservation,
            root: prepared.root.id().clone(),
            expires_at: prepared.challenge.expires_at,
            attempts: prepared.count_attempts(checked),
            terms: self.policy.make_terms(request.now, &checked.limits),
            wrong: Begin::Next,
            ended_evidence: None,
            caller: ask.map(|ask| self.make_phone_caller(ask)),
            paid: ask.map(|ask| plan_first_try(ask, self.purses())),
            attestation: command
                .attestation
                .as_ref()
                .map(|presented| digest_of(&presented.0)),
            kept_until: prepared.challenge.expires_at + REPEATABLE_FOR + remembered,
            stored: None,
        }
    }

    /// Brings a plan and its challenge in line with each other, before the plan is tried.
    pub(super) fn align_plan(
        &self,
        plan: &mut SendPlan,
        prepared: &mut Prepared<'_>,
        given: Given<'_>,
        request: &RequestContext,
    ) -> Result<(), SendError> {
        let (checked, keyring) = (given.checked, given.keyring);
        // A call pays for no text. The payment of the text stays, and without one a typed code gives nothing back.
        if checked.medium == Medium::Text || prepared.challenge.payment.is_some() {
            let payer = plan.paid.as_ref().map(|paid| paid.payer.clone());
            prepared.challenge.payment = payer.and_then(|payer| make_payment(payer, &plan.gates));
        }
        plan.reservation = prepared.reservation;
        plan.attempts = prepared.count_attempts(checked);
        plan.stored = match self.token_mode {
            TokenMode::Stored if prepared.reservation.is_new() => {
                let reference = derive_reference(&prepared.challenge, keyring);
                Some(StoredToken {
                    place: keyring.indexer().derive_place(&reference),
                    token: self.seal(&prepared.challenge, prepared.root, request)?,
                    expires_at: prepared.challenge.expires_at + REPEATABLE_FOR,
                })
            }
            TokenMode::Stored | TokenMode::Sealed => None,
        };
        Ok(())
    }
}

/// Whether a resend asks for the phone, device, business and action that its token was made for.
///
/// A resend without an action keeps the action of the token. Where texts show the action, the resend must name it. The
/// token holds only its digest, and a text must not show less than an earlier one of the same code.
fn is_same_exchange(challenge: &Challenge, given: Given<'_>) -> bool {
    let (command, checked) = (given.command, given.checked);
    let keeps_action = checked.action.is_none() && checked.business.action_labels.is_empty();
    challenge.phone == checked.phone
        && challenge.device == command.device
        && challenge.business == command.business
        && challenge.test == checked.test.is_some()
        && (keeps_action || challenge.action == checked.action)
}

/// Derives the id of a resend from its idempotency key, if it has one. The challenge is left out, because its slot
/// holds the id.
fn derive_resend(given: Given<'_>) -> Option<ResendId> {
    let key = given.command.idempotency_key.as_ref()?;
    let mut parts = list_parts(key, given).to_vec();
    // A call is another request than a text.
    let medium = given.checked.medium;
    if medium == Medium::Call {
        parts.push(medium.as_str().as_bytes());
    }
    Some(given.keyring.indexer().derive_resend_id(&parts))
}

/// Derives the id of a challenge from an idempotency key.
///
/// The same key with another phone, device, business or action gives another id.
fn derive_id(key: &str, given: Given<'_>) -> ChallengeId {
    let action = given.command.action.as_deref().unwrap_or_default();
    let [key, phone, device, business] = list_parts(key, given);
    let parts = [key, phone, device, business, action.as_bytes()];
    given.keyring.indexer().derive_challenge_id(&parts)
}

/// Lists what an idempotency key is bound to, after the key itself: phone, device and business.
fn list_parts<'p>(key: &'p str, given: Given<'p>) -> [&'p [u8]; 4] {
    let command = given.command;
    [
        key.as_bytes(),
        given.checked.phone.expose().as_bytes(),
        command.device.expose().as_bytes(),
        command.business.as_str().as_bytes(),
    ]
}
