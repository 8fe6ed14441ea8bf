//! What an answer of the receiver means.

use std::time::Duration;

use phoneproof_domain::delivery::{Certainty, Detail, MessageId, NotTaken, Reason};
use serde_json::Value;

use crate::answers::classify_connection;
use crate::clients::{AddressNotAllowed, HookAnswer, PostFailed, has_cause};

/// The longest id of a text that is kept.
const MAX_ID: usize = 200;

/// What one try tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The receiver took the text, in this try or in an earlier one.
    Taken(Option<MessageId>),
    /// The receiver says that the text with this id was not sent, in any try.
    Verdict(NotTaken),
    /// This try sent nothing. With a time, another one may do better after it.
    Refused(NotTaken, Option<Duration>),
    /// This try may have sent the text. Another one may tell, after this time.
    Unclear(NotTaken, Duration),
}

/// The codes with which a receiver says what became of a text. They are those of Authgear's gateway, and `opted_out`.
fn read_code(code: &str) -> Option<Reason> {
    match code {
        "invalid_phone_number" => Some(Reason::InvalidPhoneNumber),
        "rate_limited" => Some(Reason::Throttled),
        "authentication_failed" => Some(Reason::AuthenticationFailed),
        "delivery_rejected" => Some(Reason::DeliveryRejected),
        "opted_out" => Some(Reason::OptedOut),
        _ => None,
    }
}

/// Says what the outcome of a request means.
pub(super) fn read(outcome: Result<HookAnswer, PostFailed>) -> Told {
    match outcome {
        Ok(answer) => read_answer(&answer),
        Err(PostFailed::NotBuilt(not_built)) => {
            let detail = Some(Detail::from_name(not_built.part));
            Told::Refused(NotTaken::new(Reason::NotBuilt, detail), None)
        }
        Err(PostFailed::NoAnswer) => Told::Unclear(Reason::NoAnswer.into(), Duration::ZERO),
        Err(PostFailed::Connector(error)) => {
            if has_cause(&error, |_: &AddressNotAllowed| true) {
                return Told::Refused(Reason::AddressNotAllowed.into(), None);
            }
            let why = classify_connection(&error);
            match why.reason {
                reason if reason.certainty() == Certainty::Unclear => {
                    Told::Unclear(why, Duration::ZERO)
                }
                Reason::NotConnected => Told::Refused(why, Some(Duration::ZERO)),
                _ => Told::Refused(why, None),
            }
        }
    }
}

fn read_answer(answer: &HookAnswer) -> Told {
    let wait = answer.retry_after.unwrap_or_default();
    let code = read_member(&answer.body, "code");
    let own = code.as_deref().and_then(Detail::from_code);
    let detail = own.unwrap_or_else(|| Detail::from_status(answer.status));
    let because = |reason| NotTaken::new(reason, Some(detail));
    match answer.status {
        200..=299 => Told::Taken(read_id(&answer.body)),
        300..=399 => Told::Refused(because(Reason::Redirected), None),
        // It asks to wait, so it has not looked at the text.
        429 if answer.retry_after.is_some() => {
            Told::Refused(because(Reason::Throttled), Some(wait))
        }
        status @ 400..=499 => match code.as_deref().and_then(read_code) {
            Some(reason) => Told::Verdict(because(reason)),
            None => Told::Refused(because(read_status(status)), None),
        },
        500..=599 => Told::Unclear(because(Reason::ServerError), wait),
        _ => Told::Unclear(because(Reason::UnreadableAnswer), wait),
    }
}

/// What a status says without a code. Something before the receiver may have answered.
const fn read_status(status: u16) -> Reason {
    match status {
        401 | 403 => Reason::AuthenticationFailed,
        404 | 405 | 410 => Reason::NotFound,
        429 => Reason::Throttled,
        _ => Reason::Refused,
    }
}

/// Reads the id of a text. An answer does not need one.
fn read_id(body: &[u8]) -> Option<MessageId> {
    let id = read_member(body, "id")?;
    let fits = id.len() <= MAX_ID && !id.chars().any(char::is_control);
    MessageId::new(id).filter(|_| fits)
}

