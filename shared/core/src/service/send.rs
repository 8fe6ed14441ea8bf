//! Send: text a code, or the same code again.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::time::Instant;

use super::{PresentedToken, Service, Unavailable};
use crate::config::TokenMode;
use crate::crypto::base64url;
use crate::crypto::challenge_token::{Challenge, ChallengeToken, seal};
use crate::crypto::code::{code_mac, code_matches, derive_code};
use crate::crypto::keyring::{Keyring, Root};
use crate::domain::address::SourceAddress;
use crate::domain::challenge::{
    ChallengeId, Closed, Reservation, SendRefusal, Slot, SlotIndex, Terms,
};
use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::device::Device;
use crate::domain::locale::Locale;
use crate::domain::phone::{Country, Phone, PhoneError};
use crate::domain::policy::{Business, BusinessId, DestinationRefusal, Limits, TestNumber};
use crate::domain::random::random_array;
use crate::domain::rule::Denial;
use crate::observe::{self, Dependency, Facts};
use crate::sms::sender::Delivery;
use crate::store::{ReserveError, SendPlan, StoredToken, Subjects};

/// A request to text a code. Nothing in it has been checked against the policy yet.
pub struct SendCommand {
    /// The phone as it was typed.
    pub phone: String,
    /// The country of a national number.
    pub region: Option<Country>,
    /// The device that asks.
    pub device: Device,
    /// The business it is for.
    pub business: BusinessId,
    /// The language wanted.
    pub locale: Option<Locale>,
    /// What the verification is for, in the relying party's own words.
    pub action: Option<String>,
    /// The challenge to resend.
    pub token: Option<PresentedToken>,
    /// The client's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The key of a business that restricts its callers.
    pub client_key: Option<String>,
    /// Where the request comes from.
    pub address: SourceAddress,
}

impl fmt::Debug for SendCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendCommand")
            .field("business", &self.business)
            .finish_non_exhaustive()
    }
}

/// A code is on its way.
#[derive(Clone, PartialEq, Eq)]
pub struct Sent {
    /// The challenge token for the client.
    pub token: String,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// When the next text may be asked for.
    pub resend_at: Timestamp,
    /// Digits of the code.
    pub code_length: u8,
    /// Guesses of the challenge.
    pub attempts: u32,
    /// The masked number.
    pub phone: String,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why no code was texted, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The policy has no such business.
    UnknownBusiness,
    /// The business asks for a client key, and this is not it.
    ClientKey,
    /// Not a phone number.
    Phone(PhoneError),
    /// The policy does not text this destination.
    Destination(DestinationRefusal),
    /// The token to resend is not one of this service, or is for another phone, device or business.
    Token,
    /// The challenge to resend, or to repeat under its key, is over.
    Closed(Closed),
    /// A rule refused.
    Denied(Denial),
    /// The carrier refused; the quota was given back.
    CarrierRefused,
    /// The carrier did not say; the text may arrive, and the token works if it does.
    CarrierUnknown(Box<Sent>),
    /// The rules or keys could not be checked; nothing was sent.
    Unavailable,
}

impl<E: Into<Unavailable>> From<E> for SendError {
    fn from(_: E) -> Self {
        Self::Unavailable
    }
}

/// A command that passed everything that needs no I/O.
struct Checked<'s> {
    business: &'s Business,
    test: Option<&'s TestNumber>,
    phone: Phone,
    country: Option<Country>,
    locale: Locale,
    action: Option<[u8; 32]>,
    limits: Limits,
}

/// A challenge with its code, ready to reserve and deliver.
struct Prepared<'k> {
    challenge: Challenge,
    code: Code,
    /// Where the code comes from.
    root: &'k Root,
    reservation: Reservation,
}

