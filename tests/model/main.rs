//! The protocol of sending and verifying, explored exhaustively for a few requests at once.
//!
//! What may be written is decided by the service's own functions ([`PhoneRecord::admits_send`] and
//! [`PhoneRecord::admits_attempt`]); what a write changes is [`protocol`], which `api/agreement.rs` compares
//! with DynamoDB. The model adds what surrounds them: every order of steps, replies that are lost and calls
//! that the SDK repeats, a function that dies between reserving and texting, carriers that refuse or stay
//! silent, and clocks that differ by two seconds.
//!
//! Stateright explores it because the protocol is a handful of atomic writes of a remote store: there are no
//! locks or atomics of ours that `loom` or `shuttle` could interleave.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

use std::time::Duration;

use phoneproof::domain::challenge::{
    AttemptRefusal, ChallengeId, Closed, Lockout, PhoneRecord, REPEATED_FOR, Reservation,
    SendRefusal, SlotLayout, Terms, WriteId,
};
use phoneproof::domain::clock::Timestamp;
use phoneproof::domain::rule::{DAY, Window};
use phoneproof_tests::protocol;
use stateright::{Checker, Model, Property};

const COOLDOWN: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(30);
/// Guesses per challenge.
const ATTEMPTS: u32 = 2;
/// Texts per window, for the rule that is counted and given back.
const LIMIT: usize = 2;
/// How often the SDK makes a call.
const TRIES: u8 = 3;
/// The moments of the model, in seconds after noon: about the cooldown and the end of the first challenge.
const MOMENTS: [u64; 6] = [0, 9, 11, 20, 31, 33];

/// A request to send, on an instance whose clock is this much ahead.
#[derive(Clone, Copy, Debug)]
struct SendRequest {
    skew: i64,
}

/// A guess at the challenge of a send.
#[derive(Clone, Copy, Debug)]
struct GuessRequest {
    send: usize,
    right: bool,
    skew: i64,
}

/// How far a send has come.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Sending {
    /// It has called the store so often; whether a write was applied is known to the store alone.
    Reserving {
        tries: u8,
        applied: bool,
        since: usize,
    },
    /// The store said yes.
    Reserved,
    /// The carrier refused; what was counted is given back.
    Refused {
        tries: u8,
        applied: bool,
        since: usize,
    },
    /// It answered, or died: nothing more happens.
    Over(Outcome),
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Outcome {
    /// 202, or 504: the text went out or may have.
    Texted,
    /// 502, and the quota was given back.
    GivenBack,
    /// 429 or 409.
    Denied,
    /// 503, or the function died: nobody knows.
    Unknown,
}

