//! The problems that the verification API answers with: their types, which error of a use case gives which, and which
//! endpoint can answer with which. The types that several APIs share are in `phoneproof_http::problem`.

mod members;

use std::fmt::Display;

use http::StatusCode as S;
use http::header::WWW_AUTHENTICATE;
use phoneproof_domain::challenge::Closed;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::denial::{Denial, PHONE_LOCK};
use phoneproof_domain::phone::PhoneError;
use phoneproof_domain::policy::DestinationRefusal;
use phoneproof_domain::purse::PurseRule;
use phoneproof_domain::rule::Rule;
use phoneproof_http::problem::{
    ALREADY_SPENT, BODY_PROBLEMS, INTERNAL, INVALID_PHONE, INVALID_TOKEN, LIMITED, RETRY_SECONDS,
    UNAVAILABLE,
};
use phoneproof_http::{FieldFault, Problem, ProblemType, RateLimit};
use phoneproof_observe::Level;
use phoneproof_service::{RefusedText, SendError, Sent, SpendError, VerifyError};

pub(crate) use self::members::ProblemMembers;
use crate::Endpoint;
use crate::channels::name_channels;

/// The result codes of the original interface. Problems of spending have none, because it had no spending.
const LIMIT: i32 = -1;
const DELIVERY: i32 = -2;
const VERIFICATION: i32 = -5;

const UNKNOWN_BUSINESS: ProblemType = ProblemType::new(
    S::BAD_REQUEST,
    "unknown-business",
    "The business is unknown",
);
const INVALID_ATTESTATION: ProblemType = ProblemType::new(
    S::BAD_REQUEST,
    "invalid-attestation",
    "The attestation does not count",
);
const CLIENT_KEY: ProblemType = ProblemType::new(
    S::UNAUTHORIZED,
    "client-key",
    "The client key is missing or wrong",
);
const DESTINATION_NOT_ALLOWED: ProblemType = ProblemType::new(
    S::FORBIDDEN,
    "destination-not-allowed",
    "This number cannot be texted",
);
const BLOCKED: ProblemType =
    ProblemType::new(S::FORBIDDEN, "blocked", "The request is blocked").with_code(LIMIT);
/// A rule refused a send for now.
const SEND_LIMITED: ProblemType = LIMITED.with_code(LIMIT);
const LOCKED: ProblemType =
    ProblemType::new(S::FORBIDDEN, "locked", "The phone is locked").with_code(LIMIT);
/// The phone is locked for now, which refused a guess.
const GUESS_LIMITED: ProblemType = LIMITED.with_code(VERIFICATION);
const GUESS_LOCKED: ProblemType = LOCKED.with_code(VERIFICATION);
const ALREADY_USED: ProblemType =
    ProblemType::new(S::CONFLICT, "already-used", "The code was used already")
        .with_code(VERIFICATION);
const EXPIRED: ProblemType =
    ProblemType::new(S::GONE, "expired", "The time is over").with_code(VERIFICATION);
const ATTEMPTS_EXHAUSTED: ProblemType = ProblemType::new(
    S::TOO_MANY_REQUESTS,
    "attempts-exhausted",
    "No guesses are left",
)
.with_code(VERIFICATION);
const WRONG_CODE: ProblemType =
    ProblemType::new(S::UNPROCESSABLE_ENTITY, "wrong-code", "The code is wrong")
        .with_code(VERIFICATION);
const DELIVERY_FAILED: ProblemType =
    ProblemType::new(S::BAD_GATEWAY, "delivery-failed", "The text was not sent")
        .with_level(Level::Warn)
        .with_code(DELIVERY);
const DELIVERY_UNKNOWN: ProblemType = ProblemType::new(
    S::GATEWAY_TIMEOUT,
    "delivery-unknown",
    "The text may not have been sent",
)
.with_level(Level::Warn)
.with_code(DELIVERY);
const TOKEN_EXPIRED: ProblemType = ProblemType::new(S::GONE, "expired", "The time is over");

