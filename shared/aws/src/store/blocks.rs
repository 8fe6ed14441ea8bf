//! The block list, which operators read and write.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::Subject;

use super::item::{EXPIRES_AT, Item, PK, instant, read_number, text};
use super::{CallFailed, Store};

const REASON: &str = "reason";
const LABEL: &str = "label";
const CREATED_AT: &str = "created_at";

/// An entry of the block list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The subject that is blocked.
    pub subject: Subject,
    /// The subject in clear, for one that names no person: a country or a network.
    pub label: Option<String>,
    /// The reason, in the operator's words.
    pub reason: String,
    /// When the entry was made; `None` when the item does not say.
    pub created_at: Option<Timestamp>,
    /// When the entry ends; `None` when only an operator ends it.
    pub expires_at: Option<Timestamp>,
}

impl Block {
    /// Reads an entry; `None` when the item is not one.
    pub(super) fn read(item: &Item) -> Option<Self> {
        let read_text = |name: &str| item.get(name)?.as_s().ok().cloned();
        Some(Self {
            subject: Subject::parse(&read_text(PK)?)?,
            label: read_text(LABEL),
            reason: read_text(REASON).unwrap_or_default(),
            created_at: read_number(item, CREATED_AT).map(Timestamp::from_unix),
            expires_at: read_number(item, EXPIRES_AT).map(Timestamp::from_unix),
        })
    }

    fn to_item(&self) -> Item {
        let mut item = Item::from([
            (PK.to_owned(), text(self.subject.key())),
            (REASON.to_owned(), text(&self.reason)),
        ]);
        let label = self
            .label
            .as_ref()
            .map(|label| (LABEL.to_owned(), text(label)));
        let times = [(CREATED_AT, self.created_at), (EXPIRES_AT, self.expires_at)];
        let times = times
            .into_iter()
            .filter_map(|(name, at)| Some((name.to_owned(), instant(at?))));
        item.extend(label.into_iter().chain(times));
        item
    }

    /// Whether the entry is in force at `now`. DynamoDB may delete entries days after their end.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|ends| now < ends)
    }
}

impl Store {
    /// Writes an entry. It replaces an earlier one of its subject. A range acts once [`Store::spread_ranges`] is done.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn block(&self, block: &Block) -> Result<(), CallFailed> {
        self.client
            .put_item()
            .table_name(&self.tables.blocks)
            .set_item(Some(block.to_item()))
            .send()
            .await
            .map_err(|error| CallFailed::new("PutItem", &error))?;
        Ok(())
    }

    /// Takes a subject off the list. Returns its entry, if there was one.
    ///
    /// A range leaves the copies before its entry goes. So an entry stays on the list for as long as it may act.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call. Calling again completes the work.
    pub async fn unblock(
        &self,
        subject: &Subject,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Option<Block>, CallFailed> {
        let Some(block) = self.find_block(subject).await? else {
            return Ok(None);
        };
        if subject.kind.is_range() {
            let ended = Block {
                expires_at: Some(now),
                ..block.clone()
            };
            self.block(&ended).await?;
            self.spread_ranges(now, random).await?;
        }
        self.client
            .delete_item()
            .table_name(&self.tables.blocks)
            .key(PK, text(subject.key()))
            .send()
            .await
            .map_err(|error| CallFailed::new("DeleteItem", &error))?;
        Ok(Some(block))
    }

    /// Reads the entry of a subject, in force or not.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn find_block(&self, subject: &Subject) -> Result<Option<Block>, CallFailed> {
        let item = self.read_item(&self.tables.blocks, subject.key()).await?;
        Ok(item.as_ref().and_then(Block::read))
    }

    /// Reads all entries, in force or not.
    ///
    /// # Errors
    ///
    /// [`CallFailed`] names the call.
    pub async fn list_blocks(&self) -> Result<Vec<Block>, CallFailed> {
        let items = self.scan_all(&self.tables.blocks, None).await?;
        Ok(items.iter().filter_map(Block::read).collect())
    }
}
