//! What `explain` says about purses: who would pay for the text. It decides with the functions that a send decides
//! with.

use phoneproof_aws::store::Store;
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::index::Indexer;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::PhoneRecord;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::{
    Ask, Caller, Claim, DamagedPurse, Decision, Lane, Outlook, Plan, PurseKey, PurseRefusal,
    Records, foresee, view_purses,
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
    decision: Result<Decision, DamagedPurse>,
    /// What the purses hold.
    holds: Result<Outlook, DamagedPurse>,
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
        let evidence = &record.evidence;
        let decision = foresee(&ask, &policy.purses, evidence.clone(), item);
        let holds = Records::read(&ask, evidence.clone(), item)
            .map(|records| view_purses(&ask, &policy.purses.policy, &records));
        Ok(Self {
            decision,
            holds,
            shadowed: list_shadowed(policy),
            is_unpriced: is_unpriced(policy, ask.country),
            ask,
        })
    }

    /// The refusal by a rule that is not in shadow mode.
    pub(super) fn refusal(&self) -> Option<PurseRefusal> {
        self.decision.as_ref().ok()?.outcome.as_ref().err().copied()
    }

    /// The refusals: of rules in shadow mode, then the one that holds.
    fn refusals(&self) -> impl Iterator<Item = &PurseRefusal> {
        self.decision.iter().flat_map(Decision::refusals)
    }

    /// The plan, if no rule refuses the text, in shadow mode or not.
    fn plan(&self) -> Option<&Plan> {
        let decision = self.decision.as_ref().ok()?;
        let plan = decision.outcome.as_ref().ok()?;
        decision.passed_over.is_empty().then_some(plan)
    }

    pub(super) fn lane(&self) -> Option<Lane> {
        self.plan().map(|plan| plan.payer.lane)
    }

    /// Says what a text gets that no rule refuses.
    pub(super) fn verdict(&self) -> String {
        match (&self.decision, self.plan()) {
            (_, Some(plan)) => {
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
            (Ok(decision), None) => {
                let rules: Vec<_> = decision
                    .passed_over
                    .iter()
                    .map(|refusal| refusal.rule.name())
                    .collect();
                let rules = rules.join(", ");
                format!("would be sent now; in shadow mode, it would be refused by {rules}")
            }
            (Err(_), _) => "cannot be sent, because a purse was damaged by hand".to_owned(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let price = self.ask.price;
        let refusal = self.refusals().next();
        let mut json = json!({
            "purse": self.ask.country_key().to_string(),
            "priceUsd": usd(price),
            "priceIsUpperBound": self.is_unpriced,
            "lane": self.lane().map(Lane::name),
            "granted": self.plan().is_some_and(|plan| plan.granted_until.is_some()),
            "wouldRefuse": refusal.map(|refusal| refusal.rule.name()),
            "retryAt": refusal.map(|refusal| refusal.retry_at),
            "shadow": self.shadowed,
            "damaged": self.decision.as_ref().err().map(describe_damage),
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
                let from_grant = self.plan().is_some_and(|plan| plan.granted_until.is_some());
                let pays = self.lane().filter(|_| !from_grant);
                format_table(&make_rows(outlook, self.ask.price, pays))
            }
            Err(damaged) => name_damage(damaged),
        }];
        if let Ok(outlook) = &self.holds {
            lines.extend(name_empty_network(outlook));
            lines.extend(outlook.damaged_service.as_ref().map(name_damage));
        }
        for refusal in self.refusals() {
            let (rule, at) = (refusal.rule.name(), refusal.retry_at);
            lines.push(format!("{rule} cannot pay until {at}"));
        }
        if !self.shadowed.is_empty() {
            lines.push(name_shadow(&self.shadowed));
        }
        lines.join("\n")
    }
}
