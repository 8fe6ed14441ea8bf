//! `purse`: gives a purse room or money for a time, or lets it start anew.

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{Ask, Budget, Grant, PurseItem, PurseKey, share};
use serde_json::json;

use super::apply::{Obstacle, change, describe_all, report_damaged};
use super::gift::{Gift, GiftPart, keep_lasting, sum_up};
use super::targets::{Named, parse_grant};
use super::{anew, ask_of_shards};
use crate::cli::Common;
use crate::cli::purses::PurseCommand;
use crate::confirm::confirm;
use crate::money::{Dollars, format_usd};
use crate::operator::Operator;
use crate::output::{CommandError, Reply};
use crate::specimen;

pub(crate) async fn run(
    operator: &Operator,
    common: &Common,
    command: &PurseCommand,
) -> Result<Reply, CommandError> {
    match command {
        PurseCommand::Grant {
            arguments,
            duration,
        } => {
            let until = operator.now() + duration.0;
            grant(operator, common, arguments, until).await
        }
        PurseCommand::Budget {
            of,
            dollars,
            duration,
        } => {
            let until = operator.now() + duration.0;
            budget(operator, common, *of, (*dollars, until)).await
        }
        PurseCommand::Reset { purse, value } => {
            anew::reset(operator, common, (purse, value.as_deref())).await
        }
    }
}

async fn grant(
    operator: &Operator,
    common: &Common,
    arguments: &[String],
    until: Timestamp,
) -> Result<Reply, CommandError> {
    let policy = operator.read_policy().await?;
    let resources = operator.find_resources().await?;
    let (named, texts) = parse_grant(operator, common, &resources, arguments).await?;
    let (label, keyed) = name_granted(&policy, named, operator.now())?;
    let parts: Vec<_> = keyed
        .into_iter()
        .map(|(key, ask)| {
            let own = share(i64::from(texts), ask.shard, ask.shards);
            let room = ask.price.saturating_mul(own);
            GiftPart {
                key,
                ask,
                given: (texts > 0).then_some(Grant { room, until }),
            }
        })
        .collect();
    let store = operator.open_store(&resources);
    give(&store, common, (&label, &parts), &policy).await
}

/// Returns the name of what gets a grant, and its purses.
fn name_granted(
    policy: &Policy,
    named: Named,
    now: Timestamp,
) -> Result<(String, Vec<(PurseKey, Ask)>), CommandError> {
    match named {
        Named::Country(country) => {
            let asks = ask_of_shards(policy, country, now)?.into_iter();
            let keyed = asks.map(|ask| (ask.country_key(), ask));
            Ok((country.to_string(), keyed.collect()))
        }
        Named::NumberBlock { index, phone } => {
            let country = phone.country.ok_or_else(|| {
                CommandError::usage(
                    "number-block: a number of a known country is needed, as in +1415555",
                )
            })?;
            // One item pays for the block, whatever the shard of a phone.
            let asks = ask_of_shards(policy, country, now)?.into_iter().take(1);
            let keyed = asks.map(|mut ask| {
                (ask.number_block, ask.shards) = (index.clone(), 1);
                (ask.number_block_key(), ask)
            });
            Ok((
                format!("{}xxxx", phone.phone.number_block()),
                keyed.collect(),
            ))
        }
        Named::Network { .. } => Err(CommandError::usage(
            "PURSE: a country, as in MA, or number-block with a number is needed; a network earns its room with typed codes",
        )),
        Named::Item(PurseKey::Calls { .. }) => Err(CommandError::usage(
            "PURSE: calls get no grant; `[voice]` of the policy says how many a country starts with",
        )),
        Named::Item(_) => Err(CommandError::usage(
            "PURSE: a country, as in MA, or number-block with a number is needed",
        )),
    }
}

