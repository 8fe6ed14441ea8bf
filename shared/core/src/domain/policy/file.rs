//! The policy file: TOML in, checked values or a list of faults out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    Business, BusinessId, Fault, Limits, MicroUsd, NumberPolicy, Policy, PolicyFaults, SmsPolicy,
    SmsType, TestNumber,
};
use crate::domain::challenge::{Lockout, MAX_SLOTS, REPEATED_FOR};
use crate::domain::clock::Timestamp;
use crate::domain::code::{Code, MAX_CODE_LENGTH, MIN_CODE_LENGTH};
use crate::domain::locale::Locale;
use crate::domain::phone::{Country, NumberType, Phone};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "midnight")]
    day_starts_at: String,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    lock: LockTable,
    numbers: NumbersTable,
    #[serde(default)]
    sms: SmsTable,
    business: BTreeMap<String, BusinessTable>,
    #[serde(default)]
    test_number: Vec<TestNumberTable>,
}

fn midnight() -> String {
    "00:00".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsTable {
    cooldown_seconds: u32,
    phone_per_hour: u32,
    phone_per_day: u32,
    device_per_day: u32,
    address_per_hour: u32,
    number_block_per_hour: u32,
}

impl Default for LimitsTable {
    fn default() -> Self {
        Self {
            cooldown_seconds: 60,
            phone_per_hour: 5,
            phone_per_day: 10,
            device_per_day: 10,
            address_per_hour: 20,
            number_block_per_hour: 20,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LockTable {
    wrong_codes_per_day: u32,
    consecutive_wrong_codes: u32,
    remembered_days: u32,
}

impl Default for LockTable {
    fn default() -> Self {
        Self {
            wrong_codes_per_day: 20,
            consecutive_wrong_codes: 100,
            remembered_days: 90,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumbersTable {
    countries: Vec<String>,
    #[serde(default = "textable_types")]
    types: BTreeSet<NumberType>,
}

fn textable_types() -> BTreeSet<NumberType> {
    BTreeSet::from([NumberType::Mobile, NumberType::FixedLineOrMobile])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SmsTable {
    r#type: String,
    sender_id: Option<String>,
    max_price_usd: Option<String>,
    max_segments: u32,
    price_usd: BTreeMap<String, f64>,
}

impl Default for SmsTable {
    fn default() -> Self {
        Self {
            r#type: "Transactional".to_owned(),
            sender_id: None,
            max_price_usd: None,
            max_segments: 2,
            price_usd: BTreeMap::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BusinessTable {
    brand: String,
    default_locale: String,
    #[serde(default = "six")]
    code_length: u8,
    #[serde(default = "five_minutes")]
    code_lifetime_seconds: u32,
    #[serde(default = "five")]
    attempts: u32,
    #[serde(default = "five_minutes")]
    success_token_lifetime_seconds: u32,
    origin: Option<String>,
    android_hash: Option<String>,
    client_key_sha256: Option<String>,
    templates: BTreeMap<String, String>,
}

const fn six() -> u8 {
    6
}
const fn five() -> u32 {
    5
}
const fn five_minutes() -> u32 {
    300
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestNumberTable {
    phone: String,
    code: String,
    until: String,
    #[serde(default = "hundred")]
    per_day: u32,
}

const fn hundred() -> u32 {
    100
}

/// Collects faults, so that an operator sees all of them at once.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: impl Display, reason: impl Display) {
        self.0.push(Fault {
            path: path.to_string(),
            reason: reason.to_string(),
        });
    }

    fn within(
        &mut self,
        path: impl Display,
        value: u32,
        range: std::ops::RangeInclusive<u32>,
    ) -> u32 {
        if !range.contains(&value) {
            self.add(
                path,
                format_args!("{value} is not within {} to {}", range.start(), range.end()),
            );
        }
        value
    }

    fn seconds(
        &mut self,
        path: impl Display,
        value: u32,
        range: std::ops::RangeInclusive<u32>,
    ) -> Duration {
        Duration::from_secs(u64::from(self.within(path, value, range)))
    }

    fn check<T, E: Display>(&mut self, path: impl Display, value: Result<T, E>) -> Option<T> {
        value.map_err(|reason| self.add(path, reason)).ok()
    }
}

pub(super) fn read(text: &str) -> Result<Policy, PolicyFaults> {
    let file = parse(text).map_err(|fault| PolicyFaults(vec![fault]))?;
    let mut faults = Faults::default();
    let policy = check(file, &mut faults);
    match policy {
        Some(policy) if faults.0.is_empty() => Ok(policy),
        _ => Err(PolicyFaults(faults.0)),
    }
}

fn parse(text: &str) -> Result<File, Fault> {
    let document = toml::Deserializer::parse(text).map_err(|error| Fault {
        path: "file".to_owned(),
        reason: error.to_string().trim().replace('\n', " "),
    })?;
    serde_path_to_error::deserialize(document).map_err(|error| Fault {
        path: match error.path().to_string() {
            root if root == "." => "file".to_owned(),
            path => path,
        },
        reason: error.inner().message().to_owned(),
    })
}

fn check(file: File, faults: &mut Faults) -> Option<Policy> {
    let day_starts_at = faults.check("day_starts_at", time_of_day(&file.day_starts_at));
    let limits = check_limits(&file.limits, faults);
    let lockout = check_lock(&file.lock, faults);
    let numbers = check_numbers(file.numbers, faults);
    let sms = check_sms(file.sms, faults);
    if file.business.is_empty() {
        faults.add("business", "at least one business is needed");
    }
    let businesses: BTreeMap<_, _> = file
        .business
        .into_iter()
        .filter_map(|(name, table)| check_business(&name, table, faults))
        .collect();
    check_slots(limits.cooldown, &businesses, faults);
    let test_numbers = file
        .test_number
        .into_iter()
        .enumerate()
        .filter_map(|(index, table)| check_test_number(index, &table, &businesses, faults))
        .collect();
    Some(Policy {
        day_starts_at: day_starts_at?,
        limits,
        lockout,
        numbers,
        sms: sms?,
        businesses,
        test_numbers,
    })
}

fn time_of_day(text: &str) -> Result<Duration, &'static str> {
    // Numbers parse with a sign, too.
    let two_digits = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u64>().ok()).flatten()
    };
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    });
    minutes
        .map(|minutes| Duration::from_secs(minutes * 60))
        .ok_or("a time of day in UTC is needed, as in \"00:00\" or \"16:00\"")
}

fn check_limits(table: &LimitsTable, faults: &mut Faults) -> Limits {
    const COUNT: std::ops::RangeInclusive<u32> = 1..=1_000_000;
    Limits {
        cooldown: faults.seconds(
            "limits.cooldown_seconds",
            table.cooldown_seconds,
            10..=3_600,
        ),
        phone_per_hour: faults.within("limits.phone_per_hour", table.phone_per_hour, COUNT),
        phone_per_day: faults.within("limits.phone_per_day", table.phone_per_day, COUNT),
        device_per_day: faults.within("limits.device_per_day", table.device_per_day, COUNT),
        address_per_hour: faults.within("limits.address_per_hour", table.address_per_hour, COUNT),
        number_block_per_hour: faults.within(
            "limits.number_block_per_hour",
            table.number_block_per_hour,
            COUNT,
        ),
    }
}

/// A phone's record has a slot for every cooldown that a challenge can live.
fn check_slots(
    cooldown: Duration,
    businesses: &BTreeMap<BusinessId, Business>,
    faults: &mut Faults,
) {
    let step = cooldown.as_secs().max(1);
    let most = step.saturating_mul(u64::from(MAX_SLOTS) - 1) - REPEATED_FOR.as_secs();
    for (id, business) in businesses {
        if business.code_lifetime.as_secs() > most {
            faults.add(
                format_args!("business.{}.code_lifetime_seconds", id.as_str()),
                format_args!("at most {most} is accepted with limits.cooldown_seconds = {step}"),
            );
        }
    }
}

fn check_lock(table: &LockTable, faults: &mut Faults) -> Lockout {
    let days = faults.within("lock.remembered_days", table.remembered_days, 1..=3_650);
    Lockout {
        soft: faults.within(
            "lock.wrong_codes_per_day",
            table.wrong_codes_per_day,
            1..=100,
        ),
        hard: faults.within(
            "lock.consecutive_wrong_codes",
            table.consecutive_wrong_codes,
            1..=100,
        ),
        remembered: Duration::from_secs(u64::from(days) * 86_400),
    }
}

fn check_numbers(table: NumbersTable, faults: &mut Faults) -> NumberPolicy {
    if table.countries.is_empty() {
        faults.add("numbers.countries", "at least one country is needed");
    }
    if table.types.is_empty() {
        faults.add("numbers.types", "at least one type is needed");
    }
    let countries = table
        .countries
        .iter()
        .enumerate()
        .filter_map(|(i, code)| {
            faults.check(format_args!("numbers.countries[{i}]"), Country::parse(code))
        })
        .collect();
    NumberPolicy {
        countries,
        types: table.types,
    }
}

/// Checks what a deployment may set in place of the file's values.
pub(super) fn check_overrides(sms: &SmsPolicy) -> Result<(), PolicyFaults> {
    let mut faults = Faults::default();
    check_sender(sms.sender_id.as_ref(), &mut faults);
    check_max_price(sms.max_price_usd.as_ref(), &mut faults);
    if faults.0.is_empty() {
        Ok(())
    } else {
        Err(PolicyFaults(faults.0))
    }
}

fn check_sender(sender_id: Option<&String>, faults: &mut Faults) {
    // The SNS developer guide: 1 to 11 letters, digits and hyphens, at least one letter.
    let sender_fits = |id: &String| {
        (1..=11).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && id.bytes().any(|b| b.is_ascii_alphabetic())
    };
    if sender_id.is_some_and(|id| !sender_fits(id)) {
        faults.add(
            "sms.sender_id",
            "1 to 11 letters, digits and hyphens with at least one letter are needed",
        );
    }
}

fn check_max_price(price: Option<&String>, faults: &mut Faults) {
    let price_fits = |p: &String| p.parse().ok().and_then(MicroUsd::from_dollars).is_some();
    if price.is_some_and(|price| !price_fits(price)) {
        faults.add(
            "sms.max_price_usd",
            "a price in US dollars is needed, as in \"0.50\"",
        );
    }
}

fn check_prices(table: BTreeMap<String, f64>, faults: &mut Faults) -> BTreeMap<Country, MicroUsd> {
    let mut prices = BTreeMap::new();
    for (name, dollars) in table {
        let path = format!("sms.price_usd.{name}");
        let price = MicroUsd::from_dollars(dollars)
            .ok_or("more than 0 and less than 100 US dollars are needed");
        let country = faults.check(&path, Country::parse(&name));
        let price = faults.check(&path, price);
        prices.extend(country.zip(price));
    }
    prices
}

fn check_sms(table: SmsTable, faults: &mut Faults) -> Option<SmsPolicy> {
    let sms_type = match table.r#type.as_str() {
        "Transactional" => Some(SmsType::Transactional),
        "Promotional" => Some(SmsType::Promotional),
        _ => {
            faults.add("sms.type", "`Transactional` or `Promotional` is needed");
            None
        }
    };
    check_sender(table.sender_id.as_ref(), faults);
    check_max_price(table.max_price_usd.as_ref(), faults);
    let prices = check_prices(table.price_usd, faults);
    Some(SmsPolicy {
        sms_type: sms_type?,
        sender_id: table.sender_id,
        max_price_usd: table.max_price_usd,
        prices,
        max_segments: faults.within("sms.max_segments", table.max_segments, 1..=10),
    })
}

fn check_business(
    name: &str,
    table: BusinessTable,
    faults: &mut Faults,
) -> Option<(BusinessId, Business)> {
    let at = |field: &str| format!("business.{name}.{field}");
    let id = faults.check(format_args!("business.{name}"), BusinessId::parse(name));
    let default_locale = faults.check(at("default_locale"), Locale::parse(&table.default_locale));
    let templates = check_templates(name, table.templates, faults);
    if default_locale
        .as_ref()
        .is_some_and(|locale| !templates.contains_key(locale))
    {
        faults.add(at("default_locale"), "a template in this locale is needed");
    }
    if table.brand.trim().is_empty() || table.brand.chars().any(char::is_control) {
        faults.add(at("brand"), "a name without control characters is needed");
    }
    if table
        .origin
        .as_deref()
        .is_some_and(|origin| !is_host(origin))
    {
        faults.add(at("origin"), "a host name is needed, as in \"example.com\"");
    }
    let is_hash = |h: &str| {
        h.len() == 11
            && h.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
    };
    if table
        .android_hash
        .as_deref()
        .is_some_and(|hash| !is_hash(hash))
    {
        faults.add(
            at("android_hash"),
            "the 11 characters of the SMS Retriever app hash are needed",
        );
    }
    let client_key_sha256 = match table.client_key_sha256.as_deref() {
        None => None,
        Some(hex) => faults.check(at("client_key_sha256"), digest_from_hex(hex)),
    };
    let (shortest, longest) = (u32::from(MIN_CODE_LENGTH), u32::from(MAX_CODE_LENGTH));
    faults.within(
        at("code_length"),
        u32::from(table.code_length),
        shortest..=longest,
    );
    let business = Business {
        brand: table.brand,
        code_length: table.code_length,
        // NIST SP 800-63B-4 section 3.1.3.2: an out-of-band secret is valid for ten minutes at most.
        code_lifetime: faults.seconds(
            at("code_lifetime_seconds"),
            table.code_lifetime_seconds,
            30..=600,
        ),
        attempts: faults.within(at("attempts"), table.attempts, 1..=10),
        success_lifetime: faults.seconds(
            at("success_token_lifetime_seconds"),
            table.success_token_lifetime_seconds,
            30..=3_600,
        ),
        templates,
        default_locale: default_locale?,
        origin: table.origin,
        android_hash: table.android_hash,
        client_key_sha256,
    };
    Some((id?, business))
}

fn check_templates(
    name: &str,
    table: BTreeMap<String, String>,
    faults: &mut Faults,
) -> BTreeMap<Locale, String> {
    table
        .into_iter()
        .filter_map(|(tag, text)| {
            let locale = faults.check(
                format_args!("business.{name}.templates.{tag}"),
                Locale::parse(&tag),
            )?;
            Some((locale, text))
        })
        .collect()
}

fn is_host(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn digest_from_hex(text: &str) -> Result<[u8; 32], &'static str> {
    const ACCEPTED: &str = "64 hexadecimal digits are needed: the SHA-256 of the client key";
    let mut digest = [0; 32];
    // Numbers parse with a sign, too.
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ACCEPTED);
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        let pair = text.get(index * 2..index * 2 + 2).ok_or(ACCEPTED)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| ACCEPTED)?;
    }
    Ok(digest)
}

fn check_test_number(
    index: usize,
    table: &TestNumberTable,
    businesses: &BTreeMap<BusinessId, Business>,
    faults: &mut Faults,
) -> Option<TestNumber> {
    let at = |field: &str| format!("test_number[{index}].{field}");
    let phone = Phone::from_canonical(&table.phone)
        .ok_or("a number in E.164 is needed, as in \"+14155550100\"");
    let phone = faults.check(at("phone"), phone);
    let code = faults.check(at("code"), Code::parse(&table.code));
    let lengths_match = |code: &Code| {
        businesses
            .values()
            .all(|b| usize::from(b.code_length) == code.expose().len())
    };
    if code.as_ref().is_some_and(|code| !lengths_match(code)) {
        faults.add(
            at("code"),
            "as many digits as the code_length of every business are needed",
        );
    }
    let until = OffsetDateTime::parse(&table.until, &Rfc3339)
        .map_err(|_| "an end is needed, as in \"2027-01-31T00:00:00Z\"");
    let until = faults.check(at("until"), until);
    let per_day = faults.within(at("per_day"), table.per_day, 1..=10_000);
    Some(TestNumber {
        phone: phone?,
        code: code?,
        until: Timestamp::from_unix(until?.unix_timestamp()),
        per_day,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
        [numbers]
        countries = ["US"]
        [business.login]
        brand = "Example"
        default_locale = "en"
        templates.en = "{code}"
    "#;

    fn faults(text: &str) -> Vec<String> {
        match read(text) {
            Ok(_) => Vec::new(),
            Err(PolicyFaults(faults)) => faults.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_smallest_policy_has_the_documented_defaults() {
        let policy = read(SMALLEST).expect("valid");
        assert_eq!(policy.day_starts_at, Duration::ZERO);
        let limits = Limits {
            cooldown: Duration::from_mins(1),
            phone_per_hour: 5,
            phone_per_day: 10,
            device_per_day: 10,
            address_per_hour: 20,
            number_block_per_hour: 20,
        };
        assert_eq!(policy.limits, limits);
        let lockout = Lockout {
            soft: 20,
            hard: 100,
            remembered: Duration::from_hours(90 * 24),
        };
        assert_eq!(policy.lockout, lockout);
        let textable = BTreeSet::from([NumberType::Mobile, NumberType::FixedLineOrMobile]);
        assert_eq!(policy.numbers.types, textable);
        assert_eq!(policy.sms.sms_type, SmsType::Transactional);
        assert_eq!(policy.sms.max_segments, 2);
        assert_eq!(policy.slots().count, 7);
        let business = policy.businesses.values().next().expect("a business");
        assert_eq!((business.code_length, business.attempts), (6, 5));
        assert_eq!(business.code_lifetime, Duration::from_mins(5));
        assert_eq!(business.success_lifetime, Duration::from_mins(5));
    }

    #[test]
    fn what_the_file_says_is_what_counts() {
        let text = r#"
            day_starts_at = "16:30"
            [limits]
            cooldown_seconds = 61
            phone_per_hour = 2
            phone_per_day = 3
            device_per_day = 4
            address_per_hour = 5
            number_block_per_hour = 6
            [lock]
            wrong_codes_per_day = 7
            consecutive_wrong_codes = 8
            remembered_days = 9
            [numbers]
            countries = ["US", "de"]
            types = ["voip"]
            [sms]
            type = "Promotional"
            sender_id = "Example-1"
            max_price_usd = "0.50"
            max_segments = 3
            price_usd = { US = 0.00645 }
            [business.login]
            brand = "Example"
            default_locale = "en"
            code_length = 8
            code_lifetime_seconds = 120
            attempts = 3
            success_token_lifetime_seconds = 90
            client_key_sha256 = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
            templates.en = "{code}"
            [[test_number]]
            phone = "+14155550100"
            code = "12345678"
            until = "2027-01-01T00:00:00Z"
        "#;
        let policy = read(text).expect("valid");
        assert_eq!(policy.day_starts_at, Duration::from_mins(16 * 60 + 30));
        let limits = Limits {
            cooldown: Duration::from_secs(61),
            phone_per_hour: 2,
            phone_per_day: 3,
            device_per_day: 4,
            address_per_hour: 5,
            number_block_per_hour: 6,
        };
        assert_eq!(policy.limits, limits);
        let lockout = Lockout {
            soft: 7,
            hard: 8,
            remembered: Duration::from_hours(9 * 24),
        };
        assert_eq!(policy.lockout, lockout);
        let countries = ["DE", "US"].map(|code| Country::parse(code).expect("a country"));
        assert_eq!(policy.numbers.countries, BTreeSet::from(countries));
        assert_eq!(policy.numbers.types, BTreeSet::from([NumberType::Voip]));
        assert_eq!(policy.sms.sms_type, SmsType::Promotional);
        assert_eq!(policy.sms.sender_id.as_deref(), Some("Example-1"));
        assert_eq!(policy.sms.max_price_usd.as_deref(), Some("0.50"));
        assert_eq!(policy.sms.max_segments, 3);
        let price = policy.sms.prices.get(&countries[1]);
        assert_eq!(price.copied(), MicroUsd::from_dollars(0.00645));
        let business = policy.businesses.values().next().expect("a business");
        assert_eq!((business.code_length, business.attempts), (8, 3));
        assert_eq!(business.code_lifetime, Duration::from_mins(2));
        assert_eq!(business.success_lifetime, Duration::from_secs(90));
        let digest = std::array::from_fn(|n| u8::try_from(n).expect("below 32"));
        assert_eq!(business.client_key_sha256, Some(digest));
        let number = policy.test_numbers.first().expect("a test number");
        assert_eq!(number.code.expose(), "12345678");
        assert_eq!(number.until.to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(number.per_day, 100);
    }

    /// Which of `values` are accepted where `addition` is called with them.
    fn accepted<'v>(values: &[&'v str], addition: impl Fn(&str) -> String) -> Vec<&'v str> {
        let fits = |value: &&str| faults(&addition(value)).is_empty();
        values.iter().copied().filter(fits).collect()
    }

    fn on_top(key: &str, value: &str) -> String {
        format!("{key} = {value:?}\n{SMALLEST}")
    }

    fn of_the_business(key: &str, value: &str) -> String {
        format!("{SMALLEST}\n{key} = {value:?}")
    }

    #[test]
    fn a_time_of_day_has_two_hours_digits_below_24_and_two_minutes_digits_below_60() {
        let refused = [
            "24:00", "30:00", "00:60", "12:99", "1:00", "001:00", "01:0", "01:000", "0100", ":",
            "+1:00", "01:+5", "ab:cd",
        ];
        assert_eq!(accepted(&refused, |v| on_top("day_starts_at", v)), [""; 0]);
        let good = ["00:00", "00:59", "09:05", "23:59"];
        assert_eq!(accepted(&good, |v| on_top("day_starts_at", v)), good);
    }

    #[test]
    fn a_sender_is_1_to_11_letters_digits_and_hyphens_with_a_letter() {
        let in_sms = |v: &str| format!("[sms]\nsender_id = {v:?}\n{SMALLEST}");
        let refused = ["", "ABCDEFGHIJKL", "123", "1-2", "A_1", "A 1", "É"];
        assert_eq!(accepted(&refused, in_sms), [""; 0]);
        let good = ["A", "1A", "Example-1", "ABCDEFGHIJK"];
        assert_eq!(accepted(&good, in_sms), good);
    }

    #[test]
    fn a_price_is_above_0_and_below_100_dollars() {
        let in_sms = |v: &str| format!("[sms]\nmax_price_usd = {v:?}\n{SMALLEST}");
        let prices = ["0", "-1", "100", "1e9", "NaN", "", "1 USD", "0.01", "99.99"];
        assert_eq!(accepted(&prices, in_sms), ["0.01", "99.99"]);
    }

    #[test]
    fn an_origin_is_a_host_name() {
        let labels = |count: usize, last: &str| "a.".repeat(count) + last;
        let (longest_label, longer_label) = ("a".repeat(63), "a".repeat(64));
        let (longest, longer) = (labels(126, "a"), labels(126, "aa"));
        assert_eq!(longest.len(), 253);
        let refused = [
            "",
            ".",
            "a..b",
            "a.",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b",
            "https://a.com",
            "a.com:443",
            "é.com",
            &longer_label,
            &longer,
        ];
        assert_eq!(
            accepted(&refused, |v| of_the_business("origin", v)),
            [""; 0]
        );
        let good = [
            "example.com",
            "localhost",
            "a-b.example",
            "1.example",
            &longest_label,
            &longest,
        ];
        assert_eq!(accepted(&good, |v| of_the_business("origin", v)), good);
    }

    #[test]
    fn an_android_hash_is_11_characters_of_base64() {
        let hashes = [
            "FA9qCX9VSu",
            "FA+9qCX9VSu1",
            "FA_9qCX9VSu",
            "FA-9qCX9VSu",
            "FA+9qCX9VSu",
            "FA/9qCX9VSu",
            "FAA9qCX9VSu",
        ];
        let good = accepted(&hashes, |v| of_the_business("android_hash", v));
        assert_eq!(good, ["FA+9qCX9VSu", "FA/9qCX9VSu", "FAA9qCX9VSu"]);
    }

    #[test]
    fn the_digest_of_a_client_key_has_64_hexadecimal_digits() {
        let (good, short, long) = ("aB".repeat(32), "ab".repeat(31), "ab".repeat(33));
        let (other, signed) = ("ag".repeat(32), "+a".repeat(32));
        let values = [good.as_str(), &short, &long, &other, &signed, "x"];
        assert_eq!(
            accepted(&values, |v| of_the_business("client_key_sha256", v)),
            [good.as_str()]
        );
    }

    #[test]
    fn a_brand_is_not_blank_and_has_no_control_characters() {
        let with_brand = |v: &str| SMALLEST.replace("\"Example\"", &format!("{v:?}"));
        let brands = ["", "  ", "a\nb", "a\tb", "Example", "Größe & Co"];
        assert_eq!(accepted(&brands, with_brand), ["Example", "Größe & Co"]);
    }

    #[test]
    fn overrides_are_checked_as_the_file_is() {
        let with_sms = |sender: &str, price: &str| {
            let policy = read(SMALLEST).expect("valid");
            policy.with_sms(Some(sender.to_owned()), Some(price.to_owned()))
        };
        let policy = with_sms("Other", "0.25").expect("accepted");
        assert_eq!(policy.sms.sender_id.as_deref(), Some("Other"));
        assert_eq!(policy.sms.max_price_usd.as_deref(), Some("0.25"));
        assert!(with_sms("123", "0.25").is_err());
        assert!(with_sms("Other", "free").is_err());
    }

    #[test]
    fn each_fault_is_named_with_its_path() {
        let cases = [
            ("day_starts_at = \"24:00\"", "day_starts_at: "),
            (
                "[limits]\nphone_per_hour = 0",
                "limits.phone_per_hour: 0 is not within",
            ),
            (
                "[limits]\nphone_per_hour = \"5\"",
                "limits.phone_per_hour: invalid type",
            ),
            ("[limits]\nphones = 5", "limits.phones: unknown field"),
            (
                "[lock]\nconsecutive_wrong_codes = 101",
                "lock.consecutive_wrong_codes: 101",
            ),
            ("[sms]\ntype = \"Fast\"", "sms.type: "),
            ("[sms]\nsender_id = \"123\"", "sms.sender_id: "),
            ("[sms]\nmax_price_usd = \"free\"", "sms.max_price_usd: "),
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
                "[[test_number]]\nphone = \"1\"\ncode = \"123456\"\nuntil = \"2027-01-01T00:00:00Z\"",
                "test_number[0].phone: ",
            ),
            (
                "[[test_number]]\nphone = \"+14155550100\"\ncode = \"1234567\"\nuntil = \"2027-01-01T00:00:00Z\"",
                "test_number[0].code: ",
            ),
            (
                "[[test_number]]\nphone = \"+14155550100\"\ncode = \"123456\"\nuntil = \"soon\"",
                "test_number[0].until: ",
            ),
        ];
        for (addition, expected) in cases {
            // Top-level keys stand before the first table of the file.
            let found = faults(&format!("{addition}\n{SMALLEST}"));
            assert!(
                found.iter().any(|f| f.starts_with(expected)),
                "{addition}: {found:?}"
            );
        }
    }

    #[test]
    fn challenges_may_not_outlive_the_slots() {
        let lasting = |seconds: u32| {
            format!(
                "[limits]\ncooldown_seconds = 10\n{SMALLEST}\n[business.b]\nbrand = \"B\"\n\
                 default_locale = \"en\"\ncode_lifetime_seconds = {seconds}\ntemplates.en = \"{{code}}\""
            )
        };
        assert_eq!(read(&lasting(380)).map(|p| p.slots().count), Ok(MAX_SLOTS));
        assert_eq!(
            faults(&lasting(381)),
            [
                "business.b.code_lifetime_seconds: at most 380 is accepted with limits.cooldown_seconds = 10"
            ]
        );
    }

    #[test]
    fn all_faults_are_reported_at_once() {
        let text = format!("[limits]\nphone_per_hour = 0\nphone_per_day = 0\n{SMALLEST}");
        assert_eq!(faults(&text).len(), 2);
    }

    #[test]
    fn what_is_no_toml_says_where() {
        assert!(
            faults("[limits")
                .iter()
                .all(|f| f.starts_with("file: ") && f.contains("line 1"))
        );
        let nothing = faults("");
        assert!(
            nothing
                .iter()
                .all(|f| f.starts_with("file: ") && f.contains("numbers"))
        );
        assert_eq!(nothing.len(), 1);
    }
}
