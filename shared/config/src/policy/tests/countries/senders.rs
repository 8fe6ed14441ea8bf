//! Rules of countries: whose numbers text them, and the sender ids of India.

use super::*;

/// Where only registered numbers text a country, another country's never does. Elsewhere some carriers take it.
#[test]
fn a_number_is_of_a_country_that_it_can_text() {
    const CN: &str = "locales = ['zh']\n";
    for (code, more, number, expected) in [
        (
            "US",
            "",
            "+4915112345678",
            "US takes texts from its own short codes",
        ),
        (
            "US",
            "",
            "4915112345678",
            "US takes texts from its own short codes",
        ),
        (
            "PR",
            "",
            "+4915112345678",
            "PR takes texts from its own short codes",
        ),
        ("CA", "", "+18005550100", ""),
        ("US", "", "72345", ""),
        ("DE", "", "+4915112345678", ""),
        ("DE", "", "+18005550100", ""),
        (
            "CN",
            CN,
            "+8613800138000",
            "AWS has neither sender ids nor numbers for texts to CN",
        ),
        (
            "CN",
            CN,
            "10690",
            "AWS has neither sender ids nor numbers for texts to CN",
        ),
    ] {
        let check = |text: &str, path: &str| {
            let found = faults(text);
            let start = format!("{path}: {expected}");
            let is_right = match expected {
                "" => found.is_empty(),
                _ => found.len() == 1 && found[0].starts_with(&start),
            };
            assert!(is_right, "{text}: {found:?}");
        };
        let rule = format!("[sms.country.{code}]\n{more}");
        let own = format!("{rule}origination_number = '{number}'");
        for route in BY_AWS {
            let path = format!("sms.country.{code}.origination_number");
            check(&serving_by(route, &format!("'{code}'"), &own, ""), &path);
        }
        let line = format!("[end_user_messaging]\ncountry.{code} = '{number}'");
        let path = format!("end_user_messaging.country.{code}");
        check(&serving(&format!("'{code}'"), &rule, &line), &path);
        // The operator's own provider has numbers of its own.
        let by_hook = format!("channels = ['hook']\n{own}");
        let hook = "[hook]\nurl = 'https://hooks.example.com'";
        assert_eq!(
            faults(&serving(&format!("'{code}'"), &by_hook, hook)),
            [""; 0]
        );
    }
}

#[test]
fn india_registers_sender_ids_of_3_to_6_letters() {
    const PATH: &str = "sms.country.IN.sender_id: India registers sender ids of 3 to 6 letters";
    const RULE: &str = "entity_id = '1'\nlocales = ['en']";
    const TEXT: &str = "registered.IN.en = '2'";
    for (id, is_header) in [
        ("ACM", true),
        ("ACMEIN", true),
        ("acmein", true),
        ("ACMEIND", false),
        ("ACMEINDIA12", false),
        ("A12-45", false),
        ("A12", false),
    ] {
        let expected: &[&str] = if is_header { &[] } else { &[PATH] };
        let own = format!("[sms.country.IN]\nsender_id = '{id}'\n{RULE}");
        let global = format!("sender_id = '{id}'\n[sms.country.IN]\n{RULE}");
        for sms in [own, global] {
            assert_faults(&[("'IN'", &sms, TEXT, expected)]);
        }
        let rule = format!("[sms.country.IN]\n{RULE}");
        let line = format!("{TEXT}\n[end_user_messaging]\ncountry.IN = '{id}'");
        let sms = format!("channels = ['end-user-messaging']\n{rule}");
        let found = faults(&serving("'IN'", &sms, &line));
        let is_named =
            |fault: &String| fault.starts_with("end_user_messaging.country.IN: India registers");
        assert_eq!(
            found.iter().filter(|fault| is_named(fault)).count(),
            usize::from(!is_header),
            "{id}: {found:?}"
        );
    }
    // The sender id of other countries does not go to India without its ids.
    assert_faults(&[("'IN', 'DE'", "sender_id = 'ACMEINDIA12'", "", &[])]);
}