impl Service {
    /// Texts a code to the command's phone.
    ///
    /// One transaction checks and counts every rule before the one `Publish`; when the rules cannot
    /// be checked, nothing is sent.
    ///
    /// # Errors
    ///
    /// [`SendError`] says why no code was texted.
    pub async fn send(
        &self,
        command: SendCommand,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<Sent, SendError> {
        let now = self.clock.now();
        let checked = self.check_send(&command, now, facts)?;
        let keyring = self.keyring(now, deadline, facts).await?;
        let prepared = self
            .prepare(&command, &checked, &keyring, now, deadline, facts)
            .await?;
        let plan = self.plan(&command, &checked, &prepared, &keyring, now)?;
        let began = Instant::now();
        let reserved = self
            .store
            .reserve(&plan, self.random.as_ref(), deadline)
            .await;
        facts.called(Dependency::Store, began);
        match reserved {
            Ok(()) => {}
            Err(ReserveError::Refused(SendRefusal::Repeated(index, slot))) => {
                return self.repeated(&checked, prepared, (index, slot), &keyring, &plan.terms);
            }
            Err(ReserveError::Refused(SendRefusal::Closed(closed))) => {
                return Err(SendError::Closed(closed));
            }
            Err(ReserveError::Refused(SendRefusal::Denied(denial))) => {
                return Err(SendError::Denied(denial));
            }
            Err(ReserveError::Store(error)) => return Err(error.into()),
        }
        let challenge = &prepared.challenge;
        let token = match &command.token {
            // The same challenge has the token that it had.
            Some(PresentedToken(earlier)) => earlier.clone(),
            None => self.wire_token(challenge, prepared.root, &keyring, now)?,
        };
        let sent = sent(&checked, challenge, token, now + plan.terms.cooldown);
        match self.deliver(&checked, &prepared, deadline, facts).await {
            Delivery::Accepted => Ok(sent),
            Delivery::Unknown => Err(SendError::CarrierUnknown(Box::new(sent))),
            Delivery::Refused => {
                // Losing the refund costs the user a try, never the operator a text.
                let began = Instant::now();
                let refunded = self
                    .store
                    .refund(&plan, self.random.as_ref(), deadline)
                    .await;
                facts.called(Dependency::Store, began);
                if refunded.is_err() {
                    tracing::warn!("a refused text was not refunded");
                }
                Err(SendError::CarrierRefused)
            }
        }
    }

    /// Everything that needs no I/O: business, client key, phone, destination, template.
    fn check_send(
        &self,
        command: &SendCommand,
        now: Timestamp,
        facts: &mut Facts,
    ) -> Result<Checked<'_>, SendError> {
        let business = self
            .policy
            .businesses
            .get(&command.business)
            .ok_or(SendError::UnknownBusiness)?;
        facts.business = Some(command.business.clone());
        check_client_key(business, command.client_key.as_deref())?;
        let destination = self
            .phones
            .parse(&command.phone, command.region)
            .map_err(SendError::Phone)?;
        facts.country = destination
            .country
            .filter(|country| self.policy.numbers.countries.contains(country));
        let test = self.policy.test_number(&destination.phone, now);
        if test.is_none() {
            self.policy
                .numbers
                .admits(&destination)
                .map_err(SendError::Destination)?;
        }
        Ok(Checked {
            business,
            test,
            phone: destination.phone,
            country: facts.country,
            locale: self
                .catalog
                .locale(&command.business, business, command.locale.as_ref()),
            action: command.action.as_deref().map(action_digest),
            limits: test.map_or(self.policy.limits, TestNumber::limits),
        })
    }

