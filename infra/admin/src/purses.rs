//! `purses`: shows what the purses of the countries hold.

mod anew;
mod apply;
pub(crate) mod calls;
pub(crate) mod change;
pub(crate) mod describe;
mod gift;
mod targets;

use std::collections::HashMap;

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{
    Ask, DamagedPurse, NetworkRecord, NumberBlockRecord, Outlook, PurseItem, PurseKey, PurseRule,
    Records, view_purses,
};
use serde_json::{Value, json};

use self::calls::{CallPurse, ask_for_call, is_of_calls};
use self::describe::{describe_outlook, give_lines, make_heading, make_row_of};
use crate::cli::purses::PursesArguments;
use crate::money::{format_usd, usd};
use crate::operator::Operator;
use crate::output::{CommandError, Reply, format_table};
use crate::policy::is_unpriced;
use crate::specimen;

/// A shard of a country, and what its purses hold.
struct Shard {
    ask: Ask,
    holds: Result<Outlook, DamagedPurse>,
    /// Whether the country was texted before.
    is_used: bool,
}

pub(crate) async fn list(
    operator: &Operator,
    arguments: &PursesArguments,
) -> Result<Reply, CommandError> {
    let policy = operator.read_policy().await?;
    let resources = operator.find_resources().await?;
    let (store, now) = (operator.open_store(&resources), operator.now());
    let countries = match arguments.only {
        Some(country) => vec![country],
        None => policy.numbers.countries.iter().copied().collect(),
    };
    let called = countries.clone();
    let mut asks = Vec::new();
    for country in countries {
        asks.extend(ask_of_shards(&policy, country, now)?);
    }
    let service = asks.first().map(Ask::service_key);
    let called: Vec<_> = called
        .into_iter()
        .filter_map(|country| ask_for_call(&policy, country, now))
        .collect();
    let keys = asks.iter().map(Ask::country_key).chain(service);
    let keys: Vec<_> = keys.chain(called.iter().map(Ask::calls_key)).collect();
    let items = store.inspect_purses(&keys, &SystemRandom).await?;
    let calls = called.into_iter();
    let calls: Vec<_> = calls
        .map(|ask| CallPurse::look(ask, &policy, &items))
        .collect();
    let shards: Vec<_> = asks
        .into_iter()
        .map(|ask| look(ask, &policy, &items))
        .collect();
    let mut damaged: Vec<_> = shards
        .iter()
        .filter_map(|shard| shard.holds.clone().err())
        .collect();
    let mut seen = shards.iter().filter_map(|shard| shard.holds.as_ref().ok());
    // The purse of the service stands in the outlook of every country.
    damaged.extend(seen.find_map(|seen| seen.damaged_service.clone()));
    damaged.extend(calls.iter().filter_map(CallPurse::damage).cloned());
    if arguments.damaged {
        damaged.extend(find_damaged(&store, now).await?);
    }
    Ok(report(&policy, (&shards, &calls), &damaged))
}

/// Makes what a stranger would show to each shard of a country.
pub(crate) fn ask_of_shards(
    policy: &Policy,
    country: Country,
    now: Timestamp,
) -> Result<Vec<Ask>, CommandError> {
    if !policy.numbers.countries.contains(&country) {
        let served = policy.numbers.countries.iter().map(ToString::to_string);
        let served = served.collect::<Vec<_>>().join(", ");
        return Err(CommandError::usage(format!(
            "{country}: a country of the policy (numbers.countries) is needed: {served}"
        )));
    }
    let price = specimen::price(policy, None, country)?.ok_or_else(|| {
        CommandError::usage(format!("{country}: the policy has no price of its texts"))
    })?;
    let today = policy.make_terms(now, &policy.limits).today;
    let shards = policy.purses.shards_of(country);
    let ask = |shard| Ask::of_stranger(country, shard, shards, price, now, today);
    Ok((0..shards).map(ask).collect())
}

fn look(ask: Ask, policy: &Policy, items: &HashMap<PurseKey, PurseItem>) -> Shard {
    let item = |key: &PurseKey| items.get(key).cloned().unwrap_or_default();
    let records = Records::read(&ask, None, item);
    let is_used = records
        .as_ref()
        .is_ok_and(|records| records.country.is_some());
    let holds = records.map(|records| view_purses(&ask, &policy.purses.policy, &records));
    Shard {
        ask,
        holds,
        is_used,
    }
}

