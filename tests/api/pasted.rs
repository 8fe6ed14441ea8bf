//! Numbers, codes, locales and device ids as people and programs give them.

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_tests::{Client, World, phone};
use serde_json::{Value, json};

/// The businesses that a policy gets besides those of the sample.
const LONGER_CODE: &str = "\n[business.pay]\nbrand = \"Example\"\ndefault_locale = \"en\"\ncode_length = 8\n\
    templates.zh = \"【{brand}】{code}\"\ntemplates.en = \"{code} pays. It works for {minutes} minutes.\"\n";

async fn send(world: &World, body: &Value) -> (u16, String) {
    let mut whole = json!({ "uniqueId": "laptop-1", "businessId": "login" });
    for (name, value) in body.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    let answer = world.client.post("/v1/send", &whole).await;
    (answer.status, answer.text)
}

/// Checks that phone `n` gets a text in the language of `expected` when a send asks for `locale`.
async fn assert_language(world: &World, n: u32, locale: &Value, expected: &str) {
    let body = json!({ "phone": phone(n), "locale": locale, "uniqueId": format!("d{n}") });
    let (status, text) = send(world, &body).await;
    assert_eq!(status, 202, "{locale}: {text}");
    let body = &world.texts(&phone(n))[0].body;
    assert!(body.contains(expected), "{locale}: {body}");
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
        format!("\t\u{feff}tel:\u{2066}+1 {area}-{rest}\u{2069}\n"),
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
        // Front ends find the code in these, and submit it alone.
        "G-813242",
        "code: 222222",
        "<#> 222222 FA+9qCX9VSu",
        "222222, 333333",
        "222,222",
        "\u{300c}\u{300d}",
        "\"12345\"",
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
    let (front, back) = code.split_at(3);
    for pasted in [
        format!("\u{2066}{front}\u{a0}{back}\u{2069}\n"),
        format!("\"{code}\","),
        format!("'{front}-{back}'"),
        format!("`{code}`;"),
        format!("<{code}>"),
        format!("\u{3010}{code}\u{3011}"),
        format!("\u{300c}{front} {back}\u{300d}\u{3002}"),
        format!("{code}!"),
    ] {
        let answer = world.client.verify(&sent.token(), &pasted).await;
        assert_eq!(answer.status, 200, "{pasted} {}", answer.text);
    }
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
async fn a_code_keeps_the_length_that_it_was_sent_with() {
    let world = World::start().await;
    let sent = world.client.send(&phone(1)).await;
    let code = world.code(&phone(1));
    let longer =
        DEFAULT_POLICY.replace("[business.login]\n", "[business.login]\ncode_length = 8\n");
    let later = world.instance_with_policy(&longer).await;
    let client = Client::new(&later.url);
    // Nothing tells a code of the old length from a typing error, so every text is a guess.
    let wrong = world.wrong_code(&phone(1));
    for (text, left) in [(wrong.as_str(), 4), ("12345678", 3), ("1234567", 2)] {
        let refused = client.verify(&sent.token(), text).await;
        assert_eq!(refused.problem(), "wrong-code", "{text}");
        assert_eq!(refused.json["attemptsRemaining"], left, "{text}");
    }
    assert_eq!(client.verify(&sent.token(), &code).await.status, 200);
    // A challenge of the new policy has codes of the new length, and a shorter text is not a code.
    let sent = client.send(&phone(2)).await;
    assert_eq!(sent.json["codeLength"], 8);
    let short = client.verify(&sent.token(), "123456").await;
    assert_eq!((short.status, short.problem()), (400, "malformed"));
    assert!(
        short.text.contains("a code of 8 digits is needed"),
        "{}",
        short.text
    );
    let long = client.verify(&sent.token(), "12345678").await;
    assert_eq!(long.json["attemptsRemaining"], 4, "{}", long.text);
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
        assert_language(&world, n, &json!(locale), expected).await;
    }
}

#[tokio::test]
async fn a_locale_is_a_hint_in_whatever_form_it_comes() {
    let world = World::start().await;
    for (n, (locale, expected)) in (1..).zip([
        (json!(["zh-CN", "en"]), "验证码"),
        (json!(["fr-FR", "zh-CN"]), "验证码"),
        (json!([7, null, "", "zh"]), "验证码"),
        (json!(["en", "zh"]), "login code"),
        (json!([]), "login code"),
        (json!([["zh"]]), "login code"),
        (json!(7), "login code"),
        (json!(1.5), "login code"),
        (json!(true), "login code"),
        (json!(null), "login code"),
        (json!({ "tag": "zh" }), "login code"),
    ]) {
        assert_language(&world, n, &locale, expected).await;
    }
}

#[tokio::test]
async fn a_language_that_the_policy_has_dropped_gets_the_default_one() {
    let german = "[business.login.templates]\nde = \"{code} ist Ihr Code\"\n";
    let world = World::builder()
        .policy("[business.login.templates]\n", german)
        .start()
        .await;
    let mut body =
        json!({ "phone": phone(1), "uniqueId": "d", "businessId": "login", "locale": "de-DE" });
    let sent = world.client.post("/v1/send", &body).await;
    assert!(world.texts(&phone(1))[0].body.contains("ist Ihr Code"));
    let later = world.instance_with_policy(DEFAULT_POLICY).await;
    let client = Client::new(&later.url);
    body["token"] = json!(sent.token());
    body.as_object_mut().expect("an object").remove("locale");
    world.advance(60);
    let resent = client.post("/v1/send", &body).await;
    assert_eq!(resent.status, 202, "{}", resent.text);
    assert_eq!(world.text_count(), 2);
    assert!(world.texts(&phone(1))[0].body.contains("login code"));
    assert_eq!(world.try_code(&sent.token(), &phone(1)).await, 200);
}

#[tokio::test]
async fn a_region_that_people_mistake_is_refused_with_the_right_one() {
    let world = World::start().await;
    let (status, text) = send(&world, &json!({ "phone": "07911 123456", "region": "UK" })).await;
    assert_eq!(status, 400, "{text}");
    assert!(
        text.contains("\"region\"") && text.contains("perhaps `GB` is meant"),
        "{text}"
    );
    let (status, text) = send(&world, &json!({ "phone": "07911 123456", "region": "ZZ" })).await;
    assert_eq!(status, 400, "{text}");
    assert!(!text.contains("perhaps"), "{text}");
}

#[tokio::test]
async fn a_test_number_whose_time_is_over_is_never_texted() {
    let number = "\n[[test_number]]\nphone = \"+14155550100\"\ncode = \"424242\"\nuntil = \"2001-01-01T00:00:00Z\"\n\
        [[test_number]]\nphone = \"+14152007986\"\ncode = \"424242\"\nuntil = \"2001-01-01T00:00:00Z\"\n";
    let world = World::builder().policy_addition(number).start().await;
    for phone in ["+14155550100", "+1 (415) 200-7986"] {
        let (status, text) = send(&world, &json!({ "phone": phone })).await;
        assert_eq!(status, 403, "{text}");
        assert!(text.contains("\"rule\":\"test-number-ended\""), "{text}");
        assert!(text.contains("a test number whose time is over"), "{text}");
    }
    assert_eq!(world.text_count(), 0);
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
        "urn:uuid:00000000-0000-0000-0000-000000000000",
        "ff:ff:ff:ff:ff:ff",
        "-1",
        "\u{ff2e}\u{ff35}\u{ff2c}\u{ff2c}",
        "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
        "unknown-device",
        "${deviceId}",
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