    /// The challenge: a new one, the one of an idempotency key, or the earlier one of a token.
    async fn prepare<'k>(
        &self,
        command: &SendCommand,
        checked: &Checked<'_>,
        keyring: &'k Keyring,
        now: Timestamp,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<Prepared<'k>, SendError> {
        if let Some(PresentedToken(text)) = &command.token {
            let opened = self.open_token(text, keyring, now, deadline, facts).await?;
            let (mut challenge, root) = opened
                .filter(|(challenge, _)| is_same_exchange(challenge, command, checked))
                .ok_or(SendError::Token)?;
            if challenge.expires_at <= now {
                // The slot may be a later challenge of the same idempotency key.
                return Err(SendError::Closed(Closed::Expired));
            }
            if command.locale.is_some() {
                challenge.locale = checked.locale.clone();
            }
            let reservation = Reservation::Resend {
                id: challenge.id,
                slot: challenge.slot,
            };
            let code = code_of(root, checked, challenge.id, challenge.expires_at);
            let mac_key = root.code_mac_key();
            if !code_matches(mac_key, challenge.id, &code, &challenge.code_mac) {
                // The policy has other codes now than when the token was made, which would refuse this one.
                return Err(SendError::Closed(Closed::Expired));
            }
            return Ok(Prepared {
                challenge,
                code,
                root,
                reservation,
            });
        }
        let slot = self.policy.slots().index_at(now);
        let reservation = match &command.idempotency_key {
            Some(key) => {
                let id = idempotent_id(keyring, command, checked, key);
                Reservation::Idempotent { id, slot }
            }
            None => Reservation::New {
                id: ChallengeId(random_array(self.random.as_ref())?),
                slot,
            },
        };
        let root = keyring.current();
        let (id, expires_at) = (reservation.id(), now + checked.business.code_lifetime);
        let code = code_of(root, checked, id, expires_at);
        let challenge = Challenge {
            id,
            phone: checked.phone.clone(),
            country: checked.country,
            device: command.device.clone(),
            business: command.business.clone(),
            slot,
            expires_at,
            code_mac: code_mac(root.code_mac_key(), id, &code),
            locale: checked.locale.clone(),
            action: checked.action,
            test: checked.test.is_some(),
        };
        Ok(Prepared {
            challenge,
            code,
            root,
            reservation,
        })
    }

    fn plan(
        &self,
        command: &SendCommand,
        checked: &Checked<'_>,
        prepared: &Prepared<'_>,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Result<SendPlan, SendError> {
        let indexer = keyring.indexer();
        let resent = matches!(prepared.reservation, Reservation::Resend { .. });
        let stored = match self.token_mode {
            TokenMode::Stored if !resent => Some(StoredToken {
                place: indexer.place(&reference(&prepared.challenge, keyring)),
                token: self.seal(&prepared.challenge, prepared.root, now)?,
                expires_at: prepared.challenge.expires_at,
            }),
            TokenMode::Stored | TokenMode::Sealed => None,
        };
        Ok(SendPlan {
            subjects: Subjects {
                phone: indexer.phone(&checked.phone),
                device: indexer.device(&command.device),
                address: indexer.address(&command.address),
                number_block: indexer.number_block(&checked.phone),
            },
            limits: checked.limits,
            day_starts_at: self.policy.day_starts_at,
            reservation: prepared.reservation,
            root: prepared.root.id().clone(),
            expires_at: prepared.challenge.expires_at,
            attempts: checked.business.attempts,
            terms: self.policy.terms(now, &checked.limits),
            layout: self.policy.slots(),
            stored,
        })
    }

    fn seal(
        &self,
        challenge: &Challenge,
        root: &Root,
        now: Timestamp,
    ) -> Result<ChallengeToken, Unavailable> {
        Ok(seal(
            challenge,
            root,
            &self.issuer,
            now,
            self.random.as_ref(),
        )?)
    }

    /// The token that a client gets for a new challenge, or for one that its key repeats.
    fn wire_token(
        &self,
        challenge: &Challenge,
        root: &Root,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Result<String, Unavailable> {
        Ok(match self.token_mode {
            TokenMode::Sealed => self.seal(challenge, root, now)?.into_text(),
            TokenMode::Stored => base64url(reference(challenge, keyring)),
        })
    }

    /// The answer to a repeated idempotency key: the challenge that exists, in an equivalent token.
    fn repeated(
        &self,
        checked: &Checked<'_>,
        prepared: Prepared<'_>,
        (index, slot): (SlotIndex, Slot),
        keyring: &Keyring,
        terms: &Terms,
    ) -> Result<Sent, SendError> {
        // Without its root, no token of this challenge can be made or would be accepted: it was retired, or an
        // operator forced it to the front before every function had read it.
        let root = keyring
            .root(&slot.root)
            .ok_or(SendError::Closed(Closed::Expired))?;
        let code = code_of(root, checked, slot.id, slot.expires_at);
        let challenge = Challenge {
            slot: index,
            expires_at: slot.expires_at,
            code_mac: code_mac(root.code_mac_key(), slot.id, &code),
            ..prepared.challenge
        };
        let sent_at = slot.expires_at - checked.business.code_lifetime;
        let token = self.wire_token(&challenge, root, keyring, terms.now)?;
        Ok(sent(checked, &challenge, token, sent_at + terms.cooldown))
    }

    async fn deliver(
        &self,
        checked: &Checked<'_>,
        prepared: &Prepared<'_>,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Delivery {
        if checked.test.is_some() {
            return Delivery::Accepted;
        }
        let challenge = &prepared.challenge;
        let text = self
            .catalog
            .render(&challenge.business, &challenge.locale, &prepared.code);
        let Some(text) = text else {
            return Delivery::Refused;
        };
        let began = Instant::now();
        let delivery = self.sender.send(&checked.phone, &text.body, deadline).await;
        facts.called(Dependency::Carrier, began);
        facts.text = Some(observe::Text {
            segments: text.segments,
            cost: self
                .policy
                .sms
                .estimated_cost(checked.country, text.segments),
            delivery,
        });
        delivery
    }
}

