//! How each step changes a state.

use phoneproof_domain::challenge::{ChallengeId, Closed};
use phoneproof_domain::phone_record::{
    Guess, GuessRefusal, Predecessor, REPEATABLE_FOR, ResendId, Reservation, SendRefusal, Slot,
    SlotLayout, WriteId,
};
use phoneproof_model as protocol;

use crate::moments::{at, pass_time, terms};
use crate::state::{
    Call, Calling, Carrier, Guessing, Kind, Outcome, Sending, State, Step, Token, Told,
};
use crate::{ATTEMPTS, COOLDOWN, LIFETIME, LIMIT, MOST_SLOTS, Protocol};

impl Protocol {
    /// The first send that requested the challenge of `send`.
    pub(crate) fn origin(&self, send: usize) -> usize {
        match self.sends[send].kind {
            Kind::New => send,
            Kind::Resend { of } | Kind::ResendKeyed { of, .. } => self.origin(of),
            // Renewals of one challenge have the same id, like sends under one key.
            Kind::Keyed(_) | Kind::Renewal { .. } => {
                let own = self.sends[send].kind;
                let first = self.sends.iter().position(|other| other.kind == own);
                first.unwrap_or(send)
            }
        }
    }

    /// The send whose guesses `send` shares: the first of a chain of renewals.
    pub(crate) fn find_root(&self, send: usize) -> usize {
        let origin = self.origin(send);
        match self.sends[origin].kind {
            Kind::Renewal { of } => self.find_root(of),
            Kind::New | Kind::Keyed(_) | Kind::Resend { .. } | Kind::ResendKeyed { .. } => origin,
        }
    }

    pub(crate) fn challenge(&self, send: usize) -> ChallengeId {
        ChallengeId([u8::try_from(self.origin(send)).expect("few sends"); 16])
    }

    /// The reservation that a send requests from the store. A resend takes its slot from the token.
    fn reservation(&self, state: &State, send: usize, moment: usize) -> Reservation {
        let request = self.sends[send];
        let (id, layout) = (
            self.challenge(send),
            SlotLayout::new(COOLDOWN, LIFETIME, MOST_SLOTS),
        );
        let slot = layout.index_at(at(moment, request.skew));
        match request.kind {
            Kind::New => Reservation::New { id, slot },
            Kind::Keyed(_) => Reservation::Idempotent { id, slot },
            Kind::Resend { of } | Kind::ResendKeyed { of, .. } => {
                let slot = state.tokens[of].expect("a token to resend").slot;
                Reservation::Resend {
                    id,
                    slot,
                    attempts_left: state.planned[send],
                    key: find_key(request.kind),
                }
            }
            Kind::Renewal { of } => {
                let before = state.tokens[of].expect("a token to renew").slot;
                let slot = if slot == before {
                    layout.next(slot)
                } else {
                    slot
                };
                let of = Predecessor {
                    id: self.challenge(of),
                    slot: before,
                    attempts_left: state.planned[send],
                };
                Reservation::Renewal {
                    id,
                    slot,
                    of,
                    key: None,
                }
            }
        }
    }

    /// Makes the transaction of a send. One that was applied before gets the same answer again, because DynamoDB knows
    /// its request token.
    pub(crate) fn reserve(&self, state: &mut State, send: usize, call: Call) {
        let Sending::Reserving(mut calling) = state.sends[send] else {
            return;
        };
        let moment = calling.find_moment(state);
        let planned = state.tokens[send].map(|token| token.slot);
        let asked = self.reservation(state, send, moment);
        let reservation = planned.map_or(asked, |slot| asked.with_slot(slot));
        let mut refusal = None;
        if call != Call::Lost && !calling.applied {
            let terms = terms(moment, self.sends[send].skew);
            refusal = state.record.admits_send(&reservation, &terms).err();
            if let Reservation::Idempotent { id, .. } = reservation {
                let lives = |slot: &Slot| slot.id == id && slot.expires_at > terms.now;
                let is_live = state.record.slots.values().any(lives);
                let is_repeated = matches!(refusal, Some(SendRefusal::Repeated(..)));
                state.repeat_denied |= is_live != is_repeated;
            }
            if refusal.is_none() && protocol::count(&mut state.counted, LIMIT) {
                let expires_at = terms.now + LIFETIME;
                let (record, now) = (&mut state.record, terms.now);
                let attempts = match reservation {
                    Reservation::Renewal { of, .. } => of.attempts_left,
                    _ => ATTEMPTS,
                };
                protocol::send(
                    record,
                    &reservation,
                    &protocol::root(),
                    expires_at,
                    attempts,
                    now,
                );
                self.begin_life(state, send);
                calling.applied = true;
            }
        }
        if let Some(SendRefusal::Instead(fitting)) = refusal {
            self.plan_again(state, send, (moment, fitting), call);
            return;
        }
        state.tokens[send] = match (&refusal, self.sends[send].kind) {
            (Some(SendRefusal::Repeated(slot, own) | SendRefusal::Resent(slot, own)), _) => {
                Some(Token {
                    slot: *slot,
                    expires_at: own.expires_at,
                })
            }
            _ if !calling.applied => None,
            (_, Kind::Resend { of } | Kind::ResendKeyed { of, .. }) => state.tokens[of],
            (_, Kind::New | Kind::Keyed(_) | Kind::Renewal { .. }) => Some(Token {
                slot: reservation.slot(),
                expires_at: at(moment, self.sends[send].skew) + LIFETIME,
            }),
        };
        state.sends[send] = match call {
            Call::Answered if calling.applied => Sending::Reserved { since: moment },
            Call::Answered => Sending::Over(match refusal {
                Some(SendRefusal::Repeated(..) | SendRefusal::Resent(..)) => Outcome::Repeated,
                _ => Outcome::Denied,
            }),
            Call::Lost | Call::ReplyLost => calling
                .try_again(state)
                .map_or(Sending::Over(Outcome::Unknown), Sending::Reserving),
        };
    }

