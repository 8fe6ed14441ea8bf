//! The two tables in DynamoDB.
//!
//! An account is one item, and its sessions are a map in it: a password and the end of every session are one
//! write. `phone#<index>` says which account has a phone. Neither holds a number: indexes are keyed hashes.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, TransactWriteItem, Update,
};
use phoneproof::crypto::index::SubjectIndex;
use phoneproof::crypto::{base64url, from_base64url};
use phoneproof::domain::clock::Timestamp;
use phoneproof::domain::random::Random;
use phoneproof::domain::rule::Quota;
use phoneproof::store::item::{
    EXPIRES_AT, Item, PK, bytes, instant, number, read_bytes, read_number, text,
};
use phoneproof::store::{
    CONDITION_FAILED, StoreError, count_update, transact, unavailable, within,
};
use phoneproof_guard::{DynamoDbLedger, PhoneProof};
use tokio::time::Instant;

use crate::device_name::SealedName;
use crate::login::{Attempts, REMEMBERED};
use crate::password::StoredPassword;
use crate::refresh_token::{AccountId, SessionId, TokenDigest};
use crate::session::Session;

/// The rule that counts log-ins of an address.
const ADDRESS_RULE: &str = "login-address-per-hour";

/// A session with what a person knows it by.
#[derive(Clone)]
pub struct Entry {
    /// The session.
    pub session: Session,
    /// The name that the client gave its device.
    pub device: SealedName,
}

/// An account.
#[derive(Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The index of its phone; `None` when the phone went to somebody else.
    pub phone: Option<SubjectIndex>,
    /// The masked number, for its owner to recognise.
    pub phone_hint: String,
    /// Its password.
    pub password: StoredPassword,
    /// Whether a code is needed beside the password.
    pub second_step: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When somebody last logged in or continued a session.
    pub used_at: Timestamp,
    /// When the owner of its phone asked for the phone, if the account was not used since.
    pub unlink_requested_at: Option<Timestamp>,
    /// Its sessions.
    pub sessions: HashMap<SessionId, Entry>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// Access to the tables.
#[derive(Clone)]
pub(crate) struct AccountStore {
    client: Client,
    accounts: String,
    limits: String,
    ledger: DynamoDbLedger,
}

impl fmt::Debug for AccountStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountStore").finish_non_exhaustive()
    }
}

/// Which items of a transaction had a condition that did not hold; empty when it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed(Vec<bool>);

impl Failed {
    fn of(done: Result<(), Vec<CancellationReason>>) -> Result<(), Self> {
        let failed = |reason: &CancellationReason| reason.code() == Some(CONDITION_FAILED);
        done.map_err(|reasons| Self(reasons.iter().map(failed).collect()))
    }

    /// Whether the condition of the item at `index` did not hold.
    pub(crate) fn at(&self, index: usize) -> bool {
        self.0.get(index).copied().unwrap_or(false)
    }
}

/// What a transaction did: the outer error is a store that gave no answer.
pub(crate) type Written = Result<Result<(), Failed>, StoreError>;

/// A write that is part of a transaction.
type Part = Result<TransactWriteItem, StoreError>;

