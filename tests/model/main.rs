//! The protocol of sends and guesses, explored exhaustively for a few requests at once.
//!
//! Only this suite sees every order of steps. Between them replies are lost, the SDK repeats calls, functions die, and
//! carriers refuse or stay silent. Codes are resent, requests are repeated under their key, clients without an answer
//! try again, and clocks differ by two seconds.
//!
//! The service's own functions decide what may be written:
//! [`admits_send`](phoneproof_domain::phone_record::PhoneRecord::admits_send) and
//! [`admits_guess`](phoneproof_domain::phone_record::PhoneRecord::admits_guess). The library
//! [`phoneproof_model`] says what a write changes, counts and gives back. `api/agreement.rs`
//! compares it with DynamoDB.
//!
//! Stateright explores the model because the protocol is a handful of atomic writes to a remote store. It has no locks
//! or atomics of its own that `loom` or `shuttle` could interleave.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test; the number of states is a result"
)]

mod moments;
mod properties;
mod purses;
mod state;
mod steps;

use std::time::Duration;

use phoneproof_domain::challenge::SlotIndex;
use stateright::{Checker, Model as _};

use crate::properties::Reached;
use crate::state::{GuessRequest, Kind, SendRequest};

const COOLDOWN: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(30);
/// More slots than a phone needs here. A record has as many as the store admits.
const MOST_SLOTS: SlotIndex = 40;
/// How many guesses each challenge allows.
const ATTEMPTS: u32 = 2;
/// How many texts the counted rule allows per window.
const LIMIT: u32 = 2;
/// How often the SDK makes a call at most.
const TRIES: u8 = 3;
/// The moments of the model, in seconds after noon. They lie around the cooldown and the end of the first challenge.
const MOMENTS: [u64; 6] = [0, 9, 11, 20, 31, 33];

/// The requests that the model explores, the number of faults, and what the exploration must reach.
struct Protocol {
    sends: Vec<SendRequest>,
    guesses: Vec<GuessRequest>,
    faults: u8,
    reached: Vec<Reached>,
}

/// Explores every state, checks the properties, and requires at least this many states.
fn explore(protocol: Protocol, at_least: usize) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{states} states");
    assert!(states >= at_least, "only {states} states");
}

const fn send(kind: Kind, skew: i64) -> SendRequest {
    SendRequest { kind, skew }
}

const fn guess_right(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        send,
        right: true,
        skew,
        after: None,
    }
}

const fn guess_wrong(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        right: false,
        ..guess_right(send, skew)
    }
}

/// Repeats a guess, as a client does that got no answer to the first.
const fn retry(earlier: usize, of: GuessRequest) -> GuessRequest {
    GuessRequest {
        after: Some(earlier),
        ..of
    }
}

#[test]
fn many_guesses_at_one_challenge_break_no_rule() {
    explore(
        Protocol {
            sends: vec![send(Kind::New, 0)],
            guesses: vec![
                guess_right(0, -2),
                guess_right(0, 2),
                guess_wrong(0, 0),
                guess_wrong(0, 2),
                guess_wrong(0, -2),
            ],
            faults: 2,
            reached: vec![
                Reached::Success,
                Reached::SameSuccess,
                Reached::Exhausted,
                Reached::Expired,
                Reached::GivenBack,
            ],
        },
        10_000,
    );
}

#[test]
fn an_honest_guess_among_wrong_ones_breaks_no_rule() {
    explore(
        Protocol {
            sends: vec![send(Kind::New, 2)],
            guesses: vec![guess_right(0, -2), guess_wrong(0, 0), guess_wrong(0, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::Exhausted, Reached::Expired],
        },
        1_000,
    );
}

#[test]
fn a_client_that_tries_again_without_an_answer_breaks_no_rule() {
    explore(
        Protocol {
            sends: vec![send(Kind::New, 0)],
            guesses: vec![
                guess_right(0, -2),
                retry(0, guess_right(0, 2)),
                guess_wrong(0, 0),
            ],
            faults: 4,
            reached: vec![Reached::Success, Reached::RetryOfUnheardSuccess],
        },
        1_000,
    );
}

#[test]
fn racing_sends_to_one_phone_break_no_rule() {
    explore(
        Protocol {
            sends: vec![send(Kind::New, 2), send(Kind::New, -2), send(Kind::New, 0)],
            guesses: vec![guess_right(0, 0), guess_wrong(0, -2), guess_right(1, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::GivenBack],
        },
        100_000,
    );
}

#[test]
fn resends_of_a_code_break_no_rule() {
    explore(
        Protocol {
            sends: vec![
                send(Kind::New, 0),
                send(Kind::Resend { of: 0 }, 2),
                send(Kind::Resend { of: 0 }, -2),
            ],
            guesses: vec![guess_right(0, 0), guess_wrong(0, -2), guess_right(1, 2)],
            faults: 2,
            reached: vec![
                Reached::Success,
                Reached::Resent,
                Reached::SuccessAfterRefusedResend,
            ],
        },
        100_000,
    );
}

#[test]
fn resends_repeated_under_a_key_break_no_rule() {
    let resend = Kind::ResendKeyed { of: 0, key: 1 };
    explore(
        Protocol {
            sends: vec![send(Kind::New, 0), send(resend, 2), send(resend, -2)],
            guesses: vec![guess_right(0, 0), guess_wrong(0, -2), guess_right(1, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::Repeated, Reached::GivenBack],
        },
        100_000,
    );
}

#[test]
fn renewals_of_a_challenge_break_no_rule() {
    explore(
        Protocol {
            sends: vec![
                send(Kind::New, 0),
                send(Kind::Renewal { of: 0 }, 2),
                send(Kind::Renewal { of: 0 }, -2),
            ],
            guesses: vec![
                guess_wrong(0, 0),
                guess_wrong(1, -2),
                guess_right(1, 2),
                guess_right(0, 0),
            ],
            faults: 1,
            reached: vec![
                Reached::Success,
                Reached::Repeated,
                Reached::GivenBack,
                Reached::SuccessAfterRenewal,
                Reached::ExhaustedAfterRenewal,
            ],
        },
        100_000,
    );
}

#[test]
fn requests_repeated_under_a_key_break_no_rule() {
    explore(
        Protocol {
            sends: vec![
                send(Kind::Keyed(1), 2),
                send(Kind::Keyed(1), -2),
                send(Kind::Keyed(1), 0),
            ],
            guesses: vec![guess_right(0, 0), guess_wrong(1, -2), guess_right(1, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::Repeated, Reached::GivenBack],
        },
        100_000,
    );
}