/// Looks for damaged purses of number blocks and networks.
async fn find_damaged(store: &Store, now: Timestamp) -> Result<Vec<DamagedPurse>, CommandError> {
    let mut damaged = Vec::new();
    for (key, item) in store.scan_purses("block#").await? {
        let damage = NumberBlockRecord::read(&item, now).err();
        damaged.extend(damage.map(DamagedPurse::of(key)));
    }
    for (key, item) in store.scan_purses("net#").await? {
        let damage = NetworkRecord::read(&item).err();
        damaged.extend(damage.map(DamagedPurse::of(key)));
    }
    Ok(damaged)
}

fn report(
    policy: &Policy,
    (shards, calls): (&[Shard], &[CallPurse]),
    damaged: &[DamagedPurse],
) -> Reply {
    let unearned = shards
        .iter()
        .find_map(|shard| shard.holds.as_ref().ok())
        .map(|outlook| outlook.unearned);
    let per_day = policy.purses.policy.unearned_per_day;
    let shadow = list_shadowed(policy);
    let json = json!({
        "purses": shards.iter().map(|shard| describe_shard(shard, policy)).collect::<Value>(),
        "calls": calls.iter().map(CallPurse::to_json).map(Value::Object).collect::<Value>(),
        "unearned": { "leftUsd": unearned.map(usd), "perDayUsd": usd(per_day) },
        "shadow": shadow,
        "damaged": damaged.iter().map(describe_damage).collect::<Value>(),
    });
    let mut rows = vec![make_heading(policy.purses.policy.attested.is_some())];
    rows.extend(shards.iter().map(|shard| {
        let name = name_shard(&shard.ask);
        make_row_of(&name, shard.holds.as_ref().ok(), shard.is_used)
    }));
    let mut lines = vec![format_table(&rows), String::new()];
    for shard in shards {
        let given = shard.holds.as_ref().ok();
        let given = given.map(|outlook| give_lines(outlook, shard.ask.price));
        let named = |line| format!("{}: {line}", name_shard(&shard.ask));
        lines.extend(given.into_iter().flatten().map(named));
    }
    if !calls.is_empty() {
        let mut rows = vec![calls::make_heading()];
        rows.extend(calls.iter().map(CallPurse::make_row));
        lines.extend([format_table(&rows), String::new()]);
    }
    lines.extend(unearned.map(|left| {
        let (left, all) = (format_usd(left), format_usd(per_day));
        format!("unearned money of today: {left} left of {all}")
    }));
    let countries = shards.iter().map(|shard| shard.ask.country);
    lines.extend(specimen::name_unpriced(policy, countries));
    if !shadow.is_empty() {
        lines.push(name_shadow(&shadow));
    }
    lines.extend(damaged.iter().map(name_damage));
    Reply::with_result(json, lines.join("\n"))
}

/// Names a shard of a country, as in `MA`, or `MA#1` where there are several.
fn name_shard(ask: &Ask) -> String {
    if ask.shards > 1 {
        format!("{}#{}", ask.country, ask.shard)
    } else {
        ask.country.to_string()
    }
}

/// Lists the rules in shadow mode. Where the policy has no calls, the rules of calls are left out.
pub(crate) fn list_shadowed(policy: &Policy) -> Vec<&'static str> {
    let rules = PurseRule::ALL.into_iter();
    let rules = rules.filter(|rule| policy.voice.is_some() || !is_of_calls(*rule));
    let shadowed = rules.filter(|rule| policy.purses.is_shadowed(*rule));
    shadowed.map(PurseRule::name).collect()
}

pub(crate) fn name_shadow(shadowed: &[&str]) -> String {
    format!(
        "in shadow mode, so they refuse nobody: {}",
        shadowed.join(", ")
    )
}

/// Says which item somebody damaged, and what to do.
pub(crate) fn name_damage(damaged: &DamagedPurse) -> String {
    let DamagedPurse { key, damage } = damaged;
    format!("damaged: {key} cannot be read: {damage}; `purse reset '{key}'` lets it start anew")
}

pub(crate) fn describe_damage(damaged: &DamagedPurse) -> Value {
    json!({ "purse": damaged.key.to_string(), "attribute": damaged.damage.0.name() })
}

fn describe_shard(shard: &Shard, policy: &Policy) -> Value {
    let ask = &shard.ask;
    let mut json = json!({
        "purse": ask.country_key().to_string(),
        "country": ask.country.to_string(),
        "shard": ask.shard,
        "priceUsd": usd(ask.price),
        "priceIsUpperBound": is_unpriced(policy, ask.country),
        "isNew": !shard.is_used && shard.holds.is_ok(),
        "damaged": shard.holds.as_ref().err().map(describe_damage),
    });
    if let (Some(members), Ok(outlook)) = (json.as_object_mut(), &shard.holds) {
        members.extend(describe_outlook(outlook, ask.price));
    }
    json
}
