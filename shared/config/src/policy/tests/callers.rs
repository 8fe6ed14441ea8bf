//! What the policy says about callers: the limits of a business, and who may vouch.

use super::*;

#[test]
fn a_limit_of_an_hour_that_the_day_never_lets_be_reached_is_warned_of() {
    let warned = |limits: &str, of_business: &str| {
        let text = SMALLEST.replacen(
            "[business.login]",
            &format!("[limits]\n{limits}\n[business.login]\n{of_business}"),
            1,
        );
        let found = warnings(&text).into_iter().map(|found| found.to_string());
        let of_limits = found.filter(|line| line.contains("never reached"));
        of_limits.collect::<Vec<_>>()
    };
    let of_phone = |hour, day| {
        format!(
            "limits.phone_per_hour: {hour} texts are never reached, because limits.phone_per_day admits {day}: at most \
             {day} has an effect here"
        )
    };
    let none = Vec::<String>::new();
    assert_eq!(warned("", ""), none);
    assert_eq!(warned("phone_per_hour = 10", ""), none, "as many as a day");
    assert_eq!(warned("phone_per_hour = 11", ""), [of_phone(11, 10)]);
    assert_eq!(warned("phone_per_day = 4", ""), [of_phone(5, 4)]);
    // Without a limit of its own for the day, a business has none.
    assert_eq!(warned("", "texts_per_hour = 900"), none);
    assert_eq!(warned("", "texts_per_hour = 9\ntexts_per_day = 9"), none);
    let of_business = warned(
        "phone_per_hour = 11",
        "texts_per_hour = 10\ntexts_per_day = 9",
    );
    assert_eq!(of_business.len(), 2, "{of_business:?}");
    let path = "business.login.texts_per_hour: 10 texts are never reached, because business.login.texts_per_day admits 9";
    assert!(of_business[1].starts_with(path), "{of_business:?}");
}

#[test]
fn an_edge_is_known_by_its_issuer_and_keys() {
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    let key = |kid: &str, pem: &str| {
        format!("[[attestation.key]]\nkid = \"{kid}\"\npem = \"\"\"{pem}\"\"\"\n")
    };
    let with = |issuer: &str, keys: &[String]| {
        format!(
            "{SMALLEST}\n[attestation]\nissuer = \"{issuer}\"\n{}",
            keys.concat()
        )
    };
    let both = with("edge", &[key("a", PEM), key("b", PEM)]);
    let policy = from_toml(&both)
        .expect("valid")
        .attestation
        .expect("a section");
    let ids: Vec<_> = policy.keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!((policy.issuer.as_str(), ids), ("edge", vec!["a", "b"]));
    assert!(from_toml(SMALLEST).expect("valid").attestation.is_none());
    // Keys without the lane pay for nothing, and nobody opens a lane without keys.
    let warned = |text: &str| {
        let paths = warnings(text).into_iter().map(|warning| warning.path);
        let own = ["attestation", "purses.attested"];
        paths
            .filter(|path| own.contains(&path.as_str()))
            .collect::<Vec<_>>()
    };
    let lane = format!("{SMALLEST}\n[purses.attested]\n");
    assert_eq!(warned(&both), ["attestation"]);
    assert_eq!(warned(&lane), ["purses.attested"]);
    assert_eq!(warned(&both.replace(SMALLEST, &lane)), Vec::<String>::new());
    for (text, fault) in [
        (with("edge", &[]), "attestation.key: 1 to 16"),
        (with("", &[key("a", PEM)]), "attestation.issuer: "),
        (with("edge", &[key("", PEM)]), "attestation.key[0].kid: "),
        (
            with("edge", &[key("a", PEM), key("a", PEM)]),
            "attestation.key[1].kid: another",
        ),
        (
            with("edge", &[key("a", "canary")]),
            "attestation.key[0].pem: a public key",
        ),
        (
            with("edge", &[key("a", &PEM.replace("PUBLIC", "PRIVATE"))]),
            "attestation.key[0].pem: ",
        ),
        (
            with("edge", &["[[attestation.key]]\n".to_owned()]),
            "attestation.key[0].kid: ",
        ),
    ] {
        let found = faults(&text);
        assert!(
            found.iter().any(|f| f.starts_with(fault)),
            "{fault}: {found:?}"
        );
        assert!(
            found
                .iter()
                .all(|f| !f.contains("canary") && !f.contains("MCow")),
            "{found:?}"
        );
    }
}

#[test]
fn a_business_may_have_limits() {
    let with = |added: &str| {
        let text = SMALLEST.replacen("default_locale", &format!("{added}\ndefault_locale"), 1);
        from_toml(&text).map_err(|PolicyFaults(faults)| faults[0].to_string())
    };
    let policy = with("texts_per_hour = 3\ntexts_per_day = 1000000").expect("valid");
    let business = policy.businesses.values().next().expect("a business");
    let limits = business.limit(policy.limits);
    assert_eq!(limits.get(Rule::BusinessPerHour), Some(3));
    assert_eq!(limits.get(Rule::BusinessPerDay), Some(1_000_000));
    assert_eq!(
        limits.get(Rule::PhonePerHour),
        policy.limits.get(Rule::PhonePerHour)
    );
    let none = from_toml(SMALLEST).expect("valid");
    let business = none.businesses.values().next().expect("a business");
    assert_eq!(business.limit(none.limits), none.limits);
    for (added, fault) in [
        ("texts_per_hour = 0", "0 is not within 1 to 1000000"),
        ("texts_per_day = 1000001", "1000001 is not within"),
        ("texts_per_day = -1", "-1 is not within 1 to 1000000"),
        ("texts_per_hour = 1.5", "a whole number"),
    ] {
        let error = with(added).expect_err("refused");
        assert!(error.contains(fault), "{added}: {error}");
    }
    // The limits of everybody stand in [limits]; those of a business do not.
    let found = faults(&format!("[limits]\nbusiness_per_hour = 3\n{SMALLEST}"));
    assert!(
        found[0].starts_with("limits.business_per_hour: unknown field"),
        "{found:?}"
    );
}
