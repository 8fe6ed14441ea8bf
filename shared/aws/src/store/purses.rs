//! The purses: the domain's writes as update expressions, the read of a second try, and the credits of a typed code.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use phoneproof_domain::challenge::Payment;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::purse::{
    Ask, CallRecord, CountryRecord, Damaged, Evidence, Micros, NetworkRecord, NumberBlockRecord,
    PurseItem, PurseKey, PursePolicy, Write,
};
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_domain::window::{HOUR, Window};
use phoneproof_observe::{Dependency, RequestContext};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::credit::{Credit, in_turn};
use super::item::{Item, PK, attribute, read_phone_record, text};
use super::once::Written;
use super::purse_item::{read_purse, write_purse};
use super::record::RecordWrite;
use super::send_plan::{KnownEvidence, SendPlan};
use super::transaction::{CONFLICT_RETRIES, pause};
use super::{OperationFailed, Store, StoreError, await_within, get_item};

const READ: &str = "BatchGetItem";

/// How long the credits of a typed code may keep an instance from its next request.
const CREDITED_WITHIN: Duration = Duration::from_millis(500);

/// Why a credit is lost after its second try.
const CONTENDED: &str = "other requests kept changing the item";

/// How fresh a read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As the last write left it, at one read unit per item.
    Latest,
    /// As it was within the last second or so, at half of it. For a decision that a transaction checks, or that refuses
    /// for seconds only.
    Recent,
}

/// What is known before a decision on the purses. Only the rest is read.
#[derive(Debug)]
pub struct Known {
    /// The purses that were read, or that refused a transaction; one without attributes has no item.
    pub purses: HashMap<PurseKey, PurseItem>,
    /// The evidence on the phone's record.
    pub evidence: KnownEvidence,
}

