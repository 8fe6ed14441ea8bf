//! Signs the requests of the send hook, and checks the callbacks of its receiver, as Standard Webhooks 1.0.0 says.
//!
//! Each live root gives one secret. A request has one signature per secret, so a receiver that knows one of them
//! accepts it while the keyring rotates.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use phoneproof_domain::challenge::ChallengeId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::delivery::TextId;
use phoneproof_domain::root::RootId;
use zeroize::Zeroizing;

use crate::base64url;
use crate::digest::sha256;
use crate::keyring::{Keyring, Root};

/// The secret of a receiver, which checks signatures with it. `Debug` hides it.
#[derive(derive_more::Debug)]
#[debug("HookSecret {{ root: {root:?}, .. }}")]
pub struct HookSecret {
    /// The root that it derives from.
    pub root: RootId,
    text: Zeroizing<String>,
}

impl HookSecret {
    /// Derives the secret that belongs to `root`.
    #[must_use]
    pub fn of(root: &Root) -> Self {
        let key = Zeroizing::new(STANDARD.encode(root.hook_key().as_slice()));
        Self {
            root: root.id().clone(),
            text: Zeroizing::new(format!("whsec_{}", key.as_str())),
        }
    }

    /// Returns the secret in the form that receivers take: `whsec_` and the key in base64.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// Makes the id of the text that a challenge sends at this instant.
///
/// A challenge is texted once at one instant, because of the cooldown.
#[must_use]
pub fn text_id(challenge: ChallengeId, asked_at: Timestamp) -> TextId {
    let at = asked_at.unix().to_be_bytes();
    let digest = sha256(&[b"text".as_slice(), &challenge.0, &at].concat());
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(digest) {
        *to = from;
    }
    TextId(id)
}

/// Writes the `webhook-id` of a text.
#[must_use]
pub fn message_id(id: TextId) -> String {
    format!("msg_{}", base64url(id.0))
}

/// Writes the `webhook-signature` of a request that is made at `at`: one signature per live root, that of the current
/// root first, separated by spaces.
#[must_use]
pub fn sign(keyring: &Keyring, message_id: &str, at: Timestamp, body: &[u8]) -> String {
    let current = keyring.current();
    let others = keyring.roots().filter(|root| root.id() != current.id());
    let at = at.unix().to_string();
    let signatures = [current].into_iter().chain(others).map(|root| {
        let signature = sign_with(root, message_id, &at, body);
        format!("v1,{}", STANDARD.encode(signature))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// How far the timestamp of a callback may be from now, as the libraries of Standard Webhooks have it.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The most signatures that are looked at in one callback.
const MOST_SIGNATURES: usize = 8;

/// The headers of a callback, as they came.
#[derive(Clone, Copy, derive_more::Debug)]
#[debug("CallbackHeaders(…)")]
pub struct CallbackHeaders<'h> {
    /// `webhook-id`: names the report, and is the same in each try of it.
    pub id: &'h str,
    /// `webhook-timestamp`: when this try was signed, in Unix seconds.
    pub timestamp: &'h str,
    /// `webhook-signature`: signatures `v1,…` in base64, separated by spaces.
    pub signature: &'h str,
}

/// Checks a callback of the receiver, which signs it with one of its secrets, and returns when it was signed. `None`
/// unless one signature is right for a live root, the callback has an id, and the timestamp is within five minutes of
/// `now`.
///
/// Signatures are compared in constant time, and every root is tried for every signature.
#[must_use]
pub fn check(
    keyring: &Keyring,
    headers: CallbackHeaders<'_>,
    body: &[u8],
    now: Timestamp,
) -> Option<Timestamp> {
    let CallbackHeaders {
        id,
        timestamp,
        signature,
    } = headers;
    let is_number =
        (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let at = is_number.then(|| timestamp.parse().ok())??;
    let at = Timestamp::from_unix(at);
    let is_recent = at.since(now) <= TOLERANCE && now.since(at) <= TOLERANCE;
    let given: Vec<_> = signature
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .take(MOST_SIGNATURES)
        .collect();
    let mut is_right = false;
    for root in keyring.roots() {
        let wanted = sign_with(root, id, timestamp, body);
        for given in &given {
            is_right |= verify_slices_are_equal(wanted.as_ref(), given).is_ok();
        }
    }
    (is_right && is_recent && !id.is_empty()).then_some(at)
}

fn sign_with(root: &Root, message_id: &str, at: &str, body: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, root.hook_key().as_slice());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{message_id}.{at}.").as_bytes());
    context.update(body);
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

    fn keyring() -> Keyring {
        let other = "y".repeat(43);
        let json = format!(
            r#"{{"current":"r2","index":"r2","roots":{{"r1":"{other}","r2":"{SECRET}"}}}}"#
        );
        Keyring::from_json(&json).expect("a keyring")
    }

    /// The answers come from Python's `hmac`, and `tests/differential` asks the official libraries.
    #[test]
    fn signs_with_the_known_keys_and_first_with_that_of_the_current_root() {
        let at = Timestamp::from_unix(1_800_000_000);
        let id = message_id(TextId(std::array::from_fn(|n| {
            u8::try_from(n).unwrap_or(0)
        })));
        assert_eq!(id, "msg_AAECAwQFBgcICQoLDA0ODw");
        assert_eq!(
            sign(&keyring(), &id, at, br#"{"type":"sms.send"}"#),
            "v1,GpeJ7+t4JlOKW6tYq674FTMxh2pPTXzYhgNfICz9qcg= v1,vG6ywOAYUqP02PBJJ0asmLGek+8q0OkXg5h1T08Ao2M="
        );
    }

    fn check_at(at: i64, id: &str, timestamp: &str, signature: &str, body: &[u8]) -> bool {
        let headers = CallbackHeaders {
            id,
            timestamp,
            signature,
        };
        let now = Timestamp::from_unix(at);
        check(&keyring(), headers, body, now).is_some()
    }

    #[test]
    fn a_callback_counts_with_one_right_signature_within_five_minutes() {
        let (now, body) = (1_800_000_000, br#"{"type":"sms.receipt"}"#);
        let at = Timestamp::from_unix(now);
        let both = sign(&keyring(), "msg_1", at, body);
        let right = |text: &str| check_at(now, "msg_1", "1800000000", text, body);
        assert!(right(&both));
        for one in both.split(' ') {
            assert!(right(one), "each live root");
            assert!(right(&format!("v1,AAAA v1a,AAAA {one}")));
            assert!(!right(one.trim_start_matches("v1,")));
        }
        for (since, taken) in [(-301, false), (-300, true), (300, true), (301, false)] {
            let found = check_at(now + since, "msg_1", "1800000000", &both, body);
            assert_eq!(found, taken, "{since}");
        }
        assert!(!check_at(now, "msg_2", "1800000000", &both, body));
        assert!(!check_at(now, "msg_1", "1800000001", &both, body));
        assert!(!check_at(now, "msg_1", "01800000000", &both, body));
        assert!(!check_at(now, "msg_1", "1800000000", &both, b"{}"));
        // Other spellings of the instant are none, whoever signed them.
        for timestamp in ["+1800000000", "0001800000000", "1800000000.0"] {
            let keyring = keyring();
            let tag = sign_with(keyring.current(), "msg_1", timestamp, body);
            let signature = format!("v1,{}", STANDARD.encode(tag.as_ref()));
            assert!(!check_at(now, "msg_1", timestamp, &signature, body));
        }
        // The libraries of Standard Webhooks refuse a header that is empty.
        let nameless = sign(&keyring(), "", at, body);
        assert!(!check_at(now, "", "1800000000", &nameless, body));
        for text in ["", " ", "v1,", "v1,=", "v1", "v2,AAAA"] {
            assert!(!right(text), "{text}");
            assert!(!check_at(now, "", text, text, b""));
        }
    }

    /// The signature comes from the example in Python of `docs/HOOK.md`, with the secret that the next test knows.
    #[test]
    fn takes_the_callback_of_the_worked_example() {
        let body = br#"{"type": "sms.receipt", "timestamp": "2027-01-15T08:00:00Z", "data": {"receipt": "r1.a.b.c", "outcome": "delivered"}}"#;
        let signature = "v1,jHGLXFQgE94T++yNudA5+iX0zaknRZNnPkcMtVY4T+w=";
        assert!(check_at(
            1_800_000_000,
            "msg_r1",
            "1800000000",
            signature,
            body
        ));
    }

    #[test]
    fn a_receiver_gets_the_known_secret() {
        let keyring = keyring();
        let secret = HookSecret::of(keyring.current());
        assert_eq!(
            secret.expose(),
            "whsec_GRfZv4x7fZtQwxcOCtABAlAOTcY3/yEyc8GeMq/0qPo="
        );
        assert!(!format!("{secret:?}").contains("GRfZ"));
    }

    #[test]
    fn a_text_has_the_known_id_and_its_resend_another() {
        let challenge = ChallengeId(std::array::from_fn(|n| u8::try_from(n).unwrap_or(0)));
        let at = Timestamp::from_unix(1_800_000_000);
        let id = text_id(challenge, at);
        assert_eq!(
            u128::from_be_bytes(id.0),
            0x61e9_bbea_7d4b_687e_c962_b77a_3c7e_b61d
        );
        let later = Timestamp::from_unix(1_800_000_060);
        assert_ne!(text_id(challenge, later), id);
    }
}
