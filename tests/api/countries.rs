//! What texts to a country are written in and sent as, by the rules of the policy.

use std::collections::BTreeMap;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_tests::{Answer, Client, World, WorldBuilder, phone};
use serde_json::{Value, json};

const CHINA: &str = "+8613800138000";
const INDIA: &str = "+918123456789";
const GERMANY: &str = "+4915112345678";

async fn send(world: &World, phone: &str, business: &str, more: Value) -> Answer {
    let mut body =
        json!({ "phone": phone, "uniqueId": format!("d{phone}"), "businessId": business });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    world.client.post("/v1/send", &body).await
}

/// The words of the newest text to a phone.
fn newest(world: &World, phone: &str) -> String {
    let texts = world.texts(phone);
    texts.first().expect("a text").body.clone()
}

/// What the newest text to a phone was sent as: its attributes, without that of every text. These worlds have no
/// prices, and so no price limit.
fn sent_as(world: &World, phone: &str) -> BTreeMap<String, String> {
    let texts = world.texts(phone);
    let mut attributes = texts.first().expect("a text").attributes.clone();
    assert!(attributes.remove("AWS.SNS.SMS.SMSType").is_some());
    attributes
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(own).collect()
}

/// Serves one more country, and gives it a table with these values.
fn with_country(builder: WorldBuilder, code: &str, values: &str) -> WorldBuilder {
    let listed = format!("countries = [\"{code}\", ");
    let table = format!("[sms.country.{code}]\n{values}\n[sms.country.CN]\n");
    builder
        .policy("countries = [", &listed)
        .policy("[sms.country.CN]\n", &table)
}

/// THREATS: carriers in China drop a text that does not begin with the signature of its sender.
#[tokio::test]
async fn a_text_to_china_is_chinese_whatever_the_caller_asks_for() {
    let world = World::start().await;
    let businesses = [
        "login",
        "register",
        "password-change",
        "password-reset",
        "phone-change",
    ];
    let wishes = [
        json!({}),
        json!({ "locale": "en" }),
        json!({ "locale": "zh-TW" }),
        json!({ "locale": "fr" }),
    ];
    for (n, business) in (0..).zip(businesses) {
        for (m, more) in (0..).zip(&wishes) {
            let phone = format!("+86138001380{:02}", 10 * n + m);
            let sent = send(&world, &phone, business, more.clone()).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let body = newest(&world, &phone);
            assert!(body.starts_with("【Example】您正在"), "{business}: {body}");
            assert_eq!(sent_as(&world, &phone), attributes([]));
        }
    }
    // The same wishes elsewhere. One address has twenty texts an hour.
    world.advance(3_600);
    let sent = send(&world, GERMANY, "login", json!({ "locale": "fr" })).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert!(newest(&world, GERMANY).ends_with("Never share it."));
}

#[tokio::test]
async fn a_resend_to_china_stays_chinese() {
    let world = World::start().await;
    let sent = send(&world, CHINA, "login", json!({})).await;
    for more in [json!({ "locale": "en" }), json!({})] {
        world.advance(60);
        let mut more = more;
        more["token"] = json!(sent.token());
        let again = send(&world, CHINA, "login", more).await;
        assert_eq!(again.status, 202, "{}", again.text);
        assert!(newest(&world, CHINA).starts_with("【Example】"));
    }
    assert_eq!(world.texts(CHINA).len(), 3);
    let verified = world.client.verify(&sent.token(), &world.code(CHINA)).await;
    assert_eq!(verified.status, 200, "{}", verified.text);
}

/// A token of before the rule says a locale that the country does not admit any more.
#[tokio::test]
async fn a_resend_follows_the_rules_of_today() {
    let world = with_country(World::builder(), "IN", "").start().await;
    let sent = send(&world, INDIA, "login", json!({ "locale": "en" })).await;
    assert!(newest(&world, INDIA).contains("is your Example login code"));
    world.advance(60);
    let stricter = DEFAULT_POLICY
        .replace("countries = [", "countries = [\"IN\", ")
        .replace(
            "[sms.country.CN]\n",
            "[sms.country.IN]\nlocales = [\"zh\"]\n[sms.country.CN]\n",
        );
    let later = world.instance_with_policy(&stricter).await;
    let client = Client::new(&later.url);
    let body = json!({
        "phone": INDIA, "uniqueId": format!("d{INDIA}"), "businessId": "login", "token": sent.token(),
    });
    let again = client.post("/v1/send", &body).await;
    assert_eq!(again.status, 202, "{}", again.text);
    assert!(newest(&world, INDIA).starts_with("【Example】"));
}

/// THREATS: without the ids of the register, a text to India takes the dear international route.
#[tokio::test]
async fn a_text_to_india_carries_the_ids_of_its_words() {
    let rule = "sender_id = \"ACMEIN\"\nentity_id = \"1101\"";
    let mut builder = with_country(World::builder(), "IN", rule);
    let businesses = [
        "login",
        "register",
        "password-change",
        "password-reset",
        "phone-change",
    ];
    for business in businesses {
        builder = builder.policy_addition(&format!(
            "\n[business.{business}.registered.IN]\nen = \"{business}-en\"\nzh = \"{business}-zh\"\n"
        ));
    }
    let world = builder.start().await;
    for (n, business) in (0..).zip(businesses) {
        for (m, locale) in [(0, "en"), (1, "zh")] {
            let phone = format!("+9181234567{:02}", 10 * n + m);
            let sent = send(&world, &phone, business, json!({ "locale": locale })).await;
            assert_eq!(sent.status, 202, "{}", sent.text);
            let expected = attributes([
                ("AWS.SNS.SMS.SenderID", "ACMEIN"),
                ("AWS.MM.SMS.EntityId", "1101"),
                ("AWS.MM.SMS.TemplateId", &format!("{business}-{locale}")),
            ]);
            assert_eq!(sent_as(&world, &phone), expected);
        }
    }
    // Texts to other countries carry none of it.
    send(&world, &phone(1), "login", json!({})).await;
    assert_eq!(sent_as(&world, &phone(1)), attributes([]));
}

#[tokio::test]
async fn each_country_has_its_sender_and_the_inbox_shows_it() {
    let builder = World::builder()
        .policy("# sender_id = \"EXAMPLE\"", "sender_id = \"EXAMPLE\"")
        .policy(
            "[sms.country.CN]\n",
            "[sms.country.US]\norigination_number = \"+18005550100\"\n\
             [sms.country.GB]\nsender_id = \"ACMEUK\"\n\
             [sms.country.JP]\nsender_id = \"\"\n\
             [sms.country.CN]\n",
        );
    let world = builder.start().await;
    let id = |id| attributes([("AWS.SNS.SMS.SenderID", id)]);
    let number = attributes([("AWS.MM.SMS.OriginationNumber", "+18005550100")]);
    for (phone, expected) in [
        (phone(1).as_str(), number),
        ("+447400123456", id("ACMEUK")),
        ("+819012345678", attributes([])),
        // Neither country shows a sender id.
        ("+15062345678", attributes([])),
        (CHINA, attributes([])),
        (GERMANY, id("EXAMPLE")),
    ] {
        let sent = send(&world, phone, "login", json!({})).await;
        assert_eq!(sent.status, 202, "{phone}: {}", sent.text);
        assert_eq!(sent_as(&world, phone), expected, "{phone}");
        let shown = world
            .client
            .get(&format!("/inbox/messages?phone={}", &phone[1..]))
            .await;
        let shown = &shown.json[0]["attributes"];
        for (name, value) in expected {
            assert_eq!(shown[name], json!(value), "{phone}");
        }
    }
}