    /// Plans a send anew, because the record has room for another reservation. The next call is a new one.
    ///
    /// If the reply is lost, the SDK repeats the call with the old plan.
    fn plan_again(
        &self,
        state: &mut State,
        send: usize,
        (moment, fitting): (usize, Reservation),
        call: Call,
    ) {
        let Sending::Reserving(calling) = state.sends[send] else {
            return;
        };
        if call == Call::ReplyLost {
            state.sends[send] = calling
                .try_again(state)
                .map_or(Sending::Over(Outcome::Unknown), Sending::Reserving);
            return;
        }
        match fitting {
            Reservation::Renewal { of, .. } => state.planned[send] = of.attempts_left,
            Reservation::Resend { attempts_left, .. } => state.planned[send] = attempts_left,
            Reservation::New { .. } | Reservation::Idempotent { .. } => {}
        }
        // A resend keeps its token.
        if fitting.is_new() {
            state.tokens[send] = Some(Token {
                slot: fitting.slot(),
                expires_at: at(moment, self.sends[send].skew) + LIFETIME,
            });
        }
        state.sends[send] = Sending::Reserving(Calling {
            // The instant of the request stays that of its first call.
            tries: 1,
            applied: false,
            since: moment,
        });
    }

    /// Resets the counts of a challenge that is made, and not only texted again. A renewal does not reset the guesses.
    fn begin_life(&self, state: &mut State, send: usize) {
        let origin = self.origin(send);
        match self.sends[send].kind {
            Kind::Resend { .. } | Kind::ResendKeyed { .. } => {}
            Kind::Renewal { .. } => {
                state.lives[origin] += 1;
                state.successes[origin] = 0;
            }
            Kind::New | Kind::Keyed(_) => {
                state.lives[origin] += 1;
                (state.evaluated[origin], state.successes[origin]) = (0, 0);
            }
        }
    }

    fn publish(&self, state: &mut State, send: usize, carrier: Carrier) {
        let Sending::Reserved { since } = state.sends[send] else {
            return;
        };
        let texted = !matches!(
            carrier,
            Carrier::Refuses | Carrier::Silent { texted: false }
        );
        // The moment matters only under a key. Elsewhere it would only add states.
        let keyed = matches!(
            self.sends[send].kind,
            Kind::Keyed(_) | Kind::ResendKeyed { .. }
        );
        state.texts[send] = texted.then_some(if keyed { since } else { 0 });
        state.sends[send] = match carrier {
            Carrier::Refuses => Sending::Refused(Calling::AHEAD),
            Carrier::DeliversToNobody => Sending::Over(Outcome::Unknown),
            Carrier::Delivers | Carrier::Silent { .. } => Sending::Over(Outcome::Texted),
        };
    }

    /// Makes the transaction that refunds a refused text, and removes its challenge if it was new.
    fn give_back(&self, state: &mut State, send: usize, call: Call) {
        let Sending::Refused(mut calling) = state.sends[send] else {
            return;
        };
        if call != Call::Lost && !calling.applied {
            let id = self.challenge(send);
            let slot = state.tokens[send].expect("it was reserved").slot;
            let reservation = match self.sends[send].kind {
                kind @ (Kind::Resend { .. } | Kind::ResendKeyed { .. }) => Reservation::Resend {
                    id,
                    slot,
                    attempts_left: state.planned[send],
                    key: find_key(kind),
                },
                Kind::New | Kind::Keyed(_) => Reservation::New { id, slot },
                Kind::Renewal { .. } => self.reservation(state, send, state.moment).with_slot(slot),
            };
            let (record, counted) = (&mut state.record, &mut state.counted);
            calling.applied = protocol::give_back(record, &reservation, counted);
        }
        state.sends[send] = match call {
            Call::Answered if calling.applied => Sending::Over(Outcome::GivenBack),
            Call::Answered => Sending::Over(Outcome::Unknown),
            Call::Lost | Call::ReplyLost => calling
                .try_again(state)
                .map_or(Sending::Over(Outcome::Unknown), Sending::Refused),
        };
    }

