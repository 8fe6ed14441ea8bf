//! The texts of the policy, checked and ready to send.
//!
//! Texts come from the policy alone. A request only chooses among the businesses and locales of the policy. The
//! variables of a text are the code and values of the policy, so no byte of a request reaches a text.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::code::Code;
use crate::locale::Locale;
use crate::plural;
use crate::policy::{Business, BusinessId, Fault, Policy, PolicyFaults};
use crate::segments::{Segments, measure};

/// The longest text that Android's SMS Retriever reads, in bytes of UTF-8 (its guide, "Construct a verification message").
const MAX_RETRIEVER_BYTES: usize = 140;

/// The shortest lifetime of a code that a text can give in minutes.
const MINUTE: Duration = Duration::from_mins(1);

/// A part of a template: fixed text, the place of the code, or the minutes that the code still works.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code,
    /// The number of minutes, then the form that the language has for that number. Without forms, the number alone.
    Minutes(Vec<String>),
}

/// A text with the policy's values filled in and a place for the code.
#[derive(Debug, Clone)]
struct Template {
    language: String,
    pieces: Vec<Piece>,
    size: Segments,
}

/// A text that is ready to be sent. It holds a code, so it has no `Debug`.
pub struct RenderedText {
    /// The words of the text, with the code.
    pub body: String,
    /// The number of messages that the text is billed as.
    pub segments: u32,
}

impl Template {
    /// Parses `source`, fills in the values of `business`, and measures the longest text.
    ///
    /// The error holds every reason why the template cannot be used.
    fn compile(
        source: &str,
        locale: &Locale,
        business: &Business,
        max_segments: u32,
    ) -> Result<Self, Vec<String>> {
        let language = locale.as_str().split('-').next().unwrap_or_default();
        let mut faults = Vec::new();
        if let Some(control) = source.chars().find(|c| c.is_control() && *c != '\n') {
            faults.push(format!("control character {control:?} is not accepted"));
        }
        let mut pieces = parse_pieces(source, language, business, &mut faults);
        if pieces.iter().filter(|piece| **piece == Piece::Code).count() != 1 {
            faults.push("{code} must stand in it exactly once".to_owned());
        }
        let counts_minutes = pieces.iter().any(|p| matches!(p, Piece::Minutes(_)));
        if counts_minutes && business.code_lifetime < MINUTE {
            faults.push(format!(
                "{{minutes}} needs a code that lives a minute or more, and code_lifetime_seconds is {}",
                business.code_lifetime.as_secs()
            ));
        }
        pieces.extend(make_autofill_lines(business));
        let longest = make_samples(&pieces, language, business);
        let size = longest.iter().map(|text| measure(text));
        let size = size
            .max_by_key(|size| size.count)
            .unwrap_or_else(|| measure(""));
        if size.count > max_segments {
            faults.push(format!(
                "needs {} segments ({:?}, {} units), more than sms.max_segments = {max_segments}",
                size.count, size.encoding, size.units
            ));
        }
        let bytes = longest.iter().map(String::len).max().unwrap_or_default();
        if !business.android_hashes.is_empty() && bytes > MAX_RETRIEVER_BYTES {
            faults.push(format!(
                "needs {bytes} bytes with android_hash, and Android's SMS Retriever reads at most \
                 {MAX_RETRIEVER_BYTES}"
            ));
        }
        if faults.is_empty() {
            Ok(Self {
                language: language.to_owned(),
                pieces,
                size,
            })
        } else {
            Err(faults)
        }
    }
}

