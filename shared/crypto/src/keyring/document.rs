//! The JSON document that holds the keyring.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What the functions read of the keyring secret.
///
/// `r1` at the top level is the root that CloudFormation generates with the stack. Its generator can add one member at
/// the top level and none below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) current: String,
    pub(super) index: Option<String>,
    #[serde(default)]
    pub(super) roots: BTreeMap<String, Zeroizing<String>>,
    pub(super) r1: Option<Zeroizing<String>>,
    pub(super) rsa: Option<RsaEntry>,
    /// When a key was added, by its id, in Unix seconds.
    #[serde(default)]
    pub(super) added: BTreeMap<String, i64>,
    /// Dates that only [`keyring_edit`](crate::keyring_edit) reads.
    #[serde(default, rename = "replaced")]
    _replaced: IgnoredAny,
}

/// The RSA key in the keyring secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RsaEntry {
    /// The key id in the header of the tokens that it signs.
    pub(crate) kid: String,
    /// PKCS #8 DER in base64.
    pub(crate) pkcs8: Zeroizing<String>,
}
