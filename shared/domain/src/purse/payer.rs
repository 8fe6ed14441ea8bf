//! Who paid for a text.

use super::Micros;
use super::item::PurseKey;
use super::lane::Lane;
use crate::country::Country;
use crate::subject::SubjectIndex;

/// Who paid for a text. It travels sealed in the challenge token, so that `verify` reads nothing.
///
/// The country and the number block follow from the challenge's phone.
///
/// Each credit is a write of its own. It starts from what was last seen of the item. Its conditions hold only if
/// the item still calls for the same credit. When they fail, the store makes the credit again from the item that it got
/// back, once. A credit that is lost loses room. A credit must be written after the challenge was marked as
/// used, and never repeated without knowing that it was not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The lane that paid.
    pub lane: Lane,
    /// The shard of the country's purse.
    pub shard: u8,
    /// What the text cost.
    pub price: Micros,
    /// The day of the text, counted from the Unix epoch.
    pub day: i64,
    /// The keyed hash of the caller's network.
    pub network: SubjectIndex,
    /// The codes that open the crowd's lane to a network; `None` when the send did not look.
    pub codes_needed: Option<i64>,
    /// Whether the lane of known phones lacked codes, as in an outage.
    pub heals: bool,
}

impl Payer {
    /// Returns the key of the country's purse that paid.
    pub(super) const fn country_key(&self, country: Country) -> PurseKey {
        let shard = self.shard;
        PurseKey::Country { country, shard }
    }
}