/// Splits `source` at its variables, and fills in the values that are known. Faults are added to `faults`.
fn parse_pieces(
    source: &str,
    language: &str,
    business: &Business,
    faults: &mut Vec<String>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some((text, after)) = rest.split_once('{') {
        pieces.push(Piece::Text(text.to_owned()));
        let Some((name, tail)) = after.split_once('}') else {
            faults.push("a `{` has no `}`: variables are {code}, {brand} and {minutes}".to_owned());
            return pieces;
        };
        rest = tail;
        match name {
            "code" => pieces.push(Piece::Code),
            "brand" => pieces.push(Piece::Text(business.brand.clone())),
            "minutes" => match plural::split_minutes(language, tail) {
                Some((forms, after_word)) => {
                    pieces.push(Piece::Minutes(forms.to_vec()));
                    rest = after_word;
                }
                None => pieces.push(Piece::Minutes(Vec::new())),
            },
            _ => match name.strip_prefix("minutes:") {
                Some(forms) => {
                    let forms: Vec<String> = forms.split('|').map(|f| format!(" {f}")).collect();
                    let needed = plural::count_forms(language);
                    if forms.len() != needed {
                        faults.push(format!(
                            "{{minutes:…}} needs {needed} forms in `{language}`, separated by |, and has {}",
                            forms.len()
                        ));
                    }
                    pieces.push(Piece::Minutes(forms));
                }
                None => faults.push("variables are {code}, {brand} and {minutes}".to_owned()),
            },
        }
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

/// Makes texts of which one needs as many segments as the longest text of these pieces.
///
/// All digits have the same width. The minutes differ in length with their number, and a form may need another encoding.
fn make_samples(pieces: &[Piece], language: &str, business: &Business) -> Vec<String> {
    let code = "0".repeat(usize::from(business.code_length));
    let mut samples: Vec<String> = Vec::new();
    for minutes in (1..=count_minutes(business.code_lifetime)).rev() {
        let sample = render(pieces, language, &code, minutes);
        let covers = |known: &String| {
            known.len() >= sample.len() && (sample.is_ascii() || !known.is_ascii())
        };
        if !samples.iter().any(covers) {
            samples.push(sample);
        }
    }
    samples
}

/// Counts the whole minutes for which a code works. A text never says fewer than one.
fn count_minutes(works_for: Duration) -> u64 {
    (works_for.as_secs() / MINUTE.as_secs()).max(1)
}

/// Joins `pieces`, with `code` and `minutes` in their places.
fn render(pieces: &[Piece], language: &str, code: &str, minutes: u64) -> String {
    let form = plural::form_of(language, minutes);
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Code => text.push_str(code),
            Piece::Minutes(forms) => {
                text.push_str(&minutes.to_string());
                text.push_str(forms.get(form).map_or("", String::as_str));
            }
        }
    }
    text
}

/// Makes the lines that phones read.
///
/// They are the app hashes of Android's SMS Retriever, and the origin-bound code (WICG "Origin-bound one-time codes"),
/// which must be the last line.
fn make_autofill_lines(business: &Business) -> Vec<Piece> {
    let hash = business
        .android_hashes
        .iter()
        .map(|hash| Piece::Text(format!("\n{hash}")));
    let origin = business
        .origin
        .iter()
        .flat_map(|host| [Piece::Text(format!("\n@{host} #")), Piece::Code]);
    hash.chain(origin).collect()
}

/// The size of one template, as `phoneproof-admin policy check` reports it.
#[derive(Debug, Clone)]
pub struct TemplateReport {
    /// The business that the template belongs to.
    pub business: BusinessId,
    /// The locale of the template.
    pub locale: Locale,
    /// The size of the longest text that the template makes.
    pub segments: Segments,
}

/// Every template of a policy, checked and ready to render.
#[derive(Debug, Clone)]
pub struct Catalog {
    templates: BTreeMap<BusinessId, BTreeMap<Locale, Template>>,
    report: Vec<TemplateReport>,
}

