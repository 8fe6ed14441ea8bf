//! Reads the events of AWS End User Messaging that `EventBridge` hands over.
//!
//! The user guide shows the members ("Monitoring with `EventBridge`", "Example event data"). All others are ignored,
//! and so are those that may name a person: nothing here reads a number or a description.

use phoneproof_aws::end_user_messaging::RECEIPT_CONTEXT;
use phoneproof_domain::country::Country;
use phoneproof_domain::receipt::{Moment, Outcome, ReceiptReason, Report};
use serde_json::Value;

/// The source of the events.
const SOURCE: &str = "aws.sms-voice";

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// What was sent with the text; `None` when the event does not bring it back.
    pub(crate) receipt: Option<String>,
    /// What the report is called. `EventBridge` may hand over an event more than once.
    pub(crate) name: String,
    /// The country that AWS names.
    pub(crate) country: Option<Country>,
    /// What became of the text.
    pub(crate) report: Report,
}

/// Why an event gives no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// The text is still on its way.
    Progress,
    /// It is not an event of a kind that is known.
    Unreadable,
}

/// Reads an event of AWS End User Messaging, as `EventBridge` hands it over.
pub(crate) fn read(event: &Value) -> Result<Event, NotTaken> {
    let detail = &event["detail"];
    let (source, kind) = (event["source"].as_str(), detail["eventType"].as_str());
    if source != Some(SOURCE) {
        return Err(NotTaken::Unreadable);
    }
    let kind = kind.unwrap_or_default();
    let (outcome, reason) = judge(kind)?;
    let at = detail["eventTimestamp"].as_i64();
    let at = at.ok_or(NotTaken::Unreadable)?;
    Ok(Event {
        receipt: detail["context"]
            .get(RECEIPT_CONTEXT)
            .and_then(Value::as_str)
            .map(str::to_owned),
        name: format!("{kind} {at}"),
        country: detail["isoCountryCode"]
            .as_str()
            .and_then(|code| Country::parse(code).ok()),
        report: Report {
            at: Moment::from_unix_millis(at),
            outcome,
            reason,
        },
    })
}

