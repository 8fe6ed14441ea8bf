//! Send: texts a code, or texts the same code again.

mod answer;
mod caller;
mod command;
mod deliver;
mod payment;
mod prepare;
mod refused;
mod repeat;
mod reserve;

use std::mem;

use phoneproof_aws::store::{ReserveError, StoreError};
use phoneproof_crypto::attestation::AttestationFault;
use phoneproof_crypto::base64url;
use phoneproof_crypto::challenge_token::{ChallengeToken, seal};
use phoneproof_crypto::code::derive_code;
use phoneproof_crypto::digest::sha256;
use phoneproof_crypto::keyring::{Keyring, Root};
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::catalog::{RenderedText, Templates};
use phoneproof_domain::challenge::{Challenge, ChallengeId, TokenMode};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::limits::Limits;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::phone::{Destination, Phone};
use phoneproof_domain::phone_parser::TypedNumber;
use phoneproof_domain::phone_record::SendRefusal;
use phoneproof_domain::policy::{Business, DestinationRefusal, TestNumber};
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_observe::RequestContext;

pub use self::answer::Sent;
use self::caller::check_caller;
pub use self::command::{PresentedAttestation, SendCommand, SendError};
use self::payment::Precheck;
use self::prepare::Prepared;
pub use self::refused::RefusedText;
use self::repeat::Existing;
use crate::remembered::Used;
use crate::{PresentedToken, Service, Unavailable};

/// The most times that one send tries its transaction.
///
/// A try that is refused says what the next plan has to fit: the phone's record with its evidence, the tallies of
/// phone, device, address and business, and the purses of country, number block and network. Other sends, even to other
/// phones, can change these before the next try.
const ROUNDS: u32 = 8;

/// A command that passed every check that needs no I/O, with the results.
struct Checked<'s> {
    business: &'s Business,
    templates: &'s Templates,
    test: Option<&'s TestNumber>,
    phone: Phone,
    /// The country of the number, if the policy serves it.
    country: Option<Country>,
    /// The locales in which a text to the country may be written; empty admits all.
    locales: &'s [Locale],
    locale: Locale,
    /// How the code is to reach the person.
    medium: Medium,
    /// Whether the number can be called.
    can_be_called: bool,
    /// Whether the operator's edge vouches for the caller.
    is_vouched_for: bool,
    /// The SHA-256 of the action.
    action: Option<[u8; 32]>,
    /// The limits of the policy, or those of the test number.
    limits: Limits,
    /// The address that limits count: that of the end user, if a caller with the client key named it.
    address: SourceAddress,
}

/// What stays the same from the checks of a send to its answer: what was asked, what the checks found, and the keys.
#[derive(Clone, Copy)]
struct Given<'g> {
    command: &'g SendCommand,
    checked: &'g Checked<'g>,
    /// The keyring of the request: it makes the codes, the tokens and the indexes.
    keyring: &'g Keyring,
}

impl Given<'_> {
    /// Makes the text with the code of `prepared`.
    fn render(&self, prepared: &Prepared<'_>, request: &RequestContext) -> RenderedText {
        let challenge = &prepared.challenge;
        let works_for = challenge.expires_at.since(request.now);
        let (locale, action) = (&challenge.locale, self.command.action.as_deref());
        let texts = self.checked.templates;
        texts.render(locale, action, &prepared.code, works_for)
    }
}