impl Catalog {
    /// Compiles and lints every template of `policy`.
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] names each template that is malformed or needs more segments than the policy allows.
    pub fn new(policy: &Policy) -> Result<Self, PolicyFaults> {
        let mut catalog = Self {
            templates: BTreeMap::new(),
            report: Vec::new(),
        };
        let mut faults = Vec::new();
        for (id, business) in &policy.businesses {
            for (locale, source) in &business.templates {
                match Template::compile(source, locale, business, policy.sms.max_segments) {
                    Ok(template) => catalog.add(id, locale, template),
                    Err(reasons) => faults.extend(name_faults(id.as_str(), locale, reasons)),
                }
            }
        }
        if faults.is_empty() {
            Ok(catalog)
        } else {
            Err(PolicyFaults(faults))
        }
    }

    fn add(&mut self, id: &BusinessId, locale: &Locale, template: Template) {
        self.report.push(TemplateReport {
            business: id.clone(),
            locale: locale.clone(),
            segments: template.size,
        });
        let by_locale = self.templates.entry(id.clone()).or_default();
        by_locale.insert(locale.clone(), template);
    }

    /// Returns the encoding and the size of every template's longest text.
    #[must_use]
    pub fn report(&self) -> &[TemplateReport] {
        &self.report
    }

    /// Chooses the locale in which `business` texts a person who asked for `wanted`.
    ///
    /// It is the first locale of the lookup chain (RFC 4647 section 3.4) that has a template, or the default locale of
    /// the business.
    #[must_use]
    pub fn locale(&self, id: &BusinessId, business: &Business, wanted: Option<&Locale>) -> Locale {
        let has = |locale: &Locale| {
            self.templates
                .get(id)
                .is_some_and(|by_locale| by_locale.contains_key(locale))
        };
        wanted
            .and_then(|locale| locale.lookup_chain().find(has))
            .unwrap_or_else(|| business.default_locale.clone())
    }

    /// Returns the text with `code` in it, which still works for this time; `None` when there is no such template.
    ///
    /// The text promises whole minutes, and never more than that time, unless it is less than one: then it says one.
    #[must_use]
    pub fn render(
        &self,
        id: &BusinessId,
        locale: &Locale,
        code: &Code,
        works_for: Duration,
    ) -> Option<RenderedText> {
        let template = self.templates.get(id)?.get(locale)?;
        let (language, minutes) = (&template.language, count_minutes(works_for));
        Some(RenderedText {
            body: render(&template.pieces, language, code.expose(), minutes),
            segments: template.size.count,
        })
    }
}

/// Lists the faults of the templates of a business, whose table in the policy file has this name.
///
/// [`Catalog::new`] finds the same faults. This also serves a business whose table has other faults.
#[must_use]
pub fn lint_templates(name: &str, business: &Business, max_segments: u32) -> Vec<Fault> {
    let templates = business.templates.iter();
    templates
        .filter_map(|(locale, source)| {
            let reasons = Template::compile(source, locale, business, max_segments).err()?;
            Some(name_faults(name, locale, reasons))
        })
        .flatten()
        .collect()
}

