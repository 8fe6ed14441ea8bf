//! The numbers of a policy that make no sense.

use std::time::Duration;

use super::{Cap, LanePolicy, PurseFault, PursePolicy, Thousandths};
use crate::purse::{Lane, Micros};
use crate::window::DAY;

/// The most money that a number of the policy may name: a million dollars.
const MOST: Micros = 1_000_000_000_000;

const TEXTS: &str = "1 to 1,000,000 texts are needed";
const MONEY: &str = "0 to 1,000,000 US dollars are needed";
const GAIN: &str = "1 to 10 is needed";
const EARNED: &str = "1 up to purses.gain is needed";
const SHARE: &str = "0 to 10 is needed";
const WAIT: &str = "1 to 100,000 minutes are needed";
const DAYS: &str = "1 to 400 days are needed";
const AFTER: &str = "0 days up to less than known.days are needed";
const REFILL_TO: &str = "1 text up to the texts of the lane is needed";
const LACK: &str = "1 text up to those of the lane known is needed";
const OF_OPEN: &str = "at least what the lane holds later is needed";
const OF_YOUNG: &str = "1 text up to open.young_texts is needed";
const OF_START: &str = "at least what a block starts with is needed";

/// The paths of a lane's numbers.
macro_rules! lane_fields {
    ($lane:literal) => {
        [
            concat!($lane, ".texts"),
            concat!($lane, ".usd"),
            concat!($lane, ".refill_minutes"),
            concat!($lane, ".refill_to"),
        ]
    };
}

/// Returns the paths of a lane's cap, in texts and in dollars, of its refill and of its target.
const fn name_fields(lane: Lane) -> [&'static str; 4] {
    match lane {
        Lane::Crowd => lane_fields!("crowd"),
        Lane::Known => lane_fields!("known"),
        Lane::Moved => lane_fields!("moved"),
        Lane::Open => lane_fields!("open"),
        Lane::Attested => lane_fields!("attested"),
    }
}

/// Collects the faults of a policy.
#[derive(Default)]
struct Found(Vec<PurseFault>);

impl Found {
    fn check(&mut self, holds: bool, field: &'static str, reason: &'static str) {
        let beside = None;
        if !holds {
            self.0.push(PurseFault {
                field,
                beside,
                reason,
            });
        }
    }

