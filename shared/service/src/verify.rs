//! Verify: a code in, a success token out.

use phoneproof_aws::store::Guess;
use phoneproof_crypto::code::code_matches;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::{base64url, success_token::SuccessToken};
use phoneproof_domain::challenge::{Challenge, Closed};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::phone_record::{AttemptRefusal, WriteId};
use phoneproof_domain::policy::Business;
use phoneproof_guard::{AMR, Claims};
use phoneproof_observe::RequestContext;

use super::{PresentedToken, Service, Unavailable};

/// A code to check.
#[derive(Debug)]
pub struct VerifyCommand {
    /// The challenge token of the send.
    pub token: PresentedToken,
    /// The code that the person typed.
    pub code: Code,
}

/// The answer to a right code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// The success token, which a business service checks.
    pub token: SuccessToken,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// Why there is no success token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyError {
    /// The text is not a challenge token of this service.
    Token,
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
    /// The challenge holds a MAC of the code, so the service knows right from wrong before the one write.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] says why there is no success token.
    pub async fn verify(
        &self,
        command: VerifyCommand,
        request: &mut RequestContext,
    ) -> Result<Success, VerifyError> {
        let keyring = self.keys.keyring(request).await?;
        let opened = self.open_token(&command.token.0, &keyring, request).await?;
        let (challenge, root) = opened.ok_or(VerifyError::Token)?;
        request.facts.country = challenge.country;
        if challenge.expires_at <= request.now {
            return Err(VerifyError::Closed(Closed::Expired));
        }
        // A business that has left the policy since the send gets no more tokens.
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
        let guess = Guess {
            phone: keyring.indexer().phone(&challenge.phone),
            id: challenge.id,
            slot: challenge.slot,
            right,
            write: WriteId(request.draw()?),
        };
        let terms = self.policy.terms(request.now, &self.policy.limits);
        match self.store.record_guess(&guess, &terms, request).await? {
            Ok(_) if right => {
                request.facts.verified = !challenge.test;
                Ok(self.issue_success(&challenge, business, &keyring, request)?)
            }
            Ok(attempts_left) => Err(VerifyError::WrongCode { attempts_left }),
            Err(AttemptRefusal::Closed(closed)) => Err(VerifyError::Closed(closed)),
            Err(AttemptRefusal::Locked { until }) => Err(VerifyError::Locked { until }),
            Err(AttemptRefusal::AlreadyApplied(_)) => Err(Unavailable::WriteIdReused.into()),
        }
    }

    fn issue_success(
        &self,
        challenge: &Challenge,
        business: &Business,
        keyring: &Keyring,
        request: &RequestContext,
    ) -> Result<Success, Unavailable> {
        let jti: [u8; 16] = request.draw()?;
        let now = request.now;
        let expires_at = now + business.success_lifetime;
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: keyring
                .indexer()
                .phone(&challenge.phone)
                .as_str()
                .to_owned(),
            aud: challenge.business.as_str().to_owned(),
            iat: seconds(now),
            nbf: seconds(now),
            exp: seconds(expires_at),
            jti: base64url(jti),
            phone_number: challenge.phone.expose().to_owned(),
            phone_number_verified: true,
            device_id: challenge.device.expose().to_owned(),
            amr: AMR.map(str::to_owned).to_vec(),
            action: challenge.action.map(base64url),
            test: challenge.test,
        };
        let token = keyring.signing_key(now).sign(&claims)?;
        Ok(Success { token, expires_at })
    }
}

/// Converts an instant to seconds since the Unix epoch, as JWT claims hold them.
pub(super) fn seconds(instant: Timestamp) -> u64 {
    u64::try_from(instant.unix()).unwrap_or(0)
}
