//! The decision of a send: which lane pays, or why none does.

use std::collections::BTreeSet;

use super::amount::{DamagedPurse, TOO_MUCH};
use super::ask::Ask;
use super::calls::{self, CallRecord};
use super::country::CountryRecord;
use super::draft::CountryDraft;
use super::empty::EmptyPurse;
use super::evidence::{Claim, Evidence};
use super::item::{Attribute, PurseItem, PurseKey};
use super::lane::Lane;
use super::overrides::Overrides;
use super::payments::{
    NumberBlockDraw, draw_from_number_block, grant, pay_from_network, pay_from_number_block,
};
use super::plan::{Plan, Taken};
use super::policy::PursePolicy;
use super::records::{NetworkRecord, NumberBlockRecord, ServiceRecord, Standing};
use super::refusal::{PurseRefusal, PurseRule};
use super::settings::PurseSettings;
use super::write::{Change, Condition, Write};

/// What is stored about the purses of one send; `None` for an item that does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The purse of the country, in the shard of the phone.
    pub country: Option<CountryRecord>,
    /// What an operator gave the country.
    pub overrides: Overrides,
    /// The purse of the phone's number block.
    pub number_block: Option<NumberBlockRecord>,
    /// The purse of the caller's network.
    pub network: Option<NetworkRecord>,
    /// The purse of the country's calls; `None` for a text, too.
    pub calls: Option<CallRecord>,
    /// The service. `None` counts as nothing taken today. If that is wrong, the write fails and returns the item.
    pub service: Option<ServiceRecord>,
    /// The evidence on the phone's record.
    pub evidence: Option<Evidence>,
    /// What is wrong with the item of the service, if anything is. All countries share it, so it stops none of them: it
    /// counts as one with nothing left.
    pub damaged_service: Option<DamagedPurse>,
}

impl Records {
    /// Reads the items of a send. `item` gives the item of a key, without attributes where there is none.
    ///
    /// # Errors
    ///
    /// [`DamagedPurse`] names the item that cannot be right.
    pub fn read(
        ask: &Ask,
        evidence: Option<Evidence>,
        mut item: impl FnMut(&PurseKey) -> PurseItem,
    ) -> Result<Self, DamagedPurse> {
        let of = DamagedPurse::of;
        let (country, block) = (ask.country_key(), ask.number_block_key());
        let (network, service) = (ask.network_key(), ask.service_key());
        if ask.call_after.is_some() {
            let key = ask.calls_key();
            let calls = CallRecord::read(&item(&key), ask.now).map_err(of(key))?;
            return Ok(Self {
                calls,
                ..Self::default()
            });
        }
        let of_country = item(&country);
        let (of_service, damaged_service) = match ServiceRecord::read(&item(&service)) {
            Ok(record) => (record, None),
            Err(damage) => (Some(ServiceRecord { left: 0 }), Some(of(service)(damage))),
        };
        let overrides = Overrides::read(&of_country, ask.now);
        Ok(Self {
            overrides: overrides.map_err(of(country.clone()))?,
            country: CountryRecord::read(&of_country, ask.now).map_err(of(country))?,
            number_block: NumberBlockRecord::read(&item(&block), ask.now).map_err(of(block))?,
            network: NetworkRecord::read(&item(&network)).map_err(of(network))?,
            calls: None,
            service: of_service,
            evidence,
            damaged_service,
        })
    }
}

impl Records {
    /// Begins the write of the country, when the day of the text has begun.
    pub(super) fn draft<'a>(&self, ask: &'a Ask, policy: &'a PursePolicy) -> CountryDraft<'a> {
        let unearned = self
            .service
            .map_or(policy.unearned_per_day, |service| service.left);
        CountryDraft::new(ask, policy, self.country.clone(), self.overrides, unearned)
    }

