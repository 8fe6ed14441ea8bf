//! The protocol of sending and verifying, explored exhaustively for a few requests at once.
//!
//! What may be written is decided by the service's own functions
//! ([`admits_send`](phoneproof_domain::phone_record::PhoneRecord::admits_send) and
//! [`admits_guess`](phoneproof_domain::phone_record::PhoneRecord::admits_guess)); what a write changes,
//! counts and gives back is [`protocol`](phoneproof_tests::protocol), which `api/agreement.rs` compares with
//! DynamoDB. The model adds what surrounds them: every order of steps, replies that are lost and calls that the
//! SDK repeats, functions that die at any point, carriers that refuse or stay silent, codes that are asked for
//! again, requests that are repeated under their key, clients that try again when they got no answer, and
//! clocks that differ by two seconds.
//!
//! Stateright explores it because the protocol is a handful of atomic writes of a remote store: there are no
//! locks or atomics of ours that `loom` or `shuttle` could interleave.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test; the number of states is a result"
)]

mod properties;
mod state;
mod steps;

use std::time::Duration;

use stateright::{Checker, Model as _};

use crate::properties::Reached;
use crate::state::{GuessRequest, Kind, SendRequest};

const COOLDOWN: Duration = Duration::from_secs(10);
const LIFETIME: Duration = Duration::from_secs(30);
/// Guesses per challenge.
const ATTEMPTS: u32 = 2;
/// Texts per window, for the rule that is counted and given back.
const LIMIT: u32 = 2;
/// How often the SDK makes a call.
const TRIES: u8 = 3;
/// The moments of the model, in seconds after noon: about the cooldown and the end of the first challenge.
const MOMENTS: [u64; 6] = [0, 9, 11, 20, 31, 33];

/// What is explored.
struct Protocol {
    sends: Vec<SendRequest>,
    guesses: Vec<GuessRequest>,
    faults: u8,
    reached: Vec<Reached>,
}

/// Explores everything, and expects that it was worth it.
fn explored(protocol: Protocol, at_least: usize) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{states} states");
    assert!(states >= at_least, "only {states} states");
}

const fn send(kind: Kind, skew: i64) -> SendRequest {
    SendRequest { kind, skew }
}

const fn right(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        send,
        right: true,
        skew,
        after: None,
    }
}

const fn wrong(send: usize, skew: i64) -> GuessRequest {
    GuessRequest {
        right: false,
        ..right(send, skew)
    }
}

/// The same guess again, by a client that got no answer to the first.
const fn retry(earlier: usize, of: GuessRequest) -> GuessRequest {
    GuessRequest {
        after: Some(earlier),
        ..of
    }
}

#[test]
fn one_challenge_guessed_by_many() {
    explored(
        Protocol {
            sends: vec![send(Kind::New, 0)],
            guesses: vec![
                right(0, -2),
                right(0, 2),
                wrong(0, 0),
                wrong(0, 2),
                wrong(0, -2),
            ],
            faults: 2,
            reached: vec![
                Reached::Success,
                Reached::Exhausted,
                Reached::Expired,
                Reached::GivenBack,
            ],
        },
        10_000,
    );
}

#[test]
fn an_honest_guess_among_wrong_ones() {
    explored(
        Protocol {
            sends: vec![send(Kind::New, 2)],
            guesses: vec![right(0, -2), wrong(0, 0), wrong(0, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::Exhausted, Reached::Expired],
        },
        1_000,
    );
}

#[test]
fn a_client_that_got_no_answer_tries_again() {
    explored(
        Protocol {
            sends: vec![send(Kind::New, 0)],
            guesses: vec![right(0, -2), retry(0, right(0, 2)), wrong(0, 0)],
            faults: 4,
            reached: vec![Reached::Success, Reached::RetryOfUnheardSuccess],
        },
        1_000,
    );
}

#[test]
fn sends_race_for_one_phone() {
    explored(
        Protocol {
            sends: vec![send(Kind::New, 2), send(Kind::New, -2), send(Kind::New, 0)],
            guesses: vec![right(0, 0), wrong(0, -2), right(1, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::GivenBack],
        },
        100_000,
    );
}

#[test]
fn a_code_is_asked_for_again() {
    explored(
        Protocol {
            sends: vec![
                send(Kind::New, 0),
                send(Kind::Resend { of: 0 }, 2),
                send(Kind::Resend { of: 0 }, -2),
            ],
            guesses: vec![right(0, 0), wrong(0, -2), right(1, 2)],
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
fn a_request_is_repeated_under_its_key() {
    explored(
        Protocol {
            sends: vec![
                send(Kind::Keyed(1), 2),
                send(Kind::Keyed(1), -2),
                send(Kind::Keyed(1), 0),
            ],
            guesses: vec![right(0, 0), wrong(1, -2), right(1, 2)],
            faults: 2,
            reached: vec![Reached::Success, Reached::Repeated, Reached::GivenBack],
        },
        100_000,
    );
}
