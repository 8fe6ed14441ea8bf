//! Numbers, codes, locales and device ids as people and programs give them.

use phoneproof_tests::{World, phone};
use serde_json::{Value, json};

/// The businesses that a policy gets besides those of the sample.
const LONGER_CODE: &str = "\n[business.pay]\nbrand = \"Example\"\ndefault_locale = \"en\"\ncode_length = 8\n\
    templates.en = \"{code} pays. It works for {minutes} minutes.\"\n";

async fn send(world: &World, body: &Value) -> (u16, String) {
    let mut whole = json!({ "uniqueId": "laptop-1", "businessId": "login" });
    for (name, value) in body.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    let answer = world.client.post("/v1/send", &whole).await;
    (answer.status, answer.text)
}

#[tokio::test]
async fn a_pasted_number_is_the_number() {
    let world = World::start().await;
    let number = phone(1);
    let (area, rest) = (&number[2..5], &number[5..]);
    for (n, typed) in [
        format!("\u{202a}{number}\u{202c}"),
        format!("\u{200e}+1 {area}\u{202f}{rest}"),
        format!("(+1) {area}\u{2009}{rest}\r\n"),
        format!("\u{feff}tel:\u{2066}+1\t{area}-{rest}\u{2069}"),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, text) = send(&world, &json!({ "phone": typed })).await;
        assert_eq!(status, 202, "{typed:?} {text}");
        assert_eq!(world.texts(&number).len(), n + 1, "{typed:?}");
        world.advance(60);
    }
}

#[tokio::test]
async fn a_code_that_cannot_be_read_costs_no_guess() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    let code = world.code(&phone(1));
    for unreadable in [
        "",
        "12345",
        "123456123456",
        "12345a",
        "code 123456",
        "1234567",
        "12345678",
        "1234567890",
        "+123456",
        "１２３４５x",
    ] {
        for _ in 0..3 {
            let answer = world.client.verify(&sent.token(), unreadable).await;
            assert_eq!(answer.status, 400, "{unreadable:?}");
            assert_eq!(answer.json["errors"][0]["field"], "code");
        }
    }
    let wrong = world
        .client
        .verify(&sent.token(), &world.wrong_code(&phone(1)))
        .await;
    assert_eq!(wrong.json["attemptsRemaining"], 4, "{}", wrong.text);
    let pasted = format!("\u{2066}{}\u{a0}{}\u{2069}\n", &code[..3], &code[3..]);
    let answer = world.client.verify(&sent.token(), &pasted).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_code_in_the_digits_of_any_script_is_right() {
    let world = World::start().await;
    for (n, zero) in (1..).zip([
        '\u{660}',
        '\u{6f0}',
        '\u{966}',
        '\u{e50}',
        '\u{ff10}',
        '\u{1d7ce}',
    ]) {
        let sent = world
            .client
            .send_from(&phone(n), &format!("d{n}"), "198.51.100.1")
            .await;
        let digits = world
            .code(&phone(n))
            .bytes()
            .map(|b| u32::from(b - b'0'))
            .collect::<Vec<_>>();
        let code: String = digits
            .into_iter()
            .filter_map(|value| char::from_u32(u32::from(zero) + value))
            .collect();
        let answer = world.client.verify(&sent.token(), &code).await;
        assert_eq!(answer.status, 200, "{code} {}", answer.text);
    }
}

#[tokio::test]
async fn a_locale_is_a_hint_and_never_refuses() {
    let world = World::builder()
        .policy(
            "[business.login.templates]\n",
            "[business.login.templates]\nzh-Hant = \"【{brand}】驗證碼 {code}\"\nhe = \"{code} שלום\"\n",
        )
        .start()
        .await;
    for (n, (locale, expected)) in (1..).zip([
        ("zh_CN_#Hans", "验证码"),
        ("zh_TW_#Hant", "驗證碼"),
        ("zh-TW", "驗證碼"),
        ("zh-HK", "驗證碼"),
        ("zh-SG", "验证码"),
        ("iw", "שלום"),
        ("iw_IL", "שלום"),
        ("en-US@posix", "login code"),
        ("de_DE.UTF-8", "login code"),
        ("", "login code"),
        ("C", "login code"),
        ("\u{0}中文", "login code"),
        (
            "en-u-a-locale-with-more-extensions-than-fit-in-35-bytes",
            "login code",
        ),
    ]) {
        let body = json!({ "phone": phone(n), "locale": locale, "uniqueId": format!("d{n}") });
        let (status, text) = send(&world, &body).await;
        assert_eq!(status, 202, "{locale}: {text}");
        let body = &world.texts(&phone(n))[0].body;
        assert!(body.contains(expected), "{locale}: {body}");
    }
}

