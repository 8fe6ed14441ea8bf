//! The items of purses: their keys, and their attributes, which are all integers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::lane::Lane;
use super::records::DAYS_KEPT;
use crate::country::Country;
use crate::subject::SubjectIndex;

/// Names one purse. `Display` writes its key in the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurseKey {
    /// The purse of a country. Each shard is a crowd of its own.
    Country {
        /// The country of the phone.
        country: Country,
        /// The shard of the phone, below the policy's number of shards.
        shard: u8,
    },
    /// The purse of ten thousand neighbouring numbers.
    NumberBlock(SubjectIndex),
    /// The purse of a network, as the users of one country know it.
    Network {
        /// The country of the phone.
        country: Country,
        /// The shard of the phone.
        shard: u8,
        /// The keyed hash of the network.
        network: SubjectIndex,
    },
    /// What all countries together may get on one day that nobody earned.
    Service {
        /// The day, counted from the Unix epoch.
        day: i64,
    },
}

impl fmt::Display for PurseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country { country, shard } => write!(f, "purse#{country}#{shard}"),
            Self::NumberBlock(block) => write!(f, "block#{}", block.as_str()),
            Self::Network {
                country,
                shard,
                network,
            } => write!(f, "net#{country}#{shard}#{}", network.as_str()),
            Self::Service { day } => write!(f, "service#{day}"),
        }
    }
}

/// An attribute of a purse's item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// What a lane of the country holds, in [`Micros`](super::Micros).
    Lane(Lane),
    /// When the lane last paid, in Unix seconds.
    LaneAt(Lane),
    /// The day of the last text, counted from the Unix epoch.
    Day,
    /// What the money stop leaves for that day, and what the service purse leaves for its day.
    Left,
    /// What the texts of a day cost, in the place that [`spent_on`](Attribute::spent_on) chooses.
    Spent(u8),
    /// The week of [`Attribute::Sent`]: whole weeks since the Unix epoch.
    Week,
    /// The texts of the week.
    Sent,
    /// The typed codes of the week.
    Typed,
    /// The typed codes of the week before.
    TypedBefore,
    /// The best conversion of a week, in thousandths; absent until a week had enough texts.
    Best,
    /// The next so many codes of the crowd earn the whole gain.
    Probes,
    /// What the purse of a block or a network holds.
    Room,
    /// When the block last paid, in Unix seconds.
    At,
    /// The codes that were typed in a network, without a gap that makes it forgotten; halved from time to time.
    Codes,
    /// When a network's codes were halved last, or its first code was typed, in Unix seconds.
    Since,
    /// The codes that open the crowd's lane to the network.
    Needed,
    /// When the item ends, in Unix seconds: the attribute of the table's TTL. A network is forgotten at it.
    ExpiresAt,
}

impl Attribute {
    /// Returns the place of what was spent on `day`.
    ///
    /// A place is used again after [`DAYS_KEPT`] days. Days in between without a text are set to 0.
    #[must_use]
    pub fn spent_on(day: i64) -> Self {
        let place = u8::try_from(day.rem_euclid(i64::from(DAYS_KEPT)));
        Self::Spent(place.unwrap_or_default())
    }

    /// Every attribute that an item of a purse can have.
    pub fn all() -> impl Iterator<Item = Self> {
        let lanes = Lane::ALL.into_iter();
        let lanes = lanes.flat_map(|lane| [Self::Lane(lane), Self::LaneAt(lane)]);
        let single = [
            Self::Day,
            Self::Left,
            Self::Week,
            Self::Sent,
            Self::Typed,
            Self::TypedBefore,
            Self::Best,
            Self::Probes,
            Self::Room,
            Self::At,
            Self::Codes,
            Self::Since,
            Self::Needed,
            Self::ExpiresAt,
        ];
        let spent = (0..DAYS_KEPT).map(Self::Spent);
        lanes.chain(single).chain(spent)
    }

    /// Returns the name of the attribute in the table.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Lane(lane) => lane.name(),
            Self::LaneAt(lane) => return Cow::Owned(format!("{}_at", lane.name())),
            Self::Spent(place) => return Cow::Owned(format!("spent_{place}")),
            Self::Day => "day",
            Self::Left => "left",
            Self::Week => "week",
            Self::Sent => "sent",
            Self::Typed => "typed",
            Self::TypedBefore => "typed_before",
            Self::Best => "best",
            Self::Probes => "probes",
            Self::Room => "room",
            Self::At => "at",
            Self::Codes => "codes",
            Self::Since => "since",
            Self::Needed => "needed",
            Self::ExpiresAt => "expires_at",
        })
    }
}

/// The attributes of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurseItem(BTreeMap<Attribute, i64>);

impl PurseItem {
    /// Takes the attributes for which `number` gives a value. `number` gets the name of the attribute.
    pub fn read(mut number: impl FnMut(&str) -> Option<i64>) -> Self {
        let read = |attribute: Attribute| Some((attribute, number(&attribute.name())?));
        Self(Attribute::all().filter_map(read).collect())
    }

    /// Returns the value of an attribute; `None` when the item lacks it.
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> Option<i64> {
        self.0.get(&attribute).copied()
    }

    /// Sets an attribute.
    pub fn set(&mut self, attribute: Attribute, value: i64) {
        self.0.insert(attribute, value);
    }

    /// Removes an attribute.
    pub fn remove(&mut self, attribute: Attribute) {
        self.0.remove(&attribute);
    }

    /// Returns the attributes and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, i64)> {
        self.0.iter().map(|(attribute, value)| (*attribute, *value))
    }
}

impl FromIterator<(Attribute, i64)> for PurseItem {
    fn from_iter<I: IntoIterator<Item = (Attribute, i64)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_attribute_has_a_name_of_its_own_and_is_read_back() {
        let names: HashSet<_> = Attribute::all().map(Attribute::name).collect();
        assert_eq!(names.len(), Attribute::all().count());
        let item: PurseItem = Attribute::all().zip(1..).collect();
        let stored: BTreeMap<_, _> = item.iter().map(|(a, value)| (a.name(), value)).collect();
        assert_eq!(PurseItem::read(|name| stored.get(name).copied()), item);
    }

    #[test]
    fn a_full_item_of_a_country_is_one_write_unit() {
        let bytes: usize = Attribute::all().map(|a| a.name().len() + 11).sum();
        assert!(bytes < 800, "{bytes}");
    }

    #[test]
    fn a_key_names_the_purse() {
        let country = Country::parse("MA").expect("a country");
        let index = |text: &str| SubjectIndex::from_text(text.to_owned());
        let keys = [
            PurseKey::Country { country, shard: 1 },
            PurseKey::NumberBlock(index("b")),
            PurseKey::Network {
                country,
                shard: 1,
                network: index("n"),
            },
            PurseKey::Service { day: 20_000 },
        ];
        let written = keys.map(|key| key.to_string());
        assert_eq!(
            written,
            ["purse#MA#1", "block#b", "net#MA#1#n", "service#20000"]
        );
    }
}
