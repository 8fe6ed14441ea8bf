//! Reads the callbacks of the receiver of the send hook. `docs/HOOK.md` describes them.

use http::StatusCode;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::{CallbackHeaders, check};
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::receipt::{Moment, Outcome, ReceiptReason, Report};
use phoneproof_http::problem::{RETRY_SECONDS, TOO_LARGE};
use phoneproof_http::{FieldFault, JsonBody, MAX_BODY_BYTES, Problem, ProblemType};
use phoneproof_observe::Unreadable;
use serde::Deserialize;

use crate::Incoming;
use crate::service::Refused;

/// The answer does not say what is wrong with a signature, because that would only help a forger.
const UNSIGNED: ProblemType = ProblemType::new(
    StatusCode::UNAUTHORIZED,
    "invalid-signature",
    "The signature is not valid",
);

/// The `type` of a callback.
const TYPE: &str = "sms.receipt";

/// The body of a callback. Members that are not here are ignored.
#[derive(Deserialize)]
struct Body {
    r#type: String,
    timestamp: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    receipt: String,
    outcome: String,
    reason: Option<String>,
}

impl JsonBody for Body {
    const FIELDS: &'static [&'static str] = &[
        "type",
        "timestamp",
        "data.receipt",
        "data.outcome",
        "data.reason",
    ];
}

/// What a callback says.
pub(crate) struct Said {
    /// The member `receipt` of the request that the receiver got.
    pub(crate) receipt: String,
    /// When it was so, if the receiver says it.
    at: Option<Moment>,
    outcome: Outcome,
    reason: ReceiptReason,
}

impl Said {
    /// Makes the report. It counts for the instant that it names, or else for the second in which this try was signed.
    pub(crate) fn report(&self, signed_at: Timestamp) -> Report {
        Report {
            at: self.at.unwrap_or(Moment::end_of(signed_at)),
            outcome: self.outcome,
            reason: self.reason,
        }
    }
}

/// Refuses a body that is too large to be a callback, before anything is computed of it.
pub(crate) fn check_size(incoming: &Incoming) -> Result<(), Problem> {
    if incoming.bytes().len() > MAX_BODY_BYTES {
        return Err(Problem::new(&TOO_LARGE));
    }
    Ok(())
}

/// Returns the id of a callback, which is the same in each try of one report, and when this try was signed; `None`
/// unless its signature is right.
pub(crate) fn check_signature<'c>(
    incoming: &'c Incoming,
    keyring: &Keyring,
) -> Option<(&'c str, Timestamp)> {
    let header = |name| -> Option<&'c str> { incoming.header(name)?.to_str().ok() };
    let headers = CallbackHeaders {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?,
        signature: header("webhook-signature")?,
    };
    let signed_at = check(keyring, headers, incoming.bytes(), incoming.context.now)?;
    Some((headers.id, signed_at))
}

/// Reads a callback whose signature is right.
pub(crate) fn read(incoming: &Incoming) -> Result<Said, Problem> {
    let body: Body = incoming.read_body()?;
    // The requests of the hook are signed with the same secrets, so one that comes back must not pass for a callback.
    if body.r#type != TYPE {
        return Err(report_malformed("type", "`sms.receipt` is needed"));
    }
    let outcome = Outcome::parse(&body.data.outcome).ok_or_else(|| {
        let accepted = "`delivered`, `undelivered` or `unknown` is needed";
        report_malformed("data.outcome", accepted)
    })?;
    let at = body.timestamp.map(|text| {
        let accepted = "a time of RFC 3339 is needed, as in \"2026-11-29T12:00:00Z\"";
        Moment::parse(&text).ok_or_else(|| report_malformed("timestamp", accepted))
    });
    let reason = body.data.reason.as_deref();
    Ok(Said {
        receipt: body.data.receipt,
        at: at.transpose()?,
        outcome,
        reason: reason.map_or(ReceiptReason::Other, ReceiptReason::parse),
    })
}

/// Makes the answer to a callback that was not taken.
pub(crate) fn make_problem(refused: &Refused) -> Problem {
    match refused {
        Refused::Unreadable(Unreadable::Signature) => Problem::new(&UNSIGNED),
        Refused::Unreadable(Unreadable::TooLate) => report_malformed(
            "data.receipt",
            "one of a text of the last seven days is needed",
        ),
        Refused::Unreadable(Unreadable::Foreign | Unreadable::Form) => report_malformed(
            "data.receipt",
            "the member `receipt` of a request of this stack is needed",
        ),
        Refused::Keys(_) | Refused::Store(_) => Problem::unavailable(refused, RETRY_SECONDS),
    }
}

fn report_malformed(field: &str, accepted: &str) -> Problem {
    Problem::from_faults(vec![FieldFault::new(field, accepted)])
}
