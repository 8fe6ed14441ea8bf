//! The numbers of a policy that make no sense.

use std::time::Duration;

use super::{Cap, LanePolicy, PurseFault, PursePolicy, Thousandths};
use crate::purse::Micros;

/// The most money that a number of the policy may name: a million dollars.
const MOST: Micros = 1_000_000_000_000;

const CAP: &str = "1 to 1,000,000 texts, and at least 0 dollars";
const GAIN: &str = "1 to 10";
const WAIT: &str = "1 second to 10,000,000 seconds";
const REFILL_TO: &str = "1 text up to the texts of the cap";

/// Returns every number of `policy` that makes no sense.
pub(super) fn find(policy: &PursePolicy) -> Vec<PurseFault> {
    let mut found = Vec::new();
    let mut check = |holds: bool, field, reason| {
        if !holds {
            found.push(PurseFault { field, reason });
        }
    };
    let money = |amount: Micros| (0..=MOST).contains(&amount);
    let cap = |cap: &Cap| (1..=1_000_000).contains(&cap.texts) && money(cap.at_least);
    let gain = |gain: Thousandths| (1_000..=10_000).contains(&gain.0);
    let wait = |wait: Duration| wait.as_secs() >= 1 && wait.as_secs() <= 10_000_000;
    let lanes: [(&LanePolicy, [&'static str; 3]); 4] = [
        (
            &policy.crowd,
            ["crowd.cap", "crowd.refill", "crowd.refill_to"],
        ),
        (
            &policy.known,
            ["known.cap", "known.refill", "known.refill_to"],
        ),
        (
            &policy.moved,
            ["moved.cap", "moved.refill", "moved.refill_to"],
        ),
        (&policy.open, ["open.cap", "open.refill", "open.refill_to"]),
    ];
    let attested = policy.attested.as_ref().map(|lane| {
        let fields = ["attested.cap", "attested.refill", "attested.refill_to"];
        (lane, fields)
    });
    for (lane, [of_cap, of_refill, of_refill_to]) in lanes.into_iter().chain(attested) {
        check(cap(&lane.cap), of_cap, CAP);
        check(wait(lane.refill), of_refill, WAIT);
        let within = (1..=lane.cap.texts).contains(&lane.refill_to);
        check(within, of_refill_to, REFILL_TO);
    }
    let young = policy.young_open;
    let wider = young.texts >= policy.open.cap.texts && young.at_least >= policy.open.cap.at_least;
    check(
        cap(&young) && wider,
        "young_open",
        "at least the cap of the open lane",
    );
    check(gain(policy.gain), "gain", GAIN);
    let earned = |gain_of: Thousandths| gain(gain_of) && gain_of <= policy.gain;
    check(
        earned(policy.strange_gain),
        "strange_gain",
        "1 up to the gain",
    );
    check(earned(policy.least_gain), "least_gain", "1 up to the gain");
    check(policy.margin.0 >= 1_000, "margin", "at least 1");
    check(policy.learned_from >= 1, "learned_from", "at least 1 text");
    check(wait(policy.known_for), "known_for", WAIT);
    check(policy.heals_crowd.0 <= 10_000, "heals_crowd", "0 to 10");
    check(policy.heals_network.0 <= 10_000, "heals_network", "0 to 10");
    check(cap(&policy.block.start), "block.start", CAP);
    let (start, full) = (policy.block.start, policy.block.cap);
    let holds_start = full.texts >= start.texts && full.at_least >= start.at_least;
    check(
        cap(&full) && holds_start,
        "block.cap",
        "at least what a block starts with",
    );
    check(wait(policy.block.refill), "block.refill", WAIT);
    check(
        policy.network.codes >= 1,
        "network.codes",
        "at least 1 code",
    );
    let share = policy.network.share_per_million <= 1_000_000;
    check(share, "network.share_per_million", "0 to 1,000,000");
    check(policy.network.earns.0 <= 10_000, "network.earns", "0 to 10");
    check(policy.network.cap >= 1, "network.cap", "at least 1 text");
    check(
        wait(policy.network.forgotten_after),
        "network.forgotten_after",
        WAIT,
    );
    let halved_after = policy.network.halved_after;
    check(wait(halved_after), "network.halved_after", WAIT);
    check(
        money(policy.unearned_per_day),
        "unearned_per_day",
        "0 to 1,000,000 dollars",
    );
    let stop = money(policy.money.least) && policy.money.least > 0;
    check(stop, "money.least", "more than 0, up to 1,000,000 dollars");
    check(policy.money.growth.0 >= 1_000, "money.growth", "at least 1");
    found
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
        assert_eq!(fields(|p| p.crowd.cap.at_least = -1), ["crowd.cap"]);
        assert_eq!(
            fields(|p| p.moved.refill = Duration::ZERO),
            ["moved.refill"]
        );
        assert_eq!(fields(|p| p.young_open.texts = 3), ["young_open"]);
        assert_eq!(fields(|p| p.gain = Thousandths(999)).len(), 3);
        assert_eq!(fields(|p| p.block.cap.texts = 3), ["block.cap"]);
        assert_eq!(fields(|p| p.money.least = 0), ["money.least"]);
        assert_eq!(fields(|p| p.unearned_per_day = -1), ["unearned_per_day"]);
        let lane = |p: &mut PursePolicy| {
            p.attested = Some(LanePolicy {
                refill_to: 0,
                ..p.open
            });
        };
        assert_eq!(fields(lane), ["attested.refill_to"]);
    }
}