impl Service {
    /// Texts a code to the command's phone.
    ///
    /// One transaction checks and counts every rule, and only then is the text handed to its route. When the rules
    /// cannot be checked, nothing is sent.
    ///
    /// # Errors
    ///
    /// [`SendError`] says why no code was texted.
    pub async fn send(
        &self,
        command: SendCommand,
        request: &mut RequestContext,
    ) -> Result<Sent, SendError> {
        let checked = self.check(&command, request)?;
        let keyring = self.keys.read_keyring(request).await?;
        let given = Given {
            command: &command,
            checked: &checked,
            keyring: &keyring,
        };
        let mut prepared = self.prepare(given, request).await?;
        let mut text = given.render(&prepared, request);
        let text_payment = prepared.challenge.payment.as_ref();
        let mut ask = self.make_ask(given, text_payment, text.segments, request);
        let mut plan = self.make_plan(given, &prepared, ask.as_ref(), request);
        let mut precheck = match &ask {
            Some(ask) if command.medium == Medium::Text => {
                self.pay_from_memory(ask, &mut plan, request).await?
            }
            // A call that nobody pays for is remembered by its challenge.
            Some(_) | None => Precheck::default(),
        };
        let unpaid = precheck.find_refusal();
        for _ in 0..ROUNDS {
            self.align_plan(&mut plan, &mut prepared, given, request)?;
            match self
                .reserve(&checked, &plan, mem::take(&mut precheck), request)
                .await
            {
                Ok(()) => {
                    let token = self.choose_token(given, &prepared, request)?;
                    let sending = self.send_text(given, &prepared, &text, &plan, token, request);
                    // On the heap: the futures of the channels are large.
                    return Box::pin(sending).await;
                }
                Err(ReserveError::Again(moved)) => {
                    prepared = prepared.move_to(moved.reservation);
                    plan.take(&moved);
                    if let Some(ask) = &mut ask {
                        Box::pin(self.pay_again(ask, &mut plan, &moved, request)).await?;
                    }
                }
                Err(ReserveError::Denied(denied)) => {
                    let denied = (denied.denial, denied.subject);
                    return Err(self.deny(denied, checked.is_vouched_for, request));
                }
                // The store plans such a send again, and a denial is not among its refusals.
                Err(ReserveError::Refused(SendRefusal::Instead(_) | SendRefusal::Denied(_))) => {
                    return Err(StoreError::Contradiction("a send").into());
                }
                Err(ReserveError::Refused(SendRefusal::Repeated(index, slot))) => {
                    let existing = Existing::find(index, &slot, prepared, given)?;
                    if existing.is_over_cooldown(&checked, request.now) {
                        if let Some(unpaid) = unpaid {
                            return Err(self.deny(unpaid, checked.is_vouched_for, request));
                        }
                        prepared = self.resend_last(existing, given, request);
                        text = given.render(&prepared, request);
                        continue;
                    }
                    return self.repeat(&existing, given, request);
                }
                Err(ReserveError::Refused(SendRefusal::Resent(index, slot))) => {
                    let existing = Existing::find(index, &slot, prepared, given)?;
                    return self.repeat(&existing, given, request);
                }
                Err(ReserveError::Refused(SendRefusal::Closed(closed))) => {
                    if let Some(presented) = prepared.presented {
                        self.remembered
                            .closed
                            .remember(presented, closed, None, request.now);
                    }
                    return Err(SendError::Closed(closed));
                }
                Err(ReserveError::AttestationUsed) => {
                    if let Some(digest) = plan.attestation {
                        let used = Used::Attestation(digest);
                        self.remembered.used.remember(used, (), None, request.now);
                    }
                    return Err(SendError::Attestation(AttestationFault::Used));
                }
                Err(ReserveError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Unavailable::Unsettled(ROUNDS).into())
    }

    /// Makes the token for the client. A resend keeps its token, if its challenge is the same.
    fn choose_token(
        &self,
        given: Given<'_>,
        prepared: &Prepared<'_>,
        request: &RequestContext,
    ) -> Result<String, Unavailable> {
        match &given.command.token {
            Some(PresentedToken(earlier)) if prepared.is_of_token => Ok(earlier.clone()),
            _ => self.make_token(&prepared.challenge, prepared.root, given.keyring, request),
        }
    }

    /// Checks everything that needs no I/O: business, client key, phone, destination and locale.
    fn check(
        &self,
        command: &SendCommand,
        request: &mut RequestContext,
    ) -> Result<Checked<'_>, SendError> {
        let business = self.policy.businesses.get(&command.business);
        let templates = self.catalog.templates(&command.business);
        let (business, templates) = business.zip(templates).ok_or(SendError::UnknownBusiness)?;
        request.facts.business = Some(command.business.clone());
        let address = check_caller(business, command)?;
        let (destination, test) = self.read_destination(command, request)?;
        // CloudWatch bills a metric per country, so only countries of the policy are reported.
        let country = destination
            .country
            .filter(|country| self.policy.numbers.countries.contains(country));
        request.facts.country = country;
        // A test number may lie outside the served countries and types, because it is never texted.
        if test.is_none() {
            self.policy
                .numbers
                .admits(&destination)
                .map_err(|refusal| match refusal {
                    DestinationRefusal::Country => {
                        let country = destination.country.map(SubjectIndex::of_country);
                        request.facts.denied =
                            country.map(|index| Subject::new(SubjectKind::Country, index));
                        SendError::Destination(refusal)
                    }
                    DestinationRefusal::NumberType
                    | DestinationRefusal::TestNumberEnded
                    | DestinationRefusal::Calls => SendError::Destination(refusal),
                })?;
        }
        let voice = self.policy.voice.as_ref();
        let can_be_called = voice.is_some_and(|voice| test.is_some() || voice.serves(country));
        // A call to a test number is never placed.
        if command.medium == Medium::Call && test.is_none() && !can_be_called {
            return Err(SendError::Destination(DestinationRefusal::Calls));
        }
        if let Some(attestation) = &command.attestation {
            self.check_attestation(attestation, &destination.phone, request)?;
            request.facts.vouched = true;
        }
        let locales = self.policy.sms.locales(country);
        Ok(Checked {
            business,
            templates,
            test,
            phone: destination.phone,
            country,
            locales,
            locale: templates.choose_locale(locales, &command.locales),
            medium: command.medium,
            can_be_called,
            is_vouched_for: command.attestation.is_some(),
            action: command
                .action
                .as_ref()
                .map(|action| sha256(action.as_bytes())),
            limits: match test {
                Some(test) => test.limits(),
                None => business.limit(self.policy.limits),
            },
            address,
        })
    }

    /// Reads the phone, and finds the test number that it is.
    ///
    /// A test number need not exist. A typed test number counts as typed, whatever the numbering plan makes of it. A
    /// test number whose time is over is refused.
    fn read_destination(
        &self,
        command: &SendCommand,
        request: &RequestContext,
    ) -> Result<(Destination, Option<&TestNumber>), SendError> {
        let find_test = |phone: &Phone| {
            let test = self.policy.test_number(phone, request.now);
            test.map_err(SendError::Destination)
        };
        let number = TypedNumber::parse(&command.typed_phone).map_err(SendError::Phone)?;
        let read = self.phone_parser.read(&number, command.region);
        if let Ok(destination) = &read
            && let Some(test) = find_test(&destination.phone)?
        {
            return Ok((destination.clone(), Some(test)));
        }
        let complete = number.read_complete();
        if let Some(test) = complete.as_ref().map_or(Ok(None), find_test)? {
            return Ok((Destination::from_unassigned(test.phone.clone()), Some(test)));
        }
        let destination = read.and_then(|read| self.policy.numbers.classify(read));
        Ok((destination.map_err(SendError::Phone)?, None))
    }

    /// Seals `challenge` with the keys of `root`.
    fn seal(
        &self,
        challenge: &Challenge,
        root: &Root,
        request: &RequestContext,
    ) -> Result<ChallengeToken, Unavailable> {
        let random = request.random.as_ref();
        Ok(seal(challenge, root, &self.issuer, request.now, random)?)
    }

    /// Makes the challenge token that a client gets for a new or repeated challenge.
    fn make_token(
        &self,
        challenge: &Challenge,
        root: &Root,
        keyring: &Keyring,
        request: &RequestContext,
    ) -> Result<String, Unavailable> {
        Ok(match self.token_mode {
            TokenMode::Sealed => self.seal(challenge, root, request)?.into_text(),
            TokenMode::Stored => base64url(derive_reference(challenge, keyring)),
        })
    }
}

/// Derives the code of a challenge, or takes the fixed code of a test number.
fn make_code(root: &Root, checked: &Checked<'_>, id: ChallengeId, expires_at: Timestamp) -> Code {
    let length = checked.business.code_length;
    checked
        .test
        .and_then(|test| test.code(length).cloned())
        .unwrap_or_else(|| derive_code(root.code_key(), id, expires_at, length))
}

/// Derives the reference that a client gets for `challenge` where tokens are stored.
fn derive_reference(challenge: &Challenge, keyring: &Keyring) -> [u8; 16] {
    let indexer = keyring.indexer();
    indexer.derive_reference(challenge.id, challenge.expires_at)
}
