//! `send-test` and `opt-in`.

use phoneproof_local::inbox::Carrier;

use super::*;

#[tokio::test]
async fn send_test_texts_a_specimen_or_names_the_error_of_sns() {
    let site = Site::start().await;
    let asked = site.run_json(&["send-test", PHONE]).await;
    assert_eq!(asked.0, 4, "it asks first: {}", asked.1);
    let zh = ["--business", "login", "--locale", "zh", "--yes"];
    site.run_done(&[&["send-test", PHONE][..], &zh].concat())
        .await;
    let texts = site.stack.backends.inbox.messages(Some(PHONE));
    assert!(texts[0].body.contains("000000") && texts[0].body.contains("登录"));
    // China admits no other locale, as in the service.
    let china = "+8613800138000";
    site.run_done(&["send-test", china, "--locale", "en", "--yes"])
        .await;
    let texts = site.stack.backends.inbox.messages(Some(china));
    assert!(texts[0].body.starts_with("【Example】"));
    site.stack.backends.inbox.set_carrier(Carrier::Refuse);
    let (code, failed) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    assert!(
        failed["error"]
            .as_str()
            .expect("an error")
            .contains("InvalidParameter")
    );
    assert_eq!(
        site.run_json(&["send-test", PHONE, "--business", "none"])
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn a_number_that_is_opted_out_is_named_before_a_text_is_lost() {
    let site = Site::start().await;
    let inbox = &site.stack.backends.inbox;
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], false);
    assert_eq!(site.run_json(&["opt-in", PHONE, "--yes"]).await.0, 3);
    inbox.opt_out(PHONE);
    assert_eq!(site.run_done(&["explain", PHONE]).await["optedOut"], true);
    let (code, refused) = site.run_json(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(code, 1);
    let error = refused["error"].as_str().expect("an error");
    assert!(error.contains("opted out"), "{error}");
    assert_eq!(inbox.publishes(), 0, "it asks SNS before it texts");
    assert_eq!(site.run_json(&["opt-in", PHONE]).await.0, 4, "it asks");
    site.run_done(&["opt-in", PHONE, "--yes"]).await;
    assert!(!inbox.is_opted_out(PHONE));
    site.run_done(&["send-test", PHONE, "--yes"]).await;
    assert_eq!(inbox.messages(Some(PHONE)).len(), 1);
}
