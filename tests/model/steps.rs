//! What each step makes of a state.

use std::time::Duration;

use phoneproof_domain::challenge::{ChallengeId, Closed};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{
    GuessRefusal, Lockout, REPEATED_FOR, Reservation, SendRefusal, Slot, SlotLayout, Terms, WriteId,
};
use phoneproof_domain::window::{DAY, Window};
use phoneproof_tests::protocol;

use crate::state::{
    Call, Calling, Carrier, Guessing, Kind, Outcome, Sending, State, Step, Token, Told,
};
use crate::{ATTEMPTS, COOLDOWN, LIFETIME, LIMIT, MOMENTS, Protocol, TRIES};

fn at(moment: usize, skew: i64) -> Timestamp {
    let noon = 1_795_435_200;
    let moment = i64::try_from(MOMENTS[moment]).expect("small");
    Timestamp::from_unix(noon + moment + skew)
}

fn terms(moment: usize, skew: i64) -> Terms {
    let now = at(moment, skew);
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

impl Calling {
    /// The moment that the request was made at: the clock at the first call decides, and a repeated call says
    /// what the first one said.
    fn made_at(self, state: &State) -> usize {
        if self.tries == 0 {
            state.moment
        } else {
            self.since
        }
    }

    /// Once more, unless this was the last try.
    fn again(self, state: &State) -> Option<Self> {
        (self.tries + 1 < TRIES).then(|| Self {
            tries: self.tries + 1,
            since: self.made_at(state),
            ..self
        })
    }
}

impl Protocol {
    /// The send that made the challenge which a send is about.
    pub(crate) fn origin(&self, send: usize) -> usize {
        match self.sends[send].kind {
            Kind::New => send,
            Kind::Resend { of } => self.origin(of),
            Kind::Keyed(_) => {
                let own = self.sends[send].kind;
                let first = self.sends.iter().position(|other| other.kind == own);
                first.unwrap_or(send)
            }
        }
    }

    pub(crate) fn challenge(&self, send: usize) -> ChallengeId {
        ChallengeId([u8::try_from(self.origin(send)).expect("few sends"); 16])
    }

    /// What a send asks the store for. The token of a resend says which slot.
    fn reservation(&self, state: &State, send: usize, moment: usize) -> Reservation {
        let request = self.sends[send];
        let (id, layout) = (self.challenge(send), SlotLayout::new(COOLDOWN, LIFETIME));
        let slot = layout.index_at(at(moment, request.skew));
        match request.kind {
            Kind::New => Reservation::New { id, slot },
            Kind::Keyed(_) => Reservation::Idempotent { id, slot },
            Kind::Resend { of } => {
                let slot = state.tokens[of].expect("a token to resend").slot;
                Reservation::Resend { id, slot }
            }
        }
    }

    /// The transaction of a send. One that was applied before answers again as it did: DynamoDB knows its
    /// request token.
    pub(crate) fn reserve(&self, state: &mut State, send: usize, call: Call) {
        let Sending::Reserving(mut calling) = state.sends[send] else {
            return;
        };
        let moment = calling.made_at(state);
        let reservation = self.reservation(state, send, moment);
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
                protocol::send(
                    record,
                    &reservation,
                    &protocol::root(),
                    expires_at,
                    ATTEMPTS,
                    now,
                );
                self.begin_life(state, send);
                calling.applied = true;
            }
        }
        state.tokens[send] = match (&refusal, self.sends[send].kind) {
            (Some(SendRefusal::Repeated(slot, own)), _) => Some(Token {
                slot: *slot,
                expires_at: own.expires_at,
            }),
            _ if !calling.applied => None,
            (_, Kind::Resend { of }) => state.tokens[of],
            (_, Kind::New | Kind::Keyed(_)) => Some(Token {
                slot: reservation.slot(),
                expires_at: at(moment, self.sends[send].skew) + LIFETIME,
            }),
        };
        state.sends[send] = match call {
            Call::Answered if calling.applied => Sending::Reserved { since: moment },
            Call::Answered => Sending::Over(match refusal {
                Some(SendRefusal::Repeated(..)) => Outcome::Repeated,
                _ => Outcome::Denied,
            }),
            Call::Lost | Call::ReplyLost => calling
                .again(state)
                .map_or(Sending::Over(Outcome::Unknown), Sending::Reserving),
        };
    }

    /// A challenge that is made, and not only texted again, starts from nothing.
    fn begin_life(&self, state: &mut State, send: usize) {
        if !matches!(self.sends[send].kind, Kind::Resend { .. }) {
            let origin = self.origin(send);
            state.lives[origin] += 1;
            (state.evaluated[origin], state.successes[origin]) = (0, 0);
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
        // When it was asked for matters under a key alone; elsewhere it would only make more states.
        let keyed = matches!(self.sends[send].kind, Kind::Keyed(_));
        state.texts[send] = texted.then_some(if keyed { since } else { 0 });
        state.sends[send] = match carrier {
            Carrier::Refuses => Sending::Refused(Calling::AHEAD),
            Carrier::DeliversToNobody => Sending::Over(Outcome::Unknown),
            Carrier::Delivers | Carrier::Silent { .. } => Sending::Over(Outcome::Texted),
        };
    }

    /// The transaction that gives a refused text's quota back, and with it a new challenge.
    fn give_back(&self, state: &mut State, send: usize, call: Call) {
        let Sending::Refused(mut calling) = state.sends[send] else {
            return;
        };
        if call != Call::Lost && !calling.applied {
            let id = self.challenge(send);
            let slot = state.tokens[send].expect("it was reserved").slot;
            let reservation = match self.sends[send].kind {
                Kind::Resend { .. } => Reservation::Resend { id, slot },
                Kind::New | Kind::Keyed(_) => Reservation::New { id, slot },
            };
            let (record, counted) = (&mut state.record, &mut state.counted);
            calling.applied = protocol::give_back(record, &reservation, counted);
        }
        state.sends[send] = match call {
            Call::Answered if calling.applied => Sending::Over(Outcome::GivenBack),
            Call::Answered => Sending::Over(Outcome::Unknown),
            Call::Lost | Call::ReplyLost => calling
                .again(state)
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
        let terms = terms(calling.made_at(state), request.skew);
        let token = state.tokens[request.send].expect("a token to guess with");
        if token.expires_at <= terms.now {
            // Seen from the token alone.
            state.guesses[guess] = Guessing::Closed(Told::Expired);
            return;
        }
        let slot = token.slot;
        let decided = state.record.admits_guess(slot, id, write, &terms);
        if call != Call::Lost && decided.is_ok() {
            protocol::guess(&mut state.record, slot, request.right, write);
            let origin = self.origin(request.send);
            state.evaluated[origin] += 1;
            state.successes[origin] += u32::from(request.right);
            state.consumed[guess] = request.right;
        }
        state.guesses[guess] = match call {
            Call::Answered => answered(decided, request.right),
            Call::Lost | Call::ReplyLost => calling
                .again(state)
                .map_or(Guessing::Unknown, Guessing::Calling),
        };
    }

    pub(crate) fn take(&self, state: &mut State, step: Step) {
        match step {
            Step::TimePasses => time_passes(state),
            Step::Reserve(send, call) => self.reserve(state, send, call),
            Step::Publish(send, carrier) => self.publish(state, send, carrier),
            Step::GiveBack(send, call) => self.give_back(state, send, call),
            Step::Die(send) => state.sends[send] = Sending::Over(Outcome::Unknown),
            Step::Guess(guess, call) => self.guess(state, guess, call),
            Step::DieGuessing(guess) => state.guesses[guess] = Guessing::Unknown,
        }
        state.faults -= u8::from(step.is_fault());
        // A token that nobody got is forgotten.
        for (sending, token) in state.sends.iter().zip(&mut state.tokens) {
            let got = [Outcome::Texted, Outcome::Repeated].map(Sending::Over);
            if matches!(sending, Sending::Over(_)) && !got.contains(sending) {
                *token = None;
            }
        }
    }
}

/// What the service says to a guess that was decided so.
fn answered(decided: Result<(), GuessRefusal>, right: bool) -> Guessing {
    let evaluated = |success| {
        if success {
            Guessing::Success
        } else {
            Guessing::WrongCode
        }
    };
    match decided {
        Ok(()) => evaluated(right),
        Err(GuessRefusal::AlreadyApplied(slot)) if slot.used == right => evaluated(slot.used),
        Err(GuessRefusal::AlreadyApplied(_)) => Guessing::Closed(Told::Used),
        Err(GuessRefusal::Closed(closed)) => Guessing::Closed(match closed {
            Closed::Used => Told::Used,
            Closed::Expired => Told::Expired,
            Closed::Exhausted => Told::Exhausted,
        }),
        Err(GuessRefusal::Locked { .. }) => Guessing::Locked,
    }
}

/// The next moment; what has called the store for longer than a function may run is over.
fn time_passes(state: &mut State) {
    state.moment += 1;
    let moment = state.moment;
    let is_over =
        |since: usize| Duration::from_secs(MOMENTS[moment] - MOMENTS[since]) > REPEATED_FOR;
    let is_late = |calling: Calling| calling.tries > 0 && is_over(calling.since);
    for sending in &mut state.sends {
        if let Sending::Reserving(calling) | Sending::Refused(calling) = *sending
            && is_late(calling)
        {
            *sending = Sending::Over(Outcome::Unknown);
        }
        if let Sending::Reserved { since } = *sending
            && is_over(since)
        {
            *sending = Sending::Over(Outcome::Unknown);
        }
    }
    for guess in &mut state.guesses {
        if let Guessing::Calling(calling) = *guess
            && is_late(calling)
        {
            *guess = Guessing::Unknown;
        }
    }
}
