//! What a policy that can work sends and warns of, by the table of countries.

use phoneproof_domain::outgoing::{Registration, SentAs};

use super::*;

/// Checks what a text to `code` is, and what it is sent as, when the caller asks for `wanted`.
pub(super) fn assert_obeys(
    given: &Given,
    policy: &Policy,
    catalog: &Catalog,
    code: &str,
    wanted: Option<&str>,
) {
    let none = Rule::default();
    let rule = given.rules.get(code).unwrap_or(&none);
    let route = policy.sms.route(Some(country(code))).into_iter();
    let route: Vec<_> = route.map(Channel::as_str).collect();
    assert_eq!(route, given.taken(code, rule), "{code}");
    for (n, ((id, business), texts)) in policy.businesses.iter().zip(&given.businesses).enumerate()
    {
        let to = Some(country(code));
        let tag = wanted.map(|tag| Locale::parse(tag).expect("a locale"));
        let compiled = catalog.templates(id).expect("its texts");
        let locale = compiled.choose_locale(policy.sms.locales(to), &tag);
        let text = compiled.render(
            &locale,
            None,
            &Code::from_number(7, 6),
            Duration::from_mins(5),
        );
        let name = locale.as_str();
        assert!(text.body.ends_with(&format!("in {name}")), "{}", text.body);
        assert!(rule.admits(name), "{name} does not go to {code}");
        if let Some(wanted) = wanted
            && rule.admits(wanted)
            && texts.templates.contains(wanted)
        {
            assert_eq!(name, wanted, "the caller's wish");
        }
        if wanted == Some("fr") || wanted.is_none() {
            let mut listed = rule
                .locales
                .iter()
                .filter(|locale| texts.templates.contains(**locale));
            assert_eq!(
                name,
                listed.next().map_or("en", |locale| *locale),
                "the default"
            );
        }
        if code == "CN" && takes_own_words(given.route(rule)) {
            assert!(text.body.starts_with("【Example】"), "{}", text.body);
        }
        let sent_as = policy.find_sent_as(to, business, &locale);
        let id = format!("b{n}-{name}");
        let is_registered = code == "IN" && texts.registered.contains(name);
        let id = is_registered.then_some(id.as_str());
        assert_sent_as(given, (code, rule), sent_as, id);
        let own = policy.end_user_messaging.as_ref().expect("its table");
        let expected = match given.sender(END_USER_MESSAGING, code, rule) {
            Sender::Nobody => None,
            Sender::OwnId(id)
            | Sender::GlobalId(id)
            | Sender::Number(id)
            | Sender::Identity(id) => Some(id),
        };
        assert_eq!(own.sender(to, sent_as.origination), expected, "{code}");
    }
}

fn assert_sent_as(
    given: &Given,
    (code, rule): (&str, &Rule),
    sent_as: SentAs<'_>,
    template_id: Option<&str>,
) {
    let sender_id = |id: &str| Origination::SenderId(id.to_owned());
    let expected = match (rule.sender_id, rule.number, given.sender_id) {
        (Some(""), _, _) => Origination::Unnamed,
        (Some(own), _, _) => sender_id(own),
        (None, Some(number), _) => Origination::Number(number.to_owned()),
        (None, None, Some(id)) if !WITHOUT_SENDER_IDS.contains(&code) => sender_id(id),
        (None, None, _) => Origination::Unnamed,
    };
    assert_eq!(*sent_as.origination, expected, "{code}");
    // Only AWS demands both ids. A provider gets them where the policy has both.
    let expected = template_id.filter(|_| rule.entity_id);
    let expected = expected.map(|template_id| Registration {
        entity_id: "entity",
        template_id,
    });
    assert_eq!(sent_as.registration, expected, "{code}");
}

/// Checks of which countries an operator is warned, because the sender id for all countries goes out where sender ids
/// are registered.
pub(super) fn assert_warns(given: &Given, policy: &Policy, catalog: &Catalog) {
    let none = Rule::default();
    let sends_global = |code: &&str| {
        let rule = given.rules.get(code).unwrap_or(&none);
        let route = given.taken(code, rule).into_iter();
        let mut by_aws = route.filter(|channel| [SNS, END_USER_MESSAGING].contains(channel));
        by_aws.any(|channel| matches!(given.sender(channel, code, rule), Sender::GlobalId(_)))
            && (*code != "IN" || rule.entity_id)
    };
    let registered = WITH_REGISTERED_SENDER_IDS.into_iter().filter(sends_global);
    let expected: Vec<String> = registered
        .map(|code| format!("sms.country.{code}.sender_id"))
        .collect();
    let warned = policy.list_warnings(catalog).into_iter();
    let warned = warned.map(|warning| warning.path);
    let warned: Vec<String> = warned.filter(|path| path.ends_with(".sender_id")).collect();
    assert_eq!(warned, expected);
}
