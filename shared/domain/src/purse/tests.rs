//! The purses as a whole: lanes, days, credits and races, on a table in memory.

mod calls;
mod credits;
mod days;
mod ends;
mod known;
mod lanes;
mod overrides;
mod properties;
mod shadow;
mod together;
mod views;

use std::collections::HashMap;
use std::time::Duration;

use super::*;
use crate::clock::Timestamp;
use crate::country::Country;
use crate::subject::SubjectIndex;
use crate::window::{DAY, Window};

const PRICE: Micros = 220_000;
/// Noon of a day that begins a week.
const NOON: i64 = 20_006 * 86_400 + 43_200;

fn index(text: &str) -> SubjectIndex {
    SubjectIndex::from_text(text.to_owned())
}

fn morocco() -> Country {
    Country::parse("MA").expect("a country")
}

/// A send from network `net` to a phone in block `block`, this many seconds after noon.
fn ask(seconds: i64, network: &str, block: &str) -> Ask {
    let now = Timestamp::from_unix(NOON + seconds);
    Ask {
        now,
        today: Window::containing(now, DAY, Duration::ZERO),
        country: morocco(),
        shard: 0,
        shards: 1,
        price: PRICE,
        number_block: index(block),
        caller: Caller {
            device: index("device"),
            network: index(network),
        },
        allowance: None,
        is_attested: false,
        call_after: None,
    }
}

/// The settings of a policy without rules in shadow mode.
fn settings_of(policy: &PursePolicy) -> PurseSettings {
    PurseSettings {
        policy: *policy,
        ..PurseSettings::default()
    }
}

/// Decides a later try while no rule is in shadow mode.
fn plan_from_records(
    ask: &Ask,
    policy: &PursePolicy,
    records: &Records,
) -> Result<Plan, PurseRefusal> {
    decide(ask, &settings_of(policy), records).outcome
}

/// The items, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table(HashMap<PurseKey, PurseItem>);

impl Table {
    fn item(&self, key: &PurseKey) -> PurseItem {
        self.0.get(key).cloned().unwrap_or_default()
    }

    fn get(&self, key: &PurseKey, attribute: Attribute) -> i64 {
        self.item(key).get(attribute).expect("an attribute")
    }

    fn lane(&self, lane: Lane) -> Micros {
        let key = ask(0, "n", "b").country_key();
        self.get(&key, Attribute::Lane(lane))
    }

    fn set(&mut self, key: PurseKey, attribute: Attribute, value: i64) {
        self.0.entry(key).or_default().set(attribute, value);
    }

    /// Writes all or nothing.
    fn write(&mut self, writes: &[Write]) -> bool {
        let after = writes.iter().map(|write| {
            let after = write.apply(&self.item(&write.key))?;
            Some((write.key.clone(), after))
        });
        let Some(after) = after.collect::<Option<Vec<_>>>() else {
            return false;
        };
        self.0.extend(after);
        true
    }

    fn records(&self, ask: &Ask, evidence: Option<&Evidence>) -> Records {
        Records::read(ask, evidence.cloned(), |key| self.item(key)).expect("whole items")
    }

    /// Sends as a store does: first try, then one that was decided on what is stored.
    fn send(
        &mut self,
        ask: &Ask,
        policy: &PursePolicy,
        evidence: Option<&Evidence>,
    ) -> Result<Plan, PurseRefusal> {
        let first = plan_first_try(ask, policy);
        if self.write(&first.writes) {
            return Ok(first);
        }
        let plan = plan_from_records(ask, policy, &self.records(ask, evidence))?;
        assert!(self.write(&plan.writes), "{plan:?}");
        Ok(plan)
    }

    /// Gives back what a typed code earns, as a store does: again from what is there when it saw something else.
    fn credit(&mut self, ask: &Ask, payer: &Payer, policy: &PursePolicy) {
        let country = payer.credit_country(ask.country, None, policy);
        if !self.write(&[country]) {
            let seen = self.records(ask, None).country;
            let again = payer.credit_country(ask.country, seen.as_ref(), policy);
            assert!(self.write(&[again]));
        }
        if let Some(block) = payer.credit_number_block(&ask.number_block, None, policy)
            && !self.write(&[block])
        {
            let seen = self.records(ask, None).number_block;
            if let Some(again) = payer.credit_number_block(&ask.number_block, seen.as_ref(), policy)
            {
                assert!(self.write(&[again]));
            }
        }
        let of_network = |seen| payer.credit_network(ask.country, seen, policy, ask.now);
        if let Some(network) = of_network(None)
            && !self.write(&[network])
        {
            let seen = self.records(ask, None).network;
            let again = of_network(seen.as_ref()).expect("a credit");
            assert!(self.write(&[again]));
        }
    }

    /// A country where four codes were typed in network `home`.
    fn familiar(policy: &PursePolicy) -> Self {
        let mut table = Self::default();
        for n in 0..4 {
            let ask = ask(-3_600 + n, "home", "elsewhere");
            let plan = table.send(&ask, policy, None).expect("a send");
            table.credit(&ask, &plan.payer, policy);
        }
        table
    }
}

/// The evidence of a phone that was verified at `device` just before noon, and for the first time long before.
fn evidence(device: &str) -> Evidence {
    known(
        device,
        Timestamp::from_unix(NOON - 60),
        &PursePolicy::default(),
    )
}

/// The evidence of a phone whose last code was typed in at `device`, and for which lanes pay.
fn known(device: &str, at: Timestamp, policy: &PursePolicy) -> Evidence {
    Evidence {
        since: at - policy.known_after,
        ..Evidence::from_code(index(device), at, policy)
    }
}
