//! Threat: a hook that leads inside. No request reaches an address that the policy does not allow, whatever its name
//! says.

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_config::policy::from_toml;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::hook::Reach;
use phoneproof_tests::{World, await_in_time, phone};

use super::receiver::{Answer, Receiver};

#[tokio::test]
async fn a_name_that_leads_inside_gets_no_connection() {
    let receiver = Receiver::always(Answer::of(200, "", "")).await;
    let port = receiver.url.split(['/', ':']).nth(4).expect("a port");
    // `localhost` stands for any name whose owner lets it lead inside: it is resolved, and only its addresses are
    // judged.
    for (host, reach) in [("localhost", Reach::Public), ("LocalHost.", Reach::Public)] {
        let url = format!("https://{host}:{port}/hook");
        let builder = World::builder().route(&[Channel::Hook]);
        let world = builder.hook(&url, reach).start().await;
        let refused = world.client.send(&phone(1)).await;
        assert_eq!(refused.status, 502, "{url}");
        let reason = world.lines.last()["reason"].clone();
        // A resolver may not know the second form.
        assert!(
            reason == "address-not-allowed" || reason == "no-connection",
            "{url} {reason}"
        );
    }
    assert_eq!(
        receiver.connections(),
        0,
        "neither for the text nor before it"
    );
    // The same receiver where the policy allows it: the connection is made, and TLS finds no TLS there.
    let url = format!("https://localhost:{port}/hook");
    let builder = World::builder().route(&[Channel::Hook]);
    let world = builder.hook(&url, Reach::Any).start().await;
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(refused.status, 502);
    assert!(receiver.connections() > 0);
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_inside_is_not_followed() {
    let inside = Receiver::always(Answer::of(200, "", "")).await;
    let location = format!("location: {}\r\n", inside.url);
    let receiver = Receiver::always(Answer::of(307, &location, "")).await;
    let world = World::builder()
        .route(&[Channel::Hook])
        .hook(&receiver.url, Reach::Loopback)
        .start()
        .await;
    assert_eq!(world.client.send(&phone(1)).await.status, 502);
    assert_eq!(world.lines.last()["reason"], "redirected");
    assert_eq!((receiver.seen().len(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn an_empty_port_is_a_refusal_at_once_and_the_next_channel_has_its_turn() {
    let world = World::builder()
        .route(&[Channel::Hook, Channel::Sns])
        .hook("http://127.0.0.1:9/hook", Reach::Loopback)
        .start()
        .await;
    let sent = await_in_time(world.client.send(&phone(1))).await;
    assert_eq!(sent.status, 202);
    assert_eq!(world.texts(&phone(1))[0].channel, "sns");
}

#[test]
fn a_wrong_url_stops_the_start_with_its_path() {
    for url in [
        "",
        "hooks.example.com/send",
        "http://hooks.example.com/send",
        "https://user:secret@hooks.example.com/send",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "http://127.0.0.1:4820/",
    ] {
        let policy = format!("{DEFAULT_POLICY}\n[hook]\nurl = \"{url}\"\n");
        let faults = from_toml(&policy).expect_err(url).to_string();
        assert!(faults.contains("hook.url: "), "{faults}");
        assert!(
            !faults.contains("secret") && !faults.contains("meta-data"),
            "{faults}"
        );
    }
    let policy =
        format!("{DEFAULT_POLICY}\n[hook]\nurl = \"https://hooks.example.com\"\nsecret = 1\n");
    assert!(
        from_toml(&policy)
            .expect_err("unknown")
            .to_string()
            .contains("hook")
    );
}