async fn budget(
    operator: &Operator,
    common: &Common,
    country: Country,
    (Dollars(amount), until): (Dollars, Timestamp),
) -> Result<Reply, CommandError> {
    let policy = operator.read_policy().await?;
    let resources = operator.find_resources().await?;
    let least = policy.purses.policy.money.least;
    if amount > 0 && amount <= least {
        return Err(CommandError::usage(format!(
            "DOLLARS: more than the {} per day of the policy is needed; only the policy lowers them",
            format_usd(least)
        )));
    }
    let asks = ask_of_shards(&policy, country, operator.now())?.into_iter();
    let parts: Vec<_> = asks
        .map(|ask| {
            let per_day = share(amount, ask.shard, ask.shards);
            GiftPart {
                key: ask.country_key(),
                ask,
                given: (amount > 0).then_some(Budget { per_day, until }),
            }
        })
        .collect();
    let store = operator.open_store(&resources);
    give(&store, common, (&country.to_string(), &parts), &policy).await
}

/// Gives each purse its part, if its gift is still the one that the operator was shown.
async fn give<G: Gift>(
    store: &Store,
    common: &Common,
    (label, parts): (&str, &[GiftPart<G>]),
    policy: &Policy,
) -> Result<Reply, CommandError> {
    let shown = inspect(store, parts).await?;
    let given = sum_up(parts.iter().map(|part| part.given));
    if given.is_none() && shown.iter().all(Option::is_none) {
        return Ok(Reply::without_work(format!(
            "{label}: there is no {}",
            G::NAME
        )));
    }
    let price = parts.first().map_or(1, |part| part.ask.price);
    let name = |gift: Option<G>| G::to_text(gift.as_ref(), price);
    let (before, after) = (name(sum_up(shown.iter().copied())), name(given));
    let country = parts.first().map(|part| part.ask.country);
    let unpriced = specimen::name_unpriced(policy, country);
    let note = unpriced.map_or(String::new(), |note| format!(" ({note})"));
    confirm(
        common,
        &format!("{label}: this replaces {before} by {after}.{note}"),
    )?;
    let mut changed = Vec::new();
    for (part, shown) in parts.iter().zip(&shown) {
        let make = |item: &PurseItem| {
            let own = G::read(item, part.ask.now).map_err(Obstacle::Damaged)?;
            let is_same = match (keep_lasting(own, part.ask.now), shown) {
                (None, None) => true,
                (Some(own), Some(shown)) => own.is_same(shown),
                (Some(_), None) | (None, Some(_)) => false,
            };
            if !is_same {
                return Err(Obstacle::Changed);
            }
            G::write(part, &policy.purses.policy, item).map_err(Obstacle::Damaged)
        };
        changed.push(change(store, &part.key, make, &changed).await?);
    }
    let now = parts.first().map(|part| part.ask.now);
    let read = |item: &PurseItem| G::read(item, now?).ok().flatten();
    let was = name(sum_up(changed.iter().map(|own| read(&own.before))));
    let is = name(sum_up(changed.iter().map(|own| read(&own.after))));
    let describe = |item: &PurseItem| json!({ G::NAME: G::to_json(read(item).as_ref(), price) });
    let text = format!("{label}: {is}; before: {was}{note}");
    Ok(Reply::with_result(describe_all(&changed, describe), text))
}

/// Reads the gifts that purses have now.
async fn inspect<G: Gift>(
    store: &Store,
    parts: &[GiftPart<G>],
) -> Result<Vec<Option<G>>, CommandError> {
    let keys: Vec<_> = parts.iter().map(|part| part.key.clone()).collect();
    let items = store.inspect_purses(&keys, &SystemRandom).await?;
    let read = |part: &GiftPart<G>| {
        let item = items.get(&part.key).cloned().unwrap_or_default();
        let gift =
            G::read(&item, part.ask.now).map_err(|damage| report_damaged(&part.key, damage))?;
        Ok(keep_lasting(gift, part.ask.now))
    };
    parts.iter().map(read).collect()
}
