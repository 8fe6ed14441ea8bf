//! What a line says beside the reason: the channel's own code, its status, or how the connection failed.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::Reason;
use phoneproof_domain::hook::Reach;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, WorldBuilder, phone};
use serde_json::Value;

use super::list_not_taken;
use super::receiver::{Answer, Receiver};

/// Asserts that the line of the request and that of its channel have `reason` and `detail`.
async fn assert_detail(world: &World, reason: &str, detail: &str) {
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(refused.status, 502, "{}", refused.text);
    let lines = list_not_taken(world);
    for line in [&world.lines.last(), &lines[0]] {
        assert_eq!(
            (&line["reason"], &line["detail"]),
            (&reason.into(), &detail.into())
        );
    }
}

fn hook_at(url: &str) -> WorldBuilder {
    let builder = World::builder().route(&[Channel::Hook]);
    builder.hook(url, Reach::Loopback)
}

#[tokio::test]
async fn a_refusal_that_has_no_name_here_has_the_code_of_aws() {
    for (channel, code) in [
        (Channel::Sns, "UserError"),
        (Channel::EndUserMessaging, "RESOURCE_NOT_EMPTY"),
        (Channel::Notify, "RESOURCE_NOT_EMPTY"),
    ] {
        let world = World::builder().route(&[channel]).start().await;
        world.carrier(Carrier::Answer(Reason::Refused));
        assert_detail(&world, "refused", code).await;
    }
}

/// Texts, Notify and calls have a limit each, and the stack says which one is reached, as AWS does.
#[tokio::test]
async fn a_reached_limit_is_that_of_the_channel() {
    for (channel, of) in [
        (Channel::EndUserMessaging, "TEXT"),
        (Channel::Notify, "NOTIFY"),
        (Channel::NotifyVoice, "VOICE"),
    ] {
        let world = World::builder().route(&[channel]).start().await;
        world.carrier(Carrier::Answer(Reason::SpendLimit));
        let code = format!("MONTHLY_SPEND_LIMIT_REACHED_FOR_{of}");
        assert_detail(&world, "spend-limit", &code).await;
    }
}

#[tokio::test]
async fn a_refusal_of_the_hook_has_the_code_of_the_receiver_or_the_status() {
    for (status, body, reason, detail) in [
        (400, r#"{"code":"quota_gone"}"#, "refused", "quota_gone"),
        (422, r#"{"code":"opted_out"}"#, "opted-out", "opted_out"),
        (413, "", "refused", "413"),
        // What could be a number, a code or words is not kept.
        (400, r#"{"code":"+14152001001"}"#, "refused", "400"),
        (400, r#"{"code":"482913"}"#, "refused", "400"),
        (400, r#"{"code":"no credit left"}"#, "refused", "400"),
    ] {
        let receiver = Receiver::always(Answer::of(status, "", body)).await;
        let world = hook_at(&receiver.url).start().await;
        assert_detail(&world, reason, detail).await;
    }
}

#[tokio::test]
async fn a_connection_that_fails_says_how() {
    // Port 9 of loopback discards, and nobody runs it.
    let world = hook_at("http://127.0.0.1:9/hook").start().await;
    assert_detail(&world, "no-connection", "connection-refused").await;
    // A name below `invalid` never resolves (RFC 6761).
    let builder = World::builder().route(&[Channel::Hook]);
    let builder = builder.hook("https://hook.invalid/", Reach::Any);
    assert_detail(&builder.start().await, "no-connection", "name-not-resolved").await;
}

#[tokio::test]
async fn a_text_that_was_taken_has_no_detail() {
    let world = World::start().await;
    assert_eq!(world.client.send(&phone(1)).await.status, 202);
    assert_eq!(world.lines.last()["detail"], Value::Null);
}