/// What a send without an answer has done.
pub(crate) const NOTHING_TEXTED: &str = "Nothing was texted.";

/// Lists the problem types that an endpoint can answer with.
pub(crate) fn list_problems(endpoint: Endpoint) -> Vec<&'static ProblemType> {
    let own: &[&ProblemType] = match endpoint {
        Endpoint::Send => &[
            &UNKNOWN_BUSINESS,
            &INVALID_PHONE,
            &INVALID_TOKEN,
            &INVALID_ATTESTATION,
            &CLIENT_KEY,
            &DESTINATION_NOT_ALLOWED,
            &BLOCKED,
            &LOCKED,
            &ALREADY_USED,
            &EXPIRED,
            &ATTEMPTS_EXHAUSTED,
            &SEND_LIMITED,
            &DELIVERY_FAILED,
            &DELIVERY_UNKNOWN,
            &UNAVAILABLE,
        ],
        Endpoint::Verify => &[
            &INVALID_TOKEN,
            &WRONG_CODE,
            &EXPIRED,
            &ALREADY_USED,
            &ATTEMPTS_EXHAUSTED,
            &GUESS_LIMITED,
            &GUESS_LOCKED,
            &UNAVAILABLE,
        ],
        Endpoint::Spend => &[&INVALID_TOKEN, &TOKEN_EXPIRED, &ALREADY_SPENT, &UNAVAILABLE],
        Endpoint::Jwks | Endpoint::Discovery => &[&UNAVAILABLE],
        Endpoint::Policy | Endpoint::Ping | Endpoint::OpenApi => &[],
    };
    let reads_body = matches!(
        endpoint,
        Endpoint::Send | Endpoint::Verify | Endpoint::Spend
    );
    let bodies = BODY_PROBLEMS.into_iter().filter(|_| reads_body);
    bodies
        .chain(own.iter().copied())
        .chain([&INTERNAL])
        .collect()
}

/// Makes the problem of a service that cannot answer now. `effect` says what the request has or may have changed, if it
/// can change anything. The log shows `cause`; the client does not see it.
pub fn make_unavailable(cause: impl Display, effect: Option<&str>) -> Problem {
    let retry = "Try again in a moment.";
    let detail = effect.map_or(retry.to_owned(), |effect| format!("{effect} {retry}"));
    Problem::unavailable(cause, RETRY_SECONDS).with_detail(detail)
}

/// Makes the problem that tells a client why no code was texted, or that the carrier gave no answer.
#[must_use]
pub fn make_send_problem(error: SendError) -> Problem {
    match error {
        SendError::UnknownBusiness => Problem::new(&UNKNOWN_BUSINESS)
            .with_detail("No business of this id is set up.")
            .with_error("businessId", "a business of the policy is needed"),
        SendError::ClientKey => Problem::new(&CLIENT_KEY)
            .with_detail("Send the key of this business in X-Client-Key.")
            .with_error("X-Client-Key", "the client key of the business is needed")
            // Every 401 must name a scheme (RFC 9110 section 15.5.2). No registered scheme fits a client key.
            .with_header(WWW_AUTHENTICATE, "ClientKey realm=\"send\""),
        SendError::UserAddress => Problem::from_faults(vec![FieldFault::new(
            "userAddress",
            "nothing: this business has no client key, so nobody can vouch for an address",
        )]),
        SendError::Attestation(fault) => Problem::new(&INVALID_ATTESTATION)
            .with_detail(format!("It does not count: {fault}."))
            .with_error(
                "attestation",
                format_args!(
                    "an attestation of the operator's edge for this phone is needed: {fault}"
                ),
            ),
        SendError::Phone(error) => make_phone_problem(error),
        SendError::Destination(refusal) => Problem::new(&DESTINATION_NOT_ALLOWED)
            .with_detail(match refusal {
                DestinationRefusal::Country => "Numbers of this country are not served.",
                DestinationRefusal::NumberType => "Numbers of this type are not served.",
                DestinationRefusal::TestNumberEnded => {
                    "The policy lists it as a test number whose time is over."
                }
                DestinationRefusal::Calls => "Calls to this country are not offered.",
            })
            .with_rule(refusal.rule()),
        SendError::Token => make_token_problem(),
        SendError::Closed(closed) => make_closed_problem(closed),
        SendError::Denied(denial, None) => make_denial_problem(&denial),
        SendError::Denied(denial, Some(remedy)) => {
            make_denial_problem(&denial).with_members(&ProblemMembers {
                challenge: Some(remedy.name()),
                ..ProblemMembers::default()
            })
        }
        SendError::CarrierRefused(refused) => make_refused_delivery_problem(&refused),
        SendError::CarrierUnknown(sent) => make_unknown_delivery_problem(&sent),
        SendError::Unavailable(cause) => make_unavailable(cause, Some(NOTHING_TEXTED)),
    }
}

