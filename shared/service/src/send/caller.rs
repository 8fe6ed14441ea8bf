//! Checks who calls, whose address the limits count, and who vouches for the caller.

use phoneproof_crypto::attestation::AttestationFault;
use phoneproof_crypto::digest::has_sha256;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::attestation::Remedy;
use phoneproof_domain::denial::Denial;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::policy::Business;
use phoneproof_observe::RequestContext;

use super::{PresentedAttestation, SendCommand, SendError};
use crate::Service;

impl Service {
    /// Checks that the operator's edge vouches for this caller and `phone`, and notes it.
    pub(super) fn check_attestation(
        &self,
        PresentedAttestation(token): &PresentedAttestation,
        phone: &Phone,
        request: &mut RequestContext,
    ) -> Result<(), SendError> {
        let guard = self.attestations.as_ref();
        guard
            .ok_or(AttestationFault::NotTaken)
            .and_then(|guard| guard.check(token, phone, request.now))
            .map_err(SendError::Attestation)?;
        request.facts.vouched = true;
        Ok(())
    }

    /// Makes the refusal by a rule. It asks for an attestation if one could help, and this caller brought none.
    pub(super) fn deny(&self, denial: Denial, request: &RequestContext) -> SendError {
        let helps = self.attestations.is_some() && denial.yields_to_attestation(self.purses());
        let remedy = (helps && !request.facts.vouched).then_some(Remedy::Attestation);
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
    let presented = command.client_key.as_deref().unwrap_or_default();
    match (business.client_key_sha256, command.user_address) {
        (Some(expected), _) if !has_sha256(presented.as_bytes(), &expected) => {
            Err(SendError::ClientKey)
        }
        (Some(_), Some(user)) => Ok(user),
        (None, Some(_)) => Err(SendError::UserAddress),
        (Some(_) | None, None) => Ok(command.address),
    }
}
