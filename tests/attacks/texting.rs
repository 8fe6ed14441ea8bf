//! Attacks that make the service text too often, to too many phones, or at a high price.

use std::collections::BTreeMap;

use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{Fault, PARALLEL, World, at_once, many, phone};
use serde_json::json;
use tokio::task::JoinSet;

use crate::attacks::{MODES, address, nth_phone, start_patient};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn race_on_send_limits() {
    for mode in MODES {
        race_on_each_limit(&start_patient(mode).await).await;
    }
}

async fn race_on_each_limit(world: &World) {
    for round in 0..10 {
        let number = phone(round);
        let statuses = at_once(&world.client, |n, client| {
            let (number, device, address) = (number.clone(), format!("d{n}"), address(n));
            async move { client.send_from(&number, &device, &address).await }
        })
        .await;
        let expected = BTreeMap::from([(202, 1), (429, *PARALLEL - 1)]);
        assert_eq!(statuses, expected, "one phone, round {round}");
        assert_eq!(world.texts(&number).len(), 1);
        // The next round has a fresh hour.
        world.advance(3_600);
    }
    for round in 0..3_u32 {
        let first = 100 + 200 * usize::try_from(round).expect("small");
        let statuses = at_once(&world.client, |n, client| {
            let (number, device) = (nth_phone(first + n), format!("device-{round}"));
            async move { client.send_from(&number, &device, &address(n)).await }
        })
        .await;
        let expected = BTreeMap::from([(202, 10), (429, *PARALLEL - 10)]);
        assert_eq!(statuses, expected, "one device, round {round}");
        world.advance(3_600);
    }
    let statuses = at_once(&world.client, |n, client| {
        let (number, device) = (nth_phone(700 + n), format!("d{n}"));
        async move { client.send_from(&number, &device, "192.0.2.1").await }
    })
    .await;
    let expected = BTreeMap::from([(202, 20), (429, *PARALLEL - 20)]);
    assert_eq!(statuses, expected, "one address");
    assert_eq!(world.text_count(), 10 + 30 + 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forced_failures_to_win_quota_back() {
    for mode in MODES {
        let world = start_patient(mode).await;
        world.carrier(Carrier::Refuse);
        let statuses = many(1_000, &world.client, |n, client| async move {
            let device = format!("device-{n}");
            client.send_from(&nth_phone(n), &device, "192.0.2.1").await
        })
        .await;
        let expected = BTreeMap::from([(429, 980), (502, 20)]);
        assert_eq!(statuses, expected, "{mode}");
        assert_eq!(world.stack.backends.inbox.count_publishes(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_out_that_texts_twice() {
    // Some faults take as long as a function may run, so the worlds wait in parallel.
    let mut worlds = JoinSet::new();
    for fault in Fault::ALL {
        for carrier in [Carrier::Deliver, Carrier::Fail] {
            worlds.spawn(async move {
                let world = World::builder().proxied().start().await;
                world.carrier(carrier);
                world.proxy().break_next("Publish", fault);
                let number = nth_phone(0);
                let answer = world.client.send_from(&number, "d0", &address(0)).await;
                let unclear = matches!(answer.status, 202 | 502 | 504);
                assert!(unclear, "{fault:?} {carrier:?}: {}", answer.text);
                assert!(world.texts(&number).len() <= 1, "{fault:?} {carrier:?}");
                let asked = world.proxy().take_calls();
                assert_eq!(asked.get("Publish"), Some(&1), "{fault:?} {carrier:?}");
            });
        }
    }
    assert_eq!(worlds.join_all().await.len(), 2 * Fault::ALL.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_spellings_of_one_phone() {
    let world = World::start().await;
    let country = "US";
    let mut spellings = vec![
        ("+14152007986".to_owned(), None),
        ("+1 (415) 200-7986".to_owned(), None),
        ("tel:+1-415-200-7986".to_owned(), None),
        ("+1.415.200.7986".to_owned(), None),
        ("4152007986".to_owned(), Some(country)),
        ("(415) 200-7986".to_owned(), Some(country)),
        ("1 415 200 7986".to_owned(), Some(country)),
        ("01114152007986".to_owned(), Some(country)),
        ("0014152007986".to_owned(), Some("DE")),
        ("＋１４１５２００７９８６".to_owned(), None),
        ("+١٤١٥٢٠٠٧٩٨٦".to_owned(), None),
        ("+१४१५२००७९८६".to_owned(), None),
        ("+1 415 200 7986 ext. 5".to_owned(), None),
        ("+1 415 200 7986;ext=5".to_owned(), None),
        ("+1 415 200 79 86 x7".to_owned(), None),
        ("+1 (0) 415 200 7986".to_owned(), None),
        ("++14152007986".to_owned(), None),
        ("+1\u{200b}4152007986".to_owned(), None),
        ("+1\u{a0}415\u{2009}2007986".to_owned(), None),
        ("+1‑415‑200‑7986".to_owned(), None),
        ("+1 415 200 7986\u{0}".to_owned(), None),
    ];
    // Every separator at every place.
    for separator in [' ', '-', '.', '/', '(', '\u{a0}', '－'] {
        for at in 2..12 {
            let mut spelled = "+14152007986".to_owned();
            spelled.insert(at, separator);
            spellings.push((spelled, None));
        }
    }
    let mut accepted = 0;
    for (n, (spelled, region)) in spellings.iter().enumerate() {
        let mut body =
            json!({ "phone": spelled, "uniqueId": format!("d{n}"), "businessId": "login" });
        if let Some(region) = region {
            body["region"] = json!(region);
        }
        let source = address(n);
        let from = [("x-test-source-ip", source.as_str())];
        let answer = world.client.post_with("/v1/send", &body, &from).await;
        match answer.status {
            202 => accepted += 1,
            429 => assert_eq!(answer.json["rule"], "phone-cooldown", "{spelled:?}"),
            status => assert_eq!(status, 400, "{spelled:?}: {}", answer.text),
        }
    }
    assert_eq!((accepted, world.text_count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipv6_rotation_and_mapped_addresses() {
    let world = World::start().await;
    let statuses = many(1_000, &world.client, |n, client| async move {
        let host = n * 0x0001_0001_0001;
        let source = format!(
            "2001:db8:7:1:{:x}:{:x}:{:x}:{n:x}",
            host >> 32 & 0xffff,
            host >> 16 & 0xffff,
            host & 0xffff
        );
        let device = format!("device-{n}");
        client.send_from(&nth_phone(n), &device, &source).await
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, 20), (429, 980)]));
    // An IPv4 address counts with its mapped form.
    let statuses = many(100, &world.client, |n, client| async move {
        let source = ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"][n % 3];
        let device = format!("mapped-{n}");
        client
            .send_from(&nth_phone(1_000 + n), &device, source)
            .await
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, 20), (429, 80)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoofed_forwarding_headers() {
    let world = World::start().await;
    let names = [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-cluster-client-ip",
        "via",
    ];
    let statuses = many(1_000, &world.client, |n, client| async move {
        let body =
            json!({ "phone": nth_phone(n), "uniqueId": format!("d{n}"), "businessId": "login" });
        let (spoofed, forwarded) = (address(n), format!("for={};proto=https", address(n)));
        let mut headers = vec![("x-test-source-ip", "192.0.2.1")];
        for name in names {
            let value = if name == "forwarded" {
                &forwarded
            } else {
                &spoofed
            };
            // Each header comes twice, because a service could read the first or the last.
            headers.extend([(name, value.as_str()), (name, "203.0.113.9")]);
        }
        client.post_with("/v1/send", &body, &headers).await
    })
    .await;
    assert_eq!(statuses, BTreeMap::from([(202, 20), (429, 980)]));
    assert_eq!(world.text_count(), 20);
}

/// Numbers that cost the caller or the sender of a text, or that are not mobile phones.
const COSTLY: [&str; 36] = [
    // Premium rate, by country of the policy.
    "+19002345678",
    "+19762345678",
    "+449012345678",
    "+449098790123",
    "+499001234567",
    "+33891123456",
    "+33899123456",
    "+6519001234567",
    "+61190234567",
    "+611900123456",
    // Shared cost and special.
    "+448431234567",
    "+448701234567",
    "+4918012345678",
    "+33820123456",
    "+611300123456",
    "+81570123456",
    // Toll free.
    "+18002345678",
    "+18882345678",
    "+448001234567",
    "+498001234567",
    "+33800123456",
    "+81120123456",
    // Personal numbers and pagers.
    "+447012345678",
    "+447640123456",
    "+4970012345678",
    "+15002345678",
    // Landlines.
    "+442079460958",
    "+493012345678",
    "+33112345678",
    "+81312345678",
    // Satellite and global services.
    "+881612345678",
    "+870773123456",
    "+882161234567",
    "+883510012345",
    "+808012345678",
    "+979123456789",
];

#[tokio::test]
async fn premium_and_satellite_numbers() {
    let world = World::builder().proxied().start().await;
    for (n, number) in COSTLY.iter().enumerate() {
        let device = format!("device-{n}");
        let answer = world.client.send_from(number, &device, &address(n)).await;
        let refused = matches!(
            answer.problem(),
            "destination-not-allowed" | "invalid-phone"
        );
        assert!(refused, "{number}: {}", answer.text);
    }
    assert!(
        world.proxy().take_calls().is_empty(),
        "nothing was even counted"
    );
    assert_eq!(world.text_count(), 0);
}
