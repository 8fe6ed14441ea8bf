//! The items of purses: their keys, and their attributes, which are all integers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::lane::Lane;
use crate::country::Country;
use crate::subject::{Subject, SubjectIndex, SubjectKind};

/// For how many days a country's item holds what its texts cost: today and the sixteen days before. The money stop
/// looks at those from 3 to 16 days ago.
pub const DAYS_KEPT: u8 = 17;

/// The names of what was spent on a day: every read of an item asks for all of them.
const COSTS: [&str; DAYS_KEPT as usize] = [
    "spent_0", "spent_1", "spent_2", "spent_3", "spent_4", "spent_5", "spent_6", "spent_7",
    "spent_8", "spent_9", "spent_10", "spent_11", "spent_12", "spent_13", "spent_14", "spent_15",
    "spent_16",
];

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
    /// The purse of the calls to a country.
    Calls {
        /// The country of the phone.
        country: Country,
    },
    /// The unearned money that all countries together may get on one day.
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
            Self::Calls { country } => write!(f, "calls#{country}"),
            Self::Service { day } => write!(f, "service#{day}"),
        }
    }
}

impl PurseKey {
    /// Reads the key of an item, as `Display` writes it and as the line about a damaged purse shows it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('#')?;
        let index = |kind, text| Some(Subject::parse_index(kind, text)?.index);
        let place = |text: &str| {
            let (country, rest) = text.split_once('#')?;
            let country = Country::parse(country).ok()?;
            Some((country, rest.to_owned()))
        };
        let key = match name {
            "purse" => {
                let (country, shard) = place(rest)?;
                let shard = shard.parse().ok()?;
                Self::Country { country, shard }
            }
            "block" => Self::NumberBlock(index(SubjectKind::NumberBlock, rest)?),
            "net" => {
                let (country, rest) = place(rest)?;
                let (shard, network) = rest.split_once('#')?;
                Self::Network {
                    country,
                    shard: shard.parse().ok()?,
                    network: index(SubjectKind::Network, network)?,
                }
            }
            "calls" => Self::Calls {
                country: Country::parse(rest).ok()?,
            },
            "service" => Self::Service {
                day: rest.parse().ok()?,
            },
            _ => return None,
        };
        // Another spelling, such as a shard with a sign, would be another item.
        (key.to_string() == text).then_some(key)
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
    /// What the texts of a day cost, in the place that [`cost_on`](Attribute::cost_on) chooses.
    Cost(u8),
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
    /// How many of the next codes of the crowd earn the whole gain.
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
    /// What is left of an operator's grant.
    Granted,
    /// When the grant ends, in Unix seconds.
    GrantedUntil,
    /// The money stop per day that an operator gave the country.
    Budget,
    /// When that money stop ends, in Unix seconds.
    BudgetUntil,
    /// When the item ends, in Unix seconds: the attribute of the table's TTL. A network is forgotten at it.
    ExpiresAt,
}

impl Attribute {
    /// Returns the place of what was spent on `day`.
    ///
    /// A place is used again after [`DAYS_KEPT`] days. Days in between without a text are set to 0.
    #[must_use]
    pub fn cost_on(day: i64) -> Self {
        let place = u8::try_from(day.rem_euclid(i64::from(DAYS_KEPT)));
        Self::Cost(place.unwrap_or_default())
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
            Self::Granted,
            Self::GrantedUntil,
            Self::Budget,
            Self::BudgetUntil,
            Self::ExpiresAt,
        ];
        let spent = (0..DAYS_KEPT).map(Self::Cost);
        lanes.chain(single).chain(spent)
    }

    /// Returns the name of the attribute in the table.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Lane(lane) => lane.name(),
            Self::LaneAt(lane) => lane.name_of_at(),
            Self::Cost(place) => match COSTS.get(usize::from(place)).copied() {
                Some(name) => name,
                None => return Cow::Owned(format!("spent_{place}")),
            },
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
            Self::Granted => "granted",
            Self::GrantedUntil => "granted_until",
            Self::Budget => "budget",
            Self::BudgetUntil => "budget_until",
            Self::ExpiresAt => "expires_at",
        })
    }
}

/// What a table holds under the name of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The item lacks the attribute.
    Absent,
    /// An integer, as the service writes it.
    Integer(i64),
    /// Anything else, which only a hand that edits the table leaves.
    Other,
}

/// The attributes of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PurseItem {
    integers: BTreeMap<Attribute, i64>,
    /// The attributes that hold no integer.
    others: BTreeSet<Attribute>,
}

impl PurseItem {
    /// Takes the attributes that `stored` knows. `stored` gets the name of the attribute.
    pub fn read(mut stored: impl FnMut(&str) -> Stored) -> Self {
        let mut item = Self::default();
        for attribute in Attribute::all() {
            match stored(&attribute.name()) {
                Stored::Absent => {}
                Stored::Integer(value) => item.set(attribute, value),
                Stored::Other => {
                    item.others.insert(attribute);
                }
            }
        }
        item
    }

    /// Returns the value of an attribute; `None` when the item lacks it, or when it is not an integer.
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> Option<i64> {
        self.integers.get(&attribute).copied()
    }

    /// Whether the item has the attribute, an integer or not.
    #[must_use]
    pub fn has(&self, attribute: Attribute) -> bool {
        self.integers.contains_key(&attribute) || self.others.contains(&attribute)
    }

    /// Whether the item has no attribute, as one that does not exist.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.integers.is_empty() && self.others.is_empty()
    }

    /// Sets an attribute, in place of any earlier value.
    pub fn set(&mut self, attribute: Attribute, value: i64) {
        self.others.remove(&attribute);
        self.integers.insert(attribute, value);
    }

    /// Removes an attribute, an integer or not.
    pub fn remove(&mut self, attribute: Attribute) {
        self.integers.remove(&attribute);
        self.others.remove(&attribute);
    }

    /// Returns the attributes that are integers, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, i64)> {
        let integers = self.integers.iter();
        integers.map(|(attribute, value)| (*attribute, *value))
    }

    /// Returns the attributes, integers or not.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute> {
        self.integers.keys().copied().chain(self.others())
    }

    /// Returns the attributes that are not integers.
    pub fn others(&self) -> impl Iterator<Item = Attribute> {
        self.others.iter().copied()
    }
}

impl FromIterator<(Attribute, i64)> for PurseItem {
    fn from_iter<I: IntoIterator<Item = (Attribute, i64)>>(attributes: I) -> Self {
        Self {
            integers: attributes.into_iter().collect(),
            others: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests;
