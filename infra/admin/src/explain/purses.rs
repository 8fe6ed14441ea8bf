//! What `explain` says about purses: who would pay for the text. It decides with the functions that a send decides
//! with.

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::index::Indexer;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{
    Ask, Caller, Claim, Damaged, Lane, Outlook, Plan, PurseKey, PurseRefusal, Records, Stopped,
    foresee, plan_in_shadow, view_purses,
};
use phoneproof_domain::subject::SubjectIndex;
use serde_json::{Value, json};

use super::Asked;
use crate::money::{format_usd, usd};
use crate::output::{CommandError, format_table};
use crate::policy::is_unpriced;
use crate::purses::describe::{describe_others, describe_outlook, make_rows, name_empty_network};
use crate::purses::{describe_damage, list_shadowed, name_damage, name_shadow};
use crate::specimen;
use crate::subjects::{parse_address, parse_device};

/// Makes what the text would show to the purses; `None` where no purse pays for it.
pub(super) fn make_ask(
    policy: &Policy,
    indexer: &Indexer,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Result<Option<Ask>, CommandError> {
    let Some(destination) = &asked.destination else {
        return Ok(None);
    };
    let served = destination.country;
    let served = served.filter(|country| policy.numbers.countries.contains(country));
    let Some(country) = served else {
        return Ok(None);
    };
    let Some(price) = specimen::price(policy, asked.business, country)? else {
        return Ok(None);
    };
    let shards = policy.purses.shards_of(country);
    let shard = Ask::shard_of(&indexer.index_phone(&destination.phone), shards);
    let today = policy.make_terms(now, &policy.limits).today;
    let stranger = Ask::of_stranger(country, shard, shards, price, now, today);
    let device = asked.device.map(parse_device).transpose()?;
    let address = asked.address.map(parse_address).transpose()?;
    let nobody = || SubjectIndex::from_text(String::new());
    Ok(Some(Ask {
        number_block: indexer.index_number_block(&destination.phone),
        caller: Caller {
            device: device.map_or_else(nobody, |device| indexer.index_device(&device)),
            network: address.map_or_else(nobody, |address| indexer.index_purse_network(&address)),
        },
        ..stranger
    }))
}

/// What purses say about a text.
pub(super) struct Forecast {
    ask: Ask,
    outcome: Result<Plan, Stopped>,
    /// What the other rules decide, when a rule in shadow mode would refuse.
    in_shadow: Option<Result<Plan, PurseRefusal>>,
    /// What the purses hold; the error names the item that somebody damaged.
    holds: Result<Outlook, (PurseKey, Damaged)>,
    shadowed: Vec<&'static str>,
    /// Whether the price is an upper bound, because the country has none.
    is_unpriced: bool,
}

impl Forecast {
    /// Reads the purses of `ask`, and decides as a send would. `allowance` is what the text takes out of the phone's
    /// allowance.
    pub(super) async fn foresee(
        mut ask: Ask,
        allowance: Option<Claim>,
        policy: &Policy,
        record: &PhoneRecord,
        store: &Store,
    ) -> Result<Self, CommandError> {
        ask.allowance = allowance;
        let keys = [
            ask.country_key(),
            ask.number_block_key(),
            ask.network_key(),
            ask.service_key(),
        ];
        let items = store.inspect_purses(&keys, &SystemRandom).await?;
        let item = |key: &PurseKey| items.get(key).cloned().unwrap_or_default();
        let (purses, evidence) = (&policy.purses.policy, record.evidence.clone());
        let outcome = foresee(&ask, purses, evidence.clone(), item);
        let records = Records::read(&ask, evidence, item);
        let in_shadow = match (&outcome, &records) {
            (Err(Stopped::Refused(refusal)), Ok(records))
                if policy.purses.is_shadowed(refusal.rule) =>
            {
                Some(plan_in_shadow(&ask, &policy.purses, records))
            }
            _ => None,
        };
        let holds = match records {
            Ok(records) => Ok(view_purses(&ask, purses, &records)),
            Err(Stopped::Damaged(key, damage)) => Err((key, damage)),
            // Reading refuses nothing.
            Err(Stopped::Refused(_)) => Ok(view_purses(&ask, purses, &Records::default())),
        };
        Ok(Self {
            outcome,
            in_shadow,
            holds,
            shadowed: list_shadowed(policy),
            is_unpriced: is_unpriced(policy, ask.country),
            ask,
        })
    }

    /// The refusal by a rule that is not in shadow mode.
    pub(super) fn refusal(&self) -> Option<PurseRefusal> {
        match &self.in_shadow {
            Some(decided) => decided.as_ref().err().copied(),
            None => self.would_refuse(),
        }
    }

    fn would_refuse(&self) -> Option<PurseRefusal> {
        match &self.outcome {
            Err(Stopped::Refused(refusal)) => Some(*refusal),
            Err(Stopped::Damaged(..)) | Ok(_) => None,
        }
    }

    fn damage(&self) -> Option<(PurseKey, Damaged)> {
        match &self.outcome {
            Err(Stopped::Damaged(key, damage)) => Some((key.clone(), *damage)),
            Err(Stopped::Refused(_)) | Ok(_) => None,
        }
    }

    pub(super) fn lane(&self) -> Option<Lane> {
        self.outcome.as_ref().ok().map(|plan| plan.payer.lane)
    }

    /// Says what a text gets that no rule refuses.
    pub(super) fn verdict(&self) -> String {
        match &self.outcome {
            Ok(plan) => {
                let lane = plan.payer.lane.name();
                let price = format_usd(self.ask.price);
                let price = if self.is_unpriced {
                    format!("at most {price}")
                } else {
                    price
                };
                if plan.granted_until.is_some() {
                    return format!("would be sent now, and an operator's grant pays {price}");
                }
                format!("would be sent now, and the lane {lane} pays {price}")
            }
            Err(Stopped::Refused(refusal)) => {
                let rule = refusal.rule.name();
                format!("would be sent now; {rule} would refuse it, and is in shadow mode")
            }
            Err(Stopped::Damaged(..)) => {
                "cannot be sent, because a purse was damaged by hand".to_owned()
            }
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let price = self.ask.price;
        let refusal = self.would_refuse();
        let mut json = json!({
            "purse": self.ask.country_key().to_string(),
            "priceUsd": usd(price),
            "priceIsUpperBound": self.is_unpriced,
            "lane": self.lane().map(Lane::name),
            "granted": self.outcome.as_ref().is_ok_and(|plan| plan.granted_until.is_some()),
            "wouldRefuse": refusal.map(|refusal| refusal.rule.name()),
            "retryAt": refusal.map(|refusal| refusal.retry_at),
            "shadow": self.shadowed,
            "damaged": self.damage().as_ref().map(describe_damage),
        });
        if let (Some(members), Ok(outlook)) = (json.as_object_mut(), &self.holds) {
            members.extend(describe_outlook(outlook, price));
            members.extend(describe_others(outlook, price));
        }
        json
    }

    pub(super) fn to_text(&self) -> String {
        let mut lines = vec![match &self.holds {
            Ok(outlook) => {
                let from_grant = matches!(&self.outcome, Ok(plan) if plan.granted_until.is_some());
                let pays = self.lane().filter(|_| !from_grant);
                format_table(&make_rows(outlook, self.ask.price, pays))
            }
            Err((key, damage)) => name_damage(key, *damage),
        }];
        if let Ok(outlook) = &self.holds {
            lines.extend(name_empty_network(outlook));
            let damaged = outlook.damaged_service.as_ref();
            lines.extend(damaged.map(|(key, damage)| name_damage(key, *damage)));
        }
        let shadowed = self.would_refuse().filter(|_| self.in_shadow.is_some());
        for refusal in shadowed.into_iter().chain(self.refusal()) {
            let (rule, at) = (refusal.rule.name(), refusal.retry_at);
            lines.push(format!("{rule} cannot pay until {at}"));
        }
        if !self.shadowed.is_empty() {
            lines.push(name_shadow(&self.shadowed));
        }
        lines.join("\n")
    }
}
