//! Reads the countries, the volume and the conversion of the operator's own service.

use std::collections::BTreeSet;

use phoneproof_domain::country::Country;
use phoneproof_domain::policy::Policy;
use phoneproof_simulator::scenario::Market;
use phoneproof_simulator::world::Place;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The share of typed codes where the file has none.
const CONVERSION: f64 = 0.78;

/// The load of a service.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) market: Market,
    /// What the operator should know about it.
    pub(super) notes: Vec<String>,
}

impl Load {
    /// Reads what `stats --json` printed: `countries` with `sent` and `conversion`, and `since` and `until`. A file by
    /// hand may give `perDay` in place of `sent`.
    pub(super) fn parse(text: &str, policy: &Policy) -> Result<Self, String> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("JSON is needed: {error}"))?;
        let countries = document.get("countries").and_then(Value::as_object);
        let countries = countries.ok_or("`countries` is needed, as `stats --json` prints it")?;
        let days = read_days(&document)?;
        let (mut service, mut left_out, mut unpriced) = (vec![], vec![], vec![]);
        let mut seen = BTreeSet::new();
        for (code, flow) in countries {
            let country = Country::parse(code).ok().filter(Country::has_numbers);
            let country = country
                .ok_or_else(|| format!("countries.{code}: the code of a country is needed"))?;
            if !seen.insert(country) {
                return Err(format!("countries.{code}: {country} is given twice"));
            }
            if !policy.numbers.countries.contains(&country) {
                left_out.push(country.to_string());
                continue;
            }
            let conversion =
                read_conversion(flow).map_err(|fault| format!("countries.{code}.{fault}"))?;
            let per_day =
                read_per_day(flow, days).map_err(|fault| format!("countries.{code}.{fault}"))?;
            let (place, is_bound) = read_price(policy, country, conversion)?;
            if is_bound {
                unpriced.push(country.to_string());
            }
            service.push((place, per_day));
        }
        let allowed = policy.numbers.countries.iter();
        let allowed: Result<Vec<_>, String> = allowed
            .map(|country| Ok(read_price(policy, *country, CONVERSION)?.0))
            .collect();
        let volume: f64 = service.iter().map(|(_, per_day)| per_day).sum();
        let mut notes = vec![format!(
            "Your service: {volume:.0} sends a day in {} countries, at the policy's prices of one segment. Half of the sends are to phones that were verified before, and 2 % come from unfamiliar networks; the file says neither.",
            service.len()
        )];
        if !left_out.is_empty() {
            let left_out = left_out.join(", ");
            notes.push(format!(
                "Left out, because the policy does not text them: {left_out}."
            ));
        }
        if !unpriced.is_empty() {
            let unpriced = unpriced.join(", ");
            notes.push(format!(
                "Without a price, so sums with them are \"at most\": {unpriced}."
            ));
        }
        let market = Market::own(service, &allowed?);
        let market = market.ok_or("`countries` has no country that the policy texts")?;
        Ok(Self { market, notes })
    }
}

/// Returns the price of a text to a country, and whether it is an upper bound.
fn read_price(policy: &Policy, country: Country, conversion: f64) -> Result<(Place, bool), String> {
    let cost = policy.sms.estimate_cost(Some(country), 1);
    // An accepted policy has a price or an upper bound for each of its countries.
    let cost = cost.ok_or_else(|| format!("{country} has no price"))?;
    let micros = i64::try_from(cost.amount.micros()).map_err(|error| error.to_string())?;
    Ok((Place::new(country, micros, conversion), cost.is_upper_bound))
}

/// Returns the days from `since` to `until`; `None` without both.
fn read_days(document: &Value) -> Result<Option<f64>, String> {
    let instant = |name: &str| -> Result<Option<OffsetDateTime>, String> {
        match document.get(name) {
            None => Ok(None),
            Some(value) => {
                let text = value.as_str().unwrap_or_default();
                let instant = OffsetDateTime::parse(text, &Rfc3339);
                let instant = instant.map_err(|_| {
                    format!("{name}: an instant is needed, as in \"2027-01-31T00:00:00Z\"")
                })?;
                Ok(Some(instant))
            }
        }
    };
    match (instant("since")?, instant("until")?) {
        (Some(since), Some(until)) if until > since => {
            Ok(Some((until - since).as_seconds_f64() / 86_400.0))
        }
        (Some(_), Some(_)) => Err("until: an instant after `since` is needed".to_owned()),
        _ => Ok(None),
    }
}

