//! What the model of the API admits: lengths, patterns and enums (`pinpoint-sms-voice-v2`, 2022-03-31).
//!
//! `tests/differential/end_user_messaging.py` reads the model that boto3 has, and compares every bound with this one.

use phoneproof_domain::end_user_messaging::is_written_with;
use serde_json::{Map, Value};

use super::voices::VOICES;

/// A member of a call.
#[derive(Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    is_required: bool,
    kind: Kind,
}

/// What a value has to be.
#[derive(Clone, Copy)]
enum Kind {
    /// A string that matches this pattern.
    String(Pattern),
    /// A whole number within these bounds.
    Whole(i64, i64),
    /// A boolean of JSON, not the text of one.
    Flag,
    /// A map of at most this many entries.
    Map(usize, Pattern, Pattern),
}

/// A string of this many characters that fits.
#[derive(Clone, Copy)]
struct Pattern {
    least: usize,
    most: usize,
    fits: fn(&str) -> bool,
}

const fn pattern(least: usize, most: usize, fits: fn(&str) -> bool) -> Pattern {
    Pattern { least, most, fits }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        is_required: false,
        kind,
    }
}

const fn require(name: &'static str, kind: Kind) -> Field {
    Field {
        is_required: true,
        ..field(name, kind)
    }
}

const PHONE: Kind = Kind::String(pattern(1, 20, is_phone));
const ID: Kind = Kind::String(pattern(1, 256, is_id));
const TIME_TO_LIVE: Kind = Kind::Whole(5, 259_200);
const CONTEXT: Kind = Kind::Map(
    5,
    pattern(1, 100, has_no_space),
    pattern(1, 800, is_trimmed),
);

/// The members of `SendTextMessage`.
pub(super) const TEXT: [Field; 13] = [
    require("DestinationPhoneNumber", PHONE),
    field(
        "OriginationIdentity",
        Kind::String(pattern(1, 256, is_identity)),
    ),
    field("MessageBody", Kind::String(pattern(1, 1_600, is_not_blank))),
    field("MessageType", Kind::String(pattern(1, 13, is_message_type))),
    field("Keyword", Kind::String(pattern(1, 30, is_keyword))),
    field("ConfigurationSetName", ID),
    field("MaxPrice", Kind::String(pattern(2, 8, is_price))),
    field("TimeToLive", TIME_TO_LIVE),
    field("Context", CONTEXT),
    field(
        "DestinationCountryParameters",
        Kind::Map(
            10,
            pattern(1, 14, is_country_parameter),
            pattern(1, 64, has_no_space),
        ),
    ),
    field("DryRun", Kind::Flag),
    field("ProtectConfigurationId", ID),
    field("MessageFeedbackEnabled", Kind::Flag),
];

/// The members of `SendNotifyTextMessage`. `SendNotifyVoiceMessage` has them, too, and [`VOICE_ID`].
pub(super) const NOTIFY: [Field; 9] = [
    require("NotifyConfigurationId", ID),
    require("DestinationPhoneNumber", PHONE),
    field("TemplateId", Kind::String(pattern(0, 256, is_template))),
    require(
        "TemplateVariables",
        Kind::Map(20, pattern(1, 64, is_variable), pattern(1, 2_048, is_any)),
    ),
    field("TimeToLive", TIME_TO_LIVE),
    field("Context", CONTEXT),
    field("ConfigurationSetName", ID),
    field("DryRun", Kind::Flag),
    field("MessageFeedbackEnabled", Kind::Flag),
];

/// Who speaks in a call.
pub(super) const VOICE_ID: Field = field("VoiceId", Kind::String(pattern(0, 9, is_voice)));

/// Lists the members that the model does not admit, and why. A member that the model does not have is one of them.
pub(super) fn check(input: &Value, fields: &[Field]) -> Vec<(String, String)> {
    let fault = |name: &str, why: &str| (name.to_owned(), why.to_owned());
    let Some(members) = input.as_object() else {
        return vec![fault("body", "an object is needed")];
    };
    let known = |name: &String| fields.iter().any(|field| field.name == name.as_str());
    let unknown = members.keys().filter(|name| !known(name));
    let mut faults: Vec<_> = unknown
        .map(|name| fault(name, "the model has no such member"))
        .collect();
    for field in fields {
        let admits = match members.get(field.name) {
            None | Some(Value::Null) => !field.is_required,
            Some(value) => field.kind.admits(value),
        };
        if !admits {
            faults.push(fault(field.name, "the model does not admit this"));
        }
    }
    faults
}