impl Store {
    /// Reads what the decision of a second try needs and is not `known` yet. The country, the block and the network
    /// go into the known purses. The phone's evidence is returned, with its record if that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn read_purses(
        &self,
        ask: &Ask,
        plan: &SendPlan,
        known: &mut Known,
        freshness: Freshness,
        request: &mut RequestContext,
    ) -> Result<(Option<Evidence>, Option<PhoneRecord>), StoreError> {
        let keys = if ask.call_after.is_some() {
            vec![ask.calls_key()]
        } else {
            vec![ask.country_key(), ask.number_block_key(), ask.network_key()]
        };
        let missing: Vec<_> = keys
            .into_iter()
            .filter(|key| !known.purses.contains_key(key))
            .collect();
        let mut keys = HashMap::new();
        if !missing.is_empty() {
            let names = missing.iter().map(ToString::to_string).collect();
            keys.insert(self.tables.limits.clone(), read_keys(names, freshness)?);
        }
        let phone = plan.phone_index.as_str();
        if known.evidence == KnownEvidence::Unread {
            let name = phone.to_owned();
            let read = read_keys(vec![name], freshness)?;
            keys.insert(self.tables.challenges.clone(), read);
        }
        let began = Instant::now();
        let read = self.read_batch(keys, request).await;
        request.note_dependency(Dependency::Store, began);
        let items = read?;
        let empty = Item::new();
        for key in missing {
            let item = items.get(&key.to_string()).unwrap_or(&empty);
            known.purses.insert(key, read_purse(item));
        }
        Ok(match &known.evidence {
            KnownEvidence::Read(evidence) => (evidence.clone(), None),
            KnownEvidence::Unread => {
                let item = items.get(phone).unwrap_or(&empty);
                let record = read_phone_record(item, &plan.terms.today);
                (record.evidence.clone(), Some(record))
            }
        })
    }

    /// Reads one purse, as the last write left it; without attributes when there is no item.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store gives no answer.
    pub async fn read_purse(
        &self,
        key: &PurseKey,
        request: &mut RequestContext,
    ) -> Result<PurseItem, StoreError> {
        let (table, key) = (&self.tables.limits, key.to_string());
        let item = get_item(&self.client, table, key, request).await?;
        Ok(item.as_ref().map(read_purse).unwrap_or_default())
    }

    /// Reads items by their keys, which differ over the tables.
    pub(super) async fn read_batch(
        &self,
        mut keys: HashMap<String, KeysAndAttributes>,
        request: &RequestContext,
    ) -> Result<HashMap<String, Item>, StoreError> {
        let (mut items, mut tries) = (HashMap::new(), 0);
        while !keys.is_empty() {
            let call = self.client.batch_get_item().set_request_items(Some(keys));
            let answer = await_within(request.deadline, call.send()).await;
            let answer =
                answer.map_err(|error| OperationFailed::from_error(READ, error.as_ref()))?;
            for item in answer
                .responses
                .into_iter()
                .flatten()
                .flat_map(|(_, items)| items)
            {
                if let Some(key) = item.get(PK).and_then(|key| key.as_s().ok()) {
                    items.insert(key.clone(), item);
                }
            }
            keys = answer.unprocessed_keys.unwrap_or_default();
            if !keys.is_empty() {
                tries += 1;
                if tries > CONFLICT_RETRIES {
                    return Err(StoreError::Contended(READ));
                }
                pause(READ, tries, request).await?;
            }
        }
        Ok(items)
    }

    /// Gives back what the text of a typed code used up: to the country, the number block, the network and the address.
    /// `call_price`, the cost of the call that spoke the code, goes back to the calls of the country.
    ///
    /// The challenge must be marked as used before, by this request. Each credit is tried once, and retried once if the
    /// item has changed or a transaction is writing it. A credit that is lost loses room and is never repeated, because
    /// nobody knows whether it was applied.
    ///
    /// Each lost credit has a line, and the facts of the request count it.
    ///
    /// Returns the country's purse as its credit left it; `None` when that is not known.
    pub async fn credit(
        &self,
        payment: &Payment,
        call_price: Option<Micros>,
        country: Country,
        number_block: &SubjectIndex,
        policy: &PursePolicy,
        request: &mut RequestContext,
    ) -> Option<CountryRecord> {
        let (payer, now) = (&payment.payer, request.now);
        let began = Instant::now();
        let deadline = request.deadline.min(began + CREDITED_WITHIN);
        let shard = payer.shard;
        let key = PurseKey::Country { country, shard }.to_string();
        let seen = self.lock_credits().countries.get(&key).cloned();
        let seen = seen.map(|record| payer.charge(record));
        let of_country = async {
            let make =
                |seen: Option<&CountryRecord>| Some(payer.credit_country(country, seen, policy));
            let read = |item: &PurseItem| CountryRecord::read(item, now);
            let credit = self
                .credit_purse(make, read, seen, ReturnValue::AllNew, deadline)
                .await;
            if let Some(record) = &credit.left {
                self.lock_credits().countries.insert(key, record.clone());
            }
            credit
        };
        let of_block = async {
            let make = |seen: Option<&NumberBlockRecord>| {
                payer.credit_number_block(number_block, seen, policy)
            };
            let read = |item: &PurseItem| NumberBlockRecord::read(item, now);
            let credit = self
                .credit_purse(make, read, None, ReturnValue::None, deadline)
                .await;
            credit.is_lost
        };
        let of_network = async {
            let make =
                |seen: Option<&NetworkRecord>| payer.credit_network(country, seen, policy, now);
            let read = |item: &PurseItem| NetworkRecord::read(item);
            let network = payer.network.clone();
            let key = PurseKey::Network {
                country,
                shard,
                network,
            }
            .to_string();
            let seen = self.lock_credits().network(&key);
            let credit = self
                .credit_purse(make, read, seen, ReturnValue::None, deadline)
                .await;
            if let Some(found) = credit.left {
                self.lock_credits().remember_network(key, found);
            }
            credit.is_lost
        };
        let of_calls = async {
            let price = call_price?;
            let make = |seen: Option<&CallRecord>| payer.credit_calls(country, price, seen, policy);
            let read = |item: &PurseItem| CallRecord::read(item, now);
            let credit = self
                .credit_purse(make, read, None, ReturnValue::None, deadline)
                .await;
            Some(credit.is_lost)
        };
        let of_address = async {
            // The count of an hour that is over limits nothing.
            let limits = now < payment.hour + HOUR;
            limits
                && self
                    .credit_address(&payment.address, payment.hour, deadline)
                    .await
        };
        let turn = Mutex::new(());
        let (country, block, network, calls, address) = tokio::join!(
            in_turn(&turn, of_country),
            in_turn(&turn, of_block),
            in_turn(&turn, of_network),
            in_turn(&turn, of_calls),
            in_turn(&turn, of_address)
        );
        request.note_dependency(Dependency::Credits, began);
        let calls = calls.unwrap_or(false);
        let lost = [country.is_lost, block, network, calls, address];
        request.facts.credits_lost = lost.map(u32::from).iter().sum();
        country.left
    }

    /// Writes one credit, and asks for what is `returned` of the purse after it. A purse that is not there calls for
    /// none. One that cannot be read gets none, which is a loss.
    async fn credit_purse<R>(
        &self,
        make: impl Fn(Option<&R>) -> Option<Write>,
        read: impl Fn(&PurseItem) -> Result<Option<R>, Damaged>,
        mut seen: Option<R>,
        returned: ReturnValue,
        deadline: Instant,
    ) -> Credit<R> {
        let mut item = String::new();
        for _ in 0..2 {
            let Some(write) = make(seen.as_ref()) else {
                return Credit::end(seen);
            };
            let key = write.key.to_string();
            match self
                .write_once(&key, write_purse(&write), returned.clone(), deadline)
                .await
            {
                // Nothing was asked for.
                Ok(Written::Done(after)) if after.is_empty() => return Credit::end(seen),
                Ok(Written::Done(after)) => {
                    let left = read(&read_purse(&after)).unwrap_or_else(|damage| {
                        // Damage to another attribute does not undo the credit. Not every send looks at it.
                        tracing::error!(item = %key, %damage, "an item was damaged by hand");
                        None
                    });
                    return Credit::end(left);
                }
                Ok(Written::Differs(found)) => match read(&read_purse(&found)) {
                    Ok(Some(record)) => seen = Some(record),
                    // It is gone since it was seen.
                    Ok(None) if seen.is_some() => seen = None,
                    Ok(None) => return Credit::end(None),
                    Err(damage) => return Credit::lose(&key, &damage, None),
                },
                // It was certainly not applied.
                Ok(Written::Busy) => {}
                Err(error) => return Credit::lose(&key, &error, None),
            }
            item = key;
        }
        Credit::lose(&item, &CONTENDED, seen)
    }

    /// Gives the text back to its address, if the address still counts in that hour. Tells whether that was lost.
    async fn credit_address(
        &self,
        address: &SubjectIndex,
        hour: Timestamp,
        deadline: Instant,
    ) -> bool {
        let window = Window {
            start: hour,
            length: HOUR,
        };
        let key = Subject::new(SubjectKind::Address, address.clone()).key();
        let mut error = None;
        for _ in 0..2 {
            let mut write = RecordWrite::default();
            write.give_back(attribute::HOUR, &window);
            let returned = ReturnValue::None;
            match self.write_once(&key, write, returned, deadline).await {
                Ok(Written::Done(_) | Written::Differs(_)) => return false,
                // It was certainly not applied.
                Ok(Written::Busy) => {}
                Err(failed) => {
                    error = Some(failed.to_string());
                    break;
                }
            }
        }
        let error = error.as_deref().unwrap_or(CONTENDED);
        tracing::warn!(error, "an address got no credit for a typed code");
        true
    }
}

/// Names the items of one table to read.
fn read_keys(names: Vec<String>, freshness: Freshness) -> Result<KeysAndAttributes, StoreError> {
    let keys = names.into_iter();
    let keys = keys.map(|name| HashMap::from([(PK.to_owned(), text(name))]));
    let read = KeysAndAttributes::builder().set_keys(Some(keys.collect()));
    Ok(read
        .consistent_read(freshness == Freshness::Latest)
        .build()?)
}