/// Makes the problem that tells a client why its code was refused.
#[must_use]
pub fn make_verify_problem(error: VerifyError) -> Problem {
    match error {
        VerifyError::Token => make_token_problem(),
        VerifyError::CodeLength { needed } => {
            let accepted = format!("a code of {needed} digits is needed");
            Problem::from_faults(vec![FieldFault::new("code", accepted)])
        }
        VerifyError::WrongCode { attempts_left } => Problem::new(&WRONG_CODE)
            .with_detail(format!("{attempts_left} more guesses are left."))
            .with_members(&ProblemMembers {
                attempts_remaining: Some(attempts_left),
                ..ProblemMembers::default()
            }),
        VerifyError::Closed(closed) => make_closed_problem(closed),
        VerifyError::Locked { until: Some(until) } => {
            make_lock_problem(&GUESS_LIMITED, Some(until))
        }
        VerifyError::Locked { until: None } => make_lock_problem(&GUESS_LOCKED, None),
        VerifyError::Unavailable(cause) => {
            make_unavailable(cause, Some("The guess may have counted."))
        }
    }
}

/// Makes the problem that tells a relying party why a success token was not spent.
#[must_use]
pub fn make_spend_problem(error: SpendError) -> Problem {
    match error {
        SpendError::Token => make_token_problem(),
        SpendError::Expired => {
            Problem::new(&TOKEN_EXPIRED).with_detail("The success token has expired.")
        }
        SpendError::AlreadySpent => {
            Problem::new(&ALREADY_SPENT).with_detail("A success token counts once.")
        }
        SpendError::Unavailable(cause) => {
            make_unavailable(cause, Some("The token may have been spent."))
        }
    }
}

fn make_phone_problem(error: PhoneError) -> Problem {
    let problem = Problem::new(&INVALID_PHONE).with_detail(format!("{error}."));
    if let PhoneError::UnknownRegion(needed) = error {
        return problem.with_error("region", needed);
    }
    problem.with_error(
        "phone",
        format_args!(
            "a number in E.164 such as +14152007986, or in national form with `region`: {error}"
        ),
    )
}

fn make_token_problem() -> Problem {
    Problem::new(&INVALID_TOKEN)
        .with_detail("It is unknown, altered, for another purpose, or its key was retired.")
        .with_error(
            "token",
            "a live token of this service, for this request, is needed",
        )
}

fn make_closed_problem(closed: Closed) -> Problem {
    let (kind, detail) = match closed {
        Closed::Used => (&ALREADY_USED, "Ask for a new code."),
        Closed::Exhausted => (&ATTEMPTS_EXHAUSTED, "Ask for a new code."),
        Closed::Expired => (&EXPIRED, "The code has expired; ask for a new one."),
        Closed::Renewed => (
            &EXPIRED,
            "A newer code was sent in place of this one. It needs the token of that send.",
        ),
    };
    Problem::new(kind).with_detail(detail)
}

