//! The steps that each state allows, and the properties that must hold in every state.

use std::collections::BTreeSet;

use phoneproof_domain::phone_record::{PhoneRecord, WriteId};
use stateright::{Model, Property};

use crate::state::{Call, Calling, Carrier, Guessing, Kind, Outcome, Sending, State, Step, Told};
use crate::{ATTEMPTS, LIFETIME, LIMIT, MOMENTS, Protocol};

/// Whether somebody holds the token of a send.
fn has_token(state: &State, send: usize) -> bool {
    let over = |outcome| state.sends[send] == Sending::Over(outcome);
    over(Outcome::Texted) || over(Outcome::Repeated)
}

impl Protocol {
    fn steps_of_send(&self, state: &State, send: usize, calls: &[Call], steps: &mut Vec<Step>) {
        let may_fail = state.faults > 0;
        match state.sends[send] {
            Sending::Reserving(calling) => {
                let may_begin = match self.sends[send].kind {
                    Kind::New | Kind::Keyed(_) => true,
                    Kind::Resend { of } | Kind::ResendKeyed { of, .. } | Kind::Renewal { of } => {
                        has_token(state, of)
                    }
                };
                if may_begin {
                    steps.extend(calls.iter().map(|call| Step::Reserve(send, *call)));
                }
                if may_fail && calling.tries > 0 {
                    steps.push(Step::Die(send));
                }
            }
            Sending::Reserved { .. } => {
                let mut carriers = vec![Carrier::Delivers, Carrier::Refuses];
                if may_fail {
                    carriers.extend([
                        Carrier::Silent { texted: true },
                        Carrier::Silent { texted: false },
                        Carrier::DeliversToNobody,
                    ]);
                    steps.push(Step::Die(send));
                }
                steps.extend(carriers.iter().map(|carrier| Step::Publish(send, *carrier)));
            }
            Sending::Refused(_) => {
                steps.extend(calls.iter().map(|call| Step::GiveBack(send, *call)));
                if may_fail {
                    steps.push(Step::Die(send));
                }
            }
            Sending::Over(_) => {}
        }
    }

    fn steps_of_guess(&self, state: &State, guess: usize, calls: &[Call], steps: &mut Vec<Step>) {
        let request = self.guesses[guess];
        if state.owing[guess] {
            steps.extend(calls.iter().map(|call| Step::Credit(guess, *call)));
        }
        let Guessing::Calling(calling) = state.guesses[guess] else {
            return;
        };
        let is_due = request
            .after
            .is_none_or(|earlier| state.guesses[earlier] == Guessing::Unknown);
        // A guess needs the token, which comes with the answer to the send.
        if is_due && has_token(state, request.send) {
            steps.extend(calls.iter().map(|call| Step::Guess(guess, *call)));
            if state.faults > 0 && calling.tries > 0 {
                steps.push(Step::DieGuessing(guess));
            }
        }
    }

    /// Counts the different success tokens that clients got for a challenge. A repeat gets the token of the first.
    fn count_successes(&self, state: &State, origin: usize) -> usize {
        let guesses = self.guesses.iter().zip(&state.guesses);
        let made = guesses.filter_map(|(request, guess)| match guess {
            Guessing::Success(WriteId(by)) if self.origin(request.send) == origin => Some(*by),
            _ => None,
        });
        made.collect::<BTreeSet<_>>().len()
    }

    /// Counts the successes of a challenge and of those that renewed it, heard and unheard.
    fn count_consumed(&self, state: &State, root: usize) -> u32 {
        let chain = (0..self.sends.len()).filter(|send| self.find_root(*send) == root);
        chain.map(|send| state.successes[send]).sum()
    }

    /// Whether a guess was told "used" although it is the only right one at its challenge and does not repeat one that
    /// succeeded unheard.
    fn is_wronged(&self, state: &State, guess: usize) -> bool {
        let request = self.guesses[guess];
        if !request.right || state.guesses[guess] != Guessing::Closed(Told::Used) {
            return false;
        }
        let origin = self.origin(request.send);
        // A parallel resend gets the token of a renewal whose text may then be refused. Nobody can know that code.
        let is_texted = |send: usize| self.origin(send) == origin && state.texts[send].is_some();
        if !(0..self.sends.len()).any(is_texted) {
            return false;
        }
        let mut others = self.guesses.iter().enumerate();
        let somebody_else = others.any(|(other, same)| {
            let is_other = other != guess && Some(other) != request.after;
            is_other && same.right && self.origin(same.send) == origin
        });
        let retried = request.after.is_some_and(|earlier| state.consumed[earlier]);
        !somebody_else && !retried
    }

