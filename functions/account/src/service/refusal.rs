//! Why a request is not served.

use phoneproof_aws::keys::KeysError;
use phoneproof_aws::store::StoreError;
use phoneproof_crypto::aead::SealFailed;
use phoneproof_crypto::success_token::SigningFailed;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone::PhoneError;
use phoneproof_domain::random::RandomUnavailable;
use phoneproof_guard::{Rejection, UnusableKeys};
use thiserror::Error;

use crate::login::LoginDenial;
use crate::password::{HashFailed, PasswordRefusal};

/// Why a request was refused. No variant holds what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRefusal {
    /// Not a phone number.
    Phone(PhoneError),
    /// Not a live success token for this.
    Token,
    /// A success token of a test number.
    TestNumber,
    /// The success token was spent before.
    AlreadySpent,
    /// The success token is for another phone than the account's.
    OtherPhone,
    /// No account has the phone, which the caller has proved to own.
    NoAccount,
    /// The phone has an account. It can be had when the account stays unused until then.
    PhoneInUse {
        /// When registering again can succeed.
        unlink_at: Timestamp,
    },
    /// The password may not be chosen.
    Password(PasswordRefusal),
    /// Phone and password do not belong together.
    WrongCredentials,
    /// The account needs password and code.
    SecondStepRequired,
    /// The account needs two factors, and the number alone resets no password: the recovery code is missing, wrong or
    /// used.
    RecoveryCode,
    /// A rule refused the attempt.
    Denied(LoginDenial),
    /// Not a refresh token of this service.
    RefreshToken,
    /// The session is over.
    SessionOver,
    /// The refresh token was exchanged before: its session was ended.
    Reused,
    /// The store, the keys or the verification service gave no answer.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for AccountRefusal {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Why a request is not one of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The access token was rejected.
    Rejected(Rejection),
    /// The keys that check access tokens could not be had.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for AccessRefusal {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Why the service cannot answer now. The text names what failed, for the log, and holds nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The store gave no usable answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no keyring that may be used.
    #[error("no usable keyring: {0}")]
    Keys(#[from] KeysError),
    /// The keyring's public keys cannot check tokens.
    #[error("the public keys of the keyring: {0}")]
    PublicKeys(#[from] UnusableKeys),
    /// The keys of the verification service could not be fetched.
    #[error("the keys of the verification service could not be fetched")]
    VerifierKeys,
    /// The random source failed.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The name of a device could not be sealed.
    #[error("device name: {0}")]
    Seal(#[from] SealFailed),
    /// An access token could not be signed.
    #[error(transparent)]
    Sign(#[from] SigningFailed),
    /// A password could not be hashed or compared.
    #[error("a password could not be hashed or compared: {0}")]
    Hash(#[from] HashFailed),
    /// The gateway did not say where the request comes from.
    #[error("the gateway did not say where the request comes from")]
    NoSourceAddress,
    /// Other requests kept changing the same account.
    #[error("other requests kept changing the same account")]
    Contended,
    /// The store holds a phone whose account is missing.
    #[error("a phone's account is missing")]
    AccountMissing,
    /// A refresh token without a successor.
    #[error("a refresh token has no successor")]
    NoSuccessor,
}
