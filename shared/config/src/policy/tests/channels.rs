//! Tests of `[end_user_messaging]` and `[notify]`, and of routes that need them.

use super::*;

const POOL: &str = "pool-0123456789abcdef0123456789abcdef";

#[test]
fn the_tables_of_end_user_messaging_are_read() {
    let text = format!(
        r#"
        {SMALLEST}
        [end_user_messaging]
        origination_identity = "{POOL}"
        protect_configuration_id = "protect-1"
        configuration_set = "phoneproof"
        country.US = "+18005550100"
        [notify]
        configuration_id = "arn:aws:sms-voice:us-east-1:111122223333:notify-configuration/notify-1"
        configuration_set = "phoneproof"
        templates.en = "notify-code-verification-english-001"
        voice_template_id = "notify-code-verification-voice-english-001"
    "#
    );
    let policy = from_toml(&text).expect("valid");
    let us = Country::parse("US").expect("a country");
    let own = policy.end_user_messaging.expect("its table");
    assert_eq!(own.origination_identity.as_deref(), Some(POOL));
    assert_eq!(own.identity(Some(us)), Some("+18005550100"));
    assert_eq!(own.protect_configuration_id.as_deref(), Some("protect-1"));
    assert_eq!(own.configuration_set.as_deref(), Some("phoneproof"));
    let notify = policy.notify.expect("its table");
    let id = notify.configuration_id.as_deref().expect("an id");
    assert!(id.ends_with("/notify-1"));
    let locale = Locale::parse("en-gb").expect("a locale");
    let template = "notify-code-verification-english-001";
    assert_eq!(notify.template(&locale), Some(template));
    let voice = "notify-code-verification-voice-english-001";
    assert_eq!(notify.voice_template_id.as_deref(), Some(voice));

    let none = from_toml(SMALLEST).expect("valid");
    assert!(none.end_user_messaging.is_none() && none.notify.is_none());
}

/// A sender of `[sms.country]` holds for every channel, and that of `[end_user_messaging.country]` for its own.
#[test]
fn a_country_has_the_sender_that_is_nearest_to_it() {
    let identity = |own: &str| {
        let text = format!(
            "{SMALLEST}\n[sms.country.US]\norigination_number = \"+18005550100\"\n[end_user_messaging]\n\
             origination_identity = \"{POOL}\"\n{own}"
        );
        let policy = from_toml(&text).expect("valid");
        let us = Country::parse("US").ok();
        let own = policy.end_user_messaging.expect("its table");
        own.identity(us).map(str::to_owned)
    };
    assert_eq!(identity("").as_deref(), Some("+18005550100"));
    assert_eq!(
        identity("country.US = \"+18335550100\"").as_deref(),
        Some("+18335550100")
    );
}

#[test]
fn a_wrong_id_is_a_fault_with_its_path() {
    let long = "x".repeat(257);
    for (table, key) in [
        ("end_user_messaging", "origination_identity"),
        ("end_user_messaging", "protect_configuration_id"),
        ("end_user_messaging", "configuration_set"),
        ("end_user_messaging", "country.US"),
        ("notify", "configuration_id"),
        ("notify", "configuration_set"),
        ("notify", "templates.en"),
        ("notify", "voice_template_id"),
    ] {
        for wrong in ["", " ", "a b", "é", "a;b", "a\\nb", &long] {
            let found = faults(&format!("{SMALLEST}\n[{table}]\n{key} = \"{wrong}\""));
            let path = format!("{table}.{key}: ");
            assert!(
                found.len() == 1 && found[0].starts_with(&path),
                "{key} {wrong}: {found:?}"
            );
        }
        let found = faults(&format!("{SMALLEST}\n[{table}]\n{key} = 7"));
        assert_eq!(found.len(), 1, "{found:?}");
    }
    assert_refused(&[
        (
            "[end_user_messaging]\ncountry.XX = \"EXAMPLE\"",
            "end_user_messaging.country.XX",
        ),
        (
            "[end_user_messaging]\ncountry.DE = \"EXAMPLE\"",
            "end_user_messaging.country.DE: a country of numbers.countries",
        ),
        (
            "[end_user_messaging]\ncountry.US = \"EXAMPLE\"",
            "end_user_messaging.country.US: AWS sends no text with a sender id",
        ),
        (
            "[end_user_messaging]\norigination_identity = \"EXAMPLE\"",
            "end_user_messaging.origination_identity: a pool or a number",
        ),
        (
            "[end_user_messaging]\npool = \"p\"",
            "end_user_messaging.pool: unknown field",
        ),
        (
            "[notify]\ntemplates.\"e n\" = \"t\"",
            "notify.templates.e n",
        ),
        (
            "[notify]\nconfiguration = \"n\"",
            "notify.configuration: unknown field",
        ),
    ]);
}

