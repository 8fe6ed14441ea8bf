//! Checks who calls, whose address the limits count, and who vouches for the caller.

use phoneproof_crypto::attestation::{AttestationFault, digest_of};
use phoneproof_crypto::digest::has_sha256;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::attestation::Remedy;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::policy::Business;
use phoneproof_domain::subject::Subject;
use phoneproof_observe::RequestContext;

use super::{PresentedAttestation, SendCommand, SendError};
use crate::Service;
use crate::remembered::Used;

impl Service {
    /// Checks that the operator's edge vouches for this caller and `phone`.
    pub(super) fn check_attestation(
        &self,
        PresentedAttestation(token): &PresentedAttestation,
        phone: &Phone,
        request: &RequestContext,
    ) -> Result<(), SendError> {
        let guard = self.attestations.as_ref();
        guard
            .ok_or(AttestationFault::NotTaken)
            .and_then(|guard| guard.check(token, phone, request.now))
            .map_err(SendError::Attestation)?;
        let used = Used::Attestation(digest_of(token));
        if self.remembered.used.recall(&used, request.now).is_some() {
            return Err(SendError::Attestation(AttestationFault::Used));
        }
        Ok(())
    }

    /// Makes the refusal of a subject by a rule, and notes the subject. It asks for an attestation if one could help,
    /// unless the caller is vouched for already.
    pub(super) fn deny(
        &self,
        (denial, subject): (Denial, Subject),
        is_vouched_for: bool,
        request: &mut RequestContext,
    ) -> SendError {
        request.facts.denied = Some(subject);
        let helps = self.attestations.is_some() && denial.yields_to_attestation(self.purses());
        let remedy = (helps && !is_vouched_for).then_some(Remedy::Attestation);
        SendError::Denied(denial, remedy)
    }
}

/// Checks the client key of a business that restricts its callers. Returns the address that limits count.
///
/// Only a caller with the key can name another address than the one that its request comes from.
pub(super) fn check_caller(
    business: &Business,
    command: &SendCommand,
) -> Result<SourceAddress, SendError> {
    let has_key = |expected: &[u8; 32]| {
        let presented = command.client_key.as_deref();
        presented.is_some_and(|key| has_sha256(key.as_bytes(), expected))
    };
    match (business.client_key_sha256, command.user_address) {
        (Some(expected), _) if !has_key(&expected) => Err(SendError::ClientKey),
        (Some(_), Some(user)) => Ok(user),
        (None, Some(_)) => Err(SendError::UserAddress),
        (Some(_) | None, None) => Ok(command.address),
    }
}
