//! The texts of the policy, checked and ready to send.
//!
//! Texts come from the policy alone. A request only chooses among the businesses, locales and labels of the policy. The
//! variables of a text are the code and values of the policy, so no byte of a request reaches a text.

use std::collections::BTreeMap;

use crate::action::ActionKind;
use crate::code::Code;
use crate::locale::Locale;
use crate::policy::{Business, BusinessId, Fault, Policy, PolicyFaults};
use crate::segments::{Segments, measure};

/// A part of a template: fixed text, the place of the code, or the place of the action's label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code,
    Action,
}

/// A text with the policy's values filled in and a place for the code.
#[derive(Debug, Clone)]
struct Words {
    pieces: Vec<Piece>,
    size: Segments,
}

/// The texts of one template.
#[derive(Debug, Clone)]
struct Template {
    /// The text for each kind of action. It is empty when the template does not show the action.
    by_action: BTreeMap<ActionKind, Words>,
    /// The text for every other action, and for none.
    other: Words,
}

/// A text that is ready to be sent. It holds a code, so it has no `Debug`.
pub struct RenderedText {
    /// The words of the text, with the code.
    pub body: String,
    /// The number of messages that the text is billed as.
    pub segments: u32,
}

/// The variables of a template, as faults name them.
const VARIABLES: &str = "variables are {code}, {brand}, {minutes} and {action}";

impl Template {
    /// Parses `source`, fills in the values of `business`, and measures the longest text of each label.
    fn compile(source: &str, business: &Business, locale: &Locale) -> Result<Self, String> {
        let pieces = parse(source, business)?;
        if !pieces.contains(&Piece::Action) {
            return Ok(Self {
                by_action: BTreeMap::new(),
                other: Words::measure(pieces, business),
            });
        }
        let mut by_action = BTreeMap::new();
        let mut missing = Vec::new();
        for (kind, labels) in &business.action_labels {
            match labels.get(locale) {
                Some(label) => {
                    let words = Words::measure(show_label(&pieces, label), business);
                    by_action.insert(kind.clone(), words);
                }
                None => missing.push(kind.to_string()),
            }
        }
        if !business.action_labels.contains_key(ActionKind::OTHER) {
            missing.push(ActionKind::OTHER.to_owned());
        }
        let other = by_action.get(ActionKind::OTHER).cloned();
        other
            .filter(|_| missing.is_empty())
            .map(|other| Self { by_action, other })
            .ok_or_else(|| {
                let missing = missing.join(", ");
                format!("shows {{action}}, so a label in `{locale}` is needed for: {missing}")
            })
    }

    /// The text for `action`, by its kind.
    fn words(&self, action: Option<&str>) -> &Words {
        let kind = action.map(ActionKind::of);
        kind.and_then(|kind| self.by_action.get(kind))
            .unwrap_or(&self.other)
    }

    /// The size of the longest text.
    fn size(&self) -> Segments {
        let sizes = self.by_action.values().map(|words| words.size);
        sizes.fold(self.other.size, |longest, size| {
            if (size.count, size.units) > (longest.count, longest.units) {
                size
            } else {
                longest
            }
        })
    }
}

/// Parses `source` and fills in the values of `business`, with the autofill lines at the end.
fn parse(source: &str, business: &Business) -> Result<Vec<Piece>, String> {
    if let Some(control) = source.chars().find(|c| c.is_control() && *c != '\n') {
        return Err(format!("control character {control:?} is not accepted"));
    }
    let minutes = business.code_lifetime.as_secs().div_ceil(60).to_string();
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, tail) = after
            .split_once('}')
            .ok_or_else(|| format!("a `{{` has no `}}`: {VARIABLES}"))?;
        pieces.push(Piece::Text(text.to_owned()));
        pieces.push(match name {
            "code" => Piece::Code,
            "brand" => Piece::Text(business.brand.clone()),
            "minutes" => Piece::Text(minutes.clone()),
            "action" => Piece::Action,
            _ => return Err(VARIABLES.to_owned()),
        });
        rest = tail;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    if pieces.iter().filter(|piece| **piece == Piece::Code).count() != 1 {
        return Err("{code} must stand in it exactly once".to_owned());
    }
    pieces.extend(make_autofill_lines(business));
    Ok(pieces)
}

/// Puts `label` where `pieces` show the action.
fn show_label(pieces: &[Piece], label: &str) -> Vec<Piece> {
    let show = |piece: &Piece| match piece {
        Piece::Action => Piece::Text(label.to_owned()),
        Piece::Text(_) | Piece::Code => piece.clone(),
    };
    pieces.iter().map(show).collect()
}

impl Words {
    /// Measures the longest text of `pieces`.
    fn measure(pieces: Vec<Piece>, business: &Business) -> Self {
        // All digits have the same width, so every text has the size of the sample.
        let sample = render(&pieces, &"0".repeat(usize::from(business.code_length)));
        Self {
            size: measure(&sample),
            pieces,
        }
    }
}

/// Joins `pieces`, with `code` in its place.
fn render(pieces: &[Piece], code: &str) -> String {
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Code => code,
        // No text is made of pieces that still have this place.
        Piece::Action => "",
    });
    pieces.collect()
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
        let template = Template::compile(source, business, locale)?;
        let size = template.size();
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

    /// Returns the text for `action` with `code` in it; `None` when there is no such template.
    ///
    /// `action` only chooses among the labels of the policy.
    #[must_use]
    pub fn render(
        &self,
        id: &BusinessId,
        locale: &Locale,
        action: Option<&str>,
        code: &Code,
    ) -> Option<RenderedText> {
        let words = self.templates.get(id)?.get(locale)?.words(action);
        Some(RenderedText {
            body: render(&words.pieces, code.expose()),
            segments: words.size.count,
        })
    }
}

#[cfg(test)]
mod action_tests;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::limits::Limits;
    use crate::phone_record::Lockout;
    use crate::policy::{NumberPolicy, SmsPolicy, SmsType};
    use crate::window::DAY;

    pub(super) fn business(template: &str) -> Business {
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
            action_labels: BTreeMap::new(),
            client_key_sha256: None,
        }
    }

    pub(super) fn policy(business: Business) -> Policy {
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
                prices_as_of: None,
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
            .render(id, &locale, None, &Code::from_number(42, 6))
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
