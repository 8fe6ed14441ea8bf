//! What texts say.
//!
//! Texts come from the policy alone. A request chooses a business and a locale among those that
//! exist; the only variables are the code and values of the policy, so no byte of a request reaches
//! a text.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::locale::Locale;
use crate::policy::{Business, BusinessId, Fault, Policy, PolicyFaults};
use crate::segments::{Segments, segments};

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code,
}

/// A text with the policy's values filled in and a place for the code.
#[derive(Debug, Clone)]
struct Template {
    pieces: Vec<Piece>,
    size: Segments,
}

/// A text that is ready to be sent. It holds a code: it has no `Debug`.
pub struct RenderedText {
    /// What it says.
    pub body: String,
    /// How many messages it is billed as.
    pub segments: u32,
}

impl Template {
    /// Parses `source` for `business`.
    fn compile(source: &str, business: &Business) -> Result<Self, String> {
        if let Some(control) = source.chars().find(|c| c.is_control() && *c != '\n') {
            return Err(format!("control character {control:?} is not accepted"));
        }
        let minutes = business.code_lifetime.as_secs().div_ceil(60).to_string();
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
                "minutes" => Piece::Text(minutes.clone()),
                _ => return Err("variables are {code}, {brand} and {minutes}".to_owned()),
            });
            rest = tail;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if pieces.iter().filter(|piece| **piece == Piece::Code).count() != 1 {
            return Err("{code} must stand in it exactly once".to_owned());
        }
        pieces.extend(autofill(business));
        // Digits are all of one size, so every text of this template has the size of this one.
        let sample = render(&pieces, &"0".repeat(usize::from(business.code_length)));
        let size = segments(&sample);
        Ok(Self { pieces, size })
    }
}

fn render(pieces: &[Piece], code: &str) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Code => code,
    });
    pieces.collect()
}

/// The lines that phones read: the app hash of Android's SMS Retriever, and the origin-bound code
/// (WICG "Origin-bound one-time codes"), which must be the last line.
fn autofill(business: &Business) -> Vec<Piece> {
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

/// One line of the linter's report.
#[derive(Debug, Clone)]
pub struct TemplateReport {
    /// The business.
    pub business: BusinessId,
    /// The locale.
    pub locale: Locale,
    /// The size of its longest text.
    pub segments: Segments,
}

/// Every text of a policy, checked and ready to render.
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
    /// [`PolicyFaults`] names each template that is malformed or can need more segments than the
    /// policy allows.
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
        let of_business = self.templates.entry(id.clone()).or_default();
        of_business.insert(locale.clone(), template);
        Ok(())
    }

    /// The encoding and size of every template's longest text.
    #[must_use]
    pub fn report(&self) -> &[TemplateReport] {
        &self.report
    }

    /// The locale in which `business` texts someone who asked for `wanted`: the first of RFC 4647's
    /// lookup chain with a template, else the business's default.
    #[must_use]
    pub fn locale(&self, id: &BusinessId, business: &Business, wanted: Option<&Locale>) -> Locale {
        let has = |locale: &Locale| {
            self.templates
                .get(id)
                .is_some_and(|of_business| of_business.contains_key(locale))
        };
        wanted
            .and_then(|locale| locale.lookup_chain().find(has))
            .unwrap_or_else(|| business.default_locale.clone())
    }

    /// The text with `code` in it; `None` when there is no such template.
    #[must_use]
    pub fn render(&self, id: &BusinessId, locale: &Locale, code: &Code) -> Option<RenderedText> {
        let template = self.templates.get(id)?.get(locale)?;
        Some(RenderedText {
            body: render(&template.pieces, code.expose()),
            segments: template.size.count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

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
        let policy = policy(business);
        let catalog = Catalog::new(&policy).expect("compiles");
        let (id, business) = policy.businesses.first_key_value().expect("one business");
        let locale = catalog.locale(id, business, None);
        catalog
            .render(id, &locale, &Code::from_number(42, 6))
            .expect("rendered")
            .body
    }

    #[test]
    fn variables_are_filled_in() {
        assert_eq!(
            render_one(business("{code} for {brand}, {minutes} min")),
            "000042 for Bär, 5 min"
        );
    }

    #[test]
    fn autofill_lines_come_last() {
        let mut business = business("{code}");
        business.origin = Some("example.com".to_owned());
        business.android_hash = Some("FA+9qCX9VSu".to_owned());
        assert_eq!(
            render_one(business),
            "000042\nFA+9qCX9VSu\n@example.com #000042"
        );
    }

    #[test]
    fn faults_name_their_template() {
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
