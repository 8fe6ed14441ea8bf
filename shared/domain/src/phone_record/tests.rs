use super::*;
use crate::root::RootId;
use crate::window::DAY;

const ID: ChallengeId = ChallengeId([1; 16]);
const WRITE: WriteId = WriteId([7; 16]);
/// The id of a challenge that no slot holds.
const UNHELD: ChallengeId = ChallengeId([3; 16]);

impl Terms {
    /// The terms of tests at this instant: a minute between texts, locks after 20 and 100 wrong codes, seven slots.
    pub(crate) fn sample(now: Timestamp) -> Self {
        Self {
            now,
            today: Window::containing(now, DAY, Duration::ZERO),
            cooldown: Duration::from_mins(1),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
            slots: 7,
        }
    }
}

fn terms(now: i64) -> Terms {
    Terms::sample(Timestamp::from_unix(now))
}

fn guess(right: bool) -> Guess {
    Guess {
        id: ID,
        slot: 2,
        expires_at: Timestamp::from_unix(1_300),
        right,
        write: WRITE,
    }
}

fn use_at(at: i64) -> Use {
    Use {
        at: Timestamp::from_unix(at),
        by: WriteId([8; 16]),
    }
}

fn record(change: impl FnOnce(&mut Slot)) -> PhoneRecord {
    let mut slot = Slot {
        id: ID,
        root: RootId::parse("r1").expect("an id"),
        expires_at: Timestamp::from_unix(1_300),
        attempts_left: 5,
        renewed_as: None,
        used: None,
        written_by: None,
        resends: BTreeMap::new(),
        calls: None,
    };
    change(&mut slot);
    PhoneRecord {
        last_sent: Some(Timestamp::from_unix(1_000)),
        slots: BTreeMap::from([(2, slot)]),
        ..PhoneRecord::default()
    }
}

#[test]
fn an_open_slot_takes_a_guess_until_the_second_it_expires() {
    for right in [true, false] {
        assert_eq!(
            record(|_| ()).admits_guess(&guess(right), &terms(1_299)),
            Ok(())
        );
        assert_eq!(
            record(|_| ()).admits_guess(&guess(right), &terms(1_300)),
            Err(GuessRefusal::Closed(Closed::Expired))
        );
    }
}

#[test]
fn a_refused_guess_names_the_reason() {
    let guess = |r: PhoneRecord| r.admits_guess(&guess(false), &terms(1_010));
    assert_eq!(
        guess(record(|s| s.used = Some(use_at(980)))),
        Err(GuessRefusal::Closed(Closed::Used))
    );
    assert_eq!(
        guess(record(|s| s.expires_at = Timestamp::from_unix(1_301))),
        Err(GuessRefusal::Closed(Closed::Used)),
        "a later challenge of the same key"
    );
    assert_eq!(
        guess(record(|s| s.attempts_left = 0)),
        Err(GuessRefusal::Closed(Closed::Exhausted))
    );
    assert_eq!(
        guess(record(|s| s.id = ChallengeId([2; 16]))),
        Err(GuessRefusal::Closed(Closed::Used))
    );
    assert_eq!(
        guess(PhoneRecord::default()),
        Err(GuessRefusal::Closed(Closed::Used))
    );
}

#[test]
fn recognizes_its_own_write() {
    let applied = record(|s| {
        s.used = Some(use_at(1_010));
        s.written_by = Some(WRITE);
    });
    assert!(matches!(
        applied.admits_guess(&guess(true), &terms(1_010)),
        Err(GuessRefusal::AlreadyApplied(slot)) if slot.used.is_some()
    ));
}

#[test]
fn the_right_code_is_right_again_for_half_a_minute_while_wrong_ones_count() {
    // The code was entered two seconds before its challenge ended.
    let record = |left| {
        record(|slot| {
            slot.used = Some(use_at(1_298));
            slot.attempts_left = left;
        })
    };
    let closed = Err(GuessRefusal::Closed(Closed::Used));
    for now in [1_298, 1_300, 1_327] {
        let repeated = Err(GuessRefusal::Repeated(use_at(1_298), None));
        assert_eq!(record(1).admits_guess(&guess(true), &terms(now)), repeated);
        assert_eq!(record(1).admits_guess(&guess(false), &terms(now)), Ok(()));
        for right in [true, false] {
            let refused = record(0).admits_guess(&guess(right), &terms(now));
            assert_eq!(refused, closed, "no guesses are left");
        }
    }
    for right in [true, false] {
        let late = record(1).admits_guess(&guess(right), &terms(1_328));
        assert_eq!(late, closed);
    }
}

