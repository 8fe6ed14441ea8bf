//! Indexes: the HMACs by which phones, number blocks, devices and addresses appear in tables and logs.

use aws_lc_rs::hmac;

use phoneproof_domain::subject::SubjectIndex;

use super::base64url;
use super::derive::{mac_parts, short_mac};
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::device::Device;
use phoneproof_domain::network::Network;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::phone_record::ResendId;
use phoneproof_domain::subject::SubjectKind;

/// Computes indexes, challenge ids and references, each with a key of its own.
///
/// A thief of the index key can test whether a number is in the tables. None of the keys makes a token or a code.
pub struct Indexer {
    index: hmac::Key,
    idempotency: hmac::Key,
    reference: hmac::Key,
}

impl Indexer {
    pub(super) const fn new(
        index: hmac::Key,
        idempotency: hmac::Key,
        reference: hmac::Key,
    ) -> Self {
        Self {
            index,
            idempotency,
            reference,
        }
    }

    fn subject(&self, kind: SubjectKind, value: &[u8]) -> SubjectIndex {
        let tag = mac_parts(&self.index, &[kind.prefix().as_bytes(), value]);
        SubjectIndex::from_text(base64url(tag))
    }

    /// Computes the index of a phone.
    #[must_use]
    pub fn index_phone(&self, phone: &Phone) -> SubjectIndex {
        self.subject(SubjectKind::Phone, phone.expose().as_bytes())
    }

    /// Computes the index of the number block that a phone belongs to.
    #[must_use]
    pub fn index_number_block(&self, phone: &Phone) -> SubjectIndex {
        self.subject(SubjectKind::NumberBlock, phone.number_block().as_bytes())
    }

    /// Computes the index of a device.
    #[must_use]
    pub fn index_device(&self, device: &Device) -> SubjectIndex {
        self.subject(SubjectKind::Device, device.expose().as_bytes())
    }

    /// Computes the index of a source address.
    #[must_use]
    pub fn index_address(&self, address: &SourceAddress) -> SubjectIndex {
        self.subject(SubjectKind::Address, &address.bytes())
    }

    /// Computes the index of a network.
    #[must_use]
    pub fn index_network(&self, network: &Network) -> SubjectIndex {
        self.subject(SubjectKind::Network, &network.bytes())
    }

    /// Computes the index of the network by which purses know a source address.
    #[must_use]
    pub fn index_purse_network(&self, address: &SourceAddress) -> SubjectIndex {
        self.index_network(&Network::of_purse(address))
    }

    /// Computes the indexes of all networks that a source address is in.
    #[must_use]
    pub fn index_networks(&self, address: &SourceAddress) -> Vec<SubjectIndex> {
        let networks = Network::of(address);
        networks
            .iter()
            .map(|network| self.index_network(network))
            .collect()
    }

    /// Derives a challenge id from an idempotency key. `parts` are the key and whatever else has to be equal in a
    /// repeat of the same send.
    #[must_use]
    pub fn derive_challenge_id(&self, parts: &[&[u8]]) -> ChallengeId {
        ChallengeId(short_mac(&self.idempotency, parts))
    }

    /// Derives the id of a resend from an idempotency key. `parts` are as for [`Indexer::derive_challenge_id`].
    #[must_use]
    pub fn derive_resend_id(&self, parts: &[&[u8]]) -> ResendId {
        let parts = [&[b"resend".as_slice()], parts].concat();
        ResendId(short_mac(&self.idempotency, &parts))
    }

    /// Computes the reference of the stored challenge token of challenge `id` that ends at `expires_at`. A client sends
    /// it in place of the token. It has 128 bits, which look random to anyone without the key.
    #[must_use]
    pub fn derive_reference(&self, id: ChallengeId, expires_at: Timestamp) -> [u8; 16] {
        short_mac(&self.reference, &[&id.0, &expires_at.unix().to_be_bytes()])
    }

    /// Computes the key of the table entry with the challenge token that has this reference. The reference itself is a
    /// secret of its bearer and does not stand in the table.
    #[must_use]
    pub fn derive_place(&self, reference: &[u8; 16]) -> String {
        base64url(mac_parts(&self.reference, &[b"place", reference]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::{Purpose, RootKey};

    #[test]
    fn gives_the_known_indexes_ids_and_references() {
        let root = RootKey::new("0123456789abcdefghijklmnopqrstuvwxyzABCDEFG");
        let key = |purpose| root.mac_key(purpose);
        let indexer = Indexer::new(
            key(Purpose::Index),
            key(Purpose::Idempotency),
            key(Purpose::Reference),
        );
        let phone = Phone::from_canonical("+14152007986").expect("canonical");
        let device = Device::parse("device-1").expect("a device");
        let address = SourceAddress::new("192.0.2.7".parse().expect("an address"));
        assert_eq!(
            indexer.index_phone(&phone).as_str(),
            "H-NZfd2cPS_Jbw-HS08R2rLU-OoLvB24bvWigYWZx3M"
        );
        assert_eq!(
            indexer.index_number_block(&phone).as_str(),
            "BzVL8UMHIPtyHPhscqjejEXHDl__JWcdQfOudTSwTMA"
        );
        assert_eq!(
            indexer.index_device(&device).as_str(),
            "A7oIk7WXaDDMv9bn03J9Zpq6Qxo_l_om6dGyITD5LtI"
        );
        assert_eq!(
            indexer.index_address(&address).as_str(),
            "1JWkwvLzBe2KnTzz6IBKXdeZ8xMew_bZYLbGRvnmNRI"
        );
        assert_eq!(
            base64url(indexer.derive_challenge_id(&[b"a", b"b"]).0),
            "ZaBCIv1Dwpu5o5AVp-wpzA"
        );
        assert_eq!(
            indexer.derive_place(&[9; 16]),
            "hbPepQ8fDhdrPonTYA_U_1r0jD_Y08aojlIu1iXEQ-I"
        );
        assert_eq!(
            base64url(
                indexer.derive_reference(ChallengeId([9; 16]), Timestamp::from_unix(1_795_435_500))
            ),
            "S4f2VEzJR-Ntvd9ykXCymQ"
        );
    }
}
