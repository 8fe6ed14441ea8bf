//! Why the service refuses a request.

use phoneproof_aws::keys::KeysError;
use phoneproof_aws::store::StoreError;
use phoneproof_crypto::aead::SealFailed;
use phoneproof_crypto::success_token::SigningFailed;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone::PhoneError;
use phoneproof_domain::random::RandomUnavailable;
use phoneproof_guard::{FetchFailed, Rejection, UnusableKeys};
use thiserror::Error;

use crate::login::LoginDenial;
use crate::password::{HashFailed, PasswordRefusal};

/// Why a request was refused. No variant holds what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountRefusal {
    /// The text is not a phone number.
    Phone(PhoneError),
    /// The text is not a live success token for this purpose. One that is bound to an action is for that action only.
    Token,
    /// The success token is of a test number, and this service does not accept those.
    TestNumber,
    /// The success token was spent before.
    AlreadySpent,
    /// The success token is for another phone than the account's.
    OtherPhone,
    /// No account has the phone, which the caller has proved to own.
    NoAccount {
        /// When the account that had the phone was moved to another one, if that was not long ago.
        moved_at: Option<Timestamp>,
    },
    /// Somebody registers a phone that another account has.
    PhoneInUse {
        /// When the account loses the phone unless somebody uses it; `None` if nobody has asked for the phone.
        unlink_at: Option<Timestamp>,
    },
    /// An account asks to move to a phone that another account has.
    PhoneOfAnother,
    /// An account asks to move to the phone that it has.
    PhoneOfItsOwn,
    /// The password is too weak to be chosen.
    Password(PasswordRefusal),
    /// No account has this phone and this password.
    WrongCredentials,
    /// The account asks for both password and code, and one of them is missing.
    SecondStepRequired,
    /// The account asks for two factors, and its recovery code is missing, wrong or used.
    RecoveryCode,
    /// A rule of log-ins refused the attempt.
    Denied(LoginDenial),
    /// The text is not a refresh token of this service.
    RefreshToken,
    /// The session has expired or was ended.
    SessionOver,
    /// The refresh token was exchanged before, so its session was ended.
    Reused,
    /// The store, the keys or the verification service gave no answer.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for AccountRefusal {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Why an access token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The access token was checked and is not valid.
    Rejected(Rejection),
    /// The keys that check access tokens could not be read, so the token was not checked.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for AccessRefusal {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}

/// Why the service cannot answer now. The text names what failed, for the log, and quotes nothing from the request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The store gave no usable answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring could not be read, or is not valid.
    #[error("no usable keyring: {0}")]
    Keys(#[from] KeysError),
    /// The public keys of the keyring cannot check tokens.
    #[error("the public keys of the keyring: {0}")]
    PublicKeys(#[from] UnusableKeys),
    /// The keys of the verification service could not be fetched.
    #[error("the keys of the verification service: {cause}")]
    VerifierKeys {
        /// In how many seconds the next fetch may happen, at least 1.
        retry_after: u32,
        /// Why the last fetch failed.
        cause: FetchFailed,
    },
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
    /// Neither the gateway nor the trusted proxy said where the request comes from.
    #[error("neither the gateway nor the trusted proxy said where the request comes from")]
    NoSourceAddress,
    /// Other requests kept changing the same account.
    #[error("other requests kept changing the same account")]
    Contended,
    /// The store says that an account has the phone, and holds no such account.
    #[error("a phone's account is missing")]
    AccountMissing,
    /// No successor of a refresh token could be derived.
    #[error("a refresh token has no successor")]
    NoSuccessor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_why_the_keys_of_the_verification_service_are_missing() {
        let missing = Unavailable::VerifierKeys {
            retry_after: 1,
            cause: FetchFailed::new("connection refused"),
        };
        assert_eq!(
            missing.to_string(),
            "the keys of the verification service: the key set could not be fetched: connection refused"
        );
    }
}
