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
    /// `deliver`, `hang`, or the name of a reason.
    answer: String,
}

const NEEDED: &str = "needed: {\"channel\": the name of a channel such as \"sns\", or none for all, \"answer\": \"deliver\", \"hang\", or the name \
                      of a reason such as \"throttled\"}";

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
        return (StatusCode::BAD_REQUEST, NEEDED).into_response();
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
        name => {
            let reason = Reason::ALL.into_iter().find(|reason| reason.name() == name);
            Carrier::Answer(reason?)
        }
    };
    Some((channel, carrier))
}