fn read_number(flow: &Value, name: &str, most: f64) -> Result<Option<f64>, String> {
    match flow.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value
                .as_f64()
                .filter(|number| (0.0..=most).contains(number));
            let number = number.ok_or_else(|| format!("{name}: 0 to {most} is needed"))?;
            Ok(Some(number))
        }
    }
}

/// Returns the sends of a day: those given, or those of the whole time.
fn read_per_day(flow: &Value, days: Option<f64>) -> Result<f64, String> {
    const MOST: f64 = 1_000_000.0;
    if let Some(per_day) = read_number(flow, "perDay", MOST)? {
        return Ok(per_day);
    }
    let sent = read_number(flow, "sent", 1e12)?;
    match (sent, days) {
        (Some(sent), Some(days)) if sent / days <= MOST => Ok(sent / days),
        (Some(_), Some(_)) => Err(format!("sent: at most {MOST} a day is accepted")),
        _ => Err("perDay: a number is needed, or `sent` with `since` and `until`".to_owned()),
    }
}

/// Returns the share of typed codes. Texts of the last minutes are not typed in yet, and a text may be typed in after
/// the time began, so the share is kept off the ends.
fn read_conversion(flow: &Value) -> Result<f64, String> {
    let conversion = read_number(flow, "conversion", 1e6)?;
    Ok(conversion.unwrap_or(CONVERSION).clamp(0.02, 0.98))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let text = phoneproof_config::DEFAULT_POLICY.replace("\"US 0.01, ", "\"");
        phoneproof_config::policy::from_toml(&text).expect("valid")
    }

    fn fault(text: &str) -> String {
        Load::parse(text, &policy()).expect_err("a fault")
    }

    #[test]
    fn reads_what_stats_prints() {
        let text = r#"{
            "since": "2026-11-01T00:00:00Z", "until": "2026-11-08T00:00:00Z", "requests": 9, "all": {},
            "countries": {
                "GB": { "sent": 700.0, "verified": 630.0, "conversion": 0.9 },
                "US": { "sent": 70.0, "verified": 0.0, "conversion": 0.0 },
                "MA": { "sent": 7.0, "verified": 7.0, "conversion": 1.0 }
            }
        }"#;
        let load = Load::parse(text, &policy()).expect("a load");
        let rows = load.market.service.iter();
        let rows = rows.map(|(place, n)| (place.country.to_string(), place.price, *n));
        let expected = [("GB", 50_000, 100.0), ("US", 500_000, 10.0)];
        assert!(rows.eq(expected.map(|(code, price, n)| (code.to_owned(), price, n))));
        assert_eq!(load.market.random.country.to_string(), "US");
        assert!(
            load.notes[1].ends_with("does not text them: MA."),
            "{:?}",
            load.notes
        );
        assert!(
            load.notes[2].ends_with("\"at most\": US."),
            "{:?}",
            load.notes
        );
    }

    #[test]
    fn a_file_by_hand_gives_sends_per_day() {
        let text = r#"{"countries": {"DE": {"perDay": 20}}}"#;
        let (place, per_day) = Load::parse(text, &policy()).expect("a load").market.service[0];
        assert!((place.conversion - CONVERSION).abs() < 1e-9 && (per_day - 20.0).abs() < 1e-9);
    }

    #[test]
    fn a_fault_names_its_member() {
        for (text, expected) in [
            ("{", "JSON is needed"),
            ("{}", "`countries` is needed"),
            (r#"{"countries": {}}"#, "`countries` has no country"),
            (r#"{"countries": {"XX": {}}}"#, "countries.XX: the code"),
            (
                r#"{"countries": {"DE": {}}}"#,
                "countries.DE.perDay: a number",
            ),
            (
                r#"{"countries": {"DE": {"sent": 5}}}"#,
                "countries.DE.perDay: a number",
            ),
            (
                r#"{"countries": {"DE": {"perDay": -1}}}"#,
                "countries.DE.perDay: 0 to",
            ),
            (
                r#"{"countries": {"DE": {"perDay": 1}, "de": {"perDay": 2}}}"#,
                "countries.de: DE is given twice",
            ),
            (
                r#"{"countries": {"DE": {"perDay": 1, "conversion": "x"}}}"#,
                "countries.DE.conversion: 0 to",
            ),
            (r#"{"since": 5, "countries": {}}"#, "since: an instant"),
            (
                r#"{"since": "2026-11-08T00:00:00Z", "until": "2026-11-08T00:00:00Z", "countries": {}}"#,
                "until: an instant after",
            ),
        ] {
            assert!(fault(text).starts_with(expected), "{text}: {}", fault(text));
        }
    }
}
