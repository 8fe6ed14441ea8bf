//! What a send asks for, and why it can fail.

use phoneproof_crypto::attestation::AttestationFault;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::attestation::Remedy;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::Closed;
use phoneproof_domain::country::Country;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::phone::PhoneError;
use phoneproof_domain::policy::DestinationRefusal;

use super::answer::Sent;
use super::refused::RefusedText;
use crate::{PresentedToken, Unavailable};

/// An attestation as a caller presents it. A thief could use it, so `Debug` hides it.
#[derive(derive_more::Debug)]
#[debug("PresentedAttestation(…)")]
pub struct PresentedAttestation(pub String);

/// A request to text a code. Nothing in it has been checked against the policy yet.
#[derive(derive_more::Debug)]
#[debug("SendCommand {{ business: {business:?}, .. }}")]
pub struct SendCommand {
    /// The phone number as the person typed it.
    pub typed_phone: String,
    /// The country of the number, if the number is in national form.
    pub region: Option<Country>,
    /// The device that asks for the code.
    pub device: Device,
    /// The business that the code is for.
    pub business: BusinessId,
    /// The languages that the caller wants, the best first.
    pub locales: Vec<Locale>,
    /// The purpose of the verification, in the words of the relying party.
    pub action: Option<String>,
    /// The challenge token of an earlier send, to text its code again.
    pub token: Option<PresentedToken>,
    /// The `Idempotency-Key` of the client.
    pub idempotency_key: Option<String>,
    /// The client key that the caller presents, for a business that restricts its callers.
    pub client_key: Option<String>,
    /// The address that the request comes from.
    pub address: SourceAddress,
    /// The address of the end user, named by the backend that calls. It counts only with the client key of the
    /// business.
    pub user_address: Option<SourceAddress>,
    /// The attestation of the operator's edge, not checked yet.
    pub attestation: Option<PresentedAttestation>,
    /// How the code is to reach the person. A call needs the token of an earlier send.
    pub medium: Medium,
}

/// Why no code was texted, or why the service does not know whether one was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The policy has no such business.
    UnknownBusiness,
    /// The business asks for a client key, and the caller sent another one or none.
    ClientKey,
    /// The caller names the address of its user, but the business has no client key, so nothing proves the address.
    UserAddress,
    /// The attestation does not count.
    Attestation(AttestationFault),
    /// The typed text is not a phone number.
    Phone(PhoneError),
    /// The policy does not text this destination.
    Destination(DestinationRefusal),
    /// The token to resend is not a token of this service, or is for another phone, device, business or action.
    Token,
    /// The challenge to resend, its renewal, or the one to repeat under its idempotency key takes no more guesses.
    Closed(Closed),
    /// A rule refused the send. With a remedy, the caller may pass if it brings that.
    Denied(Denial, Option<Remedy>),
    /// The text was certainly not sent: every channel that was tried refused it.
    CarrierRefused(RefusedText),
    /// A channel did not say what became of the text. It may arrive, and the token works if it does.
    CarrierUnknown(Box<Sent>),
    /// The rules or keys could not be checked. Nothing was sent.
    Unavailable(Unavailable),
}

impl<E: Into<Unavailable>> From<E> for SendError {
    fn from(error: E) -> Self {
        Self::Unavailable(error.into())
    }
}