fn read_member(body: &[u8], name: &str) -> Option<String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut members)) => match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str) -> Told {
        told_with(status, body, None)
    }

    /// A reason with the code of the receiver, or with the status of an answer without one.
    fn because(reason: Reason, status: u16, code: Option<&str>) -> NotTaken {
        let own = code.and_then(Detail::from_code);
        NotTaken::new(reason, own.or_else(|| Some(Detail::from_status(status))))
    }

    fn told_with(status: u16, body: &str, retry_after: Option<u64>) -> Told {
        read(Ok(HookAnswer {
            status,
            retry_after: retry_after.map(Duration::from_secs),
            body: body.as_bytes().to_vec(),
        }))
    }

    #[test]
    fn every_success_is_taken_whatever_its_body() {
        let id = MessageId::new("SM1");
        assert_eq!(told(200, r#"{"id":"SM1","more":1}"#), Told::Taken(id));
        let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(201));
        for body in [
            "",
            "ok",
            "[]",
            "{}",
            "null",
            r#"{"id":7}"#,
            r#"{"id":""}"#,
            r#"{"id":"a\nb"}"#,
            "\u{0}",
            &long,
        ] {
            for status in [200, 201, 202, 204, 299] {
                assert_eq!(told(status, body), Told::Taken(None), "{status} {body:?}");
            }
        }
    }

    #[test]
    fn a_refusal_with_a_code_settles_and_one_without_does_not() {
        for (code, reason) in [
            ("invalid_phone_number", Reason::InvalidPhoneNumber),
            ("rate_limited", Reason::Throttled),
            ("authentication_failed", Reason::AuthenticationFailed),
            ("delivery_rejected", Reason::DeliveryRejected),
            ("opted_out", Reason::OptedOut),
        ] {
            for status in [400, 401, 403, 404, 422, 429, 499] {
                let body = format!(r#"{{"code":"{code}"}}"#);
                let settled = Told::Verdict(because(reason, status, Some(code)));
                assert_eq!(told(status, &body), settled, "{status}");
            }
        }
        for (status, reason) in [
            (400, Reason::Refused),
            (401, Reason::AuthenticationFailed),
            (403, Reason::AuthenticationFailed),
            (404, Reason::NotFound),
            (405, Reason::NotFound),
            (410, Reason::NotFound),
            (413, Reason::Refused),
            (429, Reason::Throttled),
        ] {
            for (body, code) in [
                ("", None),
                ("no", None),
                (r#"{"code":"other"}"#, Some("other")),
                (r#"{"code":"+14155550100"}"#, None),
                (r#"{"code":1}"#, None),
            ] {
                let refused = Told::Refused(because(reason, status, code), None);
                assert_eq!(told(status, body), refused, "{status} {body}");
            }
        }
    }

    #[test]
    fn redirects_are_refused_and_what_failed_is_unclear() {
        for status in [300, 301, 302, 303, 304, 307, 308] {
            let redirected = Told::Refused(because(Reason::Redirected, status, None), None);
            assert_eq!(told(status, r#"{"id":"SM1"}"#), redirected, "{status}");
        }
        for status in [500, 502, 503, 504, 599] {
            let own = Some("rate_limited");
            let failed = Told::Unclear(because(Reason::ServerError, status, own), Duration::ZERO);
            assert_eq!(
                told(status, r#"{"code":"rate_limited"}"#),
                failed,
                "{status}"
            );
        }
        for status in [600, 101] {
            let why = because(Reason::UnreadableAnswer, status, None);
            assert_eq!(told(status, ""), Told::Unclear(why, Duration::ZERO));
        }
        let two = Duration::from_secs(2);
        assert_eq!(
            told_with(503, "", Some(2)),
            Told::Unclear(because(Reason::ServerError, 503, None), two)
        );
        assert_eq!(
            told_with(429, r#"{"code":"rate_limited"}"#, Some(2)),
            Told::Refused(
                because(Reason::Throttled, 429, Some("rate_limited")),
                Some(two)
            )
        );
    }
}
