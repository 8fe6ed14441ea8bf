//! The texts of the policy, checked and ready to send.
//!
//! Texts come from the policy alone. A request only chooses among the businesses and locales of the policy. The
//! variables of a text are the code and values of the policy, so no byte of a request reaches a text.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::code::Code;
use crate::locale::Locale;
use crate::policy::{Business, BusinessId, Fault, Policy, PolicyFaults};
use crate::segments::{Segments, measure};

/// A part of a template: fixed text, the place of the code, or that of the minutes for which the code works.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code,
    Minutes,
}

/// A text with the policy's values filled in and a place for the code.
#[derive(Debug, Clone)]
struct Template {
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
    fn compile(source: &str, business: &Business) -> Result<Self, String> {
        if let Some(control) = source.chars().find(|c| c.is_control() && *c != '\n') {
            return Err(format!("control character {control:?} is not accepted"));
        }
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, tail) = after
                .split_once('}')
                .ok_or("a `{` has no `}`: variables are {code}, {brand} and {minutes}")?;
            pieces.push(Piece::Text(text.to_owned()));
            pieces.push(match name {
                "code" => Piece::Code,
                "brand" => Piece::Text(business.brand.clone()),
                "minutes" => Piece::Minutes,
                _ => return Err("variables are {code}, {brand} and {minutes}".to_owned()),
            });
            rest = tail;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if pieces.iter().filter(|piece| **piece == Piece::Code).count() != 1 {
            return Err("{code} must stand in it exactly once".to_owned());
        }
        pieces.extend(make_autofill_lines(business));
        // All digits have the same width, so every text of this template has the size of the sample.
        let code = "0".repeat(usize::from(business.code_length));
        let sample = render(&pieces, &code, &count_minutes(business.code_lifetime));
        let size = measure(&sample);
        Ok(Self { pieces, size })
    }
}

/// Joins `pieces`, with `code` and `minutes` in their places.
fn render(pieces: &[Piece], code: &str, minutes: &str) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Code => code,
        Piece::Minutes => minutes,
    });
    pieces.collect()
}

/// Writes the minutes for which a code works. Whole minutes only are promised, and never less than one.
fn count_minutes(works_for: Duration) -> String {
    (works_for.as_secs() / 60).max(1).to_string()
}

/// Makes the lines that phones read.
///
/// They are the app hash of Android's SMS Retriever, and the origin-bound code (WICG "Origin-bound one-time codes"),
/// which must be the last line.
fn make_autofill_lines(business: &Business) -> Vec<Piece> {
    let hash = business
        .android_hash
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
                if let Err(reason) =
                    catalog.add(id, business, locale, source, policy.sms.max_segments)
                {
                    let path = format!("business.{}.templates.{locale}", id.as_str());
                    faults.push(Fault { path, reason });
                }
            }
        }
        if faults.is_empty() {
            Ok(catalog)
        } else {
            Err(PolicyFaults(faults))
        }
    }

    /// Compiles one template. The error is the reason of a fault.
    fn add(
        &mut self,
        id: &BusinessId,
        business: &Business,
        locale: &Locale,
        source: &str,
        max_segments: u32,
    ) -> Result<(), String> {
        let template = Template::compile(source, business)?;
        let size = template.size;
        if size.count > max_segments {
            return Err(format!(
                "needs {} segments ({:?}, {} units), more than sms.max_segments = {max_segments}",
                size.count, size.encoding, size.units
            ));
        }
        self.report.push(TemplateReport {
            business: id.clone(),
            locale: locale.clone(),
            segments: size,
        });
        let by_locale = self.templates.entry(id.clone()).or_default();
        by_locale.insert(locale.clone(), template);
        Ok(())
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
    #[must_use]
    pub fn render(
        &self,
        id: &BusinessId,
        locale: &Locale,
        code: &Code,
        works_for: Duration,
    ) -> Option<RenderedText> {
        let template = self.templates.get(id)?.get(locale)?;
        Some(RenderedText {
            body: render(&template.pieces, code.expose(), &count_minutes(works_for)),
            segments: template.size.count,
        })
    }
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
            android_hash: None,
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
        let lifetime = business.code_lifetime;
        render_with(business, lifetime)
    }

    fn render_with(business: Business, works_for: Duration) -> String {
        let policy = policy(business);
        let catalog = Catalog::new(&policy).expect("compiles");
        let (id, business) = policy.businesses.first_key_value().expect("one business");
        let locale = catalog.locale(id, business, None);
        catalog
            .render(id, &locale, &Code::from_number(42, 6), works_for)
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
    fn a_text_never_promises_more_time_than_is_left() {
        for (seconds, minutes) in [(300, "5"), (299, "4"), (240, "4"), (179, "2"), (120, "2")] {
            let text = render_with(business("{code} {minutes}"), Duration::from_secs(seconds));
            assert_eq!(text, format!("000042 {minutes}"));
        }
    }

    #[test]
    fn the_autofill_lines_come_last() {
        let mut business = business("{code}");
        business.origin = Some("example.com".to_owned());
        business.android_hash = Some("FA+9qCX9VSu".to_owned());
        assert_eq!(
            render_one(business),
            "000042\nFA+9qCX9VSu\n@example.com #000042"
        );
    }

    #[test]
    fn a_fault_names_its_template_and_its_reason() {
        let long = format!("{{code}}{}", "a".repeat(301));
        for (template, reason) in [
            ("no code", "{code} must stand"),
            ("{code}{code}", "{code} must stand"),
            ("{code} {phone}", "variables are"),
            ("{code} {brand", "no `}`"),
            (long.as_str(), "needs 3 segments (Gsm7, 307 units)"),
        ] {
            let PolicyFaults(faults) =
                Catalog::new(&policy(business(template))).expect_err(template);
            assert_eq!(faults[0].path, "business.b.templates.en");
            assert!(faults[0].reason.contains(reason), "{}", faults[0].reason);
        }
    }
}
