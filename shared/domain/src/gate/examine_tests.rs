//! What gates decide on what is stored.

use super::*;
use crate::challenge::ChallengeId;
use crate::purse::{Caller, Claim, Evidence, PursePolicy};
use crate::window::HOUR;

const NOW: Timestamp = Timestamp::from_unix(90_000);
const NEW: Reservation = Reservation::New {
    id: ChallengeId([1; 16]),
    slot: 0,
};

fn index(text: &str) -> SubjectIndex {
    SubjectIndex::from_text(text.to_owned())
}

fn hour(later: u32) -> Window {
    Window::containing(NOW + HOUR * later, HOUR, Duration::ZERO)
}

fn gate(rule: Rule, check: Check) -> Gate {
    Gate {
        rule,
        subject: Subject::new(rule.subject(), index("subject")),
        share: Share::Common,
        check,
    }
}

fn count(window: Window) -> Gate {
    let quota = Quota { limit: 2, window };
    gate(Rule::AddressPerHour, Check::Count(quota, Begin::Next))
}

/// What is found after this many texts in each of the windows, one after the other.
fn texts(windows: &[(Window, u32)]) -> Found {
    let mut found = Found::default();
    for (window, texts) in windows {
        for _ in 0..*texts {
            found.record.common.hour.count(window);
        }
    }
    found
}

#[test]
fn a_count_holds_below_its_limit_and_is_refused_from_it_on() {
    let gate = count(hour(0));
    let examine = |found: &Found| gate.examine(found, &NEW, &Terms::sample(NOW));
    for held in [0, 1] {
        assert_eq!(examine(&texts(&[(hour(0), held)])), Verdict::Holds);
    }
    let quota = *gate.quota().expect("a count");
    let denied = Denial::Exhausted(gate.rule, quota);
    let refused = Verdict::Refuses(SendRefusal::Denied(denied), gate.subject.clone());
    for held in [2, 3] {
        assert_eq!(examine(&texts(&[(hour(0), held)])), refused);
    }
    // Those of the day and of the allowance are counted apart.
    let mut others = Found::default();
    for _ in 0..2 {
        others.record.common.day.count(&hour(0));
        others.record.here.hour.count(&hour(0));
        others.record.near.hour.count(&hour(0));
    }
    assert_eq!(examine(&others), Verdict::Holds);
    for share in [Share::Here, Share::Near] {
        let own = gate
            .with_share(share)
            .examine(&others, &NEW, &Terms::sample(NOW));
        assert_ne!(own, Verdict::Holds, "{share:?}");
    }
}

#[test]
fn a_count_goes_to_the_window_that_has_begun_and_replaces_what_is_left_over() {
    let examine = |found: &Found| count(hour(0)).examine(found, &NEW, &Terms::sample(NOW));
    // An instance whose clock is ahead has begun the next hour.
    assert_eq!(
        examine(&texts(&[(hour(1), 1)])),
        Verdict::Instead(count(hour(1)))
    );
    let Verdict::Refuses(refusal, _) = examine(&texts(&[(hour(1), 2)])) else {
        panic!("it is full");
    };
    let Some(Quota { window, .. }) = count(hour(1)).quota().copied() else {
        panic!("a count");
    };
    let denied = Denial::Exhausted(Rule::AddressPerHour, Quota { limit: 2, window });
    assert_eq!(refusal, SendRefusal::Denied(denied));
    // The place of an hour is that of 31 hours before.
    let at = Some(hour(0).start);
    let asked = count(hour(31));
    let Verdict::Instead(fitting) =
        asked.examine(&texts(&[(hour(0), 2)]), &NEW, &Terms::sample(NOW))
    else {
        panic!("it begins anew");
    };
    let Check::Count(_, begin) = fitting.check else {
        panic!("a count");
    };
    assert_eq!(begin, Begin::Anew { at });
}

