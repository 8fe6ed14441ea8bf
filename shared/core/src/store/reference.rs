//! Stored tokens: the sealed challenge lies in `Challenges`, the client holds a reference.

use aws_sdk_dynamodb::operation::get_item::GetItemError;
use tokio::time::Instant;

use super::item::{EXPIRES_AT, Item, PK, instant, text};
use super::{Store, StoreError, unavailable, within};
use crate::crypto::base64url;
use crate::crypto::challenge_token::ChallengeToken;
use crate::domain::clock::Timestamp;

/// The attribute of the sealed token.
const TOKEN: &str = "token";

/// A sealed token and the reference it is stored under.
#[derive(Debug, Clone)]
pub struct StoredToken {
    /// The reference, 128 bits.
    pub reference: [u8; 16],
    /// The sealed token.
    pub token: ChallengeToken,
    /// When it may be deleted.
    pub expires_at: Timestamp,
}

impl StoredToken {
    pub(super) fn item(&self) -> Item {
        Item::from([
            (PK.to_owned(), text(key(&self.reference))),
            (TOKEN.to_owned(), text(self.token.expose())),
            (EXPIRES_AT.to_owned(), instant(self.expires_at)),
        ])
    }
}

fn key(reference: &[u8; 16]) -> String {
    format!("ref#{}", base64url(reference))
}

impl Store {
    /// The sealed token stored under `reference`, as text that is still to be opened.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn stored_token(
        &self,
        reference: &[u8; 16],
        deadline: Instant,
    ) -> Result<Option<String>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.tables.challenges)
            .key(PK, text(key(reference)))
            .consistent_read(true);
        let answer = within(deadline, request.send())
            .await
            .map_err(|error| unavailable::<GetItemError, _>("GetItem", error.as_ref()))?;
        let token = answer.item.and_then(|mut item| item.remove(TOKEN));
        Ok(token.and_then(|value| value.as_s().ok().cloned()))
    }
}
