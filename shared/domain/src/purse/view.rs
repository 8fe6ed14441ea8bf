//! What the purses of a text hold and who would pay, for operators. The answers come from the functions that decide a send.

use super::Micros;
use super::amount::DamagedPurse;
use super::ask::Ask;
use super::draft::CountryDraft;
use super::evidence::Evidence;
use super::item::{PurseItem, PurseKey};
use super::lane::{Lane, Lanes};
use super::overrides::{Budget, Grant};
use super::policy::PursePolicy;
use super::records::{NetworkRecord, NumberBlockRecord, Standing};
use super::refill::PurseView;
use super::send::{Decision, Records, decide, plan_first_try};
use super::settings::PurseSettings;
use crate::clock::Timestamp;

/// Says what a send would get: the plan of the first try where its conditions hold, else what is decided on the items.
/// `item` gives the item of a key, without attributes where there is none.
///
/// # Errors
///
/// [`DamagedPurse`] names the item that stops the send.
pub fn foresee(
    ask: &Ask,
    settings: &PurseSettings,
    evidence: Option<Evidence>,
    mut item: impl FnMut(&PurseKey) -> PurseItem,
) -> Result<Decision, DamagedPurse> {
    let first = plan_first_try(ask, &settings.policy);
    let mut holds = first.writes.iter();
    if holds.all(|write| write.apply(&item(&write.key)).is_some()) {
        return Ok(Decision {
            outcome: Ok(first),
            passed_over: Vec::new(),
        });
    }
    let records = Records::read(ask, evidence, item)?;
    Ok(decide(ask, settings, &records))
}

/// The money of a country's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyView {
    /// What the texts of the day cost.
    pub spent: Micros,
    /// What they may cost: the money stop that the day began with. In shadow mode they may have cost more.
    pub per_day: Micros,
    /// What the money stop still leaves of the day.
    pub left: Micros,
    /// The budget that an operator gave, while it is in force.
    pub budget: Option<Budget>,
    /// From when there is enough for a text again; `None` when there is now.
    pub pays_at: Option<Timestamp>,
}

/// What a network's purse holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkView {
    /// What it holds; 0 for a network that is not known.
    pub holds: Micros,
    /// What it earns up to.
    pub cap: Micros,
    /// The codes that were typed there.
    pub codes: i64,
    /// The codes that open the crowd's lane to it.
    pub codes_needed: i64,
    /// Whether the crowd's lane is open to it, or why not.
    pub standing: Standing,
}

/// What the purses of one text hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The lanes of the country; `None` for one that is off.
    pub lanes: Lanes<Option<PurseView>>,
    /// The room that an operator gave the country's strangers, while that lasts.
    pub grant: Option<Grant>,
    /// The money of the country's day.
    pub money: MoneyView,
    /// The purse of the number block.
    pub number_block: PurseView,
    /// The room that an operator gave the number block, while that lasts.
    pub number_block_grant: Option<Grant>,
    /// The purse of the network.
    pub network: NetworkView,
    /// The unearned money that the service still gives today.
    pub unearned: Micros,
    /// From when that is enough for a text again; `None` when it is now.
    pub unearned_pays_at: Option<Timestamp>,
    /// The item of the unearned money, where somebody damaged it. It then counts as nothing, and stops no country.
    pub damaged_service: Option<DamagedPurse>,
    /// The texts of the country's week.
    pub sent: i64,
    /// The typed codes of the country's week.
    pub typed: i64,
}

/// Says what the purses of a text hold at its instant. A day that has begun without a text has begun.
#[must_use]
pub fn view_purses(ask: &Ask, policy: &PursePolicy, records: &Records) -> Outlook {
    let draft = records.draft(ask, policy);
    let lasts = |grant: &Grant| ask.now < grant.until && grant.room > 0;
    let block = records.number_block;
    let unearned = records
        .service
        .map_or(policy.unearned_per_day, |service| service.left);
    Outlook {
        lanes: Lanes::new(|lane| look_at_lane(ask, policy, &draft, lane)),
        grant: records.overrides.grant.filter(lasts),
        money: look_at_money(ask, policy, records, &draft),
        number_block: look_at_number_block(ask, policy, block.as_ref()),
        number_block_grant: block.and_then(|block| block.grant).filter(lasts),
        network: look_at_network(ask, policy, records, &draft),
        unearned,
        // Money that does not pay for this text on any day never comes.
        unearned_pays_at: (unearned < ask.price && ask.price <= policy.unearned_per_day)
            .then(|| ask.today.end()),
        damaged_service: records.damaged_service.clone(),
        sent: draft.record.sent,
        typed: draft.record.typed,
    }
}

fn look_at_lane(
    ask: &Ask,
    policy: &PursePolicy,
    draft: &CountryDraft<'_>,
    lane: Lane,
) -> Option<PurseView> {
    policy.lane(lane)?;
    let record = &draft.record;
    Some(PurseView {
        holds: record.holds(lane),
        cap: policy.cap(lane, ask.price, record.best),
        pays_at: draft.clone().fill_lane(lane).err(),
    })
}

fn look_at_money(
    ask: &Ask,
    policy: &PursePolicy,
    records: &Records,
    draft: &CountryDraft<'_>,
) -> MoneyView {
    let record = &draft.record;
    let budget = records.overrides.budget;
    MoneyView {
        spent: record.cost_on(record.day),
        per_day: record
            .bound_money(ask, policy, budget.as_ref())
            .max(record.left)
            .min(record.left + record.cost_on(record.day)),
        left: record.left,
        budget: budget.filter(|budget| !budget.has_ended(ask.now)),
        pays_at: (record.left < ask.price).then(|| ask.today.end()),
    }
}

fn look_at_number_block(
    ask: &Ask,
    policy: &PursePolicy,
    block: Option<&NumberBlockRecord>,
) -> PurseView {
    let start = policy.number_block.start.at(ask.price);
    PurseView {
        holds: block.map_or(start, |block| block.holds(ask.price, policy)),
        cap: policy.number_block.cap.at(ask.price),
        pays_at: block.and_then(|block| block.pays_at(ask.price, policy, ask.now)),
    }
}

fn look_at_network(
    ask: &Ask,
    policy: &PursePolicy,
    records: &Records,
    draft: &CountryDraft<'_>,
) -> NetworkView {
    let needed = policy.count_codes_needed(draft.record.typed_before);
    let known = |network: &NetworkRecord| !network.is_forgotten(ask.now);
    let known = records.network.filter(known);
    NetworkView {
        holds: known.map_or(0, |network| network.holds),
        cap: ask.price.saturating_mul(i64::from(policy.network.cap)),
        codes: known.map_or(0, |network| network.codes),
        codes_needed: needed,
        standing: records.find_standing(ask, needed),
    }
}