/// The code of a challenge: derived, or the fixed one of a test number.
fn code_of(root: &Root, checked: &Checked<'_>, id: ChallengeId, expires_at: Timestamp) -> Code {
    let length = checked.business.code_length;
    checked.test.map_or_else(
        || derive_code(root.code_key(), id, expires_at, length),
        |test| test.code.clone(),
    )
}

/// The answer to a send.
fn sent(checked: &Checked<'_>, challenge: &Challenge, token: String, resend_at: Timestamp) -> Sent {
    Sent {
        token,
        expires_at: challenge.expires_at,
        resend_at,
        code_length: checked.business.code_length,
        attempts: checked.business.attempts,
        phone: checked.phone.masked(),
    }
}

/// What a client gets for `challenge` where tokens are stored.
fn reference(challenge: &Challenge, keyring: &Keyring) -> [u8; 16] {
    let indexer = keyring.indexer();
    indexer.reference(challenge.id, challenge.expires_at)
}

fn check_client_key(business: &Business, presented: Option<&str>) -> Result<(), SendError> {
    let Some(expected) = business.client_key_sha256 else {
        return Ok(());
    };
    let actual = digest(&SHA256, presented.unwrap_or_default().as_bytes());
    aws_lc_rs::constant_time::verify_slices_are_equal(actual.as_ref(), &expected)
        .map_err(|_| SendError::ClientKey)
}

/// Whether a resend is for what its token was made for.
fn is_same_exchange(challenge: &Challenge, command: &SendCommand, checked: &Checked<'_>) -> bool {
    challenge.phone == checked.phone
        && challenge.device == command.device
        && challenge.business == command.business
        && challenge.test == checked.test.is_some()
        && (checked.action.is_none() || challenge.action == checked.action)
}

/// SHA-256 of the action, as the success token carries it.
fn action_digest(action: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes
        .iter_mut()
        .zip(digest(&SHA256, action.as_bytes()).as_ref())
    {
        *to = *from;
    }
    bytes
}

/// The same key for another phone, device, business or action is another send.
fn idempotent_id(
    keyring: &Keyring,
    command: &SendCommand,
    checked: &Checked<'_>,
    key: &str,
) -> ChallengeId {
    keyring.indexer().idempotent_challenge(&[
        key.as_bytes(),
        checked.phone.expose().as_bytes(),
        command.device.expose().as_bytes(),
        command.business.as_str().as_bytes(),
        command.action.as_deref().unwrap_or_default().as_bytes(),
    ])
}
