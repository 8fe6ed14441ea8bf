//! What a receipt of delivery has to bring back: the phone's index, the country, the channel and the instant, sealed.
//!
//! ```text
//! r1.<root id>.<nonce>.<ciphertext and tag>
//! ```
//!
//! One cipher meets both needs. Nobody without the keyring can make such a text, so nobody writes outcomes for phones
//! that were not texted. And nobody can read it or tell that two of them are of one phone, because the nonce is random.
//! A MAC of the index would meet only the first need. A MAC of a random value would need a table to find the phone.
//!
//! The cipher is AES-256-GCM. Its key derives from the root for this purpose alone. A root that leaves the keyring
//! takes the receipts of its texts with it.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::random::Random;
use phoneproof_domain::receipt::{ReportId, SentText};
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::SubjectIndex;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aead::{self, SealFailed};
use crate::digest::sha256;
use crate::keyring::{Keyring, Root};
use crate::{base64url, from_base64url};

const VERSION: &str = "r1";

/// The longest text that is read, in bytes. A real one has about 130.
const MAX_BYTES: usize = 512;

/// The layout of the plaintext, in postcard encoding. A test with a known answer holds it in place. Another layout
/// needs another [`VERSION`].
#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    phone: [u8; 32],
    #[serde(borrow)]
    country: Option<&'a str>,
    channel: &'a str,
    sent_at: i64,
}

/// Why a receipt was not sealed. No variant holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotSealed {
    /// The index of the phone is not the MAC that it has to be.
    #[error("the index of the phone is not 32 bytes in base64url")]
    Index,
    /// No nonce could be drawn, or the contents could not be encoded or encrypted.
    #[error(transparent)]
    Sealing(#[from] SealFailed),
}

/// Seals `sent` with `root`.
///
/// # Errors
///
/// [`NotSealed`] says why there is no receipt. A text can go out without one, because a receipt is a statistic.
pub fn seal(sent: &SentText, root: &Root, random: &dyn Random) -> Result<String, NotSealed> {
    let phone = from_base64url(sent.phone_index.as_str()).ok();
    let contents = Contents {
        phone: phone
            .and_then(|phone| phone.try_into().ok())
            .ok_or(NotSealed::Index)?,
        country: sent.country.as_ref().map(Country::as_str),
        channel: sent.channel.as_str(),
        sent_at: sent.sent_at.unix(),
    };
    let contents = postcard::to_stdvec(&contents).map_err(SealFailed::Encoding)?;
    let associated = make_associated_data(root.id());
    let (nonce, sealed) = aead::seal(&root.receipt_key(), associated.as_bytes(), contents, random)?;
    let (nonce, sealed) = (base64url(nonce), base64url(sealed));
    Ok(format!("{VERSION}.{}.{nonce}.{sealed}", root.id().as_str()))
}

/// Opens what [`seal`] made with a root that is live; `None` for every other text.
#[must_use]
pub fn open(text: &str, keyring: &Keyring) -> Option<SentText> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut parts = text.split('.');
    let (version, root) = (parts.next()?, parts.next()?);
    let (nonce, sealed) = (parts.next()?, parts.next()?);
    if version != VERSION || parts.next().is_some() {
        return None;
    }
    let root = keyring.root(&RootId::parse(root)?)?;
    let (nonce, sealed) = (from_base64url(nonce).ok()?, from_base64url(sealed).ok()?);
    let associated = make_associated_data(root.id());
    let opened = aead::open(&root.receipt_key(), associated.as_bytes(), &nonce, sealed)?;
    let opened = Zeroizing::new(opened);
    let contents: Contents<'_> = postcard::from_bytes(&opened).ok()?;
    Some(SentText {
        phone_index: SubjectIndex::from_text(base64url(contents.phone)),
        country: contents
            .country
            .and_then(|country| Country::parse(country).ok()),
        channel: Channel::parse(contents.channel)?,
        sent_at: Timestamp::from_unix(contents.sent_at),
    })
}

/// Makes the id of a report: of the text that `receipt` stands for, and of what its reporter calls it. Two texts share
/// none, because no two sealed values are the same.
#[must_use]
pub fn report_id(receipt: &str, name: &str) -> ReportId {
    let digest = sha256(format!("report\n{receipt}\n{name}").as_bytes());
    let mut id = [0; 6];
    for (to, from) in id.iter_mut().zip(digest) {
        *to = from;
    }
    ReportId(id)
}

