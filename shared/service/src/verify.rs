//! Verify: checks a code and issues a success token.

use std::time::Duration;

use phoneproof_aws::store::GuessOutcome;
use phoneproof_crypto::base64url;
use phoneproof_crypto::code::{code_matches, derive_code};
use phoneproof_crypto::index::Indexer;
use phoneproof_crypto::keyring::Root;
use phoneproof_crypto::success_token::SuccessToken;
use phoneproof_domain::challenge::{Challenge, Closed, Payment};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone_record::{
    CodeCalls, Guess, GuessRefusal, REPEATABLE_FOR, Use, WriteId,
};
use phoneproof_domain::policy::Business;
use phoneproof_domain::purse::{Evidence, Micros};
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_guard::{AMR, AMR_CALLED, AMR_CALLED_ALONE, Claims};
use phoneproof_observe::RequestContext;

use crate::{PresentedToken, Service, Unavailable};

/// A code to check.
#[derive(Debug)]
pub struct VerifyCommand {
    /// The challenge token of the send.
    pub token: PresentedToken,
    /// The code that the person typed.
    pub code: Code,
}

/// The answer to a right code: a success token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// The success token, which a business service checks.
    pub token: SuccessToken,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// For how long the token is still valid.
    pub expires_in: Duration,
}

/// What a typed code gives back to those who paid for its text. It is due once, to [`Service::credit`].
#[derive(Debug)]
#[must_use = "the text is not given back yet"]
pub struct CreditDue {
    payment: Payment,
    country: Country,
    number_block: SubjectIndex,
    /// The cost of the call that spoke the code, if one did.
    call_price: Option<Micros>,
}

/// Why there is no success token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyError {
    /// The text is not a challenge token of this service.
    Token,
    /// The text is not a code of this challenge, because its length differs. No guess was counted.
    CodeLength {
        /// The number of digits that the code has.
        needed: u8,
    },
    /// The code was wrong.
    WrongCode {
        /// The guesses that are left.
        attempts_left: u32,
    },
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked after too many wrong codes.
    Locked {
        /// When the lock ends; `None` if only an operator can end it.
        until: Option<Timestamp>,
    },
    /// The store or the keys gave no answer. The guess may have counted.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for VerifyError {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Service {
    /// Checks a code and consumes its challenge.
    ///
    /// The challenge holds the MAC of its code, so the service can compare the code before it writes. It writes once,
    /// and then knows the answer. The same code again, less than [`REPEATABLE_FOR`] after it was entered, gets a success
    /// token with the same claims.
    ///
    /// A right code that is entered for the first time earns a [credit](Self::credit), which is put into `due`, even if
    /// there is no success token in the end. The answer need not wait for it.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] says why there is no success token.
    pub async fn verify(
        &self,
        command: VerifyCommand,
        due: &mut Option<CreditDue>,
        request: &mut RequestContext,
    ) -> Result<Success, VerifyError> {
        let keyring = self.keys.read_keyring(request).await?;
        let opened = self.open_token(&command.token.0, &keyring, request).await?;
        let (challenge, root) = opened.ok_or(VerifyError::Token)?;
        request.facts.country = challenge.country;
        // After its end, only the repeat of a code that was right before it can succeed.
        let is_expired = challenge.expires_at <= request.now;
        if challenge.expires_at + REPEATABLE_FOR <= request.now {
            return Err(VerifyError::Closed(Closed::Expired));
        }
        // An operator may have removed the business from the policy since the send. It gets no more tokens.
        let business = self
            .policy
            .businesses
            .get(&challenge.business)
            .ok_or(VerifyError::Token)?;
        request.facts.business = Some(challenge.business.clone());
        let right = code_matches(
            root.code_mac_key(),
            challenge.id,
            &command.code,
            &challenge.code_mac,
        );
        if let Some(needed) = find_other_length(&challenge, root, business, &command.code) {
            return Err(VerifyError::CodeLength { needed });
        }
        let phone_index = keyring.indexer().index_phone(&challenge.phone);
        let guess = Guess {
            id: challenge.id,
            slot: challenge.slot,
            expires_at: challenge.expires_at,
            right,
            write: WriteId(request.draw()?),
        };
        let terms = self.policy.make_terms(request.now, &self.policy.limits);
        let evidence = (right && !challenge.test)
            .then(|| self.make_evidence(&challenge, keyring.indexer(), request.now));
        let key = (challenge.id, challenge.expires_at);
        let outcome = match self.remembered.find_guess_refusal(&key, request.now) {
            Some(refusal) => GuessOutcome::Refused(refusal),
            None => {
                self.store
                    .record_guess(&phone_index, &guess, &terms, evidence.as_ref(), request)
                    .await?
            }
        };
        if let GuessOutcome::Refused(refusal) = &outcome {
            self.remembered
                .refuse_guesses(key, right, refusal, request.now);
        }
        let consumed = match outcome {
            GuessOutcome::Counted { calls, .. } if right => {
                request.facts.verified = !challenge.test;
                *due = find_credit(&challenge, calls, keyring.indexer());
                let used = Use {
                    at: request.now,
                    by: guess.write,
                };
                Consumed { used, calls }
            }
            GuessOutcome::Counted { attempts_left, .. } => {
                let device = keyring.indexer().index_device(&challenge.device);
                request.facts.guessed_by = Some(Subject::new(SubjectKind::Device, device));
                return Err(VerifyError::WrongCode { attempts_left });
            }
            GuessOutcome::Refused(refusal) => match refusal {
                // The success was counted when the code was entered first.
                GuessRefusal::Repeated(used, calls) => Consumed { used, calls },
                GuessRefusal::Closed(_) if is_expired => {
                    return Err(VerifyError::Closed(Closed::Expired));
                }
                GuessRefusal::Closed(closed) => return Err(VerifyError::Closed(closed)),
                GuessRefusal::Locked { until } => {
                    let subject = Subject::new(SubjectKind::Phone, phone_index);
                    request.facts.denied = Some(subject);
                    return Err(VerifyError::Locked { until });
                }
                GuessRefusal::AlreadyApplied(_) => return Err(Unavailable::WriteIdReused.into()),
            },
        };
        let claims = self.make_claims(&challenge, &phone_index, consumed, business);
        let expires_at = consumed.used.at + business.success_lifetime;
        Ok(Success {
            // An ES256 signature is random, so the texts of two tokens with the same claims may differ.
            token: keyring.signing_key(request.now).sign(&claims)?,
            expires_at,
            expires_in: expires_at.since(request.now),
        })
    }

    /// Gives back what the text of a typed code used up. A credit that fails is lost, and changes no answer.
    pub async fn credit(&self, due: CreditDue, request: &mut RequestContext) {
        let purses = self.purses();
        let credited = self.store.credit(
            &due.payment,
            due.call_price,
            due.country,
            &due.number_block,
            purses,
            request,
        );
        let country = credited.await;
        let terms = self.policy.make_terms(request.now, &self.policy.limits);
        let today = terms.today.start.day();
        request.facts.money_used =
            country.and_then(|country| country.money_used(today, due.payment.payer.price));
    }

    /// Makes the evidence that a right code leaves on the phone's record.
    fn make_evidence(&self, challenge: &Challenge, indexer: &Indexer, now: Timestamp) -> Evidence {
        let network = challenge.payment.as_ref();
        let network = network.map(|payment| payment.payer.network.clone());
        Evidence::from_code(indexer.index_device(&challenge.device), now, self.purses())
            .with_network(network)
    }

    /// Makes the claims of the success token.
    ///
    /// All of them follow from the challenge and from how it was consumed, so a repeat carries the same ones and is
    /// spent with the first.
    fn make_claims(
        &self,
        challenge: &Challenge,
        phone_index: &SubjectIndex,
        Consumed { used, calls }: Consumed,
        business: &Business,
    ) -> Claims {
        let amr: &[&str] = match calls {
            None => &AMR,
            Some(CodeCalls { alone: false, .. }) => &AMR_CALLED,
            Some(CodeCalls { alone: true, .. }) => &AMR_CALLED_ALONE,
        };
        Claims {
            iss: self.issuer.clone(),
            sub: phone_index.as_str().to_owned(),
            aud: challenge.business.as_str().to_owned(),
            iat: to_numeric_date(used.at),
            nbf: to_numeric_date(used.at),
            exp: to_numeric_date(used.at + business.success_lifetime),
            jti: base64url(used.by.0),
            phone_number: challenge.phone.expose().to_owned(),
            phone_number_verified: true,
            device_id: challenge.device.expose().to_owned(),
            amr: amr.iter().map(|method| (*method).to_owned()).collect(),
            action: challenge.action.map(base64url),
            test: challenge.test,
        }
    }
}

