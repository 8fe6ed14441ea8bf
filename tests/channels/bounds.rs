//! Receivers that answer slowly, wrongly, too much, or with redirects: an answer in time, and one of the documented
//! ones.

use phoneproof_domain::channel::Channel;
use phoneproof_domain::hook::Reach;
use phoneproof_tests::{World, await_in_time, phone};
use tokio::task::JoinSet;

use super::receiver::{Answer, Receiver};

fn head(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\n{headers}\r\n").into_bytes()
}

fn bytes(text: &str) -> Answer {
    Answer::Bytes(text.as_bytes().to_vec())
}

/// The name of each receiver, what it answers, the status of the send, and the reason on its line.
fn list() -> Vec<(&'static str, Answer, u16, &'static str)> {
    let chunked = "transfer-encoding: chunked\r\n";
    let many = "x-filler: x\r\n".repeat(5_000);
    let big = "x".repeat(1 << 20);
    let deep = "[".repeat(10_000);
    let unknown = |reason| (504, reason);
    let mut list = Vec::new();
    let mut add = |name, answer, (status, reason)| list.push((name, answer, status, reason));
    let taken = (202, "");
    // A status of success is enough.
    add("empty", Answer::of(204, "", ""), taken);
    add("odd body", Answer::of(200, "", "\u{0}\u{1}"), taken);
    add("deep body", Answer::of(200, "", &deep), taken);
    add("big body", Answer::of(200, "", &big), taken);
    add("endless body", Answer::Endless(head(200, "")), taken);
    add("slow body", Answer::Trickle(head(200, "")), taken);
    add(
        "short body",
        bytes("HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{"),
        taken,
    );
    let broken = [head(200, chunked), b"zz\r\n".to_vec()].concat();
    add("broken chunks", Answer::Bytes(broken), taken);
    // Redirects, to places inside and outside.
    for (name, to) in [
        (
            "redirect inside",
            "http://169.254.169.254/latest/meta-data/",
        ),
        ("redirect outside", "https://example.com/"),
        ("redirect to itself", "/hook"),
        ("redirect nowhere", ""),
    ] {
        let headers = format!("location: {to}\r\n");
        add(name, Answer::of(307, &headers, ""), (502, "redirected"));
    }
    // Refusals.
    add("big refusal", Answer::of(400, "", &big), (502, "refused"));
    add(
        "slow refusal",
        Answer::Trickle(head(422, "")),
        (502, "refused"),
    );
    add(
        "endless refusal",
        Answer::Endless(head(422, "")),
        (502, "refused"),
    );
    add("no path", Answer::of(404, "", "<html>"), (502, "not-found"));
    let code = r#"{"code":"delivery_rejected","provider_error_code":"30007"}"#;
    add(
        "code",
        Answer::of(400, "", code),
        (502, "delivery-rejected"),
    );
    let late = "retry-after: 99999999999999999999\r\n";
    add(
        "odd patience",
        Answer::of(429, late, ""),
        (502, "throttled"),
    );
    let late = "retry-after: 18446744073709551615\r\n";
    add(
        "endless patience",
        Answer::of(429, late, ""),
        (502, "throttled"),
    );
    // Nothing is known of these.
    let failed = unknown("server-error");
    add("failure", Answer::of(500, "", ""), failed);
    add("failure with patience", Answer::of(503, late, ""), failed);
    add("silence", Answer::Silence, unknown("no-answer"));
    let broken = unknown("connection-lost");
    add("nothing", bytes(""), broken);
    add(
        "odd header",
        Answer::of(200, "x-odd: \u{7f}\r\n", ""),
        broken,
    );
    add("not HTTP", bytes("SSH-2.0-OpenSSH_9.9\r\n"), broken);
    add("half a head", bytes("HTTP/1.1 200 X\r\nx-half: "), broken);
    add("many headers", Answer::Bytes(head(200, &many)), broken);
    let long = format!("x-long: {big}\r\n");
    add("long header", Answer::Bytes(head(200, &long)), broken);
    add(
        "endless head",
        Answer::Endless(b"HTTP/1.1 200 X\r\nx: ".to_vec()),
        broken,
    );
    add(
        "slow head",
        Answer::Trickle(b"HTTP/1.1 200 X\r\nx: ".to_vec()),
        unknown("no-answer"),
    );
    add(
        "informational",
        Answer::Trickle(head(103, "")),
        unknown("connection-lost"),
    );
    list
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_odd_receiver_gets_a_documented_answer_in_time() {
    let mut running = JoinSet::new();
    for (name, answer, status, reason) in list() {
        running.spawn(async move {
            let receiver = Receiver::always(answer).await;
            let world = World::builder()
                .route(&[Channel::Hook])
                .hook(&receiver.url, Reach::Loopback)
                .start()
                .await;
            let number = phone(1);
            let sent = await_in_time(world.client.send(&number)).await;
            let line = world.lines.last();
            let seen = line["reason"].as_str().unwrap_or_default().to_owned();
            // What nobody knows is asked until the time is over.
            let most = if status == 504 { 12 } else { 3 };
            assert!((1..=most).contains(&receiver.seen().len()), "{name}");
            assert!(!world.lines.text().contains("canary-hook-key"), "{name}");
            let is_right = (sent.status, seen.as_str()) == (status, reason);
            (!is_right).then(|| format!("{name}: {} {seen}, not {status} {reason}", sent.status))
        });
    }
    let wrong: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
