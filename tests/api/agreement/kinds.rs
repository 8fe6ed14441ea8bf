//! Every kind of record.

use super::*;

/// Every kind of tally, as a write in `window` finds it.
pub(super) fn tally_kinds(window: Window) -> Vec<Tally> {
    let own = Tally::place(&window);
    let starts = [
        None,
        Some(window.start - window.length * u32::from(PLACES)),
        Some(window.start - window.length),
        Some(window.start),
        Some(window.start + window.length),
    ];
    let later = (own + 1) % PLACES;
    let places = [
        BTreeMap::new(),
        BTreeMap::from([(own, 1)]),
        BTreeMap::from([(own, 2)]),
        BTreeMap::from([(own, 3)]),
        BTreeMap::from([(own, 4)]),
        BTreeMap::from([(later, 2)]),
        BTreeMap::from([(later, 3)]),
        BTreeMap::from([(own, 2), (later, 1)]),
        BTreeMap::from([((own + 9) % PLACES, 7)]),
    ];
    let all = starts.into_iter().flat_map(|at| {
        let tally = move |places: &BTreeMap<u8, u32>| Tally {
            at,
            places: places.clone(),
        };
        places.iter().map(tally).collect::<Vec<_>>()
    });
    all.collect()
}

/// The slot of the challenge [`OWN`], which ends in a second.
pub(super) fn open_slot(now: Timestamp) -> Slot {
    Slot {
        id: OWN,
        root: protocol::root(),
        expires_at: now + Duration::from_secs(1),
        attempts_left: 5,
        renewed_as: None,
        used: None,
        written_by: None,
        resends: BTreeMap::new(),
        calls: None,
    }
}

/// A slot of a challenge with one guess left.
fn slot(id: ChallengeId, expires_at: Timestamp) -> Slot {
    Slot {
        id,
        expires_at,
        attempts_left: 1,
        ..open_slot(expires_at)
    }
}

/// The challenge was renewed: its renewal is open, used up or gone, or was renewed in its turn.
fn renewed_kinds(now: Timestamp) -> Vec<BTreeMap<u8, Slot>> {
    let seconds = Duration::from_secs;
    let mut kinds = Vec::new();
    let renewed = |id, next| Slot {
        attempts_left: 0,
        renewed_as: Some(next),
        ..slot(id, now + seconds(1))
    };
    let last = |attempts_left, ends| Slot {
        attempts_left,
        ..slot(LAST, now + seconds(ends))
    };
    kinds.push(BTreeMap::from([(2, renewed(OWN, NEXT))]));
    for follower in [
        slot(NEXT, now + seconds(1)),
        slot(NEXT, now),
        renewed(NEXT, OWN),
    ] {
        kinds.push(BTreeMap::from([(2, renewed(OWN, NEXT)), (4, follower)]));
    }
    for follower in [last(3, 1), last(0, 1), last(3, 0)] {
        kinds.push(BTreeMap::from([
            (2, renewed(OWN, NEXT)),
            (3, renewed(NEXT, LAST)),
            (5, follower),
        ]));
    }
    kinds
}

pub(super) fn slot_kinds(now: Timestamp) -> Vec<BTreeMap<u8, Slot>> {
    let seconds = Duration::from_secs;
    // Entered now, at the last second of a repeat, and a second before it.
    let uses = [0, 29, 30].map(|ago| {
        Some(Use {
            at: now - seconds(ago),
            by: if ago == 0 { WRITE } else { EARLIER },
        })
    });
    let mut kinds = vec![BTreeMap::new()];
    for id in [OWN, OTHER] {
        for expires_at in [now - seconds(1), now, now + seconds(1)] {
            for attempts_left in [0, 1] {
                for used in [&[None], &uses[..]].concat() {
                    for written_by in [None, Some(WRITE)] {
                        let slot = Slot {
                            attempts_left,
                            used,
                            written_by,
                            ..slot(id, expires_at)
                        };
                        kinds.push(BTreeMap::from([(2, slot)]));
                    }
                }
            }
        }
    }
    // An idempotency key that was used before leaves a dead slot of the same challenge, before or after the live one.
    for dead in [1, 3] {
        kinds.push(BTreeMap::from([
            (dead, slot(OWN, now - seconds(1))),
            (2, slot(OWN, now + seconds(1))),
        ]));
    }
    // The slot that a send asks for holds another challenge, which is open, over, or the renewal that is asked for.
    for (id, expires_at) in [
        (OTHER, now + seconds(1)),
        (OTHER, now - seconds(9)),
        (OTHER, now - seconds(10)),
        (NEXT, now + seconds(1)),
    ] {
        for used in [&[None], &uses[..]].concat() {
            let holder = Slot {
                used,
                ..slot(id, expires_at)
            };
            kinds.push(BTreeMap::from([
                (2, slot(OWN, now + seconds(1))),
                (4, holder),
            ]));
        }
    }
    kinds.extend(renewed_kinds(now));
    // The challenge was texted again under keys, before its renewal and after it.
    for keys in [vec![KEY], vec![OTHER_KEY], vec![KEY, OTHER_KEY]] {
        let resent = |id, left| Slot {
            attempts_left: left,
            resends: keys.iter().map(|key| (*key, now - seconds(70))).collect(),
            calls: None,
            ..slot(id, now + seconds(1))
        };
        kinds.push(BTreeMap::from([(2, resent(OWN, 1))]));
        kinds.push(BTreeMap::from([(2, resent(OWN, 0))]));
        kinds.push(BTreeMap::from([(2, resent(OTHER, 1))]));
        kinds.push(BTreeMap::from([
            (2, slot(OWN, now + seconds(1))),
            (4, resent(NEXT, 1)),
        ]));
        kinds.push(BTreeMap::from([
            (2, resent(OWN, 0)),
            (4, slot(NEXT, now + seconds(1))),
        ]));
    }
    let full = (0..SLOTS).map(|index| (index, slot(OWN, now + seconds(1 + u64::from(index)))));
    kinds.push(full.collect());
    kinds
}

/// A renewal of the challenge in slot 2, planned for this many guesses.
pub(super) const fn renewal(attempts_left: u32, key: Option<ResendId>) -> Reservation {
    let (id, slot) = (OWN, 2);
    Reservation::Renewal {
        id: NEXT,
        slot: 4,
        of: Predecessor {
            id,
            slot,
            attempts_left,
        },
        key,
    }
}

/// A resend of the challenge in slot 2, planned for this many guesses.
pub(super) const fn resend(attempts_left: u32, key: Option<ResendId>) -> Reservation {
    Reservation::Resend {
        id: OWN,
        slot: 2,
        attempts_left,
        key,
    }
}
