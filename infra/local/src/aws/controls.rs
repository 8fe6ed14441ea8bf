//! The switch that makes channels fail, for people and suites that want to see it.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::Reason;
use serde::Deserialize;

use super::Services;
use crate::inbox::Carrier;
use crate::loopback::is_program;

/// What a `PUT` sets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// The channel; every channel if it is missing.
    channel: Option<String>,
    /// `deliver`, `hang`, or the name of a reason that a channel can answer with.
    answer: String,
}

/// What the switch takes.
fn describe_accepted() -> String {
    let channels = Channel::ALL.map(Channel::as_str).join(", ");
    let reasons: Vec<_> = list_answers().map(Reason::name).collect();
    format!(
        "needed: {{\"channel\": one of {channels}, or none for all, \"answer\": deliver, hang, or one of {}}}",
        reasons.join(", ")
    )
}

/// Whether a channel says this reason itself. The others come of the way to it, or of an answer that never came or
/// cannot be read, which `hang` is the nearest to.
const fn is_answer(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::AddressNotAllowed
            | Reason::Certificate
            | Reason::NotConnected
            | Reason::NotBuilt
            | Reason::NotSetUp
            | Reason::NoAnswer
            | Reason::ConnectionLost
            | Reason::UnreadableAnswer
    )
}

fn list_answers() -> impl Iterator<Item = Reason> {
    Reason::ALL.into_iter().filter(|reason| is_answer(*reason))
}

/// Sets what a channel answers from now on.
pub(super) async fn set_carrier(
    State(services): State<Services>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_program(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let setting = serde_json::from_slice::<Setting>(&body).ok();
    let Some((channel, carrier)) = setting.as_ref().and_then(read) else {
        return (StatusCode::BAD_REQUEST, describe_accepted()).into_response();
    };
    if let Some(channel) = channel {
        services
            .inbox
            .set_carrier_of_channel(channel, Some(carrier));
    } else {
        for channel in Channel::ALL {
            services.inbox.set_carrier_of_channel(channel, None);
        }
        services.inbox.set_carrier(carrier);
    }
    StatusCode::NO_CONTENT.into_response()
}

fn read(setting: &Setting) -> Option<(Option<Channel>, Carrier)> {
    let channel = match &setting.channel {
        None => None,
        Some(name) => Some(Channel::parse(name)?),
    };
    let carrier = match setting.answer.as_str() {
        "deliver" => Carrier::Deliver,
        "hang" => Carrier::Hang,
        name => Carrier::Answer(list_answers().find(|reason| reason.name() == name)?),
    };
    Some((channel, carrier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_answer(answer: &str) -> Option<Carrier> {
        let setting = Setting {
            channel: None,
            answer: answer.to_owned(),
        };
        read(&setting).map(|(_, carrier)| carrier)
    }

    /// A reason that comes out as another one would mislead whoever tries it.
    #[test]
    fn the_switch_takes_what_a_channel_can_say_and_lists_it() {
        let accepted = describe_accepted();
        for reason in Reason::ALL {
            let name = reason.name();
            let expected = is_answer(reason).then_some(Carrier::Answer(reason));
            assert_eq!(read_answer(name), expected, "{name}");
            let mut listed = accepted.split([' ', ',', '}']);
            let is_listed = listed.any(|word| word == name);
            assert_eq!(is_listed, expected.is_some(), "{name}: {accepted}");
        }
        for name in [
            "no-connection",
            "certificate",
            "address-not-allowed",
            "request-not-built",
            "not-set-up",
            "connection-lost",
            "unreadable-answer",
            "no-answer",
            "odd",
        ] {
            assert_eq!(read_answer(name), None, "{name}");
        }
        assert_eq!(read_answer("deliver"), Some(Carrier::Deliver));
        assert_eq!(read_answer("hang"), Some(Carrier::Hang));
    }
}
