//! Challenge tokens: everything about a challenge that `verify` needs, sealed.
//!
//! ```text
//! v2.<root id>-<day>.<nonce>.<ciphertext and tag>
//! ```
//!
//! The cipher is AES-256-GCM with a random 96-bit nonce and a 128-bit tag. The key derives from the root for the day of
//! sealing. Nonce and ciphertext are in base64url. The associated data is the version, the key id, the issuer and the
//! kind of token. So a token of another deployment or of another kind does not open.
//!
//! `v1` is the layout before a text was paid from purses. Its tokens open for as long as their challenges live, so that
//! nobody's code is refused while the functions are updated. Nothing is given back for them.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use phoneproof_domain::challenge::{Challenge, Payment};

use super::aead::{self, SealFailed};
use super::keyring::{Keyring, Root};
use super::{base64url, from_base64url};
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::purse::{Lane, Payer};
use phoneproof_domain::random::Random;
use phoneproof_domain::root::RootId;
use phoneproof_domain::subject::SubjectIndex;

const VERSION: &str = "v2";
/// The previous version. It is still accepted, but no longer issued.
const EARLIER: &str = "v1";

/// The longest text that is read as a challenge token, in bytes. A real token has about 400.
const MAX_CHALLENGE_TOKEN_BYTES: usize = 1_024;

/// For how many days after its own a sealing key is accepted. A challenge lives for ten minutes at most, so one day is
/// enough.
const DAYS_BACK: i64 = 1;

/// The layout of the plaintext, in postcard encoding. A test with a known answer holds it in place. Another layout
/// needs another [`VERSION`].
#[derive(Serialize, Deserialize)]
struct Contents<'a> {
    id: [u8; 16],
    phone: &'a str,
    #[serde(borrow)]
    country: Option<&'a str>,
    device: &'a str,
    business: &'a str,
    slot: u8,
    expires_at: i64,
    code_mac: [u8; 32],
    locale: &'a str,
    action: Option<[u8; 32]>,
    test: bool,
}

/// What a token of this version has after [`Contents`].
#[derive(Serialize, Deserialize)]
struct PaymentContents {
    lane: u8,
    shard: u8,
    price: i64,
    day: i64,
    network: [u8; 32],
    codes_needed: Option<i64>,
    heals: bool,
    address: [u8; 32],
    hour: i64,
}

impl PaymentContents {
    /// Packs what a text used up; `None` for indexes that are not keyed hashes.
    fn pack(payment: &Payment) -> Option<Self> {
        let payer = &payment.payer;
        let hash = |index: &SubjectIndex| from_base64url(index.as_str()).ok()?.try_into().ok();
        Some(Self {
            lane: u8::try_from(Lane::ALL.iter().position(|lane| *lane == payer.lane)?).ok()?,
            shard: payer.shard,
            price: payer.price,
            day: payer.day,
            network: hash(&payer.network)?,
            codes_needed: payer.codes_needed,
            heals: payer.heals,
            address: hash(&payment.address)?,
            hour: payment.hour.unix(),
        })
    }

    fn unpack(&self) -> Option<Payment> {
        let index = |hash: [u8; 32]| SubjectIndex::from_text(base64url(hash));
        Some(Payment {
            payer: Payer {
                lane: *Lane::ALL.get(usize::from(self.lane))?,
                shard: self.shard,
                price: self.price,
                day: self.day,
                network: index(self.network),
                codes_needed: self.codes_needed,
                heals: self.heals,
            },
            address: index(self.address),
            hour: Timestamp::from_unix(self.hour),
        })
    }
}

/// The text of a challenge token. It is a secret of its bearer, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("ChallengeToken(…)")]
pub struct ChallengeToken(String);

impl ChallengeToken {
    /// Returns the text as it stands on the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Turns the token into its text on the wire.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// A text is not a challenge token of this deployment, or its key is no longer accepted.
///
/// It is one error for every reason, because the difference would only help an attacker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a challenge token of this service")]
pub struct InvalidChallengeToken;

/// Seals `challenge`. `root` is the root that its code and its code MAC come from.
///
/// # Errors
///
/// [`SealFailed::Random`] when no nonce could be drawn. A challenge of this service meets no other error.
pub fn seal(
    challenge: &Challenge,
    root: &Root,
    issuer: &str,
    now: Timestamp,
    random: &dyn Random,
) -> Result<ChallengeToken, SealFailed> {
    let key_id = format!("{}-{}", root.id().as_str(), now.day());
    let contents = encode(challenge)?;
    let associated = make_associated_data(VERSION, &key_id, issuer);
    let key = root.seal_key(now.day());
    let (nonce, sealed) = aead::seal(&key, associated.as_bytes(), contents, random)?;
    let (nonce, sealed) = (base64url(nonce), base64url(sealed));
    Ok(ChallengeToken(format!(
        "{VERSION}.{key_id}.{nonce}.{sealed}"
    )))
}

/// Opens the challenge token in `text`. Returns its challenge and the root that sealed it. The caller checks whether
/// the challenge has expired.
///
/// # Errors
///
/// [`InvalidChallengeToken`] for every text that was not sealed for `issuer`, with a live root, on one of the accepted
/// days.
pub fn open<'k>(
    text: &str,
    keyring: &'k Keyring,
    issuer: &str,
    now: Timestamp,
) -> Result<(Challenge, &'k Root), InvalidChallengeToken> {
    open_parts(text, keyring, issuer, now).ok_or(InvalidChallengeToken)
}

