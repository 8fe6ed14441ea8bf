//! The use cases: send, verify and spend.
//!
//! They join the rules, the keys and AWS. They depend neither on HTTP nor on the AWS SDK.

mod remembered;
mod send;
mod spend;
mod verify;

use phoneproof_aws::channels::Channels;
use phoneproof_aws::keys::{Keys, KeysError};
use phoneproof_aws::store::{Store, StoreError};
use phoneproof_crypto::aead::SealFailed;
use phoneproof_crypto::attestation::AttestationGuard;
use phoneproof_crypto::keyring::{Keyring, Root};
use phoneproof_crypto::success_token::SigningFailed;
use phoneproof_crypto::{challenge_token, from_base64url};
use phoneproof_domain::catalog::Catalog;
use phoneproof_domain::challenge::{Challenge, TokenMode};
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::policy::{Fault, Policy, PolicyFaults};
use phoneproof_domain::purse::PursePolicy;
use phoneproof_domain::random::RandomUnavailable;
use phoneproof_guard::UnusableKeys;
use phoneproof_observe::RequestContext;
use thiserror::Error;

use self::remembered::Remembered;
pub use self::send::{PresentedAttestation, RefusedText, SendCommand, SendError, Sent};
pub use self::spend::{SpendCommand, SpendError};
pub use self::verify::{CreditDue, Success, VerifyCommand, VerifyError};

/// The verification service. A process builds it once, and all requests share it.
#[derive(derive_more::Debug)]
#[debug("Service {{ issuer: {issuer:?}, .. }}")]
pub struct Service {
    issuer: String,
    token_mode: TokenMode,
    policy: Policy,
    catalog: Catalog,
    phone_parser: PhoneParser,
    keys: Keys,
    store: Store,
    channels: Channels,
    receipts: bool,
    remembered: Remembered,
    attestations: Option<AttestationGuard>,
}

/// The parts that a [`Service`] is built from.
#[derive(Debug)]
pub struct Parts {
    /// The public URL of the service: the issuer of its tokens.
    pub issuer: String,
    /// Whether clients get sealed challenges, or references to stored ones.
    pub token_mode: TokenMode,
    /// The policy, which holds everything that the operator decides.
    pub policy: Policy,
    /// The source of the keyring, in Secrets Manager.
    pub keys: Keys,
    /// The tables in DynamoDB.
    pub store: Store,
    /// The channels that texts and calls take.
    pub channels: Channels,
    /// Whether texts carry what a receipt of delivery brings back.
    pub receipts: bool,
}

/// A challenge token as a client presents it: a sealed challenge or a reference, not opened yet.
#[derive(derive_more::Debug)]
#[debug("PresentedToken(…)")]
pub struct PresentedToken(pub String);

/// Why the service cannot answer now. It fails closed: nothing is sent and nothing is accepted.
///
/// The text names what failed, for the log. It holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The store gave no usable answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring cannot be read, or is too old to use.
    #[error("no usable keyring: {0}")]
    Keys(#[from] KeysError),
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// A challenge token could not be sealed.
    #[error("challenge token: {0}")]
    Seal(#[from] SealFailed),
    /// A success token could not be signed.
    #[error(transparent)]
    Sign(#[from] SigningFailed),
    /// The keyring's public keys cannot check tokens.
    #[error("the public keys of the keyring: {0}")]
    PublicKeys(#[from] UnusableKeys),
    /// What the send depends on had changed before each of so many tries: the phone's record, a tally or a purse.
    #[error("the records of a send had changed at each of {0} tries")]
    Unsettled(u32),
    /// The phone's record holds another write with the id of this one. Write ids are random, so the random source is
    /// broken.
    #[error("a write id was used twice")]
    WriteIdReused,
}

impl Service {
    /// Builds the service without a call. [`Service::warm_up`] makes the first one.
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] names the templates of the policy that are malformed or too long, or `[attestation]` when it
    /// has no usable key.
    pub fn new(parts: Parts) -> Result<Self, PolicyFaults> {
        let attestations = parts.policy.attestation.as_ref();
        let attestations = attestations
            .map(|policy| AttestationGuard::new(policy, &parts.issuer))
            .transpose()
            .map_err(|unusable| {
                PolicyFaults(vec![Fault {
                    path: "attestation".to_owned(),
                    reason: unusable.to_string(),
                }])
            })?;
        Ok(Self {
            attestations,
            catalog: Catalog::new(&parts.policy)?,
            phone_parser: PhoneParser::serving(parts.policy.numbers.countries.iter().copied()),
            issuer: parts.issuer,
            token_mode: parts.token_mode,
            policy: parts.policy,
            keys: parts.keys,
            store: parts.store,
            channels: parts.channels,
            receipts: parts.receipts,
            remembered: Remembered::default(),
        })
    }

    /// Reads the keyring during start-up, so that a broken one stops the process and the first request need not wait.
    ///
    /// # Errors
    ///
    /// [`KeysError`] says why there is no usable keyring.
    pub async fn warm_up(&self, request: &mut RequestContext) -> Result<(), KeysError> {
        self.keys.read_keyring(request).await.map(drop)
    }

    /// Prepares the parts that only `send` needs: the numbering plans and the client of the first channel. It logs what
    /// the policy should be warned of.
    pub fn warm_up_send(&self) {
        for warning in self.policy.list_warnings(&self.catalog) {
            tracing::info!(%warning, "the policy has a warning");
        }
        self.channels.warm_up(self.policy.sms.first_channel());
        self.phone_parser.warm_up();
    }

    /// Opens a connection to the channel that texts take first. Errors are ignored; the first text reports them.
    pub async fn connect_to_channel(&self) {
        let channel = self.policy.sms.first_channel();
        self.channels.prepare(channel).await;
    }

    /// Returns the public URL of the service.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the policy that the service was built with.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the numbers of the purses.
    fn purses(&self) -> &PursePolicy {
        &self.policy.purses.policy
    }

    /// Returns the public keys that success tokens are checked with, as a JWKS (RFC 7517).
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when there is no usable keyring.
    pub async fn read_jwks(
        &self,
        request: &mut RequestContext,
    ) -> Result<serde_json::Value, Unavailable> {
        Ok(self.keys.read_keyring(request).await?.jwks())
    }

    /// Opens a challenge token.
    ///
    /// Returns the challenge with the root that sealed it; `None` when the text is not a token of this deployment.
    /// Where tokens are stored, a sealed token is refused, because nobody could revoke it.
    async fn open_token<'k>(
        &self,
        text: &str,
        keyring: &'k Keyring,
        request: &mut RequestContext,
    ) -> Result<Option<(Challenge, &'k Root)>, Unavailable> {
        let now = request.now;
        let open = |text: &str| challenge_token::open(text, keyring, &self.issuer, now).ok();
        match self.token_mode {
            TokenMode::Sealed => Ok(open(text)),
            TokenMode::Stored => {
                let Some(reference) = parse_reference(text) else {
                    return Ok(None);
                };
                let place = keyring.indexer().derive_place(&reference);
                let stored = self.store.read_stored_token(&place, request).await?;
                Ok(stored.and_then(|sealed| open(&sealed)))
            }
        }
    }
}

fn parse_reference(text: &str) -> Option<[u8; 16]> {
    from_base64url(text).ok()?.try_into().ok()
}