    /// Whether two sends under one key texted within the lifetime of one challenge. Sends that are a lifetime apart
    /// have different challenges and codes.
    fn has_texted_twice(&self, state: &State) -> bool {
        let texted = |send: usize| {
            let key = match self.sends[send].kind {
                Kind::Keyed(key) => (None, key),
                Kind::ResendKeyed { of, key } => (Some(of), key),
                Kind::New | Kind::Resend { .. } | Kind::Renewal { .. } => return None,
            };
            let moment = state.texts[send]?;
            let skew = self.sends[send].skew;
            let at = i64::try_from(MOMENTS[moment]).expect("small") + skew;
            Some((key, at))
        };
        let texts: Vec<_> = (0..self.sends.len()).filter_map(texted).collect();
        let life = i64::try_from(LIFETIME.as_secs()).expect("small");
        texts.iter().enumerate().any(|(n, (key, at))| {
            let others = texts.iter().skip(n + 1);
            others
                .filter(|(other, _)| other == key)
                .any(|(_, other)| (at - other).abs() < life)
        })
    }

    /// Counts the sends whose write was applied and whose quota was not given back.
    fn count_held(state: &State) -> usize {
        let held = state.sends.iter().filter(|sending| match sending {
            Sending::Reserving(calling) => calling.applied,
            Sending::Reserved { .. } => true,
            Sending::Refused(calling) => !calling.applied,
            Sending::Over(outcome) => *outcome == Outcome::Texted,
        });
        held.count()
    }

    fn count_unknown(state: &State) -> usize {
        let over = |sending: &&Sending| **sending == Sending::Over(Outcome::Unknown);
        state.sends.iter().filter(over).count()
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
            sends: vec![Sending::Reserving(Calling::AHEAD); self.sends.len()],
            guesses: vec![Guessing::Calling(Calling::AHEAD); self.guesses.len()],
            texts: vec![None; self.sends.len()],
            planned: vec![ATTEMPTS; self.sends.len()],
            tokens: vec![None; self.sends.len()],
            lives: vec![0; self.sends.len()],
            evaluated: vec![0; self.sends.len()],
            successes: vec![0; self.sends.len()],
            consumed: vec![false; self.guesses.len()],
            credited: vec![0; self.sends.len()],
            owing: vec![false; self.guesses.len()],
            repeat_denied: false,
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
        for send in 0..self.sends.len() {
            self.steps_of_send(state, send, calls, steps);
        }
        for guess in 0..self.guesses.len() {
            self.steps_of_guess(state, guess, calls, steps);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        self.take(&mut state, step);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(
                "a challenge succeeds once, renewals included",
                |model: &Self, state: &State| {
                    let heard =
                        (0..model.sends.len()).map(|origin| model.count_successes(state, origin));
                    let lives = state.lives.iter().map(|lives| usize::from(*lives));
                    (0..model.sends.len()).all(|root| model.count_consumed(state, root) <= 1)
                        && heard.zip(lives).all(|(heard, lives)| heard <= lives)
                },
            ),
            Property::always(
                "no more wrong codes are evaluated than allowed, renewals included",
                |_, state: &State| state.evaluated.iter().all(|guesses| *guesses <= ATTEMPTS),
            ),
            Property::always(
                "a success gives back once, and nothing else does",
                |_, state: &State| {
                    let successes = state.lives.iter().zip(&state.credited);
                    successes
                        .zip(&state.successes)
                        .all(|((lives, credited), now)| {
                            let earlier = lives.saturating_sub(1);
                            u32::from(*credited) <= u32::from(earlier) + now
                        })
                },
            ),
            Property::always("a key is texted once", |model: &Self, state: &State| {
                !model.has_texted_twice(state)
            }),
            Property::always(
                "a repeat finds the challenge that lives",
                |_, state: &State| !state.repeat_denied,
            ),
            Property::always("sends stay within the limit", |_, state: &State| {
                let texts = state.texts.iter().flatten().count();
                let texts = u32::try_from(texts).expect("few");
                state.counted <= LIMIT && texts <= state.counted
            }),
            Property::always(
                "quota is lost only where the outcome is unknown",
                |_, state: &State| {
                    let (held, unknown) = (Self::count_held(state), Self::count_unknown(state));
                    let counted = usize::try_from(state.counted).expect("few");
                    (held..=held + unknown).contains(&counted)
                },
            ),
            Property::always(
                "nobody is told that their own first success was used",
                |model: &Self, state: &State| {
                    (0..model.guesses.len()).all(|guess| !model.is_wronged(state, guess))
                },
            ),
        ];
        properties.extend(self.reached.iter().copied().map(Reached::property));
        properties
    }
}

