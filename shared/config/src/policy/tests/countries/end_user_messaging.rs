//! Rules of countries: the table of End User Messaging names who sends there.

use super::*;

const IN: &str = "[sms.country.IN]\nentity_id = '1'\nlocales = ['en']\n";
const TEXT: &str = "registered.IN.en = '2'";
const ID: &str = "sms.country.IN.entity_id: the id of the sender";
const SENDER: &str = "sms.country.IN.sender_id: a registered sender id";

/// The table of End User Messaging may name who sends there: a pool, which may hold the sender that the country wants.
#[test]
fn what_end_user_messaging_sends_with_stands_in_its_own_table_first() {
    assert_only_fault(&[
        (
            "EUM",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "country.US = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM, 'sns'",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "country.US = 'pool-0123456789abcdef'",
            Some("sms.country.US.sender_id: AWS"),
        ),
        // What is for all countries comes after what the country has.
        (
            "EUM",
            "US",
            "[sms.country.US]\nsender_id = 'ACME'",
            "",
            "origination_identity = 'pool-0123456789abcdef'",
            Some("sms.country.US.sender_id: AWS"),
        ),
        (
            "EUM",
            "US",
            "",
            "",
            "country.US = 'arn:aws:sms-voice:us-east-1:111122223333:sender-id/ACME/US'",
            Some("end_user_messaging.country.US: AWS sends no text with a sender id"),
        ),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "country.IN = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "origination_identity = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM, 'sns'",
            "IN",
            IN,
            TEXT,
            "origination_identity = 'pool-0123456789abcdef'",
            Some(SENDER),
        ),
        ("EUM", "IN", IN, TEXT, "", Some(SENDER)),
        ("EUM", "IN", "", "", "country.IN = 'ACMEIN'", Some(ID)),
        (
            "EUM",
            "IN",
            "",
            "",
            "country.IN = 'pool-0123456789abcdef'",
            None,
        ),
        (
            "EUM",
            "IN",
            "[sms.country.IN]\nsender_id = 'ACMEIN'",
            "",
            "origination_identity = 'pool-0123456789abcdef'",
            Some(ID),
        ),
    ]);
}

/// A number is no registered sender id, in the line of the country or for all countries.
#[test]
fn a_number_is_no_sender_of_registered_texts() {
    const LINE: &str = "end_user_messaging.country.IN: a registered sender id is needed beside entity_id, or a pool";
    assert_only_fault(&[
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "country.IN = '+919876543210'",
            Some(LINE),
        ),
        ("EUM", "IN", IN, TEXT, "country.IN = '56789'", Some(LINE)),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "country.IN = 'phone-0123456789abcdef'",
            Some(LINE),
        ),
        (
            "EUM, 'sns'",
            "IN",
            "[sms.country.IN]\nentity_id = '1'\nlocales = ['en']\nsender_id = 'ACMEIN'",
            TEXT,
            "country.IN = '+919876543210'",
            Some(LINE),
        ),
        (
            "EUM",
            "IN",
            IN,
            TEXT,
            "origination_identity = '+919876543210'",
            Some(SENDER),
        ),
        (
            "EUM, 'sns'",
            "IN",
            IN,
            TEXT,
            "origination_identity = '+919876543210'",
            Some(SENDER),
        ),
        // The number for all countries comes before the sender id for all.
        (
            "EUM",
            "IN",
            "sender_id = 'ACMEIN'\n[sms.country.IN]\nentity_id = '1'\nlocales = ['en']",
            TEXT,
            "origination_identity = '+919876543210'",
            Some(SENDER),
        ),
        (
            "EUM",
            "IN",
            "[sms.country.IN]\nentity_id = '1'\nlocales = ['en']\nsender_id = 'ACMEIN'",
            TEXT,
            "origination_identity = '+919876543210'",
            None,
        ),
    ]);
}

/// A route, a country, its table and its texts, a line of End User Messaging, and how the only fault begins.
type Case<'c> = (&'c str, &'c str, &'c str, &'c str, &'c str, Option<&'c str>);

fn assert_only_fault(cases: &[Case<'_>]) {
    for (route, country, sms, business, own, expected) in cases {
        let route = route.replace("EUM", "'end-user-messaging'");
        let text = serving_by(
            &format!("[{route}]"),
            &format!("'{country}'"),
            sms,
            business,
        );
        let found = faults(&format!("{text}{own}"));
        let are_right = match expected {
            None => found.is_empty(),
            Some(start) => found.len() == 1 && found[0].starts_with(start),
        };
        assert!(are_right, "{route} {country} {sms} {own}: {found:#?}");
    }
}
