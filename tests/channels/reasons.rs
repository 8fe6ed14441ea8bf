//! Every reason of every channel: its status, its refund, its line and its metrics.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Certainty, Reason};
use phoneproof_domain::hook::Reach;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Fault, HOOK, World, await_in_time, phone};
use serde_json::json;
use tokio::task::JoinSet;

use super::list_not_taken;
use super::receiver::{Answer, Receiver};
use crate::api::journal::list_metrics;

/// What makes a channel fail.
#[derive(Clone, Copy)]
enum Cause {
    /// The stack's own channel answers with the reason.
    Told,
    /// The stack's own channel never answers.
    Silent,
    /// The connection breaks before an answer.
    Cut,
    /// No server listens at the address.
    Nowhere,
    /// The receiver answers with a status that HTTP does not have.
    Odd,
    /// The name of the receiver leads to an address inside.
    Inside,
}

/// How a test causes each reason at each channel; `None` where the channel cannot have it.
fn cause(channel: Channel, reason: Reason) -> Option<Cause> {
    use Cause::{Cut, Inside, Nowhere, Odd, Silent, Told};
    let is_hook = channel == Channel::Hook;
    let is_sms_voice = !is_hook && channel != Channel::Sns;
    match reason {
        Reason::Throttled
        | Reason::OptedOut
        | Reason::NotFound
        | Reason::Refused
        | Reason::ServerError => Some(Told),
        Reason::InvalidParameter | Reason::NotAuthorized | Reason::AccountDisabled => {
            (!is_hook).then_some(Told)
        }
        Reason::KeyUnusable => (channel == Channel::Sns).then_some(Told),
        Reason::NoOrigination
        | Reason::WrongOrigination
        | Reason::MessageTypeMismatch
        | Reason::SenderIdNotRegistered
        | Reason::SenderIdNotSupported
        | Reason::RegistrationIncomplete
        | Reason::ResourceNotActive
        | Reason::NotifyNotActive
        | Reason::InSandbox
        | Reason::CountryBlocked
        | Reason::CountryNotEnabled
        | Reason::ProtectBlocksCountry
        | Reason::ProtectBlocksNumber
        | Reason::PriceOverLimit
        | Reason::SpendLimit
        | Reason::DailyLimit
        | Reason::DestinationLimit
        | Reason::AccountReputation => is_sms_voice.then_some(Told),
        Reason::InvalidPhoneNumber
        | Reason::DeliveryRejected
        | Reason::AuthenticationFailed
        | Reason::Redirected => is_hook.then_some(Told),
        Reason::NoAnswer => Some(Silent),
        Reason::ConnectionLost => Some(Cut),
        Reason::NotConnected => is_hook.then_some(Nowhere),
        Reason::UnreadableAnswer => is_hook.then_some(Odd),
        Reason::AddressNotAllowed => is_hook.then_some(Inside),
        // `inside` has a certificate that nobody trusts. Nothing that a caller sends causes the other two.
        Reason::Certificate | Reason::NotBuilt | Reason::NotSetUp => None,
    }
}

async fn start(channel: Channel, reason: Reason, cause: Cause) -> World {
    let builder = World::builder().route(&[channel]);
    match cause {
        Cause::Told | Cause::Silent => {
            let world = builder.start().await;
            world.carrier(match cause {
                Cause::Silent => Carrier::Hang,
                _ => Carrier::Answer(reason),
            });
            world
        }
        Cause::Cut => {
            let world = builder.proxied().start().await;
            for operation in [
                "Publish",
                "SendTextMessage",
                "SendNotifyTextMessage",
                "SendNotifyVoiceMessage",
                HOOK,
            ] {
                world.proxy().break_all(operation, Fault::CutAfter);
            }
            world
        }
        // Port 9 of loopback discards, and nobody runs it.
        Cause::Nowhere => {
            let hook = "http://127.0.0.1:9/hook";
            builder.hook(hook, Reach::Loopback).start().await
        }
        Cause::Odd => {
            let receiver = Receiver::always(Answer::of(600, "", "")).await;
            builder.hook(&receiver.url, Reach::Loopback).start().await
        }
        Cause::Inside => {
            let hook = "https://localhost:9/hook";
            builder.hook(hook, Reach::Public).start().await
        }
    }
}

async fn check(channel: Channel, reason: Reason, cause: Cause) {
    let at = format!("{channel:?} {reason:?}");
    let world = start(channel, reason, cause).await;
    let answer = await_in_time(world.client.send(&phone(1))).await;
    let is_sure = reason.certainty() == Certainty::NotSent;
    let (status, problem) = if is_sure {
        (502, "delivery-failed")
    } else {
        (504, "delivery-unknown")
    };
    assert_eq!((answer.status, answer.problem()), (status, problem), "{at}");
    let refunded = json!(["phone-per-hour", "phone-per-day", "device-per-day"]);
    let refunded = if is_sure { refunded } else { json!(null) };
    assert_eq!(answer.json["givenBack"], refunded, "{at}");
    assert_eq!(answer.json["token"].is_string(), !is_sure, "{at}");
    assert!(world.text_count() <= usize::from(!is_sure), "{at}");

    let line = world.lines.last();
    let outcome = if is_sure { "refused" } else { "unknown" };
    assert_eq!(line["carrier"], outcome, "{at}");
    assert_eq!(line["channel"], channel.as_str(), "{at}");
    assert_eq!(line["reason"], reason.name(), "{at}");
    assert!(
        list_metrics(&line, &["stack", "channel"]).contains("Texts"),
        "{at}"
    );
    let lines = list_not_taken(&world);
    assert_eq!(lines.len(), 1, "{at}");
    let line = &lines[0];
    assert_eq!(line["channel"], channel.as_str(), "{at}");
    assert_eq!(line["reason"], reason.name(), "{at}");
    let by_reason = list_metrics(line, &["stack", "channel", "reason"]);
    assert!(by_reason.contains("NotTaken"), "{at}");
    let alarms = list_metrics(line, &["stack"]).contains("ChannelFaults");
    assert_eq!(alarms, reason.alarms(), "{at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reason_has_its_status_refund_line_and_metrics() {
    let mut running = JoinSet::new();
    let mut caused = Vec::new();
    for channel in Channel::ALL {
        for reason in Reason::ALL {
            if let Some(cause) = cause(channel, reason) {
                caused.push(reason);
                running.spawn(check(channel, reason, cause));
            }
        }
    }
    running.join_all().await;
    let never = Reason::ALL
        .into_iter()
        .filter(|reason| !caused.contains(reason));
    let never: Vec<_> = never.collect();
    let expected = [Reason::Certificate, Reason::NotBuilt, Reason::NotSetUp];
    assert_eq!(never, expected, "all others have a cause here");
}