/// Turns reasons into faults of a template.
fn name_faults(name: &str, locale: &Locale, reasons: Vec<String>) -> Vec<Fault> {
    let path = format!("business.{name}.templates.{locale}");
    let fault = |reason| Fault {
        path: path.clone(),
        reason,
    };
    reasons.into_iter().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::limits::Limits;
    use crate::phone_record::Lockout;
    use crate::policy::{NumberPolicy, SmsPolicy, SmsType};
    use crate::window::DAY;

    fn business(template: &str) -> Business {
        let locale = Locale::parse("en").expect("a locale");
        Business {
            brand: "Bär".to_owned(),
            code_length: 6,
            code_lifetime: Duration::from_mins(5),
            attempts: 5,
            success_lifetime: Duration::from_mins(5),
            templates: BTreeMap::from([(locale.clone(), template.to_owned())]),
            default_locale: locale,
            origin: None,
            android_hashes: Vec::new(),
            client_key_sha256: None,
        }
    }

    fn policy(business: Business) -> Policy {
        Policy {
            day_starts_at: Duration::ZERO,
            limits: Limits::new(Duration::from_mins(1), Limits::default_of),
            lockout: Lockout {
                soft: 20,
                hard: 100,
                remembered: DAY,
            },
            numbers: NumberPolicy {
                countries: BTreeSet::new(),
                types: BTreeSet::new(),
                ranges: Vec::new(),
            },
            sms: SmsPolicy {
                sms_type: SmsType::Transactional,
                sender_id: None,
                max_price: None,
                prices: BTreeMap::new(),
                max_segments: 2,
            },
            businesses: BTreeMap::from([(BusinessId::parse("b").expect("an id"), business)]),
            test_numbers: Vec::new(),
        }
    }

    fn render_one(business: Business) -> String {
        let left = business.code_lifetime;
        render_in("en", business, left)
    }

    fn render_in(locale: &str, mut business: Business, left: Duration) -> String {
        let locale = Locale::parse(locale).expect("a locale");
        let template = business.templates.into_values().next().expect("a template");
        business.templates = BTreeMap::from([(locale.clone(), template)]);
        business.default_locale = locale;
        let policy = policy(business);
        let catalog = Catalog::new(&policy).expect("compiles");
        let (id, business) = policy.businesses.first_key_value().expect("one business");
        let locale = catalog.locale(id, business, None);
        catalog
            .render(id, &locale, &Code::from_number(42, 6), left)
            .expect("rendered")
            .body
    }

    #[test]
    fn fills_in_the_variables() {
        assert_eq!(
            render_one(business("{code} for {brand}, {minutes} min")),
            "000042 for Bär, 5 min"
        );
    }

    #[test]
    fn the_minutes_are_never_more_than_the_code_has_left() {
        for (seconds, said) in [
            (600, "10"),
            (300, "5"),
            (299, "4"),
            (119, "1"),
            (90, "1"),
            (60, "1"),
        ] {
            let left = Duration::from_secs(seconds);
            assert_eq!(
                render_in("zh", business("{code} {minutes}"), left),
                format!("000042 {said}")
            );
        }
    }

    #[test]
    fn one_minute_reads_well_in_every_language() {
        for (locale, template, one, five) in [
            (
                "en-GB",
                "{code} {minutes} minutes.",
                "1 minute.",
                "5 minutes.",
            ),
            ("de", "{code} {minutes} Minuten", "1 Minute", "5 Minuten"),
            (
                "fr",
                "{code} {minutes}\u{a0}minutes",
                "1\u{a0}minute",
                "5\u{a0}minutes",
            ),
            ("en", "{code} {minutes} min", "1 min", "5 min"),
            (
                "en",
                "{code} {minutes:minute|minutes}!",
                "1 minute!",
                "5 minutes!",
            ),
            (
                "ru",
                "{code} {minutes:минуту|минуты|минут}",
                "1 минуту",
                "5 минут",
            ),
            ("zh", "{code} {minutes} 分钟", "1 分钟", "5 分钟"),
            ("ja", "{code} {minutes:分}", "1 分", "5 分"),
        ] {
            for (minutes, said) in [(1, one), (5, five)] {
                let text = render_in(locale, business(template), Duration::from_mins(minutes));
                assert_eq!(text, format!("000042 {said}"), "{locale}");
            }
        }
    }

    #[test]
    fn a_text_for_androids_retriever_has_at_most_140_bytes() {
        let with_hashes = |template: &str| {
            let mut business = business(template);
            business.android_hashes = vec!["FA+9qCX9VSu".to_owned(), "AAAAAAAAAAA".to_owned()];
            business
        };
        let longest = format!("{{code}}{}", "a".repeat(140 - 6 - 24));
        let text = render_one(with_hashes(&longest));
        assert_eq!(text.len(), 140);
        assert!(text.ends_with("\nFA+9qCX9VSu\nAAAAAAAAAAA"));
        let longer = policy(with_hashes(&format!("{longest}a")));
        let PolicyFaults(faults) = Catalog::new(&longer).expect_err("a byte too long");
        assert!(
            faults[0].reason.contains("141 bytes"),
            "{}",
            faults[0].reason
        );
    }

    #[test]
    fn the_autofill_lines_come_last() {
        let mut business = business("{code}");
        business.origin = Some("example.com".to_owned());
        business.android_hashes = vec!["FA+9qCX9VSu".to_owned()];
        assert_eq!(
            render_one(business),
            "000042\nFA+9qCX9VSu\n@example.com #000042"
        );
    }

    #[test]
    fn every_fault_of_a_template_is_reported() {
        let mut business = business("{code}\t{code} {phone} {minutes}");
        business.code_lifetime = Duration::from_secs(59);
        let reasons = lint_templates("b", &business, 2);
        let reasons: Vec<_> = reasons.iter().map(|fault| fault.reason.as_str()).collect();
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        assert!(reasons[3].contains("code_lifetime_seconds is 59"));
    }

    #[test]
    fn a_fault_names_its_template_and_its_reason() {
        let long = format!("{{code}}{}", "a".repeat(301));
        for (template, reason) in [
            ("no code", "{code} must stand"),
            ("{code}{code}", "{code} must stand"),
            ("{code} {phone}", "variables are"),
            ("{code} {brand", "no `}`"),
            ("{code} {minutes:minutes}", "needs 2 forms in `en`"),
            (long.as_str(), "needs 3 segments (Gsm7, 307 units)"),
        ] {
            let PolicyFaults(faults) =
                Catalog::new(&policy(business(template))).expect_err(template);
            assert_eq!(faults[0].path, "business.b.templates.en");
            assert!(faults[0].reason.contains(reason), "{}", faults[0].reason);
        }
    }
}
