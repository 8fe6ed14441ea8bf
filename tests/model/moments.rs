//! When each step of a request happens.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{Lockout, REPEATED_FOR, SlotLayout, Terms};
use phoneproof_domain::window::{DAY, Window};

use crate::state::{Calling, Guessing, Outcome, Sending, State};
use crate::{COOLDOWN, LIFETIME, MOMENTS, MOST_SLOTS, TRIES};

pub(crate) fn at(moment: usize, skew: i64) -> Timestamp {
    let noon = 1_795_435_200;
    let moment = i64::try_from(MOMENTS[moment]).expect("small");
    Timestamp::from_unix(noon + moment + skew)
}

pub(crate) fn terms(moment: usize, skew: i64) -> Terms {
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
        slots: SlotLayout::new(COOLDOWN, LIFETIME, MOST_SLOTS).count,
    }
}

impl Calling {
    /// The moment of the request. The clock at the first try decides, because a repeated try has the same content.
    pub(crate) fn find_moment(self, state: &State) -> usize {
        if self.tries == 0 {
            state.moment
        } else {
            self.since
        }
    }

    /// The next try, or `None` after the last.
    pub(crate) fn try_again(self, state: &State) -> Option<Self> {
        (self.tries + 1 < TRIES).then(|| Self {
            tries: self.tries + 1,
            since: self.find_moment(state),
            ..self
        })
    }
}

/// Moves to the next moment. A request that has called the store for longer than a function may run is over.
pub(crate) fn pass_time(state: &mut State) {
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