    fn guess(&self, state: &mut State, guess: usize, call: Call) {
        let Guessing::Calling(calling) = state.guesses[guess] else {
            return;
        };
        let request = self.guesses[guess];
        let (id, write) = (
            self.challenge(request.send),
            WriteId([u8::try_from(guess).expect("few guesses"); 16]),
        );
        let terms = terms(calling.find_moment(state), request.skew);
        let token = state.tokens[request.send].expect("a token to guess with");
        if token.expires_at + REPEATABLE_FOR <= terms.now {
            // The token alone shows this, so there is no call.
            state.guesses[guess] = Guessing::Closed(Told::Expired);
            return;
        }
        let made = Guess {
            id,
            slot: token.slot,
            expires_at: token.expires_at,
            right: request.right,
            write,
        };
        let decided = state.record.admits_guess(&made, &terms);
        if call != Call::Lost && decided.is_ok() {
            let record = &mut state.record;
            protocol::guess(record, token.slot, request.right, write, terms.now);
            let (origin, root) = (self.origin(request.send), self.find_root(request.send));
            state.evaluated[root] += u32::from(!request.right);
            state.successes[origin] += u32::from(request.right);
            state.consumed[guess] = request.right;
        }
        let is_expired = token.expires_at <= terms.now;
        // The service knows its own write again, so a repeat of it by the SDK gives back, too.
        let is_own = matches!(&decided, Err(GuessRefusal::AlreadyApplied(slot))
            if slot.used.is_some_and(|used| used.by == write));
        state.owing[guess] = call == Call::Answered && made.right && (decided.is_ok() || is_own);
        state.guesses[guess] = match call {
            Call::Answered => {
                let holder = state.record.slots.get(&made.slot);
                let is_used = holder.is_some_and(|own| own.id == id && own.used.is_some());
                match answer_guess(decided, &made, is_expired) {
                    Guessing::WrongCode if is_used => Guessing::Closed(Told::Used),
                    told => told,
                }
            }
            Call::Lost | Call::ReplyLost => calling
                .try_again(state)
                .map_or(Guessing::Unknown, Guessing::Calling),
        };
    }

    pub(crate) fn take(&self, state: &mut State, step: Step) {
        match step {
            Step::TimePasses => pass_time(state),
            Step::Reserve(send, call) => self.reserve(state, send, call),
            Step::Publish(send, carrier) => self.publish(state, send, carrier),
            Step::GiveBack(send, call) => self.give_back(state, send, call),
            Step::Die(send) => state.sends[send] = Sending::Over(Outcome::Unknown),
            Step::Guess(guess, call) => self.guess(state, guess, call),
            Step::DieGuessing(guess) => state.guesses[guess] = Guessing::Unknown,
            Step::Credit(guess, call) => {
                state.owing[guess] = false;
                let origin = self.origin(self.guesses[guess].send);
                state.credited[origin] += u8::from(call != Call::Lost);
            }
        }
        state.faults -= u8::from(step.is_fault());
        // The model forgets a token that no client received.
        for (sending, token) in state.sends.iter().zip(&mut state.tokens) {
            let got = [Outcome::Texted, Outcome::Repeated].map(Sending::Over);
            if matches!(sending, Sending::Over(_)) && !got.contains(sending) {
                *token = None;
            }
        }
    }
}

/// The idempotency key of a resend, as the record holds it.
fn find_key(kind: Kind) -> Option<ResendId> {
    match kind {
        Kind::ResendKeyed { key, .. } => Some(ResendId([key; 16])),
        Kind::New | Kind::Keyed(_) | Kind::Resend { .. } | Kind::Renewal { .. } => None,
    }
}

/// The answer of the service to a guess, from the decision of the store.
fn answer_guess(decided: Result<(), GuessRefusal>, guess: &Guess, is_expired: bool) -> Guessing {
    let evaluated = if guess.right {
        Guessing::Success(guess.write)
    } else {
        Guessing::WrongCode
    };
    match decided {
        Ok(()) => evaluated,
        Err(GuessRefusal::AlreadyApplied(slot)) => {
            let is_used_by = slot.used.is_some_and(|used| used.by == guess.write);
            if is_used_by == guess.right {
                evaluated
            } else {
                Guessing::Closed(Told::Used)
            }
        }
        Err(GuessRefusal::Repeated(used, _)) => Guessing::Success(used.by),
        Err(GuessRefusal::Closed(_)) if is_expired => Guessing::Closed(Told::Expired),
        Err(GuessRefusal::Closed(closed)) => Guessing::Closed(match closed {
            Closed::Used => Told::Used,
            Closed::Expired => Told::Expired,
            Closed::Exhausted => Told::Exhausted,
            Closed::Renewed => Told::Renewed,
        }),
        Err(GuessRefusal::Locked { .. }) => Guessing::Locked,
    }
}
