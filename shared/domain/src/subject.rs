//! Subjects: the phones, devices, addresses and number blocks that rules limit and operators block.

/// The kind of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// The phone number that the text goes to.
    Phone,
    /// The device id that the client sent.
    Device,
    /// The network address that the request came from.
    Address,
    /// The phone number without its last four digits: ten thousand neighbouring numbers.
    NumberBlock,
}

impl SubjectKind {
    /// Returns the prefix of the subject in stored keys and in the derivation of its index.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Device => "device",
            Self::Address => "ip",
            Self::NumberBlock => "block",
        }
    }
}

/// A subject as tables and logs show it: an HMAC of its value, as text.
///
/// Without the key, nobody can find the value behind an index, not even by trying every phone number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectIndex(String);

impl SubjectIndex {
    /// Wraps an index that was computed earlier.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// Returns the index as it stands in the keys of the tables.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The indexes of the subjects of one send.
///
/// A send knows all four. An operator who asks about a phone may know neither the device nor the address, and uses
/// `Subjects<Option<SubjectIndex>>`.
#[derive(Debug, Clone)]
pub struct Subjects<Asker = SubjectIndex> {
    /// The index of the phone that the text goes to.
    pub phone_index: SubjectIndex,
    /// The index of the block of numbers that the phone is in.
    pub number_block_index: SubjectIndex,
    /// The index of the device that asks for the text.
    pub device_index: Asker,
    /// The index of the address that asks for the text.
    pub address_index: Asker,
}

impl From<Subjects> for Subjects<Option<SubjectIndex>> {
    fn from(all: Subjects) -> Self {
        Self {
            phone_index: all.phone_index,
            number_block_index: all.number_block_index,
            device_index: Some(all.device_index),
            address_index: Some(all.address_index),
        }
    }
}

impl Subjects<Option<SubjectIndex>> {
    /// Returns the subject of this kind, if it is known.
    #[must_use]
    pub fn get(&self, kind: SubjectKind) -> Option<&SubjectIndex> {
        match kind {
            SubjectKind::Phone => Some(&self.phone_index),
            SubjectKind::NumberBlock => Some(&self.number_block_index),
            SubjectKind::Device => self.device_index.as_ref(),
            SubjectKind::Address => self.address_index.as_ref(),
        }
    }
}