fn make_associated_data(root: &RootId) -> String {
    format!("{VERSION}\n{}\nreceipt", root.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::tests_support::keyring;
    use phoneproof_domain::random::RandomUnavailable;
    use proptest::prelude::*;

    /// Fills with one byte.
    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
            bytes.fill(self.0);
            Ok(())
        }
    }

    struct Broken;

    impl Random for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomUnavailable> {
            Err(RandomUnavailable::new("broken"))
        }
    }

    fn sent() -> SentText {
        SentText {
            phone_index: SubjectIndex::from_text(base64url([7; 32])),
            country: Country::parse("US").ok(),
            channel: Channel::Hook,
            sent_at: Timestamp::from_unix(1_795_435_200),
        }
    }

    fn seal_with(nonce: u8) -> String {
        seal(&sent(), keyring(&["r1"]).current(), &Fixed(nonce)).expect("sealed")
    }

    #[test]
    fn what_is_sealed_opens_while_its_root_lives() {
        let text = seal_with(1);
        assert_eq!(open(&text, &keyring(&["r1"])), Some(sent()));
        assert_eq!(open(&text, &keyring(&["r2", "r1"])), Some(sent()));
        assert_eq!(open(&text, &keyring(&["r2"])), None, "its root has gone");
        let without = SentText {
            country: None,
            ..sent()
        };
        let text = seal(&without, keyring(&["r1"]).current(), &Fixed(1)).expect("sealed");
        assert_eq!(open(&text, &keyring(&["r1"])), Some(without));
    }

    #[test]
    fn what_is_not_sealed_has_its_cause() {
        let keyring = keyring(&["r1"]);
        let cause = |sent: &SentText, random: &dyn Random| {
            let failed = seal(sent, keyring.current(), random).expect_err("not sealed");
            failed.to_string()
        };
        let broken = cause(&sent(), &Broken);
        assert!(broken.contains("broken"), "{broken}");
        let odd = SentText {
            phone_index: SubjectIndex::from_text("odd".to_owned()),
            ..sent()
        };
        let cause = cause(&odd, &Fixed(1));
        assert_eq!(cause, NotSealed::Index.to_string());
    }

    /// The text comes from Python's `hmac` and `cryptography`.
    #[test]
    fn seals_to_the_known_text() {
        let known = "r1.r1.AQEBAQEBAQEBAQEB.T3ZAT9_e2XHuBTp5t3mXEpiGiTiE6S8BFBOvcBm35G0wMoIBZuM-sBIB2j_9s07mEEuelpDVwfBPxtxLfio";
        assert_eq!(seal_with(1), known);
    }

    /// The id comes from Python's `hashlib`.
    #[test]
    fn a_report_has_the_known_id() {
        let id = report_id("r1.r1.a.b", "msg_1");
        assert_eq!(id, ReportId([0x5d, 0xe2, 0x6e, 0xc1, 0x59, 0x4f]));
        assert_ne!(report_id("r1.r1.a.b", "msg_2"), id);
        assert_ne!(report_id("r1.r1.a.c", "msg_1"), id);
    }

    #[test]
    fn it_fits_a_context_value_and_shows_nothing() {
        let (one, two) = (seal_with(0x01), seal_with(0xf1));
        assert!(one.len() < 200 && one.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!one.contains(sent().phone_index.as_str()));
        // Two texts to one phone have nothing in common but the root.
        let common = one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b);
        assert_eq!(common.count(), "r1.r1.".len());
    }

    proptest! {
        #[test]
        fn no_changed_text_opens(at in 0_usize..120, byte in 0x21_u8..0x7f) {
            let text = seal_with(1);
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            let changed = String::from_utf8(bytes).unwrap_or_default();
            prop_assert_eq!(open(&changed, &keyring(&["r1"])).is_some(), changed == text);
        }

        #[test]
        fn no_text_panics(text in "(r1|r2|)\\.r1\\.\\PC{0,40}\\.\\PC{0,40}|\\PC{0,80}") {
            prop_assert_eq!(open(&text, &keyring(&["r1"])), None);
        }
    }
}
