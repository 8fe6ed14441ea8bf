//! Subjects: the phones, devices, addresses and ranges that rules limit and operators block, and the businesses that
//! rules limit.

use std::fmt;

use strum::EnumCount;

use crate::business_id::BusinessId;
use crate::country::Country;

/// What a subject is. The stored key of a subject begins with the [`prefix`](Self::prefix) of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum SubjectKind {
    /// The phone number that the text goes to.
    Phone,
    /// The device id that the client sent.
    Device,
    /// The network address that the request came from.
    Address,
    /// The phone number without its last four digits: ten thousand neighbouring numbers.
    NumberBlock,
    /// The country of the phone number.
    Country,
    /// A block of network addresses that the request came from.
    Network,
    /// The business that the code is for. Its limits are its own; nobody blocks it.
    Business,
}

impl SubjectKind {
    /// Every kind, for reading a kind by its name.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Phone,
        Self::Device,
        Self::Address,
        Self::NumberBlock,
        Self::Country,
        Self::Network,
        Self::Business,
    ];

    /// Returns the prefix of the subject in stored keys and in the derivation of its index.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Device => "device",
            Self::Address => "ip",
            Self::NumberBlock => "block",
            Self::Country => "country",
            Self::Network => "network",
            Self::Business => "business",
        }
    }

    /// Returns the word for the kind in request lines and on the operator's command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::NumberBlock => "number-block",
            Self::Phone | Self::Device | Self::Country | Self::Network | Self::Business => {
                self.prefix()
            }
        }
    }

    /// Whether the kind stands for many phones or callers. One condition checks all ranges of a send.
    #[must_use]
    pub const fn is_range(self) -> bool {
        match self {
            Self::NumberBlock | Self::Country | Self::Network => true,
            Self::Phone | Self::Device | Self::Address | Self::Business => false,
        }
    }
}

/// A subject as tables and logs show it: an HMAC of its value, as text. The index of a country is its code, and that of
/// a business its id.
///
/// Without the key, nobody can find the value behind an HMAC, not even by trying every phone number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectIndex(String);

impl SubjectIndex {
    /// Wraps an index that was computed earlier.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// Returns the index of a country, which is its code.
    #[must_use]
    pub fn of_country(country: Country) -> Self {
        Self(country.as_str().to_owned())
    }

    /// Returns the index of a business, which is its id.
    #[must_use]
    pub fn of_business(business: &BusinessId) -> Self {
        Self(business.as_str().to_owned())
    }

    /// Returns the index as it stands in the keys of the tables.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The characters of an index that is an HMAC: 32 bytes in base64url.
const INDEX_CHARACTERS: usize = 43;

/// A subject by its kind and index. Its text, as in `address#1JWk…`, stands in request lines. Operators block by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What the index is of.
    pub kind: SubjectKind,
    /// The keyed index; of a country its code, of a business its id.
    pub index: SubjectIndex,
}

impl Subject {
    /// Makes the subject of this kind and index.
    #[must_use]
    pub const fn new(kind: SubjectKind, index: SubjectIndex) -> Self {
        Self { kind, index }
    }

    /// Returns the partition key of the subject on the block list.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}", self.kind.prefix(), self.index.as_str())
    }

    /// Reads the text of a subject or its key on the block list; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, index) = text.split_once('#')?;
        let is_named = |kind: &SubjectKind| name == kind.name() || name == kind.prefix();
        let kind = SubjectKind::ALL.into_iter().find(is_named)?;
        Self::parse_index(kind, index)
    }

    /// Reads the index of a subject of this kind; `None` for any other text.
    #[must_use]
    pub fn parse_index(kind: SubjectKind, index: &str) -> Option<Self> {
        let is_index = match kind {
            SubjectKind::Country => {
                index.len() == 2 && index.bytes().all(|b| b.is_ascii_uppercase())
            }
            SubjectKind::Business => BusinessId::parse(index).is_ok(),
            SubjectKind::Phone
            | SubjectKind::Device
            | SubjectKind::Address
            | SubjectKind::NumberBlock
            | SubjectKind::Network => {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                index.len() == INDEX_CHARACTERS && index.bytes().all(allowed)
            }
        };
        is_index.then(|| Self::new(kind, SubjectIndex(index.to_owned())))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind.name(), self.index.as_str())
    }
}

/// The indexes of the subjects of one send.
///
/// A send knows its phone, device and address. An operator may ask about one of them alone, and uses
/// `Subjects<Option<SubjectIndex>>`.
#[derive(Debug, Clone)]
pub struct Subjects<Index = SubjectIndex> {
    /// The index of the phone that the text goes to.
    pub phone_index: Index,
    /// The index of the block of numbers that the phone is in.
    pub number_block_index: Index,
    /// The index of the country of the phone; `None` for a country that the policy does not serve.
    pub country_index: Option<SubjectIndex>,
    /// The index of the device that asks for the text.
    pub device_index: Index,
    /// The index of the address that asks for the text.
    pub address_index: Index,
    /// The indexes of the networks that the address is in.
    pub network_indexes: Vec<SubjectIndex>,
    /// The index of the business that the code is for; `None` leaves out its limits.
    pub business_index: Option<SubjectIndex>,
}

impl From<Subjects> for Subjects<Option<SubjectIndex>> {
    fn from(all: Subjects) -> Self {
        Self {
            phone_index: Some(all.phone_index),
            number_block_index: Some(all.number_block_index),
            country_index: all.country_index,
            device_index: Some(all.device_index),
            address_index: Some(all.address_index),
            network_indexes: all.network_indexes,
            business_index: all.business_index,
        }
    }
}

impl Subjects<Option<SubjectIndex>> {
    /// Returns the subject of this kind, if it is known. A send has several networks, so none of them is returned.
    #[must_use]
    pub fn get(&self, kind: SubjectKind) -> Option<&SubjectIndex> {
        match kind {
            SubjectKind::Phone => self.phone_index.as_ref(),
            SubjectKind::NumberBlock => self.number_block_index.as_ref(),
            SubjectKind::Country => self.country_index.as_ref(),
            SubjectKind::Device => self.device_index.as_ref(),
            SubjectKind::Address => self.address_index.as_ref(),
            SubjectKind::Network => None,
            SubjectKind::Business => self.business_index.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_the_keys_of_the_block_list() {
        let index =
            SubjectIndex::from_text("A7oIk7WXaDDMv9bn03J9Zpq6Qxo_l_om6dGyITD5LtI".to_owned());
        for kind in SubjectKind::ALL {
            let index = match kind {
                SubjectKind::Country => SubjectIndex::from_text("US".to_owned()),
                SubjectKind::Business => SubjectIndex::from_text("login".to_owned()),
                _ => index.clone(),
            };
            let subject = Subject::new(kind, index);
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject.clone()));
            assert_eq!(Subject::parse(&subject.key()), Some(subject));
        }
        for text in [
            "",
            "US",
            "country#us",
            "country#USA",
            "phone#+14155550100",
            "ranges#7",
            "#",
            "ip#",
            "phone#A7oIk7WXaDDMv9bn03J9Zpq6Qxo_l_om6dGyITD5Lt",
            "phone#A7oIk7WXaDDMv9bn03J9Zpq6Qxo+l_om6dGyITD5LtI",
            "phone#A7oIk7WXaDDMv9bn03J9Zpq6Qxo_l/om6dGyITD5LtI",
            "business#",
            "business#Login",
        ] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
