//! Rules of countries: what an operator is warned of.

use super::*;

#[test]
fn warns_of_what_may_not_work() {
    let warn_with = |route, countries, sms: &str, own: &str| {
        let text = serving_by(route, countries, sms, "registered = {}");
        let warnings = warnings(&format!("{text}{own}")).into_iter();
        let paths = warnings.map(|warning| warning.path);
        paths.collect::<Vec<_>>()
    };
    let warn = |countries, sms: &str| {
        let of = |route| warn_with(route, countries, sms, "");
        let found = of(BY_AWS[0]);
        for route in BY_AWS {
            assert_eq!(of(route), found, "{route} {countries} {sms}");
        }
        found
    };
    assert_eq!(warn("'AU', 'DE', 'US'", ""), [""; 0]);
    // AU registers sender ids, DE does not, and the US shows none.
    let global = "sender_id = 'ACME'";
    assert_eq!(
        warn("'AU', 'DE', 'US'", global),
        ["sms.country.AU.sender_id"]
    );
    for own in [
        "sender_id = 'ACMEAU'",
        "sender_id = ''",
        "origination_number = '61412345678'",
    ] {
        assert_eq!(
            warn("'AU', 'DE'", &format!("{global}\n[sms.country.AU]\n{own}")),
            [""; 0]
        );
    }
    assert_eq!(warn("'IN'", ""), ["sms.country.IN.entity_id"]);
    assert_eq!(warn("'IN'", global), ["sms.country.IN.entity_id"]);
    // Somebody with several numbers says which one texts the US.
    let number = "[sms.country.CA]\norigination_number = '+18005550100'";
    assert_eq!(
        warn("'US', 'CA'", number),
        ["sms.country.US.origination_number"]
    );
    let own = "country.CA = '+18005550100'";
    assert_eq!(
        warn_with(BY_AWS[1], "'US', 'CA'", "", own),
        ["sms.country.US.origination_number"]
    );
    // A number of another country may do, unless no number of another country does.
    let abroad = "[sms.country.DE]\norigination_number = '+18005550100'";
    assert_eq!(warn("'DE'", abroad), ["sms.country.DE.origination_number"]);
    let own = "[sms.country.DE]\norigination_number = '+4915112345678'";
    assert_eq!(warn("'DE'", own), [""; 0]);
    let by_line = |own| warn_with(BY_AWS[1], "'DE', 'US'", "", own);
    assert_eq!(
        by_line("country.DE = '+18005550100'\ncountry.US = '+18005550100'"),
        ["end_user_messaging.country.DE"]
    );
    assert_eq!(
        by_line("origination_identity = '+4915112345678'"),
        ["end_user_messaging.origination_identity"]
    );
    // Nor has China one of its own, so the advice names none.
    let china = "[sms.country.CN]\nlocales = ['zh']";
    let own = "\n[end_user_messaging]\norigination_identity = '+18005550100'";
    let sms = format!("channels = ['end-user-messaging']\n{china}");
    let found = warnings(&serving("'CN'", &sms, own));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path, "end_user_messaging.origination_identity");
    assert!(
        found[0].reason.contains("sms.country.CN.channels"),
        "{found:?}"
    );
    let sms = format!("channels = ['end-user-messaging']\n{china}\nchannels = ['sns']");
    assert_eq!(warnings(&serving("'CN'", &sms, own)), []);
    // What a pool holds is not known here, and the ids of India go with the text.
    let pool = "origination_identity = 'pool-0123456789abcdef'";
    let by_pool = |sms| warn_with(BY_AWS[1], "'AU', 'IN', 'US'", sms, pool);
    assert_eq!(by_pool(global), ["sms.country.IN.entity_id"]);
    let by_both = warn_with(BY_AWS[2], "'AU'", global, pool);
    assert_eq!(by_both, ["sms.country.AU.sender_id"]);
    // The operator's own provider has rules of its own.
    let hook = "\n[hook]\nurl = 'https://hooks.example.com'";
    assert_eq!(warn_with("['hook']", "'AU', 'IN'", global, hook), [""; 0]);
}

/// The policy of a country whose texts end in a channel that does not serve it texts nobody there.
#[test]
fn a_country_is_not_routed_to_a_channel_that_does_not_serve_it() {
    const NOTIFY: &str = "[notify]";
    let serving = |route: &str, own: &str| {
        let sms = format!("{route}\n[sms.country.CN]\nlocales = ['zh']\n{own}");
        serving("'CN', 'IN', 'US'", &sms, NOTIFY)
    };
    let refused = |route: &str, own: &str, expected: &str| {
        let found = faults(&serving(route, own));
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{route} {own}: {found:#?}"
        );
    };
    refused(
        "",
        "channels = ['notify']",
        "sms.country.CN.channels: `notify` does not serve CN",
    );
    refused(
        "",
        "channels = ['sns', 'notify']",
        "sms.country.CN.channels: `notify` does not serve CN",
    );
    // No list of its own: what all countries have leads nowhere.
    refused(
        "channels = ['notify']",
        "",
        "sms.country.CN.channels: `notify` does not serve CN: name a channel that does",
    );
    let paths = |route: &str, own: &str| {
        let warnings = warnings(&serving(route, own)).into_iter();
        let of_china = warnings.filter(|warning| warning.path.contains(".CN."));
        of_china.map(|warning| warning.path).collect::<Vec<_>>()
    };
    assert_eq!(
        paths("channels = ['notify']", "channels = ['sns']"),
        [""; 0]
    );
    // Notify is left out there, in any place.
    for route in [
        "channels = ['notify', 'sns']",
        "channels = ['sns', 'notify']",
    ] {
        assert_eq!(paths(route, ""), ["sms.country.CN.channels"]);
    }
    let route = "channels = ['notify', 'sns']";
    assert_eq!(paths(route, "channels = ['sns']"), [""; 0]);
}

#[test]
fn warns_of_calls_to_a_country_that_the_basic_tier_of_notify_leaves_out() {
    let warn = |called: &str| {
        let notify = "[notify]\nvoice_template_id = 'speaks'\n";
        let voice = format!("[voice]\ncountries = [{called}]\nprice_usd = 0.1\n");
        let text = serving("'CN', 'US'", "[sms.country.CN]\nlocales = ['zh']", "");
        warnings(&format!("{text}\n{notify}{voice}"))
    };
    assert_eq!(warn("'US'"), []);
    let warnings = warn("'US', 'CN'");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].path, "voice.countries");
    assert!(warnings[0].reason.starts_with("CN "), "{warnings:?}");
}
