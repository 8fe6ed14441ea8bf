//! The two tables in DynamoDB.
//!
//! An account is one item, and its sessions are a map in that item. So one write sets a password and ends every
//! session. The item `phone#<index>` says which account has a phone. No item holds a phone number, because an index is
//! an HMAC.

mod account;
mod accounts;
mod attempts;
mod part;
mod sessions;

pub use account::{Account, NamedSession};
pub(crate) use accounts::{NewPassword, Permit};
pub(crate) use part::{Condition, TransactionPart, WriteOutcome};

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use phoneproof_aws::store::item::{Item, PK, read_bytes, read_number, text};
use phoneproof_aws::store::{StoreError, get_item, transact};
use phoneproof_crypto::base64url;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_guard::{DynamoDbLedger, PhoneProof};
use phoneproof_observe::{Dependency, RequestContext};
use tokio::time::Instant;

use crate::refresh_token::AccountId;

/// How long a person who proves a phone still hears that its account has moved to another phone. The item of the
/// phone stays as long.
pub(crate) const MOVE_TOLD_FOR: Duration = Duration::from_hours(30 * 24);

/// The table of accounts and the table of limits, with the client that reads and writes them.
#[derive(Clone, derive_more::Debug)]
#[debug("AccountStore(…)")]
pub(crate) struct AccountStore {
    client: Client,
    accounts: String,
    limits: String,
    ledger: DynamoDbLedger,
}

/// What the item of a phone says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder {
    /// The account that has the phone.
    pub(crate) account: Option<AccountId>,
    /// When the last account that had the phone was moved to another one.
    pub(crate) moved_at: Option<Timestamp>,
}

impl Holder {
    /// Returns when the last account was moved to another phone, while a person who proves this phone is told of it.
    pub(crate) fn find_told_move(&self, now: Timestamp) -> Option<Timestamp> {
        self.moved_at
            .filter(|moved_at| now < *moved_at + MOVE_TOLD_FOR)
    }
}

fn account_key(id: AccountId) -> String {
    format!("account#{}", base64url(id.0))
}

fn phone_key(phone_index: &SubjectIndex) -> String {
    format!("phone#{}", phone_index.as_str())
}

impl AccountStore {
    /// Makes a store on the tables `accounts` and `limits`.
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
        request: &mut RequestContext,
    ) -> Result<Option<Item>, StoreError> {
        get_item(&self.client, table, key, request).await
    }

    /// Finds the account that has this phone.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn find_account_of(
        &self,
        phone_index: &SubjectIndex,
        request: &mut RequestContext,
    ) -> Result<Option<AccountId>, StoreError> {
        Ok(self.find_holder(phone_index, request).await?.account)
    }

    /// Finds the account that has this phone, or when the one that had it left it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn find_holder(
        &self,
        phone_index: &SubjectIndex,
        request: &mut RequestContext,
    ) -> Result<Holder, StoreError> {
        let item = self
            .get(&self.accounts, phone_key(phone_index), request)
            .await?;
        let item = item.unwrap_or_default();
        Ok(Holder {
            account: read_bytes(&item, "account").map(AccountId),
            moved_at: read_number(&item, "moved_at").map(Timestamp::from_unix),
        })
    }

    /// Reads an account, with a consistent read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer, or one that cannot be read.
    pub(crate) async fn read_account(
        &self,
        id: AccountId,
        request: &mut RequestContext,
    ) -> Result<Option<Account>, StoreError> {
        let item = self.get(&self.accounts, account_key(id), request).await?;
        item.map(|item| account::read_account(id, &item).ok_or(StoreError::Unreadable("account")))
            .transpose()
    }

    /// Writes all of `parts`, or none, in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn write(
        &self,
        parts: Vec<TransactionPart>,
        request: &mut RequestContext,
    ) -> Result<WriteOutcome, StoreError> {
        let (conditions, items) = part::split(parts)?;
        let began = Instant::now();
        let done = transact(&self.client, || Ok(items.clone()), request).await;
        request.note_dependency(Dependency::Store, began);
        Ok(WriteOutcome::of(&conditions, done?))
    }

    /// Returns whether the token behind `proof` was spent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub(crate) async fn is_spent(
        &self,
        proof: &PhoneProof,
        request: &mut RequestContext,
    ) -> Result<bool, StoreError> {
        let entry = self.get(&self.limits, self.ledger.key(proof), request);
        Ok(entry.await?.is_some())
    }

    /// Spends the token behind `proof`, unless it was spent before.
    pub(crate) fn spend(&self, proof: &PhoneProof) -> TransactionPart {
        let put = self.ledger.put(proof);
        let put = put.map(|put| TransactWriteItem::builder().put(put).build());
        TransactionPart::new(Condition::TokenUnspent, put.map_err(StoreError::from))
    }

    fn start_update(&self, id: AccountId) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.accounts)
            .key(PK, text(account_key(id)))
    }
}
