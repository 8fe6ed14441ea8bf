//! The requests of the model, and the state of each.

use phoneproof_domain::challenge::SlotIndex;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::{PhoneRecord, WriteId};

/// What a send requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A send that makes a new challenge.
    New,
    /// The challenge of an idempotency key. Equal numbers are equal keys.
    Keyed(u8),
    /// The code of an earlier send again, by a client that has its token.
    Resend {
        /// The index of the earlier send.
        of: usize,
    },
    /// The same under an idempotency key. Equal numbers are equal keys.
    ResendKeyed {
        /// The index of the earlier send.
        of: usize,
        /// The number of the idempotency key.
        key: u8,
    },
    /// A resend that comes so late that it makes a new challenge.
    Renewal {
        /// The index of the earlier send.
        of: usize,
    },
}

/// A request to send, on an instance whose clock is `skew` seconds ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SendRequest {
    pub(crate) kind: Kind,
    pub(crate) skew: i64,
}

/// A guess at the challenge of a send, on an instance whose clock is `skew` seconds ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuessRequest {
    pub(crate) send: usize,
    pub(crate) right: bool,
    pub(crate) skew: i64,
    /// The guess that this one repeats, because the client got no answer to it.
    pub(crate) after: Option<usize>,
}

/// A call that the SDK makes up to three times. The first try fixes the content of the request.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) struct Calling {
    /// How often the SDK has made the call.
    pub(crate) tries: u8,
    /// Whether the write was applied. Only the store knows.
    pub(crate) applied: bool,
    /// The moment of the first try. Meaningless before it.
    pub(crate) since: usize,
}

impl Calling {
    /// A call that has not been made yet.
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
    /// The function calls the store for the reservation.
    Reserving(Calling),
    /// The store admitted the send.
    Reserved {
        /// The moment of the request.
        since: usize,
    },
    /// The carrier refused, and the function calls the store for the refund.
    Refused(Calling),
    /// The function answered or died. Nothing more happens.
    Over(Outcome),
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 202 or 504. The text went out, or may have.
    Texted,
    /// 202 to a repeat under a key, with the existing challenge.
    Repeated,
    /// 502, and the quota was given back.
    GivenBack,
    /// 429, 410 or 409.
    Denied,
    /// 502 without a refund, 503, or the function died. The client does not know what happened.
    Unknown,
}

/// How far a guess has come.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(crate) enum Guessing {
    Calling(Calling),
    /// 200, with the success token that this write made.
    Success(WriteId),
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
    Renewed,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(crate) struct State {
    /// The index of the current moment in `MOMENTS`.
    pub(crate) moment: usize,
    pub(crate) record: PhoneRecord,
    /// The counter of the counted rule.
    pub(crate) counted: u32,
    pub(crate) sends: Vec<Sending>,
    pub(crate) guesses: Vec<Guessing>,
    /// The texts, by send, with the moment of the request.
    pub(crate) texts: Vec<Option<usize>>,
    /// The guesses that each resend plans with, and each renewal plans to take over. The record corrects the number.
    pub(crate) planned: Vec<u32>,
    /// The challenge tokens, by send. `None` while a send has no token.
    pub(crate) tokens: Vec<Option<Token>>,
    /// How often each challenge was made, by the first send that requested it. A key makes its challenge again after a
    /// refund and after the end of the challenge.
    pub(crate) lives: Vec<u8>,
    /// The wrong codes that were evaluated since the challenge was last made, and for the challenges that renewed it.
    pub(crate) evaluated: Vec<u32>,
    /// The successes since the challenge was last made, heard and unheard.
    pub(crate) successes: Vec<u32>,
    /// The guesses that consumed their challenge, even if no client was told.
    pub(crate) consumed: Vec<bool>,
    /// The codes for which a text gave something back, by the first send that requested the challenge.
    pub(crate) credited: Vec<u8>,
    /// The guesses whose request still has to give back what the text used up.
    pub(crate) owing: Vec<bool>,
    /// Whether a repeat under a key did not get its challenge although the challenge was live, or got a dead one.
    pub(crate) repeat_denied: bool,
    /// How many faults may still happen.
    pub(crate) faults: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Answered,
    /// The call never reached the store.
    Lost,
    /// The store applied the call, and its reply was lost.
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
    /// The request of a success gives back what the text used up. The call is made once.
    Credit(usize, Call),
}

impl Step {
    /// Whether the step uses up one of the faults.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Self::Reserve(_, call)
            | Self::GiveBack(_, call)
            | Self::Guess(_, call)
            | Self::Credit(_, call) => call != Call::Answered,
            Self::Publish(_, carrier) => {
                matches!(carrier, Carrier::Silent { .. } | Carrier::DeliversToNobody)
            }
            Self::Die(_) | Self::DieGuessing(_) => true,
            Self::TimePasses => false,
        }
    }
}
