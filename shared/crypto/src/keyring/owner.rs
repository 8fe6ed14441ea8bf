//! Which service a keyring belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::KeyringError;

/// The service whose keyring it is. With the keyring of the other one, a service would find nothing in its own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyringOwner {
    /// The verification service. It has no peppers in use.
    Verification,
    /// The account service. Its peppers are in use.
    Account,
}

impl KeyringOwner {
    /// Its name in the keyring and on the operator's command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Account => "account",
        }
    }

    /// Checks that a keyring which says `said` may be this service's. One that does not say it may.
    ///
    /// # Errors
    ///
    /// [`KeyringError::Foreign`] for the keyring of the other service.
    pub fn check(self, said: Option<Self>) -> Result<(), KeyringError> {
        match said {
            Some(owner) if owner != self => Err(KeyringError::Foreign {
                needed: self,
                found: owner,
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for KeyringOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
