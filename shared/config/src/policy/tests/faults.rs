//! What a policy with faults says.

use super::*;

#[test]
fn names_each_fault_by_its_path() {
    let cases = [
        ("day_starts_at = \"24:00\"", "day_starts_at: "),
        ("day_starts_at = \"+1:+2\"", "day_starts_at: "),
        (
            "[limits]\nphone_per_hour = 0",
            "limits.phone_per_hour: 0 is not within",
        ),
        (
            "[limits]\nphone_per_hour = \"5\"",
            "limits.phone_per_hour: a whole number from 0 on is needed, and not a text",
        ),
        ("[limits]\nphones = 5", "limits.phones: unknown field"),
        (
            "[lock]\nconsecutive_wrong_codes = 101",
            "lock.consecutive_wrong_codes: 101",
        ),
        ("[sms]\ntype = \"Fast\"", "sms.type: "),
        ("[sms]\nsender_id = \"123\"", "sms.sender_id: "),
        ("[sms]\nmax_price_usd = \"free\"", "sms.max_price_usd: "),
        ("[sms]\nmax_price_usd = \"5e-1\"", "sms.max_price_usd: "),
        ("[sms]\nmax_price_usd = \".5\"", "sms.max_price_usd: "),
        (
            "[sms]\nmax_price_usd = \"0.0000001\"",
            "sms.max_price_usd: ",
        ),
        ("[limits]\n\"a\\nb\" = 1", "limits.a\\nb: unknown field"),
        ("[\"\".templates]\nde = \"\"", "\"\": unknown field"),
        ("[sms.\"\"]\nde = \"\"", "sms.\"\": unknown field"),
        (
            "[business.Bad_Id]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"",
            "business.Bad_Id: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"fr\"\ntemplates.en = \"{code}\"",
            "business.b.default_locale: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ncode_length = 4\ntemplates.en = \"{code}\"",
            "business.b.code_length: 4",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ncode_lifetime_seconds = 601\ntemplates.en = \"{code}\"",
            "business.b.code_lifetime_seconds: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\norigin = \"https://x\"\ntemplates.en = \"{code}\"",
            "business.b.origin: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\nandroid_hash = \"x\"\ntemplates.en = \"{code}\"",
            "business.b.android_hash: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\nclient_key_sha256 = \"x\"\ntemplates.en = \"{code}\"",
            "business.b.client_key_sha256: ",
        ),
        (
            "[business.b]\nbrand = \"B\"\ndefault_locale = \"en\"\ntemplates.en = \"{code}\"\n\
             client_key_sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
            "business.b.client_key_sha256: ",
        ),
        (
            "sms.price_list = { date = \"2026-11-24\", source = \"x\", usd = [\"FR 0.01, fr 0.05\"] }",
            "sms.price_list.usd[0].fr: one price is needed, and the list has another",
        ),
        (
            "[purses.shards]\nus = 2\nUS = 3",
            "purses.shards.us: one number is needed, and purses.shards.US is another",
        ),
        (
            "[[test_number]]\nphone = \"1\"\ncode = \"123456\"\nuntil = \"2099-01-01T00:00:00Z\"",
            "test_number[0].phone: ",
        ),
        (
            "[[test_number]]\nphone = \"+14155550100\"\ncode = \"1234567\"\nuntil = \"2099-01-01T00:00:00Z\"",
            "test_number[0].code: ",
        ),
        (
            "[[test_number]]\nphone = \"+14155550100\"\ncode = \"123456\"\nuntil = \"soon\"",
            "test_number[0].until: ",
        ),
    ];
    assert_refused(&cases);
}

/// One fault of each kind: form, unknown name, range, list, template, and values that depend on each other.
#[test]
fn a_dozen_faults_of_every_kind_come_at_once() {
    let text = r#"
        day_starts_at = "25:00"
        speed = 3
        [limits]
        phone_per_hour = "5"
        phone_per_day = 0
        phones = 1
        [lock]
        remembered_days = 0
        wrong = 1
        [numbers]
        countries = ["US", 5, "UK", "DE"]
        types = ["mobile", "satellite"]
        [sms]
        type = "Fast"
        max_segments = "two"
        price_usd = { UK = 0.05 }
        [business.login]
        brand = 7
        default_locale = "en"
        code_length = 300
        colour = "red"
        templates = { en = "no code", de = 5 }
        [business.pay]
        default_locale = "fr"
        android_hash = ["FA+9qCX9VSu", "x"]
        templates.en = "{code} {phone}"
        [[test_number]]
        phone = "1"
        code = "12"
        [[test_number]]
        phone = "+14155550100"
        code = 5
        until = "soon"
    "#;
    let found = faults(text);
    for path in [
        "day_starts_at: ",
        "speed: unknown field",
        "limits.phone_per_hour: a whole number from 0 on is needed, and not a text",
        "limits.phone_per_day: 0 is not within",
        "limits.phones: unknown field",
        "lock.remembered_days: 0",
        "lock.wrong: unknown field",
        "numbers.countries[1]: a text in quotes is needed",
        "numbers.countries[2]: the ISO",
        "numbers.types[1]: unknown variant",
        "sms.type: ",
        "sms.max_segments: a whole number from 0 on is needed",
        "sms.price_usd.UK: ",
        "sms.price_usd.US: a price is needed",
        "sms.price_usd.DE: a price is needed",
        "business.login.brand: a text in quotes is needed",
        "business.login.code_length: 300 is not within",
        "business.login.colour: unknown field",
        "business.login.templates.en: {code} must stand",
        "business.login.templates.de: a text in quotes is needed",
        "business.pay.brand: a name",
        "business.pay.default_locale: a template",
        "business.pay.android_hash: the 11 characters",
        "business.pay.templates.en: variables are",
        "test_number[0].phone: ",
        "test_number[0].code: a code has 6 to 10 digits",
        "test_number[0].until: ",
        "test_number[1].code: a text in quotes",
        "test_number[1].until: ",
    ] {
        let matching = found.iter().filter(|fault| fault.starts_with(path));
        assert_eq!(matching.count(), 1, "{path}: {found:#?}");
    }
    assert!(
        !found.iter().any(|f| f.contains("at least one")),
        "{found:#?}"
    );
    // Each test number also lacks a code for these businesses.
    assert_eq!(found.len(), 30, "{found:#?}");
}

