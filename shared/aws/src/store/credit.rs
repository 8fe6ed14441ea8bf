//! How the credits of a typed code end.

use std::collections::HashMap;
use std::fmt::Display;

use phoneproof_domain::purse::{CountryRecord, NetworkRecord};

/// How many networks an instance remembers.
const NETWORKS: usize = 1_000;

/// The purses as the credits of this instance saw them last, by their keys. A credit that starts from them seldom meets
/// another purse than it expects, which would cost a second write. Its conditions decide all the same.
#[derive(Default)]
pub(super) struct Seen {
    /// The countries, each as its credit left it. The policy bounds their number.
    pub(super) countries: HashMap<String, CountryRecord>,
    /// The networks that were not as a credit expected them, each as it was found.
    networks: HashMap<String, NetworkRecord>,
}

impl Seen {
    /// Returns what was found of a network.
    pub(super) fn network(&self, key: &str) -> Option<NetworkRecord> {
        self.networks.get(key).copied()
    }

    /// Remembers what was found of a network. When there are too many, the instance starts anew.
    pub(super) fn remember_network(&mut self, key: String, found: NetworkRecord) {
        if self.networks.len() >= NETWORKS {
            self.networks.clear();
        }
        self.networks.insert(key, found);
    }
}

/// How a credit ended.
pub(super) struct Credit<R> {
    /// The purse as the credit left it, or as it was seen before if nothing was asked for; `None` when that is not known.
    pub(super) left: Option<R>,
    /// Whether the purse did not get what it should, or nobody knows whether it did.
    pub(super) is_lost: bool,
}

impl<R> Credit<R> {
    pub(super) const fn made(left: Option<R>) -> Self {
        let is_lost = false;
        Self { left, is_lost }
    }

    /// Ends the credit of `item` without what the purse should get, and logs why.
    pub(super) fn lost(item: &str, error: &dyn Display, left: Option<R>) -> Self {
        tracing::warn!(%error, item, "a purse got no credit for a typed code");
        let is_lost = true;
        Self { left, is_lost }
    }
}