/// An ARN of End User Messaging.
fn arn(resource: &str) -> String {
    format!("arn:aws:sms-voice:us-east-1:111122223333:{resource}")
}

#[test]
fn who_sends_is_a_pool_a_number_or_a_sender_id_of_the_country() {
    let texting = SMALLEST.replace("[\"US\"]", "[\"US\", \"SG\"]");
    let texting = texting.replace("US = 0.01", "US = 0.01\n    SG = 0.05");
    let found = |key: &str, id: &str| {
        faults(&format!(
            "{texting}\n[end_user_messaging]\n{key} = \"{id}\""
        ))
    };
    for id in [
        POOL,
        "phone-0123456789abcdef0123456789abcdef",
        "+6591234567",
        "72345",
        "723",
        "EXAMPLE",
        "Ex-1",
        "A1234567890",
        &arn("pool/pool-0123456789abcdef"),
        &arn("phone-number/phone-0123456789abcdef"),
        &arn("sender-id/EXAMPLE/SG"),
        "arn:aws-us-gov:sms-voice:us-gov-west-1:111122223333:pool/pool-0123456789abcdef",
    ] {
        assert_eq!(found("country.SG", id), [""; 0], "{id}");
    }
    for id in [
        "AB",
        "12",
        "+",
        "+abc",
        "+1234",
        "+0123456789",
        "+1234567890123456",
        "///",
        "pool-",
        "pool/pool-0123456789abcdef",
        "phone-",
        "-AB",
        "EXAMPLETOOLONG",
        "arn:aws:sns:us-east-1:1:topic",
        "arn:aws:sns:us-east-1:111122223333:pool/pool-0123456789abcdef",
        "arn:aws:sms-voice:us-east-1:1:pool/pool-0123456789abcdef",
        "arn:aws:sms-voice::111122223333:pool/pool-0123456789abcdef",
        "arn:gcp:sms-voice:us-east-1:111122223333:pool/pool-0123456789abcdef",
        &arn("pool/"),
        &arn("pool/EXAMPLE"),
        &arn("pool/pool-1/2"),
        &arn("pool/phone-1"),
        &arn("topic/EXAMPLE"),
        &arn("phone-number/+6591234567"),
        &arn("sender-id/EXAMPLE"),
        &arn("sender-id/AB/SG"),
        &arn("sender-id/EXAMPLE/GB"),
        &arn("sender-id/EXAMPLE/sg"),
        &arn("sender-id/EXAMPLE/SG/1"),
        &arn("protect-configuration/protect-1"),
    ] {
        for key in ["country.SG", "origination_identity"] {
            let found = found(key, id);
            let path = format!("end_user_messaging.{key}: ");
            assert!(
                found.len() == 1 && found[0].starts_with(&path),
                "{key} {id}: {found:?}"
            );
        }
    }
    let twice = found("country.sg = \"EXAMPLE\"\ncountry.SG", "EXAMPLE");
    assert_eq!(
        twice,
        ["end_user_messaging.country.sg: another line is of this country"]
    );
    let found = found("country.SG", &arn("sender-id/EXAMPLE/GB"));
    assert!(found[0].contains("a sender id of SG"), "{found:?}");
}

#[test]
fn an_id_is_of_its_kind() {
    for (key, kind, prefix) in [
        (
            "end_user_messaging]\nprotect_configuration_id",
            "protect-configuration",
            "protect-",
        ),
        (
            "notify]\nconfiguration_id",
            "notify-configuration",
            "notify-",
        ),
    ] {
        let found = |id: &str| faults(&format!("{SMALLEST}\n[{key} = \"{id}\""));
        let id = format!("{prefix}0123456789abcdef");
        let by_arn = arn(&format!("{kind}/{id}"));
        for id in [&id, &by_arn] {
            assert_eq!(found(id), [""; 0], "{id}");
        }
        let of_topic = by_arn.replace("sms-voice", "sns");
        for id in [
            "pool-1",
            prefix,
            prefix.trim_end_matches('-'),
            &arn(&id),
            &arn(&format!("pool/{id}")),
            &arn(&format!("{kind}/")),
            &of_topic,
        ] {
            let found = found(id);
            let path = key.replace("]\n", ".");
            assert!(
                found.len() == 1 && found[0].starts_with(&path),
                "{id}: {found:?}"
            );
        }
    }
    for (name, is_good) in [
        ("phoneproof", true),
        (arn("configuration-set/phoneproof").as_str(), true),
        (arn("configuration-set/").as_str(), false),
        (arn("pool/phoneproof").as_str(), false),
        ("a/b", false),
        ("a:b", false),
    ] {
        for table in ["end_user_messaging", "notify"] {
            let found = faults(&format!(
                "{SMALLEST}\n[{table}]\nconfiguration_set = \"{name}\""
            ));
            assert_eq!(found.is_empty(), is_good, "{table} {name}: {found:?}");
        }
    }
}