fn update(builder: UpdateBuilder) -> Part {
    let update: Update = builder.build().map_err(|_| StoreError::Unavailable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn put(table: &str, item: Item) -> Part {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(|_| StoreError::Unavailable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn account_key(id: AccountId) -> String {
    format!("account#{}", base64url(id.0))
}

fn phone_key(phone: &SubjectIndex) -> String {
    format!("phone#{}", phone.as_str())
}

fn attempts_key(phone: &SubjectIndex) -> String {
    format!("login#{}", phone.as_str())
}

impl AccountStore {
    /// A store on these tables.
    pub(crate) fn new(client: Client, accounts: String, limits: String) -> Self {
        Self {
            ledger: DynamoDbLedger::new(client.clone(), limits.as_str()),
            client,
            accounts,
            limits,
        }
    }

    async fn get(
        &self,
        table: &str,
        key: String,
        deadline: Instant,
    ) -> Result<Option<Item>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(table)
            .key(PK, text(key))
            .consistent_read(true);
        match within(deadline, request.send()).await {
            Ok(answer) => Ok(answer.item),
            Err(error) => Err(unavailable("GetItem", error.as_ref())),
        }
    }

    /// Which account has this phone.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn account_of(
        &self,
        phone: &SubjectIndex,
        deadline: Instant,
    ) -> Result<Option<AccountId>, StoreError> {
        let item = self.get(&self.accounts, phone_key(phone), deadline).await?;
        Ok(item.and_then(|item| read_bytes(&item, "account").map(AccountId)))
    }

    /// An account.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer, or one that cannot be read.
    pub(crate) async fn account(
        &self,
        id: AccountId,
        deadline: Instant,
    ) -> Result<Option<Account>, StoreError> {
        let item = self.get(&self.accounts, account_key(id), deadline).await?;
        item.map(|item| read_account(id, &item).ok_or(StoreError::Unavailable))
            .transpose()
    }

    /// The attempts on a phone.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn attempts(
        &self,
        phone: &SubjectIndex,
        deadline: Instant,
    ) -> Result<Attempts, StoreError> {
        let item = self
            .get(&self.limits, attempts_key(phone), deadline)
            .await?;
        let read = |item: Item| Attempts {
            failures: read_number(&item, "failures").unwrap_or(0),
            next_at: read_number(&item, "next_at").map(Timestamp::from_unix),
        };
        Ok(item.map(read).unwrap_or_default())
    }

    /// Writes `parts`, all or none.
    ///
    /// # Errors
    ///
    /// The outer error is a store that gave no answer.
    pub(crate) async fn write(
        &self,
        parts: Vec<Part>,
        random: &dyn Random,
        deadline: Instant,
    ) -> Written {
        let items = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Failed::of(
            transact(&self.client, items, random, deadline).await?,
        ))
    }

    /// Spends the token behind `proof`.
    pub(crate) fn spend(&self, proof: &PhoneProof) -> Part {
        let put = self
            .ledger
            .put(proof)
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Counts a log-in of an address.
    pub(crate) fn count_address(&self, address: &SubjectIndex, quota: &Quota) -> Part {
        let update = count_update(&self.limits, ADDRESS_RULE, address, quota)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Remembers an attempt that begins, unless another one began since `before` was read.
    pub(crate) fn begin_attempt(
        &self,
        phone: &SubjectIndex,
        before: Attempts,
        after: Attempts,
        now: Timestamp,
    ) -> Part {
        update(
            Update::builder()
                .table_name(&self.limits)
                .key(PK, text(attempts_key(phone)))
                .update_expression("SET failures = :after, next_at = :next, #expires = :expires")
                .condition_expression(if before.failures == 0 {
                    "attribute_not_exists(failures)"
                } else {
                    "failures = :before"
                })
                .expression_attribute_names("#expires", EXPIRES_AT)
                .set_expression_attribute_values(Some(
                    [
                        (":after", number(after.failures)),
                        (":next", instant(after.next_at.unwrap_or(now))),
                        (":expires", instant(now + REMEMBERED)),
                    ]
                    .into_iter()
                    .chain((before.failures > 0).then(|| (":before", number(before.failures))))
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                )),
        )
    }

    /// Forgets the failures of a phone.
    pub(crate) fn forget_attempts(&self, phone: &SubjectIndex) -> Part {
        let delete = Delete::builder()
            .table_name(&self.limits)
            .key(PK, text(attempts_key(phone)))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Gives a phone that no account has to `account`.
    pub(crate) fn claim_phone(&self, phone: &SubjectIndex, account: AccountId) -> Part {
        put(
            &self.accounts,
            Item::from([
                (PK.to_owned(), text(phone_key(phone))),
                ("account".to_owned(), bytes(account.0)),
            ]),
        )
    }

    /// Moves a phone from one account to another.
    pub(crate) fn move_phone(&self, phone: &SubjectIndex, from: AccountId, to: AccountId) -> Part {
        update(
            Update::builder()
                .table_name(&self.accounts)
                .key(PK, text(phone_key(phone)))
                .update_expression("SET account = :to")
                .condition_expression("account = :from")
                .expression_attribute_values(":to", bytes(to.0))
                .expression_attribute_values(":from", bytes(from.0)),
        )
    }

    /// Takes the phone from an account that nobody has used since it was asked for, and ends its sessions.
    pub(crate) fn unlink(&self, account: &Account, requested_at: Timestamp) -> Part {
        update(
            self.of_account(account.id)
                .update_expression("SET sessions = :none REMOVE phone, unlink_requested_at")
                .condition_expression("unlink_requested_at = :requested AND used_at <= :requested")
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
                .expression_attribute_values(":requested", instant(requested_at)),
        )
    }

    /// Notes that the phone of an account is asked for.
    pub(crate) fn request_unlink(&self, account: &Account, now: Timestamp) -> Part {
        update(
            self.of_account(account.id)
                .update_expression("SET unlink_requested_at = :now")
                .condition_expression(
                    "attribute_exists(phone) AND \
                     (attribute_not_exists(unlink_requested_at) OR used_at > unlink_requested_at)",
                )
                .expression_attribute_values(":now", instant(now)),
        )
    }

    /// A new account.
    pub(crate) fn create(&self, account: &Account) -> Part {
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
        if let Some(phone) = &account.phone {
            item.insert("phone".to_owned(), text(phone.as_str()));
        }
        put(&self.accounts, item)
    }

    /// Begins a session, in place of `replaced` if there are too many; stores `upgraded` in place of the
    /// password that was checked.
    pub(crate) fn begin_session(
        &self,
        account: &Account,
        id: SessionId,
        entry: &Entry,
        replaced: Option<SessionId>,
        upgraded: Option<&StoredPassword>,
    ) -> Part {
        let mut builder = self
            .of_account(account.id)
            // A password that was changed meanwhile begins no session.
            .condition_expression("password = :password AND attribute_exists(phone)")
            .expression_attribute_names("#session", base64url(id.0))
            .expression_attribute_values(":session", written(entry))
            .expression_attribute_values(":used", instant(entry.session.used_at))
            .expression_attribute_values(":password", text(account.password.as_text()));
        let mut expression = "SET sessions.#session = :session, used_at = :used".to_owned();
        if let Some(upgraded) = upgraded {
            expression.push_str(", password = :upgraded");
            builder = builder.expression_attribute_values(":upgraded", text(upgraded.as_text()));
        }
        if let Some(replaced) = replaced {
            expression.push_str(" REMOVE sessions.#replaced");
            builder = builder.expression_attribute_names("#replaced", base64url(replaced.0));
        }
        update(builder.update_expression(expression))
    }

    /// Continues a session with the next token, if the token that was presented is still the current one.
    pub(crate) fn rotate(
        &self,
        account: AccountId,
        id: SessionId,
        presented: TokenDigest,
        entry: &Entry,
    ) -> Part {
        update(
            self.of_account(account)
                .update_expression("SET sessions.#session = :session, used_at = :used")
                .condition_expression("sessions.#session.#current = :presented")
                .expression_attribute_names("#session", base64url(id.0))
                .expression_attribute_names("#current", "current")
                .expression_attribute_values(":session", written(entry))
                .expression_attribute_values(":used", instant(entry.session.used_at))
                .expression_attribute_values(":presented", bytes(presented.0)),
        )
    }

    /// Ends a session, if it is there.
    pub(crate) fn end_session(&self, account: AccountId, id: SessionId) -> Part {
        update(
            self.of_account(account)
                .update_expression("REMOVE sessions.#session")
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(id.0)),
        )
    }

    /// Ends every session of an account, asked for by a session that is alive.
    pub(crate) fn end_sessions(&self, account: AccountId, asking: SessionId) -> Part {
        update(
            self.of_account(account)
                .update_expression("SET sessions = :none")
                .condition_expression("attribute_exists(sessions.#session)")
                .expression_attribute_names("#session", base64url(asking.0))
                .expression_attribute_values(":none", AttributeValue::M(HashMap::new())),
        )
    }

    /// Sets the password and ends every session, while the account has this phone and, if a session asks, that
    /// is alive.
    pub(crate) fn set_password(
        &self,
        account: AccountId,
        phone: &SubjectIndex,
        asking: Option<SessionId>,
        password: &StoredPassword,
        second_step: bool,
    ) -> Part {
        let mut condition = "phone = :phone".to_owned();
        let mut builder = self
            .of_account(account)
            .update_expression("SET password = :password, second_step = :step, sessions = :none")
            .expression_attribute_values(":phone", text(phone.as_str()))
            .expression_attribute_values(":password", text(password.as_text()))
            .expression_attribute_values(":step", AttributeValue::Bool(second_step))
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()));
        if let Some(asking) = asking {
            condition.push_str(" AND attribute_exists(sessions.#session)");
            builder = builder.expression_attribute_names("#session", base64url(asking.0));
        }
        update(builder.condition_expression(condition))
    }

    /// Deletes an account, asked for by a session that is alive.
    pub(crate) fn delete(&self, account: AccountId, asking: SessionId) -> Part {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(account_key(account)))
            .condition_expression("attribute_exists(sessions.#session)")
            .expression_attribute_names("#session", base64url(asking.0))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Frees the phone of an account.
    pub(crate) fn free_phone(&self, phone: &SubjectIndex, account: AccountId) -> Part {
        let delete = Delete::builder()
            .table_name(&self.accounts)
            .key(PK, text(phone_key(phone)))
            .condition_expression("account = :account")
            .expression_attribute_values(":account", bytes(account.0))
            .build()
            .map_err(|_| StoreError::Unavailable)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    fn of_account(&self, id: AccountId) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.accounts)
            .key(PK, text(account_key(id)))
    }
}