/// A fault in one place must not hide those of another, which have nothing to do with it.
#[test]
fn a_type_of_texts_and_a_business_that_is_left_out_hide_no_other_fault() {
    let text = SMALLEST.replace("[\"US\"]", "[\"CN\", \"US\"]").replace(
        "[numbers]",
        "[sms]\ntype = \"fast\"\nmax_price_usd = \"0.5\"\n[numbers]",
    );
    let text = format!(
        "{text}\n[sms.country.CN]\nlocales = [\"zh\"]\n[sms.country.US]\nsender_id = \"ACME\"\n\
         [business.odd]\nzonk = 1\nbrand = \"B\"\ndefault_locale = \"zh\"\ntemplates.zh = \"{{code}}\"\n"
    );
    let unpriced = "[sms.price_usd]\nDE = 0.1\n[sms.country.DE]\nzonk = 1\n";
    let unpriced = SMALLEST
        .replace("[\"US\"]", "[\"DE\", \"US\"]")
        .replace("[sms.price_usd]\n    US = 0.01", unpriced);
    let PolicyFaults(found) = from_toml(&unpriced).expect_err("faults");
    let paths: Vec<_> = found.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(paths, ["sms.country.DE.zonk", "sms.price_usd.US"]);
    let PolicyFaults(found) = from_toml(&text).expect_err("faults");
    let paths: BTreeSet<_> = found.iter().map(|fault| fault.path.as_str()).collect();
    for path in [
        "sms.type",
        "business.odd.zonk",
        "sms.country.US.sender_id",
        "sms.country.CN.locales",
    ] {
        assert!(paths.contains(path), "{path}: {found:?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named_in_plain_words() {
    for (text, said) in [
        (
            "[numbers]\ncountries = \"US\"",
            "numbers.countries: a list in square brackets is needed, and not a text",
        ),
        (
            "[sms.price_usd]\nUS = \"x, expected y\"",
            "sms.price_usd.US: a number is needed, and not a text",
        ),
        (
            "limits = 5",
            "limits: a table is needed, and not a whole number",
        ),
        (
            "[limits]\nphone_per_hour = 1.5",
            "limits.phone_per_hour: a whole number from 0 on is needed, and not a number with a decimal point",
        ),
        (
            "[sms]\ntype = [1]",
            "sms.type: a text in quotes is needed, and not a list",
        ),
    ] {
        let found = faults(text);
        assert!(
            found.iter().any(|fault| fault == said),
            "{text}: {found:#?}"
        );
    }
}

#[test]
fn reports_all_faults_at_once() {
    let text = format!("[limits]\nphone_per_hour = 0\nphone_per_day = 0\n{SMALLEST}");
    assert_eq!(faults(&text).len(), 2);
}

#[test]
fn a_file_that_is_not_toml_or_lacks_a_table_is_a_fault_of_the_file() {
    assert!(
        faults("[limits")
            .iter()
            .all(|f| f.starts_with("file: ") && f.contains("line 1"))
    );
    let nothing = faults("");
    let missing = [
        "numbers.countries: at least one country is needed",
        "business: at least one business is needed",
    ];
    assert_eq!(nothing, missing);
}

/// A number that no policy can hold has one fault, which names the range.
#[test]
fn a_number_below_0_or_too_large_is_told_what_is_accepted() {
    for (table, field, accepted) in [
        ("limits", "cooldown_seconds", "10 to 3600"),
        ("limits", "phone_per_hour", "1 to 1000000"),
        ("lock", "wrong_codes_per_day", "1 to 100"),
        ("lock", "remembered_days", "1 to 3650"),
        ("sms", "max_segments", "1 to 10"),
        ("business.login", "code_length", "6 to 10"),
        ("business.login", "code_lifetime_seconds", "30 to 600"),
        ("business.login", "attempts", "1 to 10"),
        ("business.login", "texts_per_day", "1 to 1000000"),
        ("purses.shards", "US", "1 to 100"),
        ("purses.open", "texts", "1 to 1,000,000 texts"),
        ("purses.open", "refill_minutes", "1 to 100,000 minutes"),
        ("purses.open", "refill_to", "1 text up to"),
        ("purses.network", "codes_per_million", "0 to 1,000,000"),
        ("purses.known", "days", "1 to 400 days"),
        ("purses.known", "after_days", "0 days up to"),
    ] {
        for number in ["-1", "4294967296"] {
            let line = format!("{field} = {number}\n");
            let header = format!("[{table}]\n");
            let text = if SMALLEST.contains(header.trim()) {
                SMALLEST.replacen(header.trim(), &format!("{header}{line}"), 1)
            } else {
                format!("{SMALLEST}\n{header}{line}")
            };
            let found = faults(&text);
            assert_eq!(found.len(), 1, "{table}.{field}: {found:?}");
            let own = format!("{table}.{field}: ");
            assert!(found[0].starts_with(&own), "{found:?}");
            assert!(found[0].contains(accepted), "{accepted}: {found:?}");
            assert!(!found[0].contains("4294967295"), "{found:?}");
        }
    }
}
