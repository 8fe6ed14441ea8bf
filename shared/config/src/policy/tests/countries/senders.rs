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
            "AWS has no numbers for texts to CN",
        ),
        ("CN", CN, "10690", "AWS has no numbers for texts to CN"),
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
