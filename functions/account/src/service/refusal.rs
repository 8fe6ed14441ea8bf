//! Why a request is not served.

use phoneproof::crypto::aead::SealFailed;
use phoneproof::crypto::keys::KeysError;
use phoneproof::domain::clock::Timestamp;
use phoneproof::domain::phone::PhoneError;
use phoneproof::domain::random::RandomUnavailable;
use phoneproof::store::StoreError;

use crate::login::Denial;
use crate::password::{HashFailed, Refused};

/// Why a request was refused. No variant holds what the caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
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
        /// Whether this request asked for it; else an earlier one did.
        is_new: bool,
    },
    /// The password may not be chosen.
    Password(Refused),
    /// Phone and password do not belong together.
    WrongCredentials,
    /// The account needs password and code.
    SecondStepRequired,
    /// The account needs two factors, and the number alone resets no password: the recovery code is missing, wrong or
    /// used.
    RecoveryCode,
    /// A rule refused the attempt.
    Denied(Denial),
    /// Not a refresh token of this service.
    RefreshToken,
    /// The session is over.
    SessionOver,
    /// The refresh token was exchanged before: its session was ended.
    Reused,
    /// The store, the keys or the verification service gave no answer.
    Unavailable,
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<KeysError> for Refusal {
    fn from(_: KeysError) -> Self {
        Self::Unavailable
    }
}

impl From<RandomUnavailable> for Refusal {
    fn from(_: RandomUnavailable) -> Self {
        Self::Unavailable
    }
}

impl From<SealFailed> for Refusal {
    fn from(_: SealFailed) -> Self {
        Self::Unavailable
    }
}

impl From<HashFailed> for Refusal {
    fn from(_: HashFailed) -> Self {
        tracing::error!("a password could not be hashed or compared");
        Self::Unavailable
    }
}
