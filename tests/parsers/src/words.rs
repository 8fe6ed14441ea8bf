//! The target for small values.

use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::root::RootId;
use phoneproof_observe::TraceContext;

use crate::{Outcome, Target, assert_silent, bytes_of};

/// Reads the bytes as a locale, a device, a code, a business, a country, a root id and a trace header.
pub(crate) const WORDS: Target = Target {
    name: "words",
    run,
    seeds: || {
        bytes_of([
            "en",
            "zh_Hans-CN",
            "zh_TW_#Hant",
            "iw_IL",
            "sr_RS.UTF-8@latin",
            "00000000-0000-0000-0000-000000000000",
            "\u{2066}123\u{a0}456\u{2069}",
            "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "CaNaRy's phone",
            "123 456",
            "１２３-٤٥٦",
            "password-change",
            "us",
            "r1",
            "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1",
        ])
    },
    words: &[
        "-",
        "_",
        "--",
        " ",
        "0",
        "９",
        "٣",
        "z",
        "Z",
        "é",
        "K",
        "\u{212a}",
        "\0",
        "\n",
        "\u{85}",
        "\u{2028}",
        ";",
        "=",
        "Sampled=1",
        "Root=",
        "Parent=",
    ],
};

fn run(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let accepted = [
        locale(text),
        device(text),
        code(text),
        business(text),
        country(text),
        RootId::parse(text).is_some_and(|id| id.as_str() == text),
        TraceContext::parse(text).is_some(),
    ];
    if accepted.contains(&true) {
        Outcome::Accepted
    } else {
        Outcome::Refused
    }
}

fn locale(text: &str) -> bool {
    // A hint is read or not; it never fails.
    if let Some(hint) = Locale::read_hint(text) {
        assert_eq!(Locale::parse(hint.as_str()).as_ref(), Ok(&hint));
    }
    let Ok(locale) = Locale::parse(text) else {
        return false;
    };
    assert_eq!(Locale::read_hint(text).as_ref(), Some(&locale));
    assert_eq!(Locale::parse(locale.as_str()).as_ref(), Ok(&locale));
    let chain: Vec<Locale> = locale.lookup_chain().collect();
    assert_eq!(chain.first(), Some(&locale));
    let language = locale.as_str().split('-').next();
    for (place, other) in chain.iter().enumerate() {
        assert_eq!(other.as_str().split('-').next(), language);
        assert_eq!(Locale::parse(other.as_str()).as_ref(), Ok(other));
        assert!(!chain.iter().skip(place + 1).any(|later| later == other));
    }
    true
}

fn device(text: &str) -> bool {
    let Ok(device) = Device::parse(text) else {
        return false;
    };
    assert_eq!(device.expose(), text, "a device is kept byte for byte");
    assert_silent(&format!("{device:?}"));
    true
}

fn code(text: &str) -> bool {
    let Ok(code) = Code::parse(text) else {
        return false;
    };
    let again = Code::parse(code.expose()).expect("digits are a code");
    assert_eq!(again.expose(), code.expose());
    assert_eq!(format!("{code:?}"), "Code(…)");
    let number = code.expose().parse().expect("ten digits fit");
    let length = u8::try_from(code.expose().len()).expect("short");
    assert_eq!(Code::from_number(number, length).expose(), code.expose());
    true
}

fn business(text: &str) -> bool {
    let Ok(business) = BusinessId::parse(text) else {
        return false;
    };
    assert_eq!(business.as_str(), text);
    // A business is part of table keys, metrics and paths, so it must have no other characters.
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    true
}

fn country(text: &str) -> bool {
    let Ok(country) = Country::parse(text) else {
        return false;
    };
    assert_eq!(country.as_str(), text.to_ascii_uppercase());
    assert_eq!(Country::parse(country.as_str()), Ok(country));
    true
}