    /// Says what the network is to the crowd's lane, in a country that needs `codes_needed` codes for it.
    pub(super) fn find_standing(&self, ask: &Ask, codes_needed: i64) -> Standing {
        match self.network {
            Some(network) if network.codes >= codes_needed && !network.is_forgotten(ask.now) => {
                if network.holds >= ask.price {
                    Standing::Familiar
                } else {
                    Standing::Empty
                }
            }
            Some(_) | None => Standing::Strange,
        }
    }
}

/// Makes the plan of the first try: the crowd's lane, with conditions that need nothing that is stored.
///
/// It writes three items: block, network and country. That of a call writes one.
#[must_use]
pub fn plan_first_try(ask: &Ask, policy: &PursePolicy) -> Plan {
    if let Some(text) = &ask.call_after {
        return calls::plan_without_record(ask, text, policy);
    }
    let (price, now) = (ask.price, ask.now.unix());
    let crowd = Attribute::Lane(Lane::Crowd);
    let kept = (ask.now + policy.find_country_lifetime()).unix();
    let country = Write {
        key: ask.country_key(),
        conditions: vec![
            Condition::AtLeast(crowd, price),
            // The first try reads nothing. So this refuses a number that only somebody by hand can have written.
            Condition::Below(crowd, TOO_MUCH),
            Condition::Is(Attribute::Day, ask.day()),
            Condition::AtLeast(Attribute::Left, price),
            Condition::Below(Attribute::Left, TOO_MUCH),
            // The money of an operator's budget is no longer left when that has ended.
            Condition::AbsentOrAtLeast(Attribute::BudgetUntil, now.saturating_add(1)),
        ],
        changes: vec![
            Change::Add(crowd, -price),
            Change::Set(Attribute::LaneAt(Lane::Crowd), now),
            Change::Add(Attribute::Left, -price),
            Change::Add(Attribute::cost_on(ask.day()), price),
            Change::Add(Attribute::Sent, 1),
            Change::Set(Attribute::ExpiresAt, kept),
        ],
    };
    let network = Write {
        key: ask.network_key(),
        conditions: vec![
            Condition::AtLeast(Attribute::Room, price),
            Condition::Below(Attribute::Room, TOO_MUCH),
            Condition::NotBelow(Attribute::Codes, Attribute::Needed),
            // No country needs fewer codes than the policy says, so a smaller number is old or was written by hand.
            Condition::AtLeast(Attribute::Needed, i64::from(policy.network.codes)),
            Condition::AtLeast(Attribute::ExpiresAt, now.saturating_add(1)),
        ],
        changes: vec![Change::Add(Attribute::Room, -price)],
    };
    let mut block = pay_from_number_block(ask, policy);
    let whole = Condition::AbsentOrBelow(Attribute::Room, TOO_MUCH);
    block.conditions.push(whole);
    Plan {
        payer: ask.make_payer(Lane::Crowd),
        claim: ask.allowance.unwrap_or_default(),
        granted_until: None,
        taken: Taken::ALL,
        call: None,
        writes: vec![block, network, country],
        empty: None,
    }
}

/// What the purses decide about a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The plan of the best lane that can pay; no lane pays where the country's rule was passed over. The error is of a
    /// rule that is not in shadow mode.
    pub outcome: Result<Plan, PurseRefusal>,
    /// The refusals of rules in shadow mode, which refuse nobody, in the order of the decision. Each rule is here once at
    /// most.
    pub passed_over: Vec<PurseRefusal>,
}

impl Decision {
    /// Lists the refusals: of rules in shadow mode, then the one that holds.
    pub fn refusals(&self) -> impl Iterator<Item = &PurseRefusal> {
        self.passed_over.iter().chain(self.outcome.as_ref().err())
    }

    /// Returns the purse that was empty, whether or not its rule refused the send.
    #[must_use]
    pub fn empty(&self) -> Option<EmptyPurse> {
        let refused = self.refusals().filter_map(|refusal| refusal.empty);
        let paid = self.outcome.iter().filter_map(|plan| plan.empty);
        refused.chain(paid).next()
    }
}