/// The number of the plan +1 that a US text comes from has 11 digits, and is neither of another country nor dear to
/// call.
#[test]
fn a_number_is_one_that_can_text_at_all() {
    const LENGTH: &str = "a number that begins with 1 has 11 digits";
    for (code, number, expected) in [
        ("US", "+12345", LENGTH),
        ("US", "+1800555010", LENGTH),
        ("US", "1800555010", LENGTH),
        ("US", "+18005550100123", LENGTH),
        ("DE", "+1800555010", LENGTH),
        ("US", "+18765550100", "this number is of JM"),
        ("US", "18765550100", "this number is of JM"),
        ("PR", "+18765550100", "this number is of JM"),
        ("US", "+19005550100", "a premium-rate number texts nobody"),
        ("CA", "+19005550100", "a premium-rate number texts nobody"),
        ("US", "12345", ""),
        ("US", "123456", ""),
        ("US", "+18005550100", ""),
        ("US", "18005550100", ""),
        ("US", "+14155550100", ""),
        ("US", "+17875550100", ""),
        ("US", "+16135550100", ""),
        ("CA", "+14155550100", ""),
        ("PR", "+14155550100", ""),
        ("JM", "+18765550100", ""),
    ] {
        let own = format!("[sms.country.{code}]\norigination_number = '{number}'");
        let line = format!("[end_user_messaging]\ncountry.{code} = '{number}'");
        let route = "channels = ['end-user-messaging']";
        for (path, text) in [
            (
                format!("sms.country.{code}.origination_number"),
                serving(&format!("'{code}'"), &own, ""),
            ),
            (
                format!("end_user_messaging.country.{code}"),
                serving(&format!("'{code}'"), route, &line),
            ),
        ] {
            let found = faults(&text);
            let start = format!("{path}: {expected}");
            let is_right = match expected {
                "" => found.is_empty(),
                _ => found.len() == 1 && found[0].starts_with(&start),
            };
            assert!(is_right, "{text}: {found:?}");
        }
    }
    let for_all = "[end_user_messaging]\norigination_identity = '+1800555010'";
    let found = faults(&serving("'US'", "", for_all));
    let start = format!("end_user_messaging.origination_identity: {LENGTH}");
    assert!(
        found.len() == 1 && found[0].starts_with(&start),
        "{found:?}"
    );
}

/// Advice leads to a policy that is accepted.
#[test]
fn no_advice_leads_to_the_next_fault() {
    const CN: &str = "AWS has neither sender ids nor numbers for texts to CN: leave it out";
    let found = |countries: &str, sms: &str, line: &str| {
        let route = "channels = ['end-user-messaging']";
        let more = format!("[end_user_messaging]\n{line}");
        faults(&serving(countries, &format!("{route}\n{sms}"), &more))
    };
    let own = "[sms.country.CN]\nlocales = ['zh']\n";
    let with_id = format!("{own}sender_id = 'ACME'");
    let at = "sms.country.CN.sender_id";
    assert_eq!(
        found("'CN'", &with_id, ""),
        [format!("{at}: {CN}, and AWS chooses the sender")]
    );
    for sender in ["ACME", "+8613800138000", "x"] {
        let line = format!("country.CN = '{sender}'");
        let at = "end_user_messaging.country.CN";
        assert_eq!(
            found("'CN'", own, &line),
            [format!("{at}: {CN}, and AWS chooses the sender")],
            "{sender}"
        );
    }
    assert_eq!(found("'CN'", own, ""), [""; 0]);
    // A sender id that stood for all countries, or in the US, would be the next fault.
    for (line, needs) in [
        ("origination_identity = 'x'", "a pool or a number is needed"),
        ("country.US = 'x'", "a pool or a number is needed"),
        (
            "country.DE = 'x'",
            "a pool, a number or a sender id is needed",
        ),
    ] {
        let found = found("'DE', 'US'", "", line);
        let (path, _) = line.split_once(' ').expect("a path");
        let start = format!("end_user_messaging.{path}: {needs}");
        assert!(
            found.len() == 1 && found[0].starts_with(&start),
            "{found:?}"
        );
    }
    // Both faults of a line stand there at once.
    let both = found("'US'", "", "country.BR = 'x'");
    let at = "end_user_messaging.country.BR";
    assert_eq!(
        both,
        [
            format!("{at}: a country of numbers.countries is needed"),
            format!(
                "{at}: a pool, a number or a sender id is needed, by id or ARN, as in pool-0123456789abcdef0123456789abcdef or \
                 +18005550100"
            )
        ]
    );
}