fn written(entry: &Entry) -> AttributeValue {
    let session = &entry.session;
    let mut members = Item::from([
        ("began_at".to_owned(), instant(session.began_at)),
        ("used_at".to_owned(), instant(session.used_at)),
        ("current".to_owned(), bytes(session.current.0)),
        ("device".to_owned(), text(entry.device.as_str())),
    ]);
    if let Some(previous) = session.previous {
        members.insert("previous".to_owned(), bytes(previous.0));
    }
    AttributeValue::M(members)
}

fn read_entry(members: &Item) -> Option<Entry> {
    let at = |name| read_number(members, name).map(Timestamp::from_unix);
    Some(Entry {
        session: Session {
            began_at: at("began_at")?,
            used_at: at("used_at")?,
            current: TokenDigest(read_bytes(members, "current")?),
            previous: read_bytes(members, "previous").map(TokenDigest),
        },
        device: SealedName::from_text(members.get("device")?.as_s().ok()?.clone()),
    })
}

fn read_account(id: AccountId, item: &Item) -> Option<Account> {
    let at = |name| read_number(item, name).map(Timestamp::from_unix);
    let string = |name: &str| item.get(name)?.as_s().ok().cloned();
    let sessions = item.get("sessions")?.as_m().ok()?;
    let used_at = at("used_at")?;
    Some(Account {
        id,
        phone: string("phone").map(SubjectIndex::from_text),
        phone_hint: string("phone_hint")?,
        password: StoredPassword::from_text(string("password")?),
        second_step: *item.get("second_step")?.as_bool().ok()?,
        created_at: at("created_at")?,
        used_at,
        unlink_requested_at: at("unlink_requested_at").filter(|asked| used_at <= *asked),
        sessions: sessions
            .iter()
            .filter_map(|(key, value)| {
                let id = from_base64url(key).ok()?.try_into().ok()?;
                Some((SessionId(id), read_entry(value.as_m().ok()?)?))
            })
            .collect(),
    })
}
