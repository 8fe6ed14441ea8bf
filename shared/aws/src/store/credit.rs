//! The credits of a typed code: what they start from, when their turn comes, and how they end.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use phoneproof_domain::purse::{CountryRecord, NetworkRecord};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How many networks an instance remembers.
const NETWORKS: usize = 1_000;

/// How long a credit waits for its turn. An answer that takes longer is late, and one that is lost holds up no other credit.
const TURN: Duration = Duration::from_millis(50);

/// Makes a credit after those before it, over the connection of the write that decided.
///
/// Side by side, each of them would open a connection: in a new instance, and after every three seconds without a request.
/// A handshake costs more processor time than a credit.
pub(super) async fn in_turn<T>(turn: &Mutex<()>, credit: impl Future<Output = T>) -> T {
    let _turn = timeout(TURN, turn.lock()).await;
    credit.await
}

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
