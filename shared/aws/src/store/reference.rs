//! Stored tokens: the sealed challenge lies in `Challenges`, the client holds a reference.

use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, instant, text};
use super::{CallFailed, Store, StoreError, within};
use phoneproof_crypto::challenge_token::ChallengeToken;
use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::{Dependency, RequestContext};

/// The attribute of the sealed token.
const TOKEN: &str = "token";

/// A sealed token and where it is stored.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The place that [`Indexer::place`](phoneproof_crypto::index::Indexer::place) derives from the
    /// reference.
    pub place: String,
    /// The sealed token.
    pub token: ChallengeToken,
    /// When it may be deleted.
    pub expires_at: Timestamp,
}

impl StoredToken {
    pub(super) fn item(&self) -> Item {
        Item::from([
            (PK.to_owned(), text(reference_key(&self.place))),
            (TOKEN.to_owned(), text(self.token.expose())),
            (EXPIRES_AT.to_owned(), instant(self.expires_at)),
        ])
    }
}

/// The partition key of a stored token in `Challenges`.
pub(super) fn reference_key(place: &str) -> String {
    format!("ref#{place}")
}

impl Store {
    /// Returns the sealed token stored at `place`, as text that is still to be opened.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn stored_token(
        &self,
        place: &str,
        request: &mut RequestContext,
    ) -> Result<Option<String>, StoreError> {
        let call = self
            .client
            .get_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(reference_key(place)))
            .consistent_read(true);
        let began = Instant::now();
        let answer = within(request.deadline, call.send()).await;
        request.note_call(Dependency::Store, began);
        let answer = answer.map_err(|error| CallFailed::of("GetItem", error.as_ref()))?;
        let token = answer.item.and_then(|mut item| item.remove(TOKEN));
        Ok(token.and_then(|value| value.as_s().ok().cloned()))
    }
}
