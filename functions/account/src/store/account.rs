//! The item of an account in DynamoDB, and what it holds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use phoneproof_aws::store::item::{Item, PK, bytes, instant, read_bytes, read_number, text};
use phoneproof_crypto::from_base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;

use super::account_key;
use crate::device_name::SealedName;
use crate::password::StoredPassword;
use crate::recovery::RecoveryDigest;
use crate::refresh_token::{AccountId, SessionId, TokenDigest};
use crate::session::{Exchanged, Session};

/// A session, with the name by which its owner recognizes it.
#[derive(Clone)]
pub struct NamedSession {
    /// The times and the digests of the session.
    pub session: Session,
    /// The name that the client gave its device.
    pub device: SealedName,
}

/// An account as its item holds it.
#[derive(Clone, derive_more::Debug)]
#[debug("Account(…)")]
pub struct Account {
    /// The random id of the account, which never changes.
    pub id: AccountId,
    /// The index (HMAC) of the account's phone; `None` after the phone passed to another account.
    pub phone_index: Option<SubjectIndex>,
    /// The masked number, by which the owner recognizes the phone.
    pub phone_hint: String,
    /// The hash of the password.
    pub password: StoredPassword,
    /// Whether logging in takes both the password and a code.
    pub second_step: bool,
    /// The digest of the recovery code; `None` when none was made, or when it was used.
    pub recovery: Option<RecoveryDigest>,
    /// When the account was registered.
    pub created_at: Timestamp,
    /// When somebody last logged in or continued a session.
    pub used_at: Timestamp,
    /// When a new owner of the phone asked for it; `None` when nobody did, or when the account was used since.
    pub unlink_requested_at: Option<Timestamp>,
    /// When the account was last moved to another phone; `None` if it never was.
    pub phone_changed_at: Option<Timestamp>,
    /// The sessions of the account, including expired ones that no log-in has removed yet.
    pub sessions: HashMap<SessionId, NamedSession>,
}

/// Makes the item of a new account, which has no session and no recovery code yet.
pub(super) fn new_item(account: &Account) -> Item {
    let mut item = Item::from([
        (PK.to_owned(), text(account_key(account.id))),
        ("phone_hint".to_owned(), text(account.phone_hint.as_str())),
        ("password".to_owned(), text(account.password.as_text())),
        (
            "second_step".to_owned(),
            AttributeValue::Bool(account.second_step),
        ),
        ("created_at".to_owned(), instant(account.created_at)),
        ("used_at".to_owned(), instant(account.used_at)),
        ("sessions".to_owned(), AttributeValue::M(HashMap::new())),
    ]);
    if let Some(phone_index) = &account.phone_index {
        item.insert("phone".to_owned(), text(phone_index.as_str()));
    }
    item
}

pub(super) fn write_session(named: &NamedSession) -> AttributeValue {
    let session = &named.session;
    let mut members = Item::from([
        ("began_at".to_owned(), instant(session.began_at)),
        ("used_at".to_owned(), instant(session.used_at)),
        ("current".to_owned(), bytes(session.current.0)),
        ("device".to_owned(), text(named.device.as_str())),
    ]);
    if !session.exchanged.is_empty() {
        let exchanged = session.exchanged.iter().map(|before| {
            AttributeValue::M(Item::from([
                ("token".to_owned(), bytes(before.token.0)),
                ("at".to_owned(), instant(before.at)),
            ]))
        });
        let exchanged = AttributeValue::L(exchanged.collect());
        members.insert("exchanged".to_owned(), exchanged);
    }
    AttributeValue::M(members)
}

/// Reads the tokens that a session exchanged. An older item holds the last one alone, which was exchanged at `used_at`.
fn read_exchanged(members: &Item, used_at: Timestamp) -> Vec<Exchanged> {
    let read = |value: &AttributeValue| {
        let members = value.as_m().ok()?;
        Some(Exchanged {
            token: TokenDigest(read_bytes(members, "token")?),
            at: Timestamp::from_unix(read_number(members, "at")?),
        })
    };
    let previous = read_bytes(members, "previous").map(TokenDigest);
    let previous = previous.map(|token| Exchanged { token, at: used_at });
    let listed = members.get("exchanged").and_then(|value| value.as_l().ok());
    let listed = listed.into_iter().flatten().filter_map(read);
    previous.into_iter().chain(listed).collect()
}

fn read_session(members: &Item) -> Option<NamedSession> {
    let at = |name| read_number(members, name).map(Timestamp::from_unix);
    let used_at = at("used_at")?;
    Some(NamedSession {
        session: Session {
            began_at: at("began_at")?,
            used_at,
            current: TokenDigest(read_bytes(members, "current")?),
            exchanged: read_exchanged(members, used_at),
        },
        device: SealedName::from_text(members.get("device")?.as_s().ok()?.clone()),
    })
}

pub(super) fn read_account(id: AccountId, item: &Item) -> Option<Account> {
    let at = |name| read_number(item, name).map(Timestamp::from_unix);
    let string = |name: &str| item.get(name)?.as_s().ok().cloned();
    let sessions = item.get("sessions")?.as_m().ok()?;
    Some(Account {
        id,
        phone_index: string("phone").map(SubjectIndex::from_text),
        phone_hint: string("phone_hint")?,
        password: StoredPassword::from_text(string("password")?),
        second_step: *item.get("second_step")?.as_bool().ok()?,
        recovery: read_bytes(item, "recovery").map(RecoveryDigest),
        created_at: at("created_at")?,
        used_at: at("used_at")?,
        unlink_requested_at: at("unlink_requested_at"),
        phone_changed_at: at("phone_changed_at"),
        sessions: sessions
            .iter()
            .filter_map(|(key, value)| {
                let id = from_base64url(key).ok()?.try_into().ok()?;
                Some((SessionId(id), read_session(value.as_m().ok()?)?))
            })
            .collect(),
    })
}