#[test]
fn the_tally_of_another_share_is_asked_as_if_it_had_not_been_seen() {
    let mut gate = count(hour(0));
    if let Check::Count(_, begin) = &mut gate.check {
        *begin = Begin::Anew { at: None };
    }
    let expected = Gate {
        share: Share::Here,
        ..count(hour(0))
    };
    assert_eq!(gate.with_share(Share::Here), expected);
}

#[test]
fn a_block_holds_until_its_end() {
    let gate = gate(Rule::BlockedDevice, Check::NotBlocked);
    let examine = |until| {
        let mut found = Found::default();
        found.record.blocked_until = until;
        gate.examine(&found, &NEW, &Terms::sample(NOW))
    };
    assert_eq!(examine(None), Verdict::Holds);
    assert_eq!(examine(Some(NOW)), Verdict::Holds);
    let denied = SendRefusal::Denied(Denial::Blocked(gate.rule));
    let refused = Verdict::Refuses(denied, gate.subject.clone());
    let second = Duration::from_secs(1);
    assert_eq!(examine(Some(NOW + second)), refused);
}

/// A phone that was verified with the device `own` in the network `home` a minute ago, and whose common limit is used
/// up.
fn make_pumped() -> (Vec<Gate>, Found) {
    let policy = PursePolicy::default();
    let evidence = Evidence::from_code(index("own"), NOW - Duration::from_mins(1), &policy);
    let gates = vec![
        gate(Rule::PhoneCooldown, Check::Reserve),
        Gate {
            rule: Rule::PhonePerHour,
            subject: Subject::new(Rule::PhonePerHour.subject(), index("subject")),
            ..count(hour(0))
        },
    ];
    let mut found = texts(&[(hour(0), 2)]);
    found.phone.evidence = Some(evidence.with_network(Some(index("home"))));
    (gates, found)
}

#[test]
fn the_reserve_is_for_the_device_and_the_network_of_the_last_code() {
    let (gates, mut found) = make_pumped();
    let find = |found: &Found, device: &str, network: &str| {
        let caller = Caller {
            device: index(device),
            network: index(network),
        };
        let allowance = found.find_allowance(&gates, &caller, 3, &NEW, &Terms::sample(NOW));
        allowance.map(|allowance| {
            let shares = allowance.gates.iter().map(|gate| gate.share);
            (allowance.claim, shares.collect::<Vec<_>>())
        })
    };
    let here = (Claim::Here { texts: 3 }, vec![Share::Here; 2]);
    let near = (Claim::Near { texts: 3 }, vec![Share::Near; 2]);
    assert_eq!(find(&found, "own", "abroad"), Some(here.clone()));
    assert_eq!(find(&found, "own", "home"), Some(here));
    assert_eq!(find(&found, "other", "home"), Some(near.clone()));
    assert_eq!(find(&found, "other", "abroad"), None);
    // Its limits are those of the phone once more.
    for _ in 0..2 {
        found.record.here.hour.count(&hour(0));
    }
    assert_eq!(find(&found, "own", "abroad"), None);
    assert_eq!(find(&found, "own", "home"), Some(near));
    found.phone.evidence = None;
    assert_eq!(find(&found, "own", "home"), None);
}

#[test]
fn the_reserve_is_not_for_a_device_that_does_not_wait() {
    let (gates, mut found) = make_pumped();
    let caller = Caller {
        device: index("own"),
        network: index("home"),
    };
    let cooldown = Duration::from_mins(1);
    let mut find = |by: &str, sent| {
        found.phone.last_sent = Some(sent);
        found.phone.last_sent_by = Some(index(by));
        let allowance = found.find_allowance(&gates, &caller, 3, &NEW, &Terms::sample(NOW));
        allowance.is_some()
    };
    let second = Duration::from_secs(1);
    assert!(!find("own", NOW));
    assert!(!find("own", NOW - cooldown + second));
    assert!(find("own", NOW - cooldown));
    assert!(find("other", NOW));
}
