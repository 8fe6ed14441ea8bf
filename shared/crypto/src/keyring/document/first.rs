//! The first form of the document. CloudFormation still generates it, and a stack keeps it until its keys are changed.
//!
//! In this form every key derives from a root. One root, the index root, stands for the keys that outlive the others.

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Document, KeyText, NamedKeys, PepperEntry, RsaEntry, VERSION, check_roots};
use crate::derive::{Purpose, RootKey};
use crate::keyring::{KeyringError, KeyringOwner, PUBLISHED_AFTER};
use phoneproof_domain::clock::Timestamp;

/// The purpose of the pepper of a root.
const PEPPER: Purpose = Purpose::Named("pepper");

/// The keyring secret in its first form.
///
/// `r1` at the top level is the root that CloudFormation generates with the stack. Its generator can add one member at
/// the top level and none below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstForm {
    owner: Option<KeyringOwner>,
    current: String,
    index: Option<String>,
    #[serde(default)]
    roots: BTreeMap<String, Zeroizing<String>>,
    r1: Option<Zeroizing<String>>,
    rsa: Option<RsaEntry>,
    #[serde(default)]
    added: BTreeMap<String, i64>,
    #[serde(default)]
    replaced: BTreeMap<String, i64>,
}

impl FirstForm {
    /// Makes the document that gives the same keys. The index root then is a root like the others, which can be
    /// removed.
    pub(super) fn convert(mut self) -> Result<Document, KeyringError> {
        let generated = self.r1.take().map(|secret| ("r1".to_owned(), secret));
        self.roots.extend(generated);
        check_roots(&self.roots, &self.current)?;
        // The document names the index root, unless there is only one root.
        let only = (self.roots.len() == 1).then_some(&self.current);
        let index = self.index.as_ref().or(only);
        let index = index.and_then(|id| self.roots.get(id));
        let index = index.ok_or(KeyringError::UnknownRoot("index"))?;
        let keys = NamedKeys::derive(&RootKey::new(index));
        let peppers = derive_peppers(&self.roots, &self.current);
        if let Some(rsa) = &mut self.rsa {
            let added = self.added.get(&rsa.kid);
            rsa.from = added.map(|at| (Timestamp::from_unix(*at) + PUBLISHED_AFTER).unix());
        }
        Ok(Document {
            version: VERSION,
            owner: self.owner,
            current: self.current,
            roots: self.roots,
            keys,
            peppers,
            rsa: self.rsa,
            added: self.added,
            replaced: self.replaced,
            removed: BTreeMap::new(),
        })
    }
}

/// Derives the pepper of every root. That of the current root is the last, so new hashes are made with it.
fn derive_peppers(roots: &BTreeMap<String, Zeroizing<String>>, current: &str) -> Vec<PepperEntry> {
    let pepper = |(id, secret): (&String, &Zeroizing<String>)| PepperEntry {
        id: id.clone(),
        key: KeyText::new(&RootKey::new(secret).derive(PEPPER)),
        from: None,
    };
    let mut peppers: Vec<_> = roots.iter().map(pepper).collect();
    peppers.sort_by_key(|pepper| pepper.id == current);
    peppers
}
