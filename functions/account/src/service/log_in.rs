//! The use case of logging in, with a password, a code or both.

use std::time::Duration;

use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::country::Country;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_observe::RequestContext;

use super::sessions::Beginning;
use super::{
    AccountEvent, AccountRefusal, Accounts, ROUNDS, Tokens, Unavailable, VerifiedPhone, business,
};
use crate::login::{LoginDenial, Presented, make_address_quota};
use crate::password::{Outcome, Password, StoredPassword};
use crate::refresh_token::AccountId;
use crate::store::{Account, Condition, WriteOutcome};

/// How often a log-in reads the account, because another request may change it meanwhile.
///
/// For example, two log-ins may both upgrade the hash of the password, and only one can store it.
const CHECKS: u32 = 3;

/// A phone number as a person typed it.
pub struct TypedPhone {
    /// The number, in E.164 or in national form.
    pub text: String,
    /// The country of a number in national form.
    pub region: Option<Country>,
}

/// What somebody logs in with.
#[derive(derive_more::Debug)]
pub enum Credentials {
    /// A password, and a success token where the account needs a second step.
    #[debug("Password(…)")]
    Password {
        /// The number that finds the account.
        phone: TypedPhone,
        /// The password that the person claims the account has.
        password: Password,
        /// A success token of business `login`, for the same phone.
        token: Option<String>,
    },
    /// A success token of business `login` alone.
    #[debug("Code(…)")]
    Code {
        /// The success token, whose phone finds the account.
        token: String,
    },
}

/// A password attempt, apart from the password.
pub(super) struct Attempt {
    pub(super) phone_index: SubjectIndex,
    pub(super) device: String,
    pub(super) verified: Option<VerifiedPhone>,
}

impl Attempt {
    /// Returns the kind of attempt, whose failures it counts among.
    const fn classify(&self) -> Presented {
        match self.verified {
            Some(_) => Presented::WithCode,
            None => Presented::PasswordOnly,
        }
    }
}

