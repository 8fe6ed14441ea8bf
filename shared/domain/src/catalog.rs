//! The texts of the policy, checked and ready to send.
//!
//! Texts come from the policy alone. A request only chooses among the businesses, locales and labels of the policy. The
//! variables of a text are the code and values of the policy, so no byte of a request reaches a text.

use std::collections::BTreeMap;
use std::time::Duration;

use self::template::Template;
use crate::business_id::BusinessId;
use crate::code::Code;
use crate::locale::Locale;
use crate::policy::{Business, Fault, Policy, PolicyFaults};
use crate::segments::Segments;

mod template;

/// A text that is ready to be sent. It holds a code, so it has no `Debug`.
pub struct RenderedText {
    /// The words of the text, with the code.
    pub body: String,
    /// The number of messages that the text is billed as.
    pub segments: u32,
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
    templates: BTreeMap<BusinessId, Templates>,
    report: Vec<TemplateReport>,
}

/// The templates of one business, in every locale that the policy has for it.
#[derive(Debug, Clone)]
pub struct Templates {
    default_locale: Locale,
    default: Template,
    /// The templates in the other locales.
    others: BTreeMap<Locale, Template>,
}

impl Catalog {
    /// Compiles and lints every template of `policy`.
    ///
    /// # Errors
    ///
    /// [`PolicyFaults`] names each template that is malformed or needs more segments than the policy allows, and each
    /// business without a text in its default locale.
    pub fn new(policy: &Policy) -> Result<Self, PolicyFaults> {
        let mut catalog = Self {
            templates: BTreeMap::new(),
            report: Vec::new(),
        };
        let mut faults = Vec::new();
        for (id, business) in &policy.businesses {
            match catalog.compile(id, business, policy.sms.max_segments) {
                Ok(templates) => drop(catalog.templates.insert(id.clone(), templates)),
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            Ok(catalog)
        } else {
            Err(PolicyFaults(faults))
        }
    }

    /// Compiles the templates of one business and reports their sizes.
    fn compile(
        &mut self,
        id: &BusinessId,
        business: &Business,
        max_segments: u32,
    ) -> Result<Templates, Vec<Fault>> {
        let (mut templates, mut faults) = (BTreeMap::new(), Vec::new());
        for (locale, source) in &business.templates {
            match Template::compile(source, locale, business, max_segments) {
                Ok(template) => {
                    self.report.push(TemplateReport {
                        business: id.clone(),
                        locale: locale.clone(),
                        segments: template.size(),
                    });
                    templates.insert(locale.clone(), template);
                }
                Err(reasons) => faults.extend(name_faults(id.as_str(), locale, reasons)),
            }
        }
        match templates.remove(&business.default_locale) {
            Some(default) if faults.is_empty() => Ok(Templates {
                default_locale: business.default_locale.clone(),
                default,
                others: templates,
            }),
            None if faults.is_empty() => Err(vec![Fault {
                path: format!("business.{}.default_locale", id.as_str()),
                reason: "a template in this locale is needed".to_owned(),
            }]),
            _ => Err(faults),
        }
    }

    /// Returns the templates of a business; `None` when the policy has no such business.
    #[must_use]
    pub fn templates(&self, id: &BusinessId) -> Option<&Templates> {
        self.templates.get(id)
    }

    /// Returns the encoding and the size of every template's longest text.
    #[must_use]
    pub fn report(&self) -> &[TemplateReport] {
        &self.report
    }
}

impl Templates {
    /// Chooses the locale in which the business texts a person who asked for the languages `wanted`, the best first.
    /// Only the locales in `allowed` are possible, if it names any.
    ///
    /// It is the first locale of their lookup chains (RFC 4647 section 3.4) that is possible and has a template.
    /// Without one it is the first allowed locale that has a template, or the default locale of the business.
    #[must_use]
    pub fn choose_locale<'w>(
        &self,
        allowed: &[Locale],
        wanted: impl IntoIterator<Item = &'w Locale>,
    ) -> Locale {
        let has =
            |locale: &Locale| *locale == self.default_locale || self.others.contains_key(locale);
        let fits = |locale: &Locale| allowed.is_empty() || allowed.contains(locale);
        let mut chain = wanted.into_iter().flat_map(Locale::lookup_chain);
        let found = chain.find(|locale| has(locale) && fits(locale));
        let preferred = || allowed.iter().find(|locale| has(locale)).cloned();
        found
            .or_else(preferred)
            .unwrap_or_else(|| self.default_locale.clone())
    }

    /// Makes the text for `action` with `code` in it, which still works for this time.
    ///
    /// A locale without a template gets the text in the default locale. `action` only chooses among the labels of the
    /// policy. The text promises whole minutes, and never more than that time, unless it is less than one: then it says
    /// one.
    #[must_use]
    pub fn render(
        &self,
        locale: &Locale,
        action: Option<&str>,
        code: &Code,
        works_for: Duration,
    ) -> RenderedText {
        let template = self.others.get(locale).unwrap_or(&self.default);
        let (body, segments) = template.render(action, code, works_for);
        RenderedText { body, segments }
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
mod action_tests;

#[cfg(test)]
mod tests;