/// Says what a type of event means ("Event types for SMS, MMS, and voice" of the user guide).
///
/// "Successful" is as good as "delivered": which of them a country's carriers report is not the sender's choice.
fn judge(kind: &str) -> Result<(Outcome, ReceiptReason), NotTaken> {
    use Outcome::{Delivered, Undelivered, Unknown};
    use ReceiptReason as R;
    Ok(match kind {
        "TEXT_DELIVERED" | "VOICE_COMPLETED" => (Delivered, R::Arrived),
        "TEXT_SUCCESSFUL" => (Delivered, R::TakenByCarrier),
        "TEXT_QUEUED" | "TEXT_PENDING" | "TEXT_SENT" | "VOICE_INITIATED" | "VOICE_RINGING"
        | "VOICE_ANSWERED" => return Err(NotTaken::Progress),
        "TEXT_TTL_EXPIRED" | "VOICE_TTL_EXPIRED" => (Undelivered, R::Expired),
        "TEXT_BLOCKED" | "TEXT_CARRIER_BLOCKED" => (Undelivered, R::Blocked),
        "TEXT_PROTECT_BLOCKED" | "VOICE_PROTECT_BLOCKED" => (Undelivered, R::BlockedByOperator),
        "TEXT_SPAM" => (Undelivered, R::Spam),
        "TEXT_INVALID" => (Undelivered, R::InvalidNumber),
        "TEXT_INVALID_MESSAGE" => (Undelivered, R::InvalidText),
        "TEXT_UNREACHABLE" => (Undelivered, R::Unreachable),
        "TEXT_CARRIER_UNREACHABLE" => (Undelivered, R::CarrierUnreachable),
        "VOICE_BUSY" | "VOICE_NO_ANSWER" => (Undelivered, R::NotAnswered),
        "VOICE_FAILED" => (Undelivered, R::Other),
        "TEXT_UNKNOWN" => (Unknown, R::Other),
        _ => return Err(NotTaken::Unreadable),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The example of the user guide, with a context.
    fn example() -> Value {
        json!({
            "version": "0",
            "id": "5c0fa4f8-e4ba-ed02-6101-c795472fccd0",
            "detail-type": "Text Message Delivery Status Updated",
            "source": "aws.sms-voice",
            "account": "111122223333",
            "time": "2025-10-01T18:20:41Z",
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "eventType": "TEXT_SUCCESSFUL",
                "eventVersion": "1.0",
                "eventTimestamp": 1_759_342_841_377_i64,
                "isFinal": true,
                "originationPhoneNumber": "VAJZNBLLDX",
                "isoCountryCode": "ES",
                "isInternationalSend": false,
                "mcc": "214",
                "mnc": "05",
                "carrierName": "Movistar",
                "messageId": "ed23196c-75ce-4727-93ee-7bf72b64998f",
                "messageRequestTimestamp": 1_759_342_840_978_i64,
                "messageEncoding": "GSM",
                "messageType": "TRANSACTIONAL",
                "messageStatus": "SUCCESSFUL",
                "messageStatusDescription": "Message has been accepted by phone carrier",
                "context": { "account": "bar", "phoneproof-receipt": "r1.a.b.c" },
                "totalMessageParts": 1,
                "totalMessagePrice": 0.06087,
                "totalCarrierFee": 0.0,
                "protectConfiguration": {
                    "protectConfigurationId": "protect-e06e5d722c31455286262a108e7d863d",
                    "protectStatus": "ALLOW",
                },
            },
        })
    }

    #[test]
    fn reads_the_example_of_the_user_guide() {
        let read = read(&example()).expect("an event");
        assert_eq!(read.receipt.as_deref(), Some("r1.a.b.c"));
        assert_eq!(read.country, Country::parse("ES").ok());
        let report = Report {
            at: Moment::from_unix_millis(1_759_342_841_377),
            outcome: Outcome::Delivered,
            reason: ReceiptReason::TakenByCarrier,
        };
        assert_eq!(read.report, report);
    }

    #[test]
    fn an_event_needs_no_context_and_no_country() {
        let mut event = example();
        for member in ["context", "isoCountryCode"] {
            if let Some(detail) = event["detail"].as_object_mut() {
                detail.remove(member);
            }
        }
        let read = read(&event).expect("an event");
        assert_eq!((read.receipt, read.country), (None, None));
    }

    #[test]
    fn each_type_of_event_has_its_outcome() {
        let outcome = |kind: &str| {
            let mut event = example();
            event["detail"]["eventType"] = json!(kind);
            read(&event).map(|read| (read.report.outcome.as_str(), read.report.reason.as_str()))
        };
        for (kind, expected) in [
            ("TEXT_DELIVERED", ("delivered", "arrived")),
            ("TEXT_TTL_EXPIRED", ("undelivered", "expired")),
            ("TEXT_CARRIER_BLOCKED", ("undelivered", "blocked")),
            (
                "TEXT_PROTECT_BLOCKED",
                ("undelivered", "blocked-by-operator"),
            ),
            ("TEXT_UNKNOWN", ("unknown", "other")),
            ("VOICE_COMPLETED", ("delivered", "arrived")),
            ("VOICE_NO_ANSWER", ("undelivered", "not-answered")),
        ] {
            assert_eq!(outcome(kind), Ok(expected), "{kind}");
        }
        for kind in ["TEXT_QUEUED", "TEXT_PENDING", "VOICE_RINGING"] {
            assert_eq!(outcome(kind), Err(NotTaken::Progress), "{kind}");
        }
        assert_eq!(outcome("TEXT_NEW"), Err(NotTaken::Unreadable));
        let mut other = example();
        other["source"] = json!("aws.ses");
        assert_eq!(read(&other), Err(NotTaken::Unreadable));
    }

    /// JSON of any shape, up to a few levels deep.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("\\PC{0,8}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        /// One member of the example is replaced by anything, at each place.
        #[test]
        fn hostile_json_never_panics(
            value in any_json(),
            member in prop::sample::select(vec![
                "eventType", "eventTimestamp", "isoCountryCode", "context",
            ]),
        ) {
            let _ = read(&value);
            let mut event = example();
            event["detail"][member] = value.clone();
            let _ = read(&event);
            event["detail"] = value.clone();
            let _ = read(&event);
            let mut event = example();
            event["detail"]["context"][RECEIPT_CONTEXT] = value;
            let _ = read(&event);
        }
    }
}
