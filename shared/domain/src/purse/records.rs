//! What the items of block, network and service hold.

use super::Micros;
use super::amount::{Damaged, read_amount};
use super::item::{Attribute, PurseItem};
use super::overrides::Grant;
use super::policy::PursePolicy;
use super::refill::{Draw, Room, draw};
use crate::clock::Timestamp;

/// The purse of a number block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberBlockRecord {
    /// What the block holds; `None` until it paid once.
    pub room: Option<Room>,
    /// What an operator gave it.
    pub grant: Option<Grant>,
}

impl NumberBlockRecord {
    /// Reads the record; `None` when there is no item.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of the service leaves like this.
    pub fn read(item: &PurseItem, now: Timestamp) -> Result<Option<Self>, Damaged> {
        let room = Room::read(item, Attribute::Room, Attribute::At, now)?;
        let grant = Grant::read(item, now)?;
        Ok((room.is_some() || grant.is_some()).then_some(Self { room, grant }))
    }

    /// Returns what the block holds, without an operator's grant, for texts of this price.
    #[must_use]
    pub fn holds(&self, price: Micros, policy: &PursePolicy) -> Micros {
        let start = || policy.number_block.start.at(price);
        self.room.map_or_else(start, |room| room.holds)
    }

    /// Returns the instant from which the block can pay `price`, if nobody else asks; `None` when it can at `now`.
    #[must_use]
    pub fn pays_at(
        &self,
        price: Micros,
        policy: &PursePolicy,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let start = policy.number_block.start.at(price);
        match draw(self.room?, price, policy.number_block.refill, start, now) {
            Draw::Ready | Draw::TopUp(_) => None,
            Draw::Empty(at) => {
                let granted = self.grant.is_some_and(|grant| grant.pays(price, now));
                (!granted).then_some(at)
            }
        }
    }
}

/// The purse of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkRecord {
    /// What the purse holds.
    pub holds: Micros,
    /// The codes that were typed there, without a gap that makes the network forgotten; halved from time to time.
    pub codes: i64,
    /// When the codes were halved last, or the first one was typed.
    pub since: Timestamp,
    /// When the network is forgotten.
    pub expires_at: Timestamp,
}

impl NetworkRecord {
    /// Reads the record; `None` when there is no item.
    ///
    /// # Errors
    ///
    /// [`Damaged`] names an attribute that no write of the service leaves like this.
    pub fn read(item: &PurseItem) -> Result<Option<Self>, Damaged> {
        if item.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            holds: read_amount(item, Attribute::Room)?,
            codes: read_amount(item, Attribute::Codes)?,
            since: Timestamp::from_unix(read_amount(item, Attribute::Since)?),
            expires_at: Timestamp::from_unix(read_amount(item, Attribute::ExpiresAt)?),
        }))
    }

    /// Whether the network is forgotten at `now`. The table may still hold its item.
    #[must_use]
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// What a network is to the lane of the crowd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Too few codes were typed there, or none for long. The lane is closed to it.
    Strange,
    /// The lane is open to it.
    Familiar,
    /// Enough codes were typed there, and its purse cannot pay for a text. Time gives it nothing: codes that are typed
    /// there open the lane again.
    Empty,
}

impl Standing {
    /// Returns the stable name, in what operators read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strange => "strange",
            Self::Familiar => "familiar",
            Self::Empty => "empty",
        }
    }
}

/// What is left of the unearned money of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceRecord {
    /// The unearned money that countries can still get today.
    pub left: Micros,
}

impl ServiceRecord {
    /// Reads the record; `None` when there is no item.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when the amount is missing or below 0.
    pub fn read(item: &PurseItem) -> Result<Option<Self>, Damaged> {
        if item.is_empty() {
            return Ok(None);
        }
        let left = read_amount(item, Attribute::Left)?;
        Ok(Some(Self { left }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::purse::amount::TOO_MUCH;

    const NOW: Timestamp = Timestamp::from_unix(1_000_000);

    fn item(attributes: &[(Attribute, i64)]) -> PurseItem {
        attributes.iter().copied().collect()
    }

    #[test]
    fn an_item_that_does_not_exist_gives_no_record() {
        let none = PurseItem::default();
        assert_eq!(NumberBlockRecord::read(&none, NOW), Ok(None));
        assert_eq!(NetworkRecord::read(&none), Ok(None));
        assert_eq!(ServiceRecord::read(&none), Ok(None));
    }

    #[test]
    fn a_damaged_item_names_the_attribute() {
        use Attribute::{At, Codes, ExpiresAt, Left};
        let block = |attributes: &[_]| NumberBlockRecord::read(&item(attributes), NOW);
        assert_eq!(block(&[(At, 5)]), Err(Damaged(Attribute::Room)));
        assert_eq!(block(&[(Attribute::Room, 5)]), Err(Damaged(At)));
        assert_eq!(
            block(&[(Attribute::Room, -1), (At, 5)]),
            Err(Damaged(Attribute::Room))
        );
        assert_eq!(
            block(&[(Attribute::Room, 5), (At, 1_086_401)]),
            Err(Damaged(At))
        );
        assert!(block(&[(Attribute::Room, 5), (At, 1_086_400)]).is_ok());
        let much = [(Attribute::Room, TOO_MUCH), (At, 5)];
        assert_eq!(block(&much), Err(Damaged(Attribute::Room)));
        let network = item(&[(Attribute::Room, 5), (ExpiresAt, 5)]);
        assert_eq!(NetworkRecord::read(&network), Err(Damaged(Codes)));
        let service = item(&[(Left, -1)]);
        assert_eq!(ServiceRecord::read(&service), Err(Damaged(Left)));
    }
}