fn open_parts<'k>(
    text: &str,
    keyring: &'k Keyring,
    issuer: &str,
    now: Timestamp,
) -> Option<(Challenge, &'k Root)> {
    if text.len() > MAX_CHALLENGE_TOKEN_BYTES {
        return None;
    }
    let mut parts = text.split('.');
    let (version, key_id) = (parts.next()?, parts.next()?);
    let (nonce, sealed) = (parts.next()?, parts.next()?);
    if ![VERSION, EARLIER].contains(&version) || parts.next().is_some() {
        return None;
    }
    let (root, day) = find_key(key_id, keyring, now)?;
    let (nonce, sealed) = (from_base64url(nonce).ok()?, from_base64url(sealed).ok()?);
    let associated = make_associated_data(version, key_id, issuer);
    let key = root.seal_key(day);
    let opened = Zeroizing::new(aead::open(&key, associated.as_bytes(), &nonce, sealed)?);
    Some((decode(&opened, version)?, root))
}

/// Finds the root and the day that a key id names, if the root is live and the day is recent.
fn find_key<'k>(key_id: &str, keyring: &'k Keyring, now: Timestamp) -> Option<(&'k Root, i64)> {
    let (root, day) = key_id.split_once('-')?;
    let root = keyring.root(&RootId::parse(root)?)?;
    let number: i64 = day.parse().ok()?;
    // Tomorrow is accepted, too: the clock of the instance that sealed may have passed midnight first.
    let recent = (now.day() - DAYS_BACK..=now.day() + 1).contains(&number);
    (recent && number.to_string() == day).then_some((root, number))
}

fn make_associated_data(version: &str, key_id: &str, issuer: &str) -> String {
    format!("{version}\n{key_id}\n{issuer}\nchallenge")
}

fn encode(challenge: &Challenge) -> Result<Vec<u8>, postcard::Error> {
    let contents = Contents {
        id: challenge.id.0,
        phone: challenge.phone.expose(),
        country: challenge.country.as_ref().map(Country::as_str),
        device: challenge.device.expose(),
        business: challenge.business.as_str(),
        slot: challenge.slot,
        expires_at: challenge.expires_at.unix(),
        code_mac: challenge.code_mac,
        locale: challenge.locale.as_str(),
        action: challenge.action,
        test: challenge.test,
    };
    // A vector that grows frees its old bytes without wiping them. Contents are shorter than a token, so this one does
    // not.
    let bytes = postcard::to_extend(&contents, Vec::with_capacity(MAX_CHALLENGE_TOKEN_BYTES))?;
    let payment = challenge.payment.as_ref().and_then(PaymentContents::pack);
    postcard::to_extend(&payment, bytes)
}

fn decode(bytes: &[u8], version: &str) -> Option<Challenge> {
    let (contents, rest) = postcard::take_from_bytes::<Contents<'_>>(bytes).ok()?;
    let (payment, rest) = if version == EARLIER {
        (None, rest)
    } else {
        postcard::take_from_bytes::<Option<PaymentContents>>(rest).ok()?
    };
    if !rest.is_empty() {
        return None;
    }
    Some(Challenge {
        id: ChallengeId(contents.id),
        phone: Phone::from_canonical(contents.phone)?,
        country: match contents.country {
            Some(country) => Some(Country::parse(country).ok()?),
            None => None,
        },
        device: Device::parse_accepted(contents.device).ok()?,
        business: BusinessId::parse(contents.business).ok()?,
        slot: contents.slot,
        expires_at: Timestamp::from_unix(contents.expires_at),
        code_mac: contents.code_mac,
        locale: Locale::parse(contents.locale).ok()?,
        action: contents.action,
        test: contents.test,
        payment: match payment {
            Some(payment) => Some(payment.unpack()?),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests;
