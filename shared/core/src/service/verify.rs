//! Verify: a code in, a success token out.

use tokio::time::Instant;

use super::{PresentedToken, Service, Unavailable};
use crate::crypto::challenge_token::Challenge;
use crate::crypto::code::code_matches;
use crate::crypto::keyring::Keyring;
use crate::crypto::{base64url, success_token::SuccessToken};
use crate::domain::challenge::{AttemptRefusal, Closed, WriteId};
use crate::domain::clock::Timestamp;
use crate::domain::code::Code;
use crate::domain::policy::Business;
use crate::domain::random::random_array;
use crate::observe::{Dependency, Facts};
use crate::store::Guess;
use phoneproof_guard::{AMR, Claims};

/// A code to check.
#[derive(Debug)]
pub struct VerifyCommand {
    /// The challenge token.
    pub token: PresentedToken,
    /// The code as it was typed.
    pub code: Code,
}

/// The code was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The success token.
    pub token: SuccessToken,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why there is no success token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// Not a challenge token of this service.
    Token,
    /// The code was wrong.
    WrongCode {
        /// Guesses that are left.
        attempts_left: u32,
    },
    /// The challenge is over.
    Closed(Closed),
    /// The phone is locked.
    Locked {
        /// When the lock ends by itself.
        until: Option<Timestamp>,
    },
    /// The store or the keys gave no answer; the guess may or may not have counted.
    Unavailable,
}

impl<E: Into<Unavailable>> From<E> for VerifyError {
    fn from(_: E) -> Self {
        Self::Unavailable
    }
}

impl Service {
    /// Checks a code and consumes its challenge.
    ///
    /// The token holds a MAC of the code, so right or wrong is known before the one write.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] says why there is no success token.
    pub async fn verify(
        &self,
        command: VerifyCommand,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<Verified, VerifyError> {
        let now = self.clock.now();
        let keyring = self.keyring(now, deadline, facts).await?;
        let opened = self
            .open_token(&command.token.0, &keyring, now, deadline, facts)
            .await?;
        let (challenge, root) = opened.ok_or(VerifyError::Token)?;
        facts.country = challenge.country;
        if challenge.expires_at <= now {
            return Err(VerifyError::Closed(Closed::Expired));
        }
        // A business that has left the policy since the send gets no more tokens.
        let business = self
            .policy
            .businesses
            .get(&challenge.business)
            .ok_or(VerifyError::Token)?;
        facts.business = Some(challenge.business.clone());
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
            write: WriteId(random_array(self.random.as_ref())?),
        };
        let terms = self.policy.terms(now, &self.policy.limits);
        let began = Instant::now();
        let recorded = self
            .store
            .record_guess(&guess, &terms, self.random.as_ref(), deadline)
            .await;
        facts.called(Dependency::Store, began);
        match recorded? {
            Ok(_) if right => {
                facts.verified = !challenge.test;
                self.success(&challenge, business, &keyring, now)
            }
            Ok(attempts_left) => Err(VerifyError::WrongCode { attempts_left }),
            Err(AttemptRefusal::Closed(closed)) => Err(VerifyError::Closed(closed)),
            Err(AttemptRefusal::Locked { until }) => Err(VerifyError::Locked { until }),
            // Another guess cannot carry this request's random id.
            Err(AttemptRefusal::AlreadyApplied(_)) => Err(VerifyError::Unavailable),
        }
    }

    fn success(
        &self,
        challenge: &Challenge,
        business: &Business,
        keyring: &Keyring,
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        let jti: [u8; 16] = random_array(self.random.as_ref())?;
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
        let signed = keyring.signing_key(now).sign(&claims);
        let token = signed.map_err(|_| VerifyError::Unavailable)?;
        Ok(Verified { token, expires_at })
    }
}

/// Seconds since the Unix epoch as JWT claims hold them.
pub(super) fn seconds(instant: Timestamp) -> u64 {
    u64::try_from(instant.unix()).unwrap_or(0)
}
