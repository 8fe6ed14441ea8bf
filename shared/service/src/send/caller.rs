//! Checks who calls, and whose address the limits count.

use phoneproof_crypto::digest::has_sha256;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::policy::Business;

use super::{SendCommand, SendError};

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
