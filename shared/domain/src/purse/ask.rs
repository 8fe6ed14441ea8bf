//! What one send shows to the purses.

use super::Micros;
use super::evidence::{Caller, Claim};
use super::item::PurseKey;
use super::lane::Lane;
use super::payer::Payer;
use crate::clock::Timestamp;
use crate::country::Country;
use crate::subject::SubjectIndex;
use crate::window::Window;

/// What one send shows to the purses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The instant of the send.
    pub now: Timestamp,
    /// The day of the send, as the policy begins it.
    pub today: Window,
    /// The country of the phone.
    pub country: Country,
    /// The shard of the phone, from [`Ask::shard_of`].
    pub shard: u8,
    /// The number of shards of the country; at least 1.
    pub shards: u8,
    /// What the text costs; more than 0.
    pub price: Micros,
    /// The keyed hash of the phone's number block.
    pub number_block: SubjectIndex,
    /// The caller's device and network.
    pub caller: Caller,
    /// What the text takes out of the phone's allowance; `None` while the limits of the phone admit it.
    pub allowance: Option<Claim>,
    /// Whether the operator vouches for the caller.
    pub is_attested: bool,
    /// Who paid for the text before, when the send is a call.
    pub call_after: Option<Payer>,
}

impl Ask {
    /// Chooses the shard of a phone, the same one for every send.
    #[must_use]
    pub fn shard_of(phone_index: &SubjectIndex, shards: u8) -> u8 {
        // FNV-1a. The index is a keyed hash already, so this only has to use all of it.
        let hash = phone_index
            .as_str()
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            });
        u8::try_from(hash % u32::from(shards.max(1))).unwrap_or(0)
    }

    /// Makes the ask of a stranger: nothing is known about the caller.
    #[must_use]
    pub fn of_stranger(
        country: Country,
        shard: u8,
        shards: u8,
        price: Micros,
        now: Timestamp,
        today: Window,
    ) -> Self {
        let nobody = || SubjectIndex::from_text(String::new());
        Self {
            now,
            today,
            country,
            shard,
            shards,
            price,
            number_block: nobody(),
            caller: Caller {
                device: nobody(),
                network: nobody(),
            },
            allowance: None,
            is_attested: false,
            call_after: None,
        }
    }

    /// Makes the payer of a text that nothing was read for.
    #[must_use]
    pub fn make_payer(&self, lane: Lane) -> Payer {
        Payer {
            lane,
            shard: self.shard,
            price: self.price,
            day: self.day(),
            network: self.caller.network.clone(),
            codes_needed: None,
            heals: false,
        }
    }

    /// Returns the day of the send, counted from the Unix epoch.
    #[must_use]
    pub const fn day(&self) -> i64 {
        self.today.start.day()
    }

    /// Returns the key of the country's purse.
    #[must_use]
    pub const fn country_key(&self) -> PurseKey {
        let (country, shard) = (self.country, self.shard);
        PurseKey::Country { country, shard }
    }

    /// Returns the key of the block's purse.
    #[must_use]
    pub fn number_block_key(&self) -> PurseKey {
        PurseKey::NumberBlock(self.number_block.clone())
    }

    /// Returns the key of the network's purse.
    #[must_use]
    pub fn network_key(&self) -> PurseKey {
        PurseKey::Network {
            country: self.country,
            shard: self.shard,
            network: self.caller.network.clone(),
        }
    }

    /// Returns the key of the purse of the country's calls.
    #[must_use]
    pub const fn calls_key(&self) -> PurseKey {
        PurseKey::Calls {
            country: self.country,
        }
    }

    /// Returns the key of the service's purse of today.
    #[must_use]
    pub const fn service_key(&self) -> PurseKey {
        PurseKey::Service { day: self.day() }
    }
}
