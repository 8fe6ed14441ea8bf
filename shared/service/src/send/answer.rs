//! The answer to a send.

use std::time::Duration;

use phoneproof_domain::challenge::Challenge;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::medium::Medium;

use super::Checked;

/// The answer to a send whose code is on its way.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("Sent {{ expires_at: {expires_at:?}, .. }}")]
pub struct Sent {
    /// The challenge token for the client: a sealed challenge or a reference.
    pub token: String,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// For how long the code still works.
    pub expires_in: Duration,
    /// When the next text may be asked for.
    pub resend_at: Timestamp,
    /// For how long no text may be asked for.
    pub resend_in: Duration,
    /// The number of digits of the code.
    pub code_length: u8,
    /// The guesses that the challenge has left.
    pub attempts: u32,
    /// How the code can be sent again.
    pub media: &'static [Medium],
    /// The number with everything but its last two digits hidden.
    pub masked_phone: String,
}

/// What an answer says about its challenge.
pub(super) struct Answer<'c> {
    pub(super) challenge: &'c Challenge,
    pub(super) resend_at: Timestamp,
    pub(super) attempts: u32,
}

impl Answer<'_> {
    /// Makes the answer that is given at `now`.
    pub(super) fn make(&self, checked: &Checked<'_>, token: String, now: Timestamp) -> Sent {
        let expires_at = self.challenge.expires_at;
        Sent {
            token,
            expires_at,
            expires_in: expires_at.since(now),
            resend_at: self.resend_at,
            resend_in: self.resend_at.since(now),
            code_length: checked.business.code_length,
            attempts: self.attempts,
            media: Medium::list(checked.can_be_called),
            masked_phone: checked.phone.mask(),
        }
    }
}
