//! What the channels of AWS End User Messaging are told. The endpoint of the stack takes only what the model of the API
//! admits, so each text here has passed it.

use std::collections::BTreeMap;

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::Reason;
use phoneproof_local::inbox::Carrier;
use phoneproof_tests::{World, WorldBuilder, phone};
use serde_json::json;

const GERMANY: &str = "+4915112345678";
const INDIA: &str = "+918123456789";
const AMERICA: &str = "+14152001001";

/// The channels of End User Messaging.
const BY_AWS: [Channel; 3] = [
    Channel::EndUserMessaging,
    Channel::Notify,
    Channel::NotifyVoice,
];

/// Serves India by its register, the US by a pool of its own, and all others by another pool.
fn with_identities() -> WorldBuilder {
    let india = "[sms.country.IN]\nsender_id = \"EXAMPL\"\nentity_id = \"1101234567890123456\"\nlocales = [\"en\"]\n[sms.country.CN]\n";
    let own = r#"
[end_user_messaging]
origination_identity = "pool-0123456789abcdef0123456789abcdef"
protect_configuration_id = "protect-0123456789abcdef0123456789abcdef"
configuration_set = "phoneproof"
country.US = "arn:aws:sms-voice:us-east-1:111122223333:pool/pool-us"
"#;
    let registered = "[business.login]\nregistered.IN.en = \"1107654321098765432\"\n";
    let mut builder = World::builder()
        // Without purses a world has no prices, and so no price limit.
        .purses()
        .route(&[Channel::EndUserMessaging])
        .policy("countries = [", "countries = [\"IN\", ")
        .policy("[sms.country.CN]\n", india)
        .policy("[business.login]\n", registered)
        .policy_addition(own);
    for business in [
        "register",
        "password-change",
        "password-reset",
        "phone-change",
    ] {
        let table = format!("[business.{business}]\n");
        let ids = format!("{table}registered.IN.en = \"1107654321098765432\"\n");
        builder = builder.policy(&table, &ids);
    }
    builder
}

fn attributes<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.into_iter().map(own).collect()
}

async fn send(world: &World, phone: &str) {
    let body = json!({ "phone": phone, "uniqueId": phone, "businessId": "login" });
    let sent = world.client.post("/v1/send", &body).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
}