/// Returns what a code gives back when it is entered for the first time. The code of a test number gives nothing back,
/// because nothing paid for its text.
fn find_credit(
    challenge: &Challenge,
    calls: Option<CodeCalls>,
    indexer: &Indexer,
) -> Option<CreditDue> {
    Some(CreditDue {
        payment: challenge.payment.clone()?,
        country: challenge.country?,
        number_block: indexer.index_number_block(&challenge.phone),
        call_price: calls.map(|calls| calls.price),
    })
}

/// How a challenge was consumed: by this request, or by an earlier one with the same code.
#[derive(Clone, Copy)]
struct Consumed {
    used: Use,
    /// The last call that may have spoken the code; `None` for a code that was texted only.
    calls: Option<CodeCalls>,
}

/// Converts an instant to a `NumericDate` of a JWT: seconds since the Unix epoch (RFC 7519 section 2).
pub(super) fn to_numeric_date(instant: Timestamp) -> u64 {
    u64::try_from(instant.unix()).unwrap_or(0)
}

/// Returns how many digits the code of a challenge has, if it has not as many as `given`.
///
/// The policy may have got another length since the send. Then the length of the code is not known, and every text
/// counts as a guess: otherwise wrong codes of the earlier length would cost nothing.
fn find_other_length(
    challenge: &Challenge,
    root: &Root,
    business: &Business,
    given: &Code,
) -> Option<u8> {
    let length = business.code_length;
    if given.expose().len() == usize::from(length) {
        return None;
    }
    let is_current = challenge.test || {
        let code = derive_code(root.code_key(), challenge.id, challenge.expires_at, length);
        let mac_key = root.code_mac_key();
        code_matches(mac_key, challenge.id, &code, &challenge.code_mac)
    };
    is_current.then_some(length)
}