fn make_denial_problem(denial: &Denial) -> Problem {
    let (problem, limit) = match denial {
        Denial::Blocked(_) => (
            Problem::new(&BLOCKED).with_detail("An operator blocked it."),
            None,
        ),
        Denial::Locked { until: Some(until) } => {
            return make_lock_problem(&SEND_LIMITED, Some(*until));
        }
        Denial::Locked { until: None } => return make_lock_problem(&LOCKED, None),
        Denial::CoolingDown { cooldown, .. } => (
            Problem::new(&SEND_LIMITED)
                .with_detail("A text to this phone was asked for a moment ago."),
            Some((1, *cooldown)),
        ),
        Denial::Exhausted(rule, quota) => (
            Problem::new(&SEND_LIMITED)
                .with_detail(format!("The limit {} is used up.", rule.name())),
            Some((quota.limit, quota.window.length)),
        ),
        Denial::Unpaid(refusal) => {
            let detail = match refusal.rule {
                PurseRule::Country => "Too few codes of this country were typed in lately.",
                PurseRule::NumberBlock => {
                    "Too few codes of numbers like this were typed in lately."
                }
                PurseRule::MoneyPerDay => {
                    "Texts to this country have used up their budget of today."
                }
                PurseRule::Calls => "Too few codes of calls to this country were typed in lately.",
                PurseRule::CallMoneyPerDay => {
                    "Calls to this country have used up their budget of today."
                }
            };
            (Problem::new(&SEND_LIMITED).with_detail(detail), None)
        }
    };
    problem
        .with_rule(denial.rule())
        .with_retry_at(denial.retry_at())
        .with_rate_limit(limit.map(|(quota, window)| RateLimit {
            rule: denial.rule(),
            quota,
            window,
        }))
}

fn make_lock_problem(kind: &'static ProblemType, until: Option<Timestamp>) -> Problem {
    let detail = match until {
        Some(_) => "Too many wrong codes today.",
        None => "Too many wrong codes; an operator has to unlock it.",
    };
    Problem::new(kind)
        .with_detail(detail)
        .with_rule(PHONE_LOCK)
        .with_retry_at(until)
}

fn make_refused_delivery_problem(refused: &RefusedText) -> Problem {
    let names = |rules: &[Rule]| -> Vec<_> { rules.iter().map(|rule| rule.name()).collect() };
    let given_back = names(&refused.given_back);
    let perhaps_given_back = names(&refused.perhaps_given_back);
    let counted = match (given_back.as_slice(), perhaps_given_back.as_slice()) {
        ([], []) => "No limit was given back.".to_owned(),
        ([], perhaps) => format!(
            "It may count towards {}: the database did not say.",
            perhaps.join(", ")
        ),
        (given, _) => format!("It does not count towards {}.", given.join(", ")),
    };
    let limits = if refused.limits_known {
        ""
    } else {
        " A limit may last longer than `retryAt`: the limits could not be read."
    };
    Problem::new(&DELIVERY_FAILED)
        .with_detail(format!("The carrier did not take it. {counted}{limits}"))
        .with_retry_at(Some(refused.retry_at))
        .with_members(&ProblemMembers {
            given_back: Some(given_back),
            perhaps_given_back,
            ..ProblemMembers::default()
        })
}

fn make_unknown_delivery_problem(sent: &Sent) -> Problem {
    Problem::new(&DELIVERY_UNKNOWN)
        .with_detail("The carrier did not answer; the code may still arrive.")
        .with_members(&ProblemMembers {
            token: Some(&sent.token),
            expires_at: Some(sent.expires_at),
            expires_in: Some(sent.expires_in.as_secs()),
            resend_at: Some(sent.resend_at),
            resend_in: Some(sent.resend_in.as_secs()),
            code_length: Some(sent.code_length),
            attempts: Some(sent.attempts),
            channels: name_channels(sent.media),
            ..ProblemMembers::default()
        })
}
