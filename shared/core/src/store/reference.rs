//! Stored tokens: the sealed challenge lies in `Challenges`, the client holds a reference.

use aws_sdk_dynamodb::operation::get_item::GetItemError;
use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, instant, text};
use super::{Store, StoreError, unavailable, within};
use crate::crypto::challenge_token::ChallengeToken;
use crate::domain::clock::Timestamp;

/// The attribute of the sealed token.
const TOKEN: &str = "token";

/// A sealed token and where it is stored.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The place that [`Indexer::place`](crate::crypto::index::Indexer::place) derives from the
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
    /// The sealed token stored at `place`, as text that is still to be opened.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn stored_token(
        &self,
        place: &str,
        deadline: Instant,
    ) -> Result<Option<String>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(reference_key(place)))
            .consistent_read(true);
        let answer = within(deadline, request.send())
            .await
            .map_err(|error| unavailable::<GetItemError, _>("GetItem", error.as_ref()))?;
        let token = answer.item.and_then(|mut item| item.remove(TOKEN));
        Ok(token.and_then(|value| value.as_s().ok().cloned()))
    }
}