/// Decides a later try, from what is stored.
///
/// Where a rule in shadow mode refuses, the other rules count the send and may refuse it. What the rule guards then pays
/// nothing, and what it counts is counted. So a country's money of the day holds even while the country's purse is in
/// shadow mode.
#[must_use]
pub fn decide(ask: &Ask, settings: &PurseSettings, records: &Records) -> Decision {
    let mut spared = BTreeSet::new();
    let mut passed_over = Vec::new();
    loop {
        let outcome = plan_without(&spared, ask, &settings.policy, records);
        match outcome {
            // A rule that is spared refuses no more, so each round spares another one.
            Err(refusal) if settings.is_shadowed(refusal.rule) && spared.insert(refusal.rule) => {
                passed_over.push(refusal);
            }
            _ => {
                return Decision {
                    outcome,
                    passed_over,
                };
            }
        }
    }
}

/// Makes the plan of a send, as far as other rules than `spared` admit it.
fn plan_without(
    spared: &BTreeSet<PurseRule>,
    ask: &Ask,
    policy: &PursePolicy,
    records: &Records,
) -> Result<Plan, PurseRefusal> {
    if let Some(text) = &ask.call_after {
        let is_spared = |rule| spared.contains(&rule);
        return calls::plan_from_record(ask, text, policy, records.calls.as_ref(), is_spared);
    }
    let mut draft = records.draft(ask, policy);
    if draft.record.left < ask.price && !spared.contains(&PurseRule::MoneyPerDay) {
        return Err(PurseRefusal {
            rule: PurseRule::MoneyPerDay,
            retry_at: ask.today.end(),
            empty: None,
        });
    }
    let mut block = draw_from_number_block(ask, policy, records.number_block.as_ref());
    if matches!(block, NumberBlockDraw::Empty(_)) && spared.contains(&PurseRule::NumberBlock) {
        block = NumberBlockDraw::Spared;
    }
    let needed = policy.count_codes_needed(draft.record.typed_before);
    let familiar = records.find_standing(ask, needed) == Standing::Familiar;
    let chosen = choose(ask, policy, records, &mut draft, &block, familiar);
    let empty = draft.empty();
    let (lane, claim) = match chosen {
        Ok((lane, claim)) => (Some(lane), claim),
        Err(refusal) if spared.contains(&refusal.rule) => (None, ask.allowance.unwrap_or_default()),
        Err(refusal) => {
            return Err(PurseRefusal {
                empty: empty.or(refusal.empty),
                ..refusal
            });
        }
    };

    let taken = Taken {
        from_lane: lane.is_some(),
        from_day: draft.record.left >= ask.price,
    };
    let (granted, granted_until) = (draft.granted, draft.grant_that_pays());
    let (country, conditions, changes) = draft.pay(lane);
    let mut writes = vec![];
    // Where no lane pays, the code counts for the strangers' one.
    let payer_lane = lane.unwrap_or(Lane::Open);
    if let (true, NumberBlockDraw::Pays(write)) = (payer_lane.asks_number_block(), block) {
        writes.push(write);
    }
    if lane == Some(Lane::Crowd) {
        writes.push(pay_from_network(ask, needed));
    }
    writes.push(Write {
        key: ask.country_key(),
        conditions,
        changes,
    });
    if granted > 0 {
        writes.push(grant(ask, policy, granted));
    }
    let mut payer = ask.make_payer(payer_lane);
    payer.codes_needed = Some(needed);
    payer.heals = payer_lane == Lane::Known && country.lacks_codes(policy, ask.price);
    Ok(Plan {
        payer,
        claim,
        granted_until,
        taken,
        call: None,
        writes,
        empty,
    })
}