impl Accounts {
    /// Logs a person in, which begins a session.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`] says why no session began. A phone without an account is refused like a wrong password, after
    /// the same calls and the same work. So the answer does not tell which phones have accounts.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        device: String,
        address: SourceAddress,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        let tokens = match credentials {
            Credentials::Code { token } => self.log_in_by_code(&token, &device, request).await?,
            Credentials::Password {
                phone,
                password,
                token,
            } => {
                let attempt = self.read_attempt(&phone, token, device, request).await?;
                self.begin_attempt(&attempt, &address, request).await?;
                self.log_in_by_password(&attempt, &password, request)
                    .await?
            }
        };
        AccountEvent::LoggedIn.note(request);
        Ok(tokens)
    }

    async fn log_in_by_code(
        &self,
        token: &str,
        device: &str,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        let verified = self.check_proof(token, business::LOGIN, request).await?;
        for _ in 0..CHECKS {
            let account = self.read_account_of(&verified.phone_index, request).await?;
            if account.second_step {
                return Err(AccountRefusal::SecondStepRequired);
            }
            let beginning = Beginning {
                device,
                verified: Some(&verified),
                phone_index: &verified.phone_index,
                tried: false,
                upgraded: None,
            };
            if let Some(tokens) = self.begin_session(&account, beginning, request).await? {
                return Ok(tokens);
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// Reads the phone and the success token of an attempt.
    ///
    /// A token that is stale, spent or for another phone is refused here. The attempt does not count then, and its
    /// password is not checked.
    async fn read_attempt(
        &self,
        phone: &TypedPhone,
        token: Option<String>,
        device: String,
        request: &mut RequestContext,
    ) -> Result<Attempt, AccountRefusal> {
        // Whether the number may be texted is the verification service's to say. Here it only names an account.
        let typed = self.phones.parse_any(&phone.text, phone.region);
        let destination = typed.map_err(AccountRefusal::Phone)?;
        let keyring = self.read_keyring(request).await?;
        let phone_index = keyring.indexer().index_phone(&destination.phone);
        let verified = match token {
            Some(token) => Some(self.check_proof(&token, business::LOGIN, request).await?),
            None => None,
        };
        if let Some(verified) = &verified {
            if verified.phone_index != phone_index {
                return Err(AccountRefusal::OtherPhone);
            }
            if self.store.is_spent(&verified.proof, request).await? {
                return Err(AccountRefusal::AlreadySpent);
            }
        }
        Ok(Attempt {
            phone_index,
            device,
            verified,
        })
    }

    /// Counts an attempt as a failure before its password is checked, if the rules admit it.
    pub(super) async fn begin_attempt(
        &self,
        attempt: &Attempt,
        address: &SourceAddress,
        request: &mut RequestContext,
    ) -> Result<(), AccountRefusal> {
        let now = request.now;
        let address = self
            .read_keyring(request)
            .await?
            .indexer()
            .index_address(address);
        let (phone_index, presented) = (&attempt.phone_index, attempt.classify());
        let quota = make_address_quota(now);
        for _ in 0..ROUNDS {
            let before = self
                .store
                .read_attempts(phone_index, presented, request)
                .await?;
            let after = before.begin(now).map_err(AccountRefusal::Denied)?;
            let parts = vec![
                self.store.count_address(&address, &quota),
                self.store
                    .begin_attempt(phone_index, presented, before, after, now),
            ];
            match self.write(parts, request).await? {
                WriteOutcome::Written => return Ok(()),
                WriteOutcome::Unmet(conditions) if conditions.names(Condition::AddressHasRoom) => {
                    return Err(AccountRefusal::Denied(LoginDenial::AddressExhausted(quota)));
                }
                // Another attempt on this phone was counted meanwhile, so this one must be decided anew.
                WriteOutcome::Unmet(_) => {}
            }
        }
        let wait = Duration::from_secs(1);
        Err(AccountRefusal::Denied(LoginDenial::Waiting {
            until: now + wait,
            wait,
        }))
    }

    async fn log_in_by_password(
        &self,
        attempt: &Attempt,
        password: &Password,
        request: &mut RequestContext,
    ) -> Result<Tokens, AccountRefusal> {
        for _ in 0..CHECKS {
            let (account, upgraded) = self.check_password(attempt, password, request).await?;
            if account.second_step && attempt.verified.is_none() {
                let parts = vec![self.store.forget_attempts(&attempt.phone_index)];
                drop(self.write(parts, request).await?);
                return Err(AccountRefusal::SecondStepRequired);
            }
            let beginning = Beginning {
                device: &attempt.device,
                verified: attempt.verified.as_ref(),
                phone_index: &attempt.phone_index,
                tried: true,
                upgraded: upgraded.as_ref(),
            };
            if let Some(tokens) = self.begin_session(&account, beginning, request).await? {
                return Ok(tokens);
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// Finds the account that the attempt names, and checks the password. The second value is the hash that should
    /// replace the stored one, if that is out of date.
    pub(super) async fn check_password(
        &self,
        attempt: &Attempt,
        password: &Password,
        request: &mut RequestContext,
    ) -> Result<(Account, Option<StoredPassword>), AccountRefusal> {
        let id = self
            .store
            .find_account_of(&attempt.phone_index, request)
            .await?;
        // Reading an id that no account has costs the same, so timing does not tell which phones have accounts.
        let id = id.unwrap_or(AccountId([0; 16]));
        let account = self.store.read_account(id, request).await?;
        let stored = account.as_ref().map(|account| account.password.clone());
        let password = password.clone();
        let outcome = self
            .run_hasher(request, move |hasher, random| {
                hasher.check(&password, stored.as_ref(), random)
            })
            .await?;
        match (account, outcome) {
            (Some(account), Outcome::Right) => Ok((account, None)),
            (Some(account), Outcome::Upgrade(new)) => Ok((account, Some(new))),
            (None, _) | (Some(_), Outcome::Wrong) => Err(AccountRefusal::WrongCredentials),
        }
    }
}