/// A template for a locale that no text has would be a typo that nobody sees.
#[test]
fn a_template_of_notify_serves_the_locale_of_some_text() {
    let texts = SMALLEST.replace("templates.en = \"{code}\"", "templates.en-gb = \"{code}\"");
    let texts = texts.replace("default_locale = \"en\"", "default_locale = \"en-GB\"");
    let found = |tag: &str| faults(&format!("{texts}\n[notify]\ntemplates.{tag} = \"t\""));
    // What a text in en-GB falls back to.
    for tag in ["en-GB", "en"] {
        assert_eq!(found(tag), [""; 0], "{tag}");
    }
    for tag in ["english", "xx", "de", "en-US"] {
        let found = found(tag);
        let expected = format!("notify.templates.{tag}: no business has a template in ");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected),
            "{tag}: {found:?}"
        );
    }
    let twice = faults(&format!(
        "{texts}\n[notify]\ntemplates.en-GB = \"t\"\ntemplates.en-gb = \"u\""
    ));
    assert_eq!(twice.len(), 1, "{twice:?}");
}

#[test]
fn a_route_needs_the_tables_of_its_channels() {
    for (channel, table) in [
        ("end-user-messaging", "end_user_messaging"),
        ("notify", "notify"),
        ("hook", "hook"),
    ] {
        let with = |more: &str| {
            SMALLEST.replace(
                "[sms.price_usd]",
                &format!("[sms]\nchannels = [\"{channel}\", \"sns\"]\n{more}\n[sms.price_usd]"),
            )
        };
        let found = faults(&with(""));
        let expected = format!("sms.channels: `{channel}` needs the table [{table}]");
        assert_eq!(found, [expected]);
        if channel != "hook" {
            assert!(faults(&with(&format!("[{table}]"))).is_empty());
        }
    }
    let found = faults(&SMALLEST.replace(
        "[sms.price_usd]",
        "[sms.country.US]\nchannels = [\"pigeon\"]\n[sms.price_usd]",
    ));
    let expected =
        "sms.country.US.channels[0]: `sns` or `end-user-messaging` or `notify` or `hook` is needed";
    assert_eq!(found, [expected]);
}

#[test]
fn no_text_takes_the_channel_of_calls() {
    for (table, path) in [
        ("[sms]", "sms.channels[0]"),
        ("[sms.country.US]", "sms.country.US.channels[0]"),
    ] {
        let own = format!(
            "{table}\nchannels = [\"notify-voice\"]\n[notify]\nvoice_template_id = \"v\"\n[sms.price_usd]"
        );
        let found = faults(&SMALLEST.replace("[sms.price_usd]", &own));
        let expected = format!(
            "{path}: `notify-voice` is for calls only; [voice] lists the countries where people are called"
        );
        assert_eq!(found, [expected]);
    }
}

/// The file alone is good, because its deployment may make the configuration. A function needs it.
#[test]
fn a_function_does_not_start_with_a_notify_that_has_no_configuration() {
    let file = std::env::temp_dir().join(format!("notify-{}.toml", std::process::id()));
    std::fs::write(&file, format!("{SMALLEST}\n[notify]\n")).expect("written");
    let path: &'static str = file.to_string_lossy().into_owned().leak();
    let start = |id: Option<&'static str>| {
        let mut variables = HashMap::from([("POLICY_PATH", path)]);
        variables.extend(id.map(|id| ("NOTIFY_CONFIGURATION_ID", id)));
        from_environment(&Given(variables)).map_err(|error| error.to_string())
    };
    let without = start(None).expect_err("a fault");
    assert!(without.contains("notify.configuration_id"), "{without}");
    assert!(start(Some("a b")).is_err());
    let policy = start(Some("notify-1")).expect("accepted");
    let id = policy.notify.expect("its table").configuration_id;
    assert_eq!(id.as_deref(), Some("notify-1"));
    std::fs::remove_file(&file).expect("removed");
}
