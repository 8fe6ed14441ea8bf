//! Stored tokens: `Challenges` holds the sealed challenge, and the client holds a reference to it.

use phoneproof_crypto::challenge_token::ChallengeToken;
use phoneproof_domain::clock::Timestamp;
use phoneproof_observe::RequestContext;

use super::item::{EXPIRES_AT, Item, PK, instant, text};
use super::{Store, StoreError, get_item};

/// The attribute that holds the sealed token.
pub(super) const TOKEN: &str = "token";
/// The partition key of a stored token begins with this.
pub(super) const REFERENCE_PREFIX: &str = "ref#";

/// A sealed token and where it is stored.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The place of the item, which [`Indexer::derive_place`](phoneproof_crypto::index::Indexer::derive_place) derives from the
    /// reference.
    pub place: String,
    /// The sealed challenge that the reference stands for.
    pub token: ChallengeToken,
    /// When DynamoDB may delete the item: when no repeat of the right code succeeds any more.
    pub expires_at: Timestamp,
}

impl StoredToken {
    /// Makes the item of the table.
    pub(super) fn to_item(&self) -> Item {
        Item::from([
            (PK.to_owned(), text(reference_key(&self.place))),
            (TOKEN.to_owned(), text(self.token.expose())),
            (EXPIRES_AT.to_owned(), instant(self.expires_at)),
        ])
    }
}

/// Returns the partition key of a stored token in `Challenges`.
pub(super) fn reference_key(place: &str) -> String {
    format!("{REFERENCE_PREFIX}{place}")
}

impl Store {
    /// Reads the sealed token at `place`, without opening it; `None` when there is no such item.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn read_stored_token(
        &self,
        place: &str,
        request: &mut RequestContext,
    ) -> Result<Option<String>, StoreError> {
        let (table, key) = (&self.tables.challenges, reference_key(place));
        let item = get_item(&self.client, table, key, request).await?;
        let token = item.and_then(|mut item| item.remove(TOKEN));
        Ok(token.and_then(|value| value.as_s().ok().cloned()))
    }
}