    /// Checks a number by itself, and then beside another one.
    fn check_beside(
        &mut self,
        (holds, fits): (bool, bool),
        [field, other]: [&'static str; 2],
        reason: &'static str,
    ) {
        let beside = holds.then_some(other);
        if !holds || !fits {
            self.0.push(PurseFault {
                field,
                beside,
                reason,
            });
        }
    }

    fn check_texts(&mut self, texts: u32, field: &'static str) {
        self.check((1..=1_000_000).contains(&texts), field, TEXTS);
    }

    fn check_money(&mut self, amount: Micros, field: &'static str) {
        self.check((0..=MOST).contains(&amount), field, MONEY);
    }

    fn check_cap(&mut self, cap: Cap, [texts, usd]: [&'static str; 2]) {
        self.check_texts(cap.texts, texts);
        self.check_money(cap.at_least, usd);
    }

    /// Checks a cap that may not be less than another one.
    fn check_wider(
        &mut self,
        cap: Cap,
        than: Cap,
        [texts, usd]: [&'static str; 2],
        [than_texts, than_usd]: [&'static str; 2],
        reason: &'static str,
    ) {
        self.check_cap(cap, [texts, usd]);
        let fits = cap.texts >= than.texts;
        self.check_beside((true, fits), [texts, than_texts], reason);
        let fits = cap.at_least >= than.at_least;
        self.check_beside((true, fits), [usd, than_usd], reason);
    }

    fn check_minutes(&mut self, wait: Duration, field: &'static str) {
        let range = Duration::from_mins(1)..=Duration::from_mins(100_000);
        self.check(range.contains(&wait), field, WAIT);
    }

    fn check_days(&mut self, time: Duration, field: &'static str) {
        self.check((DAY..=DAY * 400).contains(&time), field, DAYS);
    }

    fn check_lane(
        &mut self,
        lane: &LanePolicy,
        [texts, usd, refill, refill_to]: [&'static str; 4],
    ) {
        self.check_cap(lane.cap, [texts, usd]);
        self.check_minutes(lane.refill, refill);
        let within = (lane.refill_to >= 1, lane.refill_to <= lane.cap.texts);
        self.check_beside(within, [refill_to, texts], REFILL_TO);
    }
}

/// Returns every number of `policy` that makes no sense.
pub(super) fn find(policy: &PursePolicy) -> Vec<PurseFault> {
    let mut found = Found::default();
    find_money(policy, &mut found);
    for lane in Lane::ALL {
        if let Some(own) = policy.lane(lane) {
            found.check_lane(own, name_fields(lane));
        }
    }
    let young = ["open.young_texts", "open.young_usd"];
    let later = ["open.texts", "open.usd"];
    found.check_wider(policy.young_open, policy.open.cap, young, later, OF_OPEN);
    let starts = policy.start_texts;
    let starts = (starts >= 1, starts <= policy.young_open.texts);
    found.check_beside(starts, ["open.start_texts", "open.young_texts"], OF_YOUNG);
    let share = (1..=100).contains(&policy.known_texts);
    found.check(share, "known.texts_per_phone", "1 to 100 texts are needed");
    let share = policy.moved_texts <= 100;
    found.check(share, "moved.texts_per_phone", "0 to 100 texts are needed");
    let probes = policy.probes <= 1_000;
    found.check(probes, "probe_codes", "0 to 1,000 codes are needed");
    found.check_days(policy.known_for, "known.days");
    // A phone that is never known has a fault already.
    let after = policy.known_for < DAY || policy.known_after < policy.known_for;
    found.check_beside((true, after), ["known.after_days", "known.days"], AFTER);
    let lacks = policy.outage_lack;
    let lacks = (lacks >= 1, lacks <= policy.known.cap.texts);
    found.check_beside(lacks, ["outage.known_lack_texts", "known.texts"], LACK);
    find_gains(policy, &mut found);
    let block = &policy.number_block;
    let start = ["number_block.start_texts", "number_block.start_usd"];
    found.check_cap(block.start, start);
    let full = ["number_block.texts", "number_block.usd"];
    found.check_wider(block.cap, block.start, full, start, OF_START);
    found.check_minutes(block.refill, "number_block.refill_minutes");
    let network = &policy.network;
    let codes = network.codes >= 1;
    found.check(codes, "network.codes", "at least 1 code is needed");
    let share = network.share_per_million <= 1_000_000;
    let per_million = "0 to 1,000,000 codes are needed";
    found.check(share, "network.codes_per_million", per_million);
    found.check(network.earns.0 <= 10_000, "network.earns", SHARE);
    found.check_texts(network.cap, "network.texts");
    found.check_days(network.forgotten_after, "network.forgotten_days");
    found.check_days(network.halved_after, "network.halved_days");
    found.0
}

fn find_money(policy: &PursePolicy, found: &mut Found) {
    let money = &policy.money;
    let stop = (1..=MOST).contains(&money.least);
    let some = "more than 0, up to 1,000,000 US dollars are needed";
    found.check(stop, "money_stop.usd_per_day", some);
    let grows = (1_000..=1_000_000).contains(&money.growth.0);
    found.check(grows, "money_stop.growth", "1 to 1,000 is needed");
    found.check_money(policy.unearned_per_day, "unearned_usd_per_day");
}

fn find_gains(policy: &PursePolicy, found: &mut Found) {
    let is_gain = |gain: Thousandths| (1_000..=10_000).contains(&gain.0);
    let is_earned = |gain: Thousandths| (is_gain(gain), gain <= policy.gain);
    found.check(is_gain(policy.gain), "gain", GAIN);
    let (strange, least) = (policy.strange_gain, policy.least_gain);
    found.check_beside(is_earned(strange), ["strange_gain", "gain"], EARNED);
    found.check_beside(is_earned(least), ["least_gain", "gain"], EARNED);
    let margin = (1_000..=100_000).contains(&policy.margin.0);
    found.check(margin, "margin", "1 to 100 is needed");
    let learned = policy.learned_from >= 1;
    found.check(learned, "learned_from_texts", "at least 1 text is needed");
    found.check(policy.heals_crowd.0 <= 10_000, "outage.heals_crowd", SHARE);
    let heals = policy.heals_network.0 <= 10_000;
    found.check(heals, "outage.heals_network", SHARE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense_and_nonsense_is_named() {
        assert_eq!(PursePolicy::default().faults(), []);
        let fields = |change: fn(&mut PursePolicy)| {
            let mut policy = PursePolicy::default();
            change(&mut policy);
            let found = policy.faults().into_iter().map(|fault| fault.field);
            found.collect::<Vec<_>>()
        };
        assert_eq!(fields(|p| p.open.refill_to = 5), ["open.refill_to"]);
        assert_eq!(fields(|p| p.crowd.cap.at_least = -1), ["crowd.usd"]);
        assert_eq!(fields(|p| p.known_after = DAY * 90), ["known.after_days"]);
        assert_eq!(fields(|p| p.known_after = Duration::ZERO), [""; 0]);
        let never = fields(|p| p.moved.refill = Duration::ZERO);
        assert_eq!(never, ["moved.refill_minutes"]);
        let young = fields(|p| p.young_open.texts = 3);
        assert_eq!(young, ["open.young_texts", "open.start_texts"]);
        assert_eq!(fields(|p| p.start_texts = 7), ["open.start_texts"]);
        assert_eq!(fields(|p| p.start_texts = 0), ["open.start_texts"]);
        assert_eq!(fields(|p| p.gain = Thousandths(999)).len(), 3);
        assert_eq!(
            fields(|p| p.number_block.cap.texts = 3),
            ["number_block.texts"]
        );
        assert_eq!(fields(|p| p.known_texts = 0), ["known.texts_per_phone"]);
        assert_eq!(fields(|p| p.moved_texts = 101), ["moved.texts_per_phone"]);
        assert_eq!(fields(|p| p.moved_texts = 0), [""; 0]);
        assert_eq!(fields(|p| p.probes = 1_001), ["probe_codes"]);
        assert_eq!(fields(|p| p.money.least = 0), ["money_stop.usd_per_day"]);
        let unearned = fields(|p| p.unearned_per_day = -1);
        assert_eq!(unearned, ["unearned_usd_per_day"]);
        let lane = |p: &mut PursePolicy| {
            p.attested = Some(LanePolicy {
                refill_to: 0,
                ..p.open
            });
        };
        assert_eq!(fields(lane), ["attested.refill_to"]);
    }
}