impl Kind {
    fn admits(&self, value: &Value) -> bool {
        match self {
            Self::String(pattern) => value.as_str().is_some_and(|value| pattern.admits(value)),
            Self::Whole(least, most) => value
                .as_i64()
                .is_some_and(|value| (*least..=*most).contains(&value)),
            Self::Flag => value.is_boolean(),
            Self::Map(most, key, of) => value
                .as_object()
                .is_some_and(|map| map.len() <= *most && admits_all(map, *key, *of)),
        }
    }
}

fn admits_all(map: &Map<String, Value>, key: Pattern, of: Pattern) -> bool {
    map.iter()
        .all(|(name, value)| key.admits(name) && value.as_str().is_some_and(|v| of.admits(v)))
}

impl Pattern {
    fn admits(self, value: &str) -> bool {
        (self.least..=self.most).contains(&value.chars().count()) && (self.fits)(value)
    }
}

/// Whether a text fits the pattern `\+?[1-9][0-9]{1,18}`.
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=19).contains(&digits.len()) && are_digits(digits) && !digits.starts_with('0')
}

/// Whether a text fits the pattern `[A-Za-z0-9_:/-]+`.
fn is_id(text: &str) -> bool {
    is_written_with(text, "_:/-")
}

/// Whether a text fits the pattern `[A-Za-z0-9_:/\+-]+`.
fn is_identity(text: &str) -> bool {
    is_written_with(text, "_:/+-")
}

/// Whether a text fits the pattern `([A-Za-z0-9_-]*|UNSET_DEFAULT_TEMPLATE)`.
fn is_template(text: &str) -> bool {
    is_written_with(text, "_-")
}

/// Whether a text fits the pattern `[A-Za-z0-9_]+`.
fn is_variable(text: &str) -> bool {
    is_written_with(text, "_")
}

/// Whether a text fits the pattern `[0-9]{0,2}\.[0-9]{1,5}`.
fn is_price(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, fraction)| {
        whole.len() <= 2
            && (1..=5).contains(&fraction.len())
            && are_digits(whole)
            && are_digits(fraction)
    })
}

fn is_message_type(text: &str) -> bool {
    ["TRANSACTIONAL", "PROMOTIONAL"].contains(&text)
}

fn is_voice(text: &str) -> bool {
    VOICES.contains(&text)
}

fn is_country_parameter(text: &str) -> bool {
    ["IN_TEMPLATE_ID", "IN_ENTITY_ID"].contains(&text)
}

/// Whether a text fits the pattern `[ \S]+`.
fn is_keyword(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || !c.is_whitespace())
}

/// Whether a text fits the pattern `(?!\s*$)[\s\S]+`.
fn is_not_blank(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace())
}

/// Whether a text fits the pattern `\S+`.
fn has_no_space(text: &str) -> bool {
    !text.contains(char::is_whitespace)
}

/// Whether a text fits the pattern `(?!\s)^[\s\S]+(?<!\s)`.
fn is_trimmed(text: &str) -> bool {
    !text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace)
}

fn is_any(_: &str) -> bool {
    true
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_each_member_that_the_model_does_not_admit() {
        let good = json!({ "DestinationPhoneNumber": "+14152007986", "MessageBody": "hi" });
        assert!(check(&good, &TEXT).is_empty());
        for (member, value) in [
            ("DestinationPhoneNumber", json!("+0123")),
            ("MessageBody", json!(" \n")),
            ("MaxPrice", json!("1")),
            ("MaxPrice", json!("0.123456")),
            ("TimeToLive", json!(4)),
            ("TimeToLive", json!(5.5)),
            ("MessageType", json!("Transactional")),
            ("OriginationIdentity", json!("")),
            ("DestinationCountryParameters", json!({ "IN_PE_ID": "1" })),
            ("DryRun", json!("true")),
            ("SenderId", json!("EXAMPLE")),
        ] {
            let mut input = good.clone();
            input[member] = value;
            let faults = check(&input, &TEXT);
            let names: Vec<_> = faults.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, [member]);
        }
        assert_eq!(check(&json!({}), &NOTIFY).len(), 3);
        let call = json!({
            "NotifyConfigurationId": "notify-1", "DestinationPhoneNumber": "+14152007986",
            "TemplateVariables": { "code": "424242" }, "VoiceId": "AMY",
        });
        let members = [&NOTIFY[..], &[VOICE_ID]].concat();
        assert!(check(&call, &members).is_empty());
        assert_eq!(check(&call, &NOTIFY).len(), 1, "a text has no voice");
        assert_eq!(check(&json!("text"), &NOTIFY).len(), 1);
    }
}