#[tokio::test]
async fn a_text_says_what_the_policy_says_of_its_country() {
    let world = with_identities().start().await;
    let common = attributes([
        ("ConfigurationSetName", "phoneproof"),
        ("MaxPrice", "0.50"),
        ("MessageType", "TRANSACTIONAL"),
        (
            "ProtectConfigurationId",
            "protect-0123456789abcdef0123456789abcdef",
        ),
        ("TimeToLive", "300"),
    ]);
    for (phone, own) in [
        (
            GERMANY,
            vec![(
                "OriginationIdentity",
                "pool-0123456789abcdef0123456789abcdef",
            )],
        ),
        (
            AMERICA,
            vec![(
                "OriginationIdentity",
                "arn:aws:sms-voice:us-east-1:111122223333:pool/pool-us",
            )],
        ),
        (
            INDIA,
            vec![
                ("OriginationIdentity", "EXAMPL"),
                ("IN_ENTITY_ID", "1101234567890123456"),
                ("IN_TEMPLATE_ID", "1107654321098765432"),
            ],
        ),
    ] {
        send(&world, phone).await;
        let text = &world.texts(phone)[0];
        assert_eq!(text.channel, "end-user-messaging");
        let mut expected = common.clone();
        expected.extend(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        assert_eq!(text.attributes, expected, "{phone}");
    }
}

/// The receiver of the stack shows what another one would get, one by one.
#[tokio::test]
async fn the_inbox_shows_the_sender_and_the_ids_of_a_text_of_the_hook() {
    let world = with_identities().route(&[Channel::Hook]).start().await;
    send(&world, INDIA).await;
    let text = &world.texts(INDIA)[0];
    assert_eq!(text.channel, "hook");
    let shown = ["sender", "entityId", "templateId"].map(|name| text.attributes[name].as_str());
    assert_eq!(
        shown,
        ["EXAMPL", "1101234567890123456", "1107654321098765432"]
    );
    assert!(!text.attributes.contains_key("registration"));
}

#[tokio::test]
async fn without_an_identity_the_account_chooses() {
    let world = World::builder()
        .route(&[Channel::EndUserMessaging])
        .start()
        .await;
    send(&world, GERMANY).await;
    let text = &world.texts(GERMANY)[0];
    let expected = [("MessageType", "TRANSACTIONAL"), ("TimeToLive", "300")];
    assert_eq!(text.attributes, attributes(expected));
}

/// A code that comes after its end costs money and helps nobody.
#[tokio::test]
async fn a_text_is_not_delivered_after_its_code_has_ended() {
    for channel in BY_AWS {
        let world = World::builder().route(&[channel]).start().await;
        let token = world.client.send(&phone(1)).await.token();
        // Near its end the code is renewed, and the text has a whole life again.
        for (passed, left) in [(60, "240"), (60, "180"), (179, "300")] {
            world.advance(passed);
            let resent = world.client.resend(&phone(1), &token).await;
            assert_eq!(resent.status, 202, "{}", resent.text);
            assert_eq!(world.texts(&phone(1))[0].attributes["TimeToLive"], left);
        }
    }
}

#[tokio::test]
async fn notify_gets_the_code_and_the_template_of_the_locale() {
    let table =
        "\n[notify]\nconfiguration_id = \"notify-canary\"\ntemplates.en = \"english-001\"\n";
    let builder = World::builder().route(&[Channel::Notify]);
    let world = builder.policy_addition(table).start().await;
    for (locale, template) in [("en-GB", Some("english-001")), ("zh", None)] {
        world.advance(60);
        let body = json!({
            "phone": GERMANY, "uniqueId": "d", "businessId": "login", "locale": locale,
        });
        let sent = world.client.post("/v1/send", &body).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let text = &world.texts(GERMANY)[0];
        assert_eq!(text.channel, "notify");
        let mut expected = attributes([
            ("NotifyConfigurationId", "notify-canary"),
            ("TimeToLive", "300"),
        ]);
        if let Some(template) = template {
            expected.insert("TemplateId".to_owned(), template.to_owned());
        }
        assert_eq!(text.attributes, expected, "{locale}");
        let verified = world.try_code(&sent.token(), GERMANY).await;
        assert_eq!(verified, 200, "the code is the service's own");
    }
}

/// A call speaks the digits one by one, whatever its template is. The words of a locale are not asked for.
#[tokio::test]
async fn a_call_speaks_the_code_in_the_template_of_calls() {
    let table = "\n[notify]\nconfiguration_id = \"notify-canary\"\nconfiguration_set = \"set\"\ntemplates.en = \"english-001\"\n\
                 voice_template_id = \"voice-001\"\n";
    let builder = World::builder().route(&[Channel::NotifyVoice]);
    let world = builder.policy_addition(table).start().await;
    for locale in ["en", "zh"] {
        world.advance(60);
        let body = json!({
            "phone": GERMANY, "uniqueId": "d", "businessId": "login", "locale": locale,
        });
        let sent = world.client.post("/v1/send", &body).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let call = &world.texts(GERMANY)[0];
        assert_eq!(call.channel, "notify-voice");
        let expected = attributes([
            ("ConfigurationSetName", "set"),
            ("NotifyConfigurationId", "notify-canary"),
            ("TemplateId", "voice-001"),
            ("TimeToLive", "300"),
        ]);
        assert_eq!(call.attributes, expected, "{locale}");
        let code = world.code(GERMANY);
        let digits: Vec<_> = code.chars().map(String::from).collect();
        let spoken = digits.join(", ");
        assert!(call.body.contains(&spoken) && !call.body.contains(&code));
        assert_eq!(world.try_code(&sent.token(), GERMANY).await, 200);
    }
}

/// A policy may have Notify for texts alone.
#[tokio::test]
async fn without_a_template_for_calls_nobody_is_called() {
    let table = "\n[notify]\nconfiguration_id = \"notify-canary\"\n";
    let builder = World::builder().route(&[Channel::NotifyVoice]);
    let world = builder.policy_addition(table).start().await;
    let refused = world.client.send(&phone(1)).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (502, "delivery-failed")
    );
    assert_eq!(world.lines.last()["reason"], "not-set-up");
    assert_eq!(world.stack.backends.inbox.count_publishes(), 0);
}

/// Each is one attempt: no operation tells a retry from a second text.
#[tokio::test]
async fn a_failure_of_the_api_is_not_repeated() {
    for channel in BY_AWS {
        let world = World::builder().route(&[channel]).start().await;
        world.carrier(Carrier::Fail);
        assert_eq!(world.client.send(&phone(1)).await.status, 504);
        assert_eq!(world.stack.backends.inbox.count_publishes(), 1);
    }
}

#[tokio::test]
async fn a_refusal_leads_to_the_next_channel_unless_somebody_decided_it() {
    let route = [Channel::EndUserMessaging, Channel::Notify, Channel::Sns];
    for (reason, channel) in [
        (Reason::NoOrigination, Some("notify")),
        (Reason::SpendLimit, Some("notify")),
        (Reason::ProtectBlocksNumber, None),
        (Reason::OptedOut, None),
    ] {
        let world = World::builder().route(&route).start().await;
        let inbox = &world.stack.backends.inbox;
        inbox.set_carrier_of_channel(Channel::EndUserMessaging, Some(Carrier::Answer(reason)));
        let status = world.client.send(&phone(1)).await.status;
        assert_eq!(
            status,
            if channel.is_some() { 202 } else { 502 },
            "{reason:?}"
        );
        let texts = world.texts(&phone(1));
        let by = texts.first().map(|text| text.channel.as_str());
        assert_eq!((by, texts.len()), (channel, usize::from(channel.is_some())));
    }
}