#[test]
fn a_send_never_takes_the_slot_of_a_challenge_that_is_not_over() {
    let new = |slot| Reservation::New { id: UNHELD, slot };
    let taken = record(|_| ());
    let instead = |slot| Err(SendRefusal::Instead(new(slot)));
    assert_eq!(taken.admits_send(&new(2), &terms(1_309)), instead(3));
    assert_eq!(taken.admits_send(&new(2), &terms(1_310)), Ok(()));
    let consumed = record(|slot| slot.used = Some(use_at(1_100)));
    assert_eq!(consumed.admits_send(&new(2), &terms(1_129)), instead(3));
    assert_eq!(consumed.admits_send(&new(2), &terms(1_130)), Ok(()));
    let mut full = record(|_| ());
    for index in 0..7 {
        full.slots.insert(index, taken.slots[&2].clone());
    }
    // The policy had more slots once. One of those is free sooner, and takes no challenge.
    let mut beyond = taken.slots[&2].clone();
    beyond.expires_at = Timestamp::from_unix(1_200);
    full.slots.insert(7, beyond);
    let full = full.admits_send(&new(2), &terms(1_100));
    let until = Timestamp::from_unix(1_310);
    assert!(matches!(
        full,
        Err(SendRefusal::Denied(Denial::CoolingDown { until: at, .. })) if at == until
    ));
}

#[test]
fn a_renewal_takes_over_the_guesses_that_are_left_and_happens_once() {
    let renewal = |slot, attempts_left| Reservation::Renewal {
        id: UNHELD,
        slot,
        of: Predecessor {
            id: ID,
            slot: 2,
            attempts_left,
        },
        key: None,
    };
    let left = |left| record(|slot| slot.attempts_left = left);
    let admits = |record: PhoneRecord, asked| record.admits_send(&asked, &terms(1_250));
    assert_eq!(admits(left(3), renewal(4, 3)), Ok(()));
    let instead = |fitting| Err(SendRefusal::Instead(fitting));
    assert_eq!(admits(left(3), renewal(4, 5)), instead(renewal(4, 3)));
    assert_eq!(admits(left(3), renewal(2, 5)), instead(renewal(3, 3)));
    let exhausted = Err(SendRefusal::Closed(Closed::Exhausted));
    assert_eq!(admits(left(0), renewal(4, 5)), exhausted);
    let mut renewed = left(0);
    let own = record(|slot| slot.id = UNHELD);
    renewed.slots.insert(4, own.slots[&2].clone());
    assert!(matches!(
        admits(renewed.clone(), renewal(5, 5)),
        Err(SendRefusal::Repeated(4, _))
    ));
    // A renewal that is over is refused like the challenge of any other resend.
    let mut over = |change: fn(&mut Slot)| {
        let own = record(|slot| {
            slot.id = UNHELD;
            change(slot);
        });
        renewed.slots.insert(4, own.slots[&2].clone());
        admits(renewed.clone(), renewal(5, 5))
    };
    assert_eq!(over(|slot| slot.attempts_left = 0), exhausted);
    let closed = Err(SendRefusal::Closed(Closed::Used));
    assert_eq!(over(|slot| slot.used = Some(use_at(1_240))), closed);
}

#[test]
fn a_token_of_a_chain_of_renewals_finds_the_last_one_and_guesses_are_told_of_it() {
    let last = ChallengeId([4; 16]);
    let mut chain = record(|slot| (slot.attempts_left, slot.renewed_as) = (0, Some(UNHELD)));
    let mut add = |index, id, left, next| {
        let own = record(|slot| (slot.id, slot.attempts_left, slot.renewed_as) = (id, left, next));
        chain.slots.insert(index, own.slots[&2].clone());
    };
    add(4, UNHELD, 0, Some(last));
    add(5, last, 3, None);
    let renewal = Reservation::Renewal {
        id: UNHELD,
        slot: 6,
        of: Predecessor {
            id: ID,
            slot: 2,
            attempts_left: 5,
        },
        key: None,
    };
    for asked in [renewal, Reservation::Idempotent { id: ID, slot: 6 }] {
        let refusal = chain.admits_send(&asked, &terms(1_250));
        assert!(
            matches!(&refusal, Err(SendRefusal::Repeated(5, own)) if own.id == last),
            "{refusal:?}"
        );
    }
    for right in [true, false] {
        assert_eq!(
            chain.admits_guess(&guess(right), &terms(1_250)),
            Err(GuessRefusal::Closed(Closed::Renewed))
        );
    }
}

#[test]
fn a_resend_is_planned_with_the_guesses_that_are_left() {
    let resend = |attempts_left| Reservation::Resend {
        id: ID,
        slot: 2,
        attempts_left,
        key: None,
    };
    let admits = |left, asked| {
        let record = record(|slot| slot.attempts_left = left);
        record.admits_send(&resend(asked), &terms(1_100))
    };
    assert_eq!(admits(2, 2), Ok(()));
    assert_eq!(admits(2, 5), Err(SendRefusal::Instead(resend(2))));
    let exhausted = Err(SendRefusal::Closed(Closed::Exhausted));
    assert_eq!(admits(0, 5), exhausted);
}