#[tokio::test]
async fn a_device_id_that_many_devices_share_is_refused() {
    let world = World::start().await;
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "null",
        "undefined",
        "unknown",
        "0000000000000000",
        "9774d56d682e549c",
        "N/A",
        "02:00:00:00:00:00",
    ] {
        let (status, text) = send(&world, &json!({ "phone": phone(1), "uniqueId": id })).await;
        assert_eq!(status, 400, "{id}");
        assert!(
            text.contains("uniqueId") && text.contains("placeholder"),
            "{text}"
        );
    }
    assert_eq!(world.text_count(), 0);
}

#[tokio::test]
async fn the_policy_admits_a_range_that_is_newer_than_the_metadata() {
    let range = "\n[[numbers.range]]\nprefix = \"+1436\"\ndigits = 11\ncountry = \"US\"\n\
        type = \"fixed-line-or-mobile\"\n";
    let world = World::builder().policy_addition(range).start().await;
    let body = json!({ "phone": "(436) 200-7986", "region": "US" });
    let (status, text) = send(&world, &body).await;
    assert_eq!(status, 202, "{text}");
    assert_eq!(world.texts("+14362007986").len(), 1);
    for outside in ["+1 436 200 798", "+1 446 200 7986"] {
        let (status, text) = send(&world, &json!({ "phone": outside })).await;
        assert_eq!(status, 400, "{outside}");
        assert!(text.contains("invalid-phone"), "{text}");
    }
    let other = World::start().await;
    assert_eq!(send(&other, &body).await.0, 400);
}

#[tokio::test]
async fn a_test_number_need_not_exist_and_has_a_code_for_every_length() {
    let number = "\n[[test_number]]\nphone = \"+447700900123\"\ncode = [\"424242\", \"42424242\"]\n\
        until = \"2099-01-01T00:00:00Z\"\n[[test_number]]\nphone = \"+4407700900124\"\n\
        code = [\"424242\", \"42424242\"]\nuntil = \"2099-01-01T00:00:00Z\"\n";
    let world = World::builder()
        .policy_addition(&format!("{LONGER_CODE}{number}"))
        .start()
        .await;
    for (typed, region) in [
        ("+44 7700 900123", None),
        ("07700 900123", Some("GB")),
        ("+4407700900124", None),
    ] {
        for (business, code) in [("login", "424242"), ("pay", "42424242")] {
            let body = json!({ "phone": typed, "region": region, "uniqueId": "reviewer", "businessId": business });
            let sent = world.client.post("/v1/send", &body).await;
            assert_eq!(sent.status, 202, "{typed} {}", sent.text);
            assert_eq!(world.client.verify(&sent.token(), code).await.status, 200);
        }
    }
    assert_eq!(world.text_count(), 0);
}

#[tokio::test]
async fn a_text_never_promises_more_minutes_than_its_code_has() {
    for (seconds, said) in [
        (60, "1 minute."),
        (90, "1 minute."),
        (119, "1 minute."),
        (299, "4 minutes."),
    ] {
        let business = LONGER_CODE.replace(
            "code_length = 8",
            &format!("code_length = 8\ncode_lifetime_seconds = {seconds}"),
        );
        let world = World::builder().policy_addition(&business).start().await;
        let (status, text) = send(&world, &json!({ "phone": phone(1), "businessId": "pay" })).await;
        assert_eq!(status, 202, "{text}");
        let body = &world.texts(&phone(1))[0].body;
        assert!(
            body.ends_with(&format!("It works for {said}")),
            "{seconds}: {body}"
        );
    }
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    world.advance(61);
    let body = json!({ "phone": phone(1), "uniqueId": world.client.device(), "businessId": "login", "token": sent.token() });
    assert_eq!(world.client.post("/v1/send", &body).await.status, 202);
    let texts = world.texts(&phone(1));
    assert!(texts[0].body.contains("3 minutes"), "{}", texts[0].body);
}