/// Chooses the lane that pays, and fills it in the draft.
fn choose(
    ask: &Ask,
    policy: &PursePolicy,
    records: &Records,
    draft: &mut CountryDraft<'_>,
    block: &NumberBlockDraw,
    familiar: bool,
) -> Result<(Lane, Claim), PurseRefusal> {
    let pays = !matches!(block, NumberBlockDraw::Empty(_));
    // The time that a refusal names is that of the lane that is open to this network. It says nothing about the phone.
    let mut retry_at = None;
    if familiar && pays {
        match draft.fill(Lane::Crowd) {
            Ok(()) => return Ok((Lane::Crowd, ask.allowance.unwrap_or_default())),
            Err(at) => retry_at = Some(at),
        }
    }
    let evidence = records.evidence.as_ref();
    let bears = |claim: &Claim| {
        evidence.is_some_and(|evidence| evidence.bears(*claim, &ask.caller, ask.now))
    };
    let (here, near, known) = claims_of(policy);
    // What the phone has for the place where it was verified.
    let own = match ask.allowance {
        Some(claim) => Some(claim).filter(bears),
        None => [here, near].into_iter().find(bears),
    };
    if evidence.is_some_and(|evidence| evidence.is_seasoned(ask.now, policy)) {
        let lanes = match (ask.allowance, own) {
            (Some(_), Some(claim)) => vec![(Lane::Known, claim)],
            (Some(_), None) => vec![],
            (None, _) => known(familiar),
        };
        for (lane, claim) in lanes {
            if bears(&claim) && draft.fill(lane).is_ok() {
                return Ok((lane, claim));
            }
        }
    }
    // The strangers who ask for a phone use up its number block, too. They do not stop its owner by that.
    if let Some(claim) = own.filter(|_| ask.allowance.is_some() || !pays) {
        for (lane, is_open) in [(Lane::Crowd, familiar), (Lane::Open, true)] {
            if is_open && draft.fill(lane).is_ok() {
                return Ok((lane, claim));
            }
        }
    }
    if ask.allowance.is_some() {
        let open_at = draft.fill(Lane::Open).err();
        return Err(PurseRefusal {
            rule: PurseRule::Country,
            retry_at: retry_at.or(open_at).unwrap_or(ask.today.end()),
            empty: None,
        });
    }
    if pays && ask.is_attested && draft.fill(Lane::Attested).is_ok() {
        return Ok((Lane::Attested, Claim::Nothing));
    }
    match (block, draft.fill(Lane::Open)) {
        (NumberBlockDraw::Pays(_) | NumberBlockDraw::Spared, Ok(())) => {
            Ok((Lane::Open, Claim::Nothing))
        }
        (NumberBlockDraw::Pays(_) | NumberBlockDraw::Spared, Err(at)) => Err(PurseRefusal {
            rule: PurseRule::Country,
            retry_at: retry_at.unwrap_or(at),
            empty: None,
        }),
        (NumberBlockDraw::Empty(at), open) => {
            let open_at = open.err().unwrap_or(*at);
            Err(PurseRefusal {
                rule: PurseRule::NumberBlock,
                retry_at: if familiar { *at } else { open_at.max(*at) },
                empty: Some(EmptyPurse::NumberBlock),
            })
        }
    }
}

/// Returns what a phone has for its device, for its network, and in which lanes it is known, the best first. `true`
/// stands for a network of the crowd.
fn claims_of(policy: &PursePolicy) -> (Claim, Claim, impl Fn(bool) -> Vec<(Lane, Claim)>) {
    let texts = policy.known_texts;
    let here = Claim::Here { texts };
    let elsewhere = Claim::Elsewhere { texts };
    let far = Claim::Elsewhere {
        texts: policy.moved_texts,
    };
    let known = move |familiar: bool| {
        let mut lanes = vec![(Lane::Known, here)];
        if familiar {
            lanes.push((Lane::Known, elsewhere));
        }
        lanes.push((Lane::Moved, far));
        lanes
    };
    (here, Claim::Near { texts }, known)
}
