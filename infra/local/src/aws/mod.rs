//! SNS, End User Messaging, Secrets Manager, CloudWatch and CloudWatch Logs on one loopback port, as far as the service
//! and its operators call them. The port also serves the file of the policy, which AWS keeps in a layer, a receiver of
//! the send hook, and the switch that makes channels fail.

mod account;
mod controls;
mod hook;
mod logs;
mod metrics;
mod protocol;
mod query;
mod secrets;
mod sms_voice;
mod sns;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use http::{HeaderMap, StatusCode};
use phoneproof_domain::clock::Clock;

use crate::inbox::Inbox;
use crate::loopback::is_program;
use crate::sms_account::{Fault, SmsAccount};

pub use logs::{LOG_GROUP, Log};
pub use query::sns_error;
pub use secrets::{ACCOUNT_SECRET_ID, SECRET_ID, Secret};

/// The path of the file of the policy.
pub const POLICY_PATH: &str = "/policy.toml";

/// The path of the receiver of the send hook.
pub const HOOK_PATH: &str = "/hook";

/// The path of the switch that makes channels fail.
pub const CARRIER_PATH: &str = "/carrier";

/// What the services hold.
#[derive(Clone)]
struct Services {
    policy_file: Option<String>,
    inbox: Inbox,
    account: SmsAccount,
    secrets: Vec<Secret>,
    log: Log,
    clock: Arc<dyn Clock>,
}

/// Routes calls to the services. It refuses web pages, because the services hand out keys.
pub(crate) fn router(
    inbox: Inbox,
    account: SmsAccount,
    secrets: Vec<Secret>,
    log: Log,
    policy_file: Option<String>,
    clock: Arc<dyn Clock>,
) -> Router {
    let services = Services {
        policy_file,
        inbox,
        account,
        secrets,
        log,
        clock,
    };
    Router::new()
        .route("/", post(dispatch))
        .route(POLICY_PATH, get(serve_policy))
        .route(HOOK_PATH, post(hook::receive))
        .route(CARRIER_PATH, put(controls::set_carrier))
        .with_state(services)
}

/// Serves the file of the policy to programs.
async fn serve_policy(State(services): State<Services>, headers: HeaderMap) -> Response {
    match services.policy_file {
        Some(file) if is_program(&headers) => file.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Tells the services apart: the AWS JSON protocol names service and operation in a header, and SNS speaks the AWS
/// Query protocol, which does not.
async fn dispatch(State(services): State<Services>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_program(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').next_back());
    match operation.and_then(|operation| services.account.fault(operation)) {
        Some(Fault::Deny) => {
            return protocol::refuse(StatusCode::BAD_REQUEST, "AccessDeniedException");
        }
        Some(Fault::Hang) => std::future::pending().await,
        None => {}
    }
    match target {
        Some("secretsmanager.GetSecretValue") => {
            secrets::get_secret_value(&services.secrets, &body)
        }
        Some("secretsmanager.PutSecretValue") => {
            secrets::put_secret_value(&services.secrets, &body)
        }
        Some("secretsmanager.UpdateSecretVersionStage") => {
            secrets::update_secret_version_stage(&services.secrets, &body)
        }
        Some("Logs_20140328.FilterLogEvents") => logs::filter_log_events(&services.log, &body),
        Some("Logs_20140328.DescribeLogGroups") => {
            logs::describe_log_groups(&services.account, &body)
        }
        Some("GraniteServiceVersion20100801.GetMetricStatistics") => {
            metrics::get_metric_statistics(&services.account, services.clock.now(), &body)
        }
        Some(target) => {
            let operation = target
                .strip_prefix("PinpointSMSVoiceV2.")
                .unwrap_or_default();
            let now = services.clock.now();
            sms_voice::answer(&services.inbox, &services.account, now, operation, &body)
                .await
                .unwrap_or_else(|| {
                    protocol::refuse(StatusCode::BAD_REQUEST, "UnknownOperationException")
                })
        }
        None => {
            let now = services.clock.now();
            sns::answer_query(&services.inbox, &services.account, now, &body).await
        }
    }
}

#[cfg(test)]
mod tests;