/// A state that an exploration must reach. Without it, the properties would prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Success,
    Exhausted,
    Expired,
    GivenBack,
    /// The code of a challenge was texted again.
    Resent,
    /// A refused resend was given back, and the challenge succeeded all the same.
    SuccessAfterRefusedResend,
    /// A key was used again.
    Repeated,
    /// A client that got no answer heard of its success at its retry.
    RetryOfUnheardSuccess,
    /// Two clients entered the right code, and both got the one success token.
    SameSuccess,
    /// A challenge that followed one with fewer guesses left succeeded.
    SuccessAfterRenewal,
    /// The guesses of a challenge and of its renewal were used up together.
    ExhaustedAfterRenewal,
}

impl Reached {
    fn property(self) -> Property<Protocol> {
        match self {
            Self::Success => Property::sometimes(
                "a right code succeeds",
                |model: &Protocol, state: &State| model.count_successes(state, 0) == 1,
            ),
            Self::Exhausted => Property::sometimes("guesses are used up", |_, state: &State| {
                state.guesses.contains(&Guessing::Closed(Told::Exhausted))
            }),
            Self::Expired => Property::sometimes("a challenge expires", |_, state: &State| {
                state.guesses.contains(&Guessing::Closed(Told::Expired))
            }),
            Self::GivenBack => Property::sometimes("quota is given back", |_, state: &State| {
                state.sends.contains(&Sending::Over(Outcome::GivenBack))
            }),
            Self::Resent => Property::sometimes(
                "a code is texted again",
                |model: &Protocol, state: &State| {
                    let texted = |send: &usize| state.texts[*send].is_some();
                    let resend =
                        |send: &usize| matches!(model.sends[*send].kind, Kind::Resend { .. });
                    (0..model.sends.len())
                        .filter(texted)
                        .any(|send| resend(&send))
                },
            ),
            Self::SuccessAfterRefusedResend => Property::sometimes(
                "a challenge outlives a refused resend",
                |model: &Protocol, state: &State| {
                    let given_back = |send: usize| {
                        let resend = matches!(model.sends[send].kind, Kind::Resend { .. });
                        resend && state.sends[send] == Sending::Over(Outcome::GivenBack)
                    };
                    model.count_successes(state, 0) == 1 && (0..model.sends.len()).any(given_back)
                },
            ),
            Self::Repeated => Property::sometimes("a key is used again", |_, state: &State| {
                state.sends.contains(&Sending::Over(Outcome::Repeated))
            }),
            Self::RetryOfUnheardSuccess => Property::sometimes(
                "a success that went unheard is heard at the retry",
                |model: &Protocol, state: &State| {
                    model
                        .guesses
                        .iter()
                        .zip(&state.guesses)
                        .any(|(request, guess)| {
                            let unheard =
                                request.after.is_some_and(|earlier| state.consumed[earlier]);
                            unheard && matches!(guess, Guessing::Success(_))
                        })
                },
            ),
            Self::SameSuccess => {
                Property::sometimes("the right code succeeds twice", |_, state: &State| {
                    let is_success = |guess: &&Guessing| matches!(guess, Guessing::Success(_));
                    state.guesses.iter().filter(is_success).count() == 2
                })
            }
            Self::SuccessAfterRenewal => Property::sometimes(
                "a renewal succeeds after a wrong code at the challenge before",
                |model: &Protocol, state: &State| {
                    let renewal =
                        |send: &usize| matches!(model.sends[*send].kind, Kind::Renewal { .. });
                    let mut renewals = (0..model.sends.len()).filter(renewal);
                    renewals.any(|send| model.count_successes(state, send) == 1)
                        && state.guesses.contains(&Guessing::WrongCode)
                },
            ),
            Self::ExhaustedAfterRenewal => Property::sometimes(
                "a renewal has no guesses left after one of its own",
                |model: &Protocol, state: &State| {
                    let guesses = model.guesses.iter().zip(&state.guesses);
                    let told =
                        guesses.filter(|(_, guess)| **guess == Guessing::Closed(Told::Exhausted));
                    let mut sends = told.map(|(request, _)| model.sends[request.send].kind);
                    sends.any(|kind| matches!(kind, Kind::Renewal { .. }))
                },
            ),
        }
    }
}
