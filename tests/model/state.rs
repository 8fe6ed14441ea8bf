//! What is asked of the service, and how far it has come.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, SlotIndex};

/// What a send asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new challenge.
    New,
    /// The challenge of an idempotency key; equal numbers are equal keys.
    Keyed(u8),
    /// The code of an earlier send again, by whoever has its token.
    Resend {
        /// Which send.
        of: usize,
    },
}

/// A request to send, on an instance whose clock is this much ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendRequest {
    pub(crate) kind: Kind,
    pub(crate) skew: i64,
}

/// A guess at the challenge of a send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuessRequest {
    pub(crate) send: usize,
    pub(crate) right: bool,
    pub(crate) skew: i64,
    /// The guess that this one is the retry of: the client got no answer to it.
    pub(crate) after: Option<usize>,
}

/// A call that the SDK makes up to three times; what the request says is fixed at the first.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) struct Calling {
    /// How often it was made.
    pub(crate) tries: u8,
    /// Whether its write was applied: the store alone knows.
    pub(crate) applied: bool,
    /// The moment of the first, when it was made.
    pub(crate) since: usize,
}

impl Calling {
    /// A call that is yet to be made.
    pub(crate) const AHEAD: Self = Self {
        tries: 0,
        applied: false,
        since: 0,
    };
}

/// What a challenge token says, apart from the id.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) slot: SlotIndex,
    pub(crate) expires_at: Timestamp,
}

/// How far a send has come.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Sending {
    /// The store is asked.
    Reserving(Calling),
    /// The store said yes, at this moment's clock.
    Reserved {
        /// The moment of the request.
        since: usize,
    },
    /// The carrier refused; what was counted is given back.
    Refused(Calling),
    /// It answered, or died: nothing more happens.
    Over(Outcome),
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 202, or 504: the text went out or may have.
    Texted,
    /// 202 to the repeat of a key: the challenge that there is.
    Repeated,
    /// 502, and the quota was given back.
    GivenBack,
    /// 429, 410 or 409.
    Denied,
    /// 502 without giving back, 503, or the function died: nobody knows.
    Unknown,
}

/// How far a guess has come.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Guessing {
    Calling(Calling),
    Success,
    WrongCode,
    Closed(Told),
    Locked,
    Unknown,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Told {
    Used,
    Expired,
    Exhausted,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(crate) struct State {
    /// Which of the moments it is.
    pub(crate) moment: usize,
    pub(crate) record: PhoneRecord,
    /// What the counted rule stands at.
    pub(crate) counted: u32,
    pub(crate) sends: Vec<Sending>,
    pub(crate) guesses: Vec<Guessing>,
    /// Texts, by send, with the moment of the request.
    pub(crate) texts: Vec<Option<usize>>,
    /// Tokens, by send, as far as they were made.
    pub(crate) tokens: Vec<Option<Token>>,
    /// How often the challenge was made, by the first send that asked for it: a key whose challenge was given
    /// back or is over makes it anew.
    pub(crate) lives: Vec<u8>,
    /// Evaluated guesses of its present life.
    pub(crate) evaluated: Vec<u32>,
    /// Successes of its present life, heard and unheard.
    pub(crate) successes: Vec<u32>,
    /// Guesses that consumed their challenge, whether or not anybody was told.
    pub(crate) consumed: Vec<bool>,
    /// Whether a key was repeated while its challenge lived, and heard something else.
    pub(crate) repeat_denied: bool,
    /// Faults that may still happen.
    pub(crate) faults: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Answered,
    /// It never reached the store.
    Lost,
    /// It was applied, and its reply was lost.
    ReplyLost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Delivers,
    Refuses,
    /// No answer, and the text went out or did not.
    Silent {
        texted: bool,
    },
    /// The text went out, and the function died before it answered.
    DeliversToNobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    TimePasses,
    Reserve(usize, Call),
    Publish(usize, Carrier),
    GiveBack(usize, Call),
    Die(usize),
    Guess(usize, Call),
    DieGuessing(usize),
}

impl Step {
    /// Whether something went wrong.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Self::Reserve(_, call) | Self::GiveBack(_, call) | Self::Guess(_, call) => {
                call != Call::Answered
            }
            Self::Publish(_, carrier) => {
                matches!(carrier, Carrier::Silent { .. } | Carrier::DeliversToNobody)
            }
            Self::Die(_) | Self::DieGuessing(_) => true,
            Self::TimePasses => false,
        }
    }
}