/// How far a guess has come.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Guessing {
    /// It has called the store so often, since that moment.
    Calling {
        tries: u8,
        since: usize,
    },
    Success,
    WrongCode,
    Closed(Told),
    Locked,
    Unknown,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Told {
    Used,
    Expired,
    Exhausted,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct State {
    /// Which of [`MOMENTS`] it is.
    moment: usize,
    record: PhoneRecord,
    /// What the counted rule stands at.
    counted: usize,
    sends: Vec<Sending>,
    guesses: Vec<Guessing>,
    /// Texts and evaluated guesses, by challenge.
    texts: Vec<u8>,
    evaluated: Vec<u32>,
    /// Faults that may still happen.
    faults: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Answered,
    /// It never reached the store.
    Lost,
    /// It was applied, and its reply was lost.
    ReplyLost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Delivers,
    Refuses,
    /// No answer, and the text went out or did not.
    Silent {
        texted: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    TimePasses,
    Reserve(usize, Call),
    Publish(usize, Carrier),
    GiveBack(usize, Call),
    Die(usize),
    Guess(usize, Call),
}

struct Protocol {
    sends: Vec<SendRequest>,
    guesses: Vec<GuessRequest>,
    faults: u8,
}

fn challenge(send: usize) -> ChallengeId {
    ChallengeId([u8::try_from(send).expect("few sends"); 16])
}

impl Protocol {
    fn now(state: &State, skew: i64) -> Timestamp {
        let noon = 1_795_435_200;
        let moment = i64::try_from(MOMENTS[state.moment]).expect("small");
        Timestamp::from_unix(noon + moment + skew)
    }

    fn terms(state: &State, skew: i64) -> Terms {
        let now = Self::now(state, skew);
        Terms {
            now,
            today: Window::containing(now, DAY, Duration::ZERO),
            cooldown: COOLDOWN,
            lockout: Lockout {
                soft: 3,
                hard: 100,
                remembered: DAY,
            },
        }
    }

    fn reservation(&self, state: &State, send: usize) -> Reservation {
        let layout = SlotLayout::new(COOLDOWN, LIFETIME);
        // The clock at the first call decides; the transaction is repeated as it is.
        let slot = layout.index_at(Self::now(state, self.sends[send].skew));
        Reservation::New {
            id: challenge(send),
            slot,
        }
    }

    /// The transaction of a send. One that was applied before answers again as it did: DynamoDB knows its
    /// request token.
    fn reserve(&self, state: &mut State, send: usize, call: Call) {
        let Sending::Reserving {
            tries,
            applied,
            since,
        } = state.sends[send]
        else {
            return;
        };
        let mut applied = applied;
        let mut refusal = None;
        if call != Call::Lost && !applied {
            let (terms, reservation) = (
                Self::terms(state, self.sends[send].skew),
                self.reservation(state, send),
            );
            refusal = state.record.admits_send(&reservation, &terms).err();
            let is_full = state.counted >= LIMIT;
            if refusal.is_none() && !is_full {
                let expires_at = terms.now + LIFETIME;
                protocol::send(
                    &mut state.record,
                    &reservation,
                    expires_at,
                    ATTEMPTS,
                    terms.now,
                );
                state.counted += 1;
                applied = true;
            }
        }
        state.sends[send] = match call {
            Call::Answered if applied => Sending::Reserved,
            Call::Answered => {
                assert!(!matches!(refusal, Some(SendRefusal::Repeated(..))));
                Sending::Over(Outcome::Denied)
            }
            _ if tries + 1 == TRIES => Sending::Over(Outcome::Unknown),
            _ => Sending::Reserving {
                tries: tries + 1,
                applied,
                since: if tries == 0 { state.moment } else { since },
            },
        };
    }

    /// The transaction that gives a refused text's quota back, and with it the challenge.
    fn give_back(state: &mut State, send: usize, call: Call) {
        let Sending::Refused {
            tries,
            applied,
            since,
        } = state.sends[send]
        else {
            return;
        };
        let mut applied = applied;
        if call != Call::Lost && !applied {
            let own = state
                .record
                .slots
                .iter()
                .find(|(_, slot)| slot.id == challenge(send));
            if let Some((index, _)) = own.map(|(index, slot)| (*index, *slot)) {
                state.record.slots.remove(&index);
                state.counted -= 1;
                applied = true;
            }
        }
        state.sends[send] = match call {
            Call::Answered if applied => Sending::Over(Outcome::GivenBack),
            Call::Answered => Sending::Over(Outcome::Unknown),
            _ if tries + 1 == TRIES => Sending::Over(Outcome::Unknown),
            _ => Sending::Refused {
                tries: tries + 1,
                applied,
                since: if tries == 0 { state.moment } else { since },
            },
        };
    }

    fn guess(&self, state: &mut State, at: usize, call: Call) {
        let Guessing::Calling { tries, since } = state.guesses[at] else {
            return;
        };
        let request = self.guesses[at];
        let (id, write) = (
            challenge(request.send),
            WriteId([u8::try_from(at).expect("few guesses"); 16]),
        );
        let terms = Self::terms(state, request.skew);
        // The token says which slot; a challenge that was given back is in none.
        let own = state.record.slots.iter().find(|(_, slot)| slot.id == id);
        let slot = own.map_or(0, |(index, _)| *index);
        let decided = state.record.admits_attempt(slot, id, write, &terms);
        if call != Call::Lost && decided.is_ok() {
            protocol::guess(&mut state.record, slot, request.right, write);
            state.evaluated[request.send] += 1;
        }
        let answered = match decided {
            Ok(()) if request.right => Guessing::Success,
            Ok(()) => Guessing::WrongCode,
            Err(AttemptRefusal::AlreadyApplied(slot)) if slot.used == request.right => {
                if slot.used {
                    Guessing::Success
                } else {
                    Guessing::WrongCode
                }
            }
            Err(AttemptRefusal::AlreadyApplied(_)) => Guessing::Closed(Told::Used),
            Err(AttemptRefusal::Closed(closed)) => Guessing::Closed(match closed {
                Closed::Used => Told::Used,
                Closed::Expired => Told::Expired,
                Closed::Exhausted => Told::Exhausted,
            }),
            Err(AttemptRefusal::Locked { .. }) => Guessing::Locked,
        };
        state.guesses[at] = match call {
            Call::Answered => answered,
            _ if tries + 1 == TRIES => Guessing::Unknown,
            _ => Guessing::Calling {
                tries: tries + 1,
                since: if tries == 0 { state.moment } else { since },
            },
        };
    }

    fn successes(&self, state: &State, send: usize) -> usize {
        let of_send = self.guesses.iter().zip(&state.guesses);
        of_send
            .filter(|(request, guess)| request.send == send && **guess == Guessing::Success)
            .count()
    }

    /// Sends whose write was applied and whose quota was not given back.
    fn held(state: &State) -> usize {
        let held = state.sends.iter().filter(|sending| match sending {
            Sending::Reserving { applied, .. } => *applied,
            Sending::Reserved => true,
            Sending::Refused { applied, .. } => !applied,
            Sending::Over(outcome) => *outcome == Outcome::Texted,
        });
        held.count()
    }

    fn unknown(state: &State) -> usize {
        let over = |sending: &&Sending| **sending == Sending::Over(Outcome::Unknown);
        state.sends.iter().filter(over).count()
    }
}

/// The next moment; what has called the store for longer than a function may run is over.
fn time_passes(state: &mut State) {
    state.moment += 1;
    let is_late =
        |since: usize| Duration::from_secs(MOMENTS[state.moment] - MOMENTS[since]) > REPEATED_FOR;
    for sending in &mut state.sends {
        if let Sending::Reserving { tries, since, .. } | Sending::Refused { tries, since, .. } =
            *sending
            && tries > 0
            && is_late(since)
        {
            *sending = Sending::Over(Outcome::Unknown);
        }
    }
    for guess in &mut state.guesses {
        if let Guessing::Calling { tries, since } = *guess
            && tries > 0
            && is_late(since)
        {
            *guess = Guessing::Unknown;
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            moment: 0,
            record: PhoneRecord::default(),
            counted: 0,
            sends: vec![
                Sending::Reserving {
                    tries: 0,
                    applied: false,
                    since: 0,
                };
                self.sends.len()
            ],
            guesses: vec![Guessing::Calling { tries: 0, since: 0 }; self.guesses.len()],
            texts: vec![0; self.sends.len()],
            evaluated: vec![0; self.sends.len()],
            faults: self.faults,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.moment + 1 < MOMENTS.len() {
            steps.push(Step::TimePasses);
        }
        let calls: &[Call] = if state.faults > 0 {
            &[Call::Answered, Call::Lost, Call::ReplyLost]
        } else {
            &[Call::Answered]
        };
        for (send, sending) in state.sends.iter().enumerate() {
            match sending {
                Sending::Reserving { .. } => {
                    steps.extend(calls.iter().map(|call| Step::Reserve(send, *call)));
                }
                Sending::Reserved => {
                    steps.extend([
                        Step::Publish(send, Carrier::Delivers),
                        Step::Publish(send, Carrier::Refuses),
                    ]);
                    if state.faults > 0 {
                        steps.extend([
                            Step::Publish(send, Carrier::Silent { texted: true }),
                            Step::Publish(send, Carrier::Silent { texted: false }),
                            Step::Die(send),
                        ]);
                    }
                }
                Sending::Refused { .. } => {
                    steps.extend(calls.iter().map(|call| Step::GiveBack(send, *call)));
                }
                Sending::Over(_) => {}
            }
        }
        for (at, guess) in state.guesses.iter().enumerate() {
            // A guess needs the token, which comes with the answer to the send.
            let answered = state.sends[self.guesses[at].send] == Sending::Over(Outcome::Texted);
            if answered && matches!(guess, Guessing::Calling { .. }) {
                steps.extend(calls.iter().map(|call| Step::Guess(at, *call)));
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::TimePasses => time_passes(&mut state),
            Step::Reserve(send, call) => self.reserve(&mut state, send, call),
            Step::Publish(send, carrier) => {
                let texted = matches!(
                    carrier,
                    Carrier::Delivers | Carrier::Silent { texted: true }
                );
                state.texts[send] += u8::from(texted);
                state.sends[send] = match carrier {
                    Carrier::Refuses => Sending::Refused {
                        tries: 0,
                        applied: false,
                        since: state.moment,
                    },
                    _ => Sending::Over(Outcome::Texted),
                };
            }
            Step::GiveBack(send, call) => Self::give_back(&mut state, send, call),
            Step::Die(send) => state.sends[send] = Sending::Over(Outcome::Unknown),
            Step::Guess(at, call) => self.guess(&mut state, at, call),
        }
        let is_fault = match step {
            Step::Reserve(_, call) | Step::GiveBack(_, call) | Step::Guess(_, call) => {
                call != Call::Answered
            }
            Step::Publish(_, carrier) => matches!(carrier, Carrier::Silent { .. }),
            Step::Die(_) => true,
            Step::TimePasses => false,
        };
        state.faults -= u8::from(is_fault);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "a challenge succeeds once",
                |model: &Self, state: &State| {
                    (0..model.sends.len()).all(|send| model.successes(state, send) <= 1)
                },
            ),
            Property::always(
                "no more guesses are evaluated than allowed",
                |_, state: &State| {
                    state
                        .evaluated
                        .iter()
                        .all(|evaluated| *evaluated <= ATTEMPTS)
                },
            ),
            Property::always("a challenge is texted once", |_, state: &State| {
                state.texts.iter().all(|texts| *texts <= 1)
            }),
            Property::always("sends stay within the limit", |_, state: &State| {
                let texts: u8 = state.texts.iter().sum();
                state.counted <= LIMIT && usize::from(texts) <= state.counted
            }),
            Property::always(
                "quota is lost only where the outcome is unknown",
                |_, state: &State| {
                    let held = Protocol::held(state);
                    (held..=held + Protocol::unknown(state)).contains(&state.counted)
                },
            ),
            Property::always(
                "nobody is told that their own first success was used",
                |model: &Self, state: &State| {
                    let guesses = model.guesses.iter().zip(&state.guesses);
                    guesses.enumerate().all(|(at, (request, guess))| {
                        let others = model.guesses.iter().enumerate();
                        let alone = others
                            .filter(|(other, same)| *other != at && same.send == request.send)
                            .all(|(_, same)| !same.right);
                        !(request.right && alone && *guess == Guessing::Closed(Told::Used))
                    })
                },
            ),
            Property::sometimes("a right code succeeds", |model: &Self, state: &State| {
                model.successes(state, 0) == 1
            }),
            Property::sometimes("guesses are used up", |_, state: &State| {
                state.guesses.contains(&Guessing::Closed(Told::Exhausted))
            }),
            Property::sometimes("a challenge expires", |_, state: &State| {
                state.guesses.contains(&Guessing::Closed(Told::Expired))
            }),
            Property::sometimes("quota is given back", |_, state: &State| {
                state.sends.contains(&Sending::Over(Outcome::GivenBack))
            }),
        ]
    }
}

/// Explores everything, and expects that it was worth it.
fn explored(protocol: Protocol, at_least: usize) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(states >= at_least, "only {states} states");
}

const fn right(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        send,
        right: true,
        skew,
    }
}

const fn wrong(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        send,
        right: false,
        skew,
    }
}

#[test]
fn one_challenge_guessed_by_many() {
    explored(
        Protocol {
            sends: vec![SendRequest { skew: 0 }],
            guesses: vec![
                right(0, -2),
                right(0, 2),
                wrong(0, 0),
                wrong(0, 2),
                wrong(0, -2),
            ],
            faults: 3,
        },
        10_000,
    );
}

#[test]
fn an_honest_guess_among_wrong_ones() {
    explored(
        Protocol {
            sends: vec![SendRequest { skew: 2 }],
            guesses: vec![right(0, -2), wrong(0, 0), wrong(0, 2)],
            faults: 2,
        },
        1_000,
    );
}

#[test]
fn sends_race_for_one_phone() {
    explored(
        Protocol {
            sends: vec![
                SendRequest { skew: 2 },
                SendRequest { skew: -2 },
                SendRequest { skew: 0 },
            ],
            guesses: vec![right(0, 0), wrong(0, 0), wrong(0, -2), right(1, 2)],
            faults: 2,
        },
        100_000,
    );
}
