//! `purse reset`: lets a purse start anew.

use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{self, Ask, PurseItem, PurseKey, Write, reset_calls, reset_country};
use serde_json::Value;

use super::apply::{Obstacle, change, describe_all};
use super::ask_of_shards;
use super::calls::ask_for_call;
use super::targets::{Named, parse_purse};
use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::Operator;
use crate::output::{CommandError, Reply};

pub(super) async fn reset(
    operator: &Operator,
    common: &Common,
    (purse, value): (&str, Option<&str>),
) -> Result<Reply, CommandError> {
    let policy = operator.read_policy().await?;
    let resources = operator.find_resources().await?;
    let named = parse_purse(operator, common, &resources, (purse, value)).await?;
    let (store, now) = (operator.open_store(&resources), operator.now());
    let name = match &named {
        Named::Network { name, .. } => format!("network {name}"),
        Named::NumberBlock { phone, .. } => {
            format!("number-block {}xxxx", phone.phone.number_block())
        }
        Named::Country(_) | Named::Item(_) => [Some(purse), value]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    };
    let keys = list_keys(&policy, named, now)?;
    let items = store.inspect_purses(&keys, &SystemRandom).await?;
    let has_item = |key: &PurseKey| items.get(key).is_some_and(|item| !item.is_empty());
    let keys: Vec<_> = keys.into_iter().filter(has_item).collect();
    if keys.is_empty() {
        return Ok(Reply::without_work(format!(
            "{name}: there is nothing to reset, because this purse has no item: nothing was paid from it or earned for it yet"
        )));
    }
    let listed: Vec<_> = keys.iter().map(ToString::to_string).collect();
    let listed = listed.join(", ");
    let consequence = format!("This lets {listed} start anew. Grants and budgets end.");
    confirm(common, &consequence)?;
    // The question may have stood for minutes.
    let now = operator.now();
    let mut changed = Vec::new();
    for key in &keys {
        let ask = find_ask(&policy, key, now)?;
        let make = |item: &PurseItem| {
            let write = write_anew(key, ask.as_ref(), item, &policy, now);
            write.ok_or(Obstacle::Changed)
        };
        changed.push(change(&store, key, make, &changed).await?);
    }
    let json = describe_all(&changed, describe_item);
    Ok(Reply::with_result(
        json,
        format!("{listed}: as new, without grants and budgets"),
    ))
}

/// Describes every attribute of an item.
fn describe_item(item: &PurseItem) -> Value {
    let integers = item.iter();
    let integers = integers.map(|(name, value)| (name.name().into_owned(), value.into()));
    let others = item.others();
    let others = others.map(|name| (name.name().into_owned(), "no integer".into()));
    Value::Object(integers.chain(others).collect())
}

/// Makes what the shard of a country, or its calls, is asked; `None` for another purse, and for calls that the policy
/// has not.
fn find_ask(policy: &Policy, key: &PurseKey, now: Timestamp) -> Result<Option<Ask>, CommandError> {
    match key {
        PurseKey::Country { country, shard } => {
            let mut asks = ask_of_shards(policy, *country, now)?.into_iter();
            Ok(asks.find(|ask| ask.shard == *shard))
        }
        PurseKey::Calls { country } => Ok(ask_for_call(policy, *country, now)),
        PurseKey::NumberBlock(_) | PurseKey::Network { .. } | PurseKey::Service { .. } => Ok(None),
    }
}

/// Makes the write by which a purse starts anew. A country's needs the `ask` of its shard.
fn write_anew(
    key: &PurseKey,
    ask: Option<&Ask>,
    item: &PurseItem,
    policy: &Policy,
    now: Timestamp,
) -> Option<Write> {
    let purses = &policy.purses.policy;
    match (key, ask) {
        (PurseKey::Country { .. }, _) => Some(reset_country(ask?, purses, item)),
        (PurseKey::Calls { .. }, Some(ask)) => Some(reset_calls(ask, purses, item)),
        _ => purse::reset(key, purses, now),
    }
}

/// Lists the items of a purse that an operator named.
fn list_keys(policy: &Policy, named: Named, now: Timestamp) -> Result<Vec<PurseKey>, CommandError> {
    Ok(match named {
        Named::Country(country) => {
            let asks = ask_of_shards(policy, country, now)?;
            asks.iter().map(Ask::country_key).collect()
        }
        Named::NumberBlock { index, .. } => vec![PurseKey::NumberBlock(index)],
        Named::Network { index: network, .. } => {
            let countries = policy.numbers.countries.iter();
            let of = |country: &Country| {
                let (country, network) = (*country, network.clone());
                let shards = 0..policy.purses.shards_of(country);
                shards.map(move |shard| PurseKey::Network {
                    country,
                    shard,
                    network: network.clone(),
                })
            };
            countries.flat_map(of).collect()
        }
        Named::Item(PurseKey::Country { country, shard })
            if shard >= policy.purses.shards_of(country) =>
        {
            return Err(CommandError::usage(format!(
                "{country}: the policy has no shard {shard}, so nobody pays from this purse"
            )));
        }
        Named::Item(key) => vec![key],
    })
}
