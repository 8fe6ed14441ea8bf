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

/// How long a credit waits for its turn. A reply that takes longer is late, and one that is lost holds up no other
/// credit.
const TURN: Duration = Duration::from_millis(20);

/// Makes a credit after those before it, over the connection of the write that decided.
///
/// Side by side, each of them would open a connection: in a new instance, and after every three seconds without a
/// request. A handshake costs more processor time than a credit.
pub(super) async fn in_turn<T>(turn: &Mutex<()>, credit: impl Future<Output = T>) -> T {
    let _turn = timeout(TURN, turn.lock()).await;
    credit.await
}

/// The purses as the credits of this instance saw them last, by their keys. A credit that starts from these values
/// rarely needs a second write. Its conditions decide all the same.
#[derive(Default)]
pub(super) struct CreditCache {
    /// The countries, each as its credit left it. The policy bounds their number.
    pub(super) countries: HashMap<String, CountryRecord>,
    /// The networks that were not as a credit expected them, each as it was found.
    networks: HashMap<String, NetworkRecord>,
}

impl CreditCache {
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
    /// The purse as the credit left it, or as it was seen before if nothing was asked for; `None` when that is not
    /// known.
    pub(super) left: Option<R>,
    /// Whether the purse did not get what it should, or nobody knows whether it did.
    pub(super) is_lost: bool,
}

impl<R> Credit<R> {
    pub(super) const fn end(left: Option<R>) -> Self {
        let is_lost = false;
        Self { left, is_lost }
    }

    /// Ends the credit of `item` without what the purse should get, and logs why.
    pub(super) fn lose(item: &str, error: &dyn Display, left: Option<R>) -> Self {
        tracing::warn!(%error, item, "a purse got no credit for a typed code");
        let is_lost = true;
        Self { left, is_lost }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;

    use phoneproof_domain::clock::Timestamp;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn a_credit_waits_for_those_before_it() {
        let (turn, said) = (Mutex::new(()), RefCell::new(Vec::new()));
        let credit = async |name: &'static str| {
            said.borrow_mut().push(name);
            yield_now().await;
            said.borrow_mut().push(name);
        };
        tokio::join!(
            in_turn(&turn, credit("a")),
            in_turn(&turn, credit("b")),
            in_turn(&turn, credit("c"))
        );
        assert_eq!(said.into_inner(), ["a", "a", "b", "b", "c", "c"]);
    }

    #[tokio::test]
    async fn a_credit_that_never_ends_holds_up_no_other() {
        let turn = Mutex::new(());
        tokio::select! {
            biased;
            () = in_turn(&turn, pending()) => unreachable!("it never ends"),
            made = in_turn(&turn, async { true }) => assert!(made),
        }
    }

    #[test]
    fn an_instance_remembers_a_bounded_number_of_networks() {
        let found = NetworkRecord {
            holds: 1,
            codes: 1,
            since: Timestamp::from_unix(1),
            expires_at: Timestamp::from_unix(2),
        };
        let mut cache = CreditCache::default();
        for n in 0..=NETWORKS {
            cache.remember_network(n.to_string(), found);
            assert_eq!(cache.network(&n.to_string()), Some(found));
            assert!(cache.networks.len() <= NETWORKS);
        }
    }
}