#[test]
fn a_locked_phone_takes_neither_guesses_nor_sends() {
    let mut soft = record(|_| ());
    soft.failures_today = 20;
    let until = Some(Timestamp::from_unix(86_400));
    assert_eq!(
        soft.admits_guess(&guess(true), &terms(1_010)),
        Err(GuessRefusal::Locked { until })
    );
    let mut hard = record(|_| ());
    hard.failures = 100;
    let new = Reservation::New { id: ID, slot: 3 };
    assert_eq!(
        hard.admits_send(&new, &terms(2_000)),
        Err(SendRefusal::Denied(Denial::Locked { until: None }))
    );
}

#[test]
fn the_cooldown_ends_on_the_second() {
    let new = Reservation::New { id: ID, slot: 3 };
    let cooling_down = Denial::CoolingDown {
        until: Timestamp::from_unix(1_060),
        cooldown: Duration::from_mins(1),
    };
    assert_eq!(
        record(|_| ()).admits_send(&new, &terms(1_059)),
        Err(SendRefusal::Denied(cooling_down))
    );
    assert_eq!(record(|_| ()).admits_send(&new, &terms(1_060)), Ok(()));
}

#[test]
fn an_idempotency_key_finds_its_challenge_until_it_expires() {
    let again = Reservation::Idempotent { id: ID, slot: 3 };
    assert!(matches!(
        record(|_| ()).admits_send(&again, &terms(1_100)),
        Err(SendRefusal::Repeated(2, _))
    ));
    assert_eq!(record(|_| ()).admits_send(&again, &terms(1_300)), Ok(()));
}

#[test]
fn an_expired_slot_of_a_key_does_not_hide_its_live_one() {
    let again = Reservation::Idempotent { id: ID, slot: 3 };
    for dead in [1, 4] {
        let mut both = record(|_| ());
        let expired = record(|slot| slot.expires_at = Timestamp::from_unix(1_000));
        both.slots.insert(dead, expired.slots[&2].clone());
        assert!(matches!(
            both.admits_send(&again, &terms(1_100)),
            Err(SendRefusal::Repeated(2, _))
        ));
    }
}

#[test]
fn a_resend_needs_an_open_challenge() {
    let resend = Reservation::Resend {
        id: ID,
        slot: 2,
        attempts_left: 5,
        key: None,
    };
    assert_eq!(record(|_| ()).admits_send(&resend, &terms(1_100)), Ok(()));
    assert_eq!(
        record(|s| s.used = Some(use_at(1_000))).admits_send(&resend, &terms(1_100)),
        Err(SendRefusal::Closed(Closed::Used))
    );
}

#[test]
fn a_resend_under_a_key_happens_once_even_when_the_challenge_was_renewed_meanwhile() {
    let (own, other) = (ResendId([1; 16]), ResendId([2; 16]));
    let texted = |slot: &mut Slot| {
        slot.resends.insert(own, Timestamp::from_unix(1_090));
    };
    let resend = |key| Reservation::Resend {
        id: ID,
        slot: 2,
        attempts_left: 5,
        key,
    };
    let renewal = |key| Reservation::Renewal {
        id: UNHELD,
        slot: 4,
        of: Predecessor {
            id: ID,
            slot: 2,
            attempts_left: 5,
        },
        key,
    };
    let admits = |record: &PhoneRecord, asked| record.admits_send(&asked, &terms(1_200));
    let resent_in = |record: &PhoneRecord, asked, index| {
        let refusal = admits(record, asked);
        assert!(
            matches!(refusal, Err(SendRefusal::Resent(at, _)) if at == index),
            "{refusal:?}"
        );
    };
    let once = record(texted);
    for key in [None, Some(other)] {
        assert_eq!(admits(&once, resend(key)), Ok(()));
        assert_eq!(admits(&once, renewal(key)), Ok(()));
    }
    resent_in(&once, resend(Some(own)), 2);
    resent_in(&once, renewal(Some(own)), 2);
    // Another request renews the challenge: what the key asked for lives on in the renewal.
    let mut renewed = once;
    let follower = record(|slot| slot.id = UNHELD);
    renewed.slots.insert(4, follower.slots[&2].clone());
    resent_in(&renewed, renewal(Some(own)), 4);
    assert!(matches!(
        admits(&renewed, renewal(Some(other))),
        Err(SendRefusal::Repeated(4, _))
    ));
    // The renewal itself was made under the key.
    renewed.slots.remove(&2);
    renewed.slots.entry(4).and_modify(texted);
    resent_in(&renewed, renewal(Some(own)), 4);
    let over = record(|slot| {
        texted(slot);
        slot.used = Some(use_at(1_100));
    });
    let closed = Err(SendRefusal::Closed(Closed::Used));
    assert_eq!(admits(&over, resend(Some(own))), closed);
}
