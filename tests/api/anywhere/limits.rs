//! Limits, as callers see them.

use phoneproof_tests::Site;

use crate::api::problem::assert_problem;

#[tokio::test]
async fn a_second_send_at_once_is_refused_with_the_time_to_wait() {
    let site = Site::open().await;
    assert_eq!(site.client.send(&site.phone(1)).await.status, 202);
    let answer = site.client.send(&site.phone(1)).await;
    assert_problem(&answer, 429, "limited", Some(-1));
    assert_eq!(answer.json["rule"], "phone-cooldown");
    assert!(answer.json["retryAt"].is_string());
    let wait: u64 = answer
        .header("retry-after")
        .expect("a time")
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some("\"phone-cooldown\";q=1;w=60")
    );
    assert_eq!(site.texts(&site.phone(1)).await.len(), 1);
}

#[tokio::test]
async fn a_device_gets_ten_texts_a_day_and_another_device_is_not_limited() {
    let site = Site::open().await;
    for n in 0..10 {
        assert_eq!(site.client.send(&site.phone(n)).await.status, 202);
    }
    let answer = site.client.send(&site.phone(10)).await;
    assert_problem(&answer, 429, "limited", Some(-1));
    assert_eq!(answer.json["rule"], "device-per-day");
    let other = site
        .client
        .send_from(&site.phone(10), &site.device("other"), "192.0.2.99")
        .await;
    assert_eq!(other.status, 202);
    assert_eq!(site.text_count().await, 11);
}
