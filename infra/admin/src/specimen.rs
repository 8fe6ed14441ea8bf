//! A text of the policy with a code of zeros: for `send-test`, and for what a text costs.

use std::collections::BTreeSet;

use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::catalog::{Catalog, RenderedText};
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::outgoing::SentAs;
use phoneproof_domain::policy::{Business, Policy};
use phoneproof_domain::purse::{Micros, price_of};

use crate::output::{CommandError, Exit};
use crate::policy::is_unpriced;

/// A text with a code of zeros, and what it is sent as.
pub(crate) struct Specimen<'p> {
    pub(crate) text: RenderedText,
    pub(crate) sent_as: SentAs<'p>,
    pub(crate) code: Code,
    pub(crate) business: &'p BusinessId,
    pub(crate) locale: Locale,
}

/// Renders a template as a text to `country`: of a business by its name, or of the first one of the policy. The country
/// may admit other locales than `locale`.
pub(crate) fn render<'p>(
    policy: &'p Policy,
    country: Option<Country>,
    business: Option<&str>,
    locale: Option<&str>,
) -> Result<Specimen<'p>, CommandError> {
    let (id, business) = find_business(policy, business)?;
    let wanted = locale.map(Locale::parse).transpose();
    let wanted = wanted.map_err(|error| CommandError::usage(format!("--locale: {error}")))?;
    let zeros = "0".repeat(usize::from(business.code_length));
    let code = Code::parse(&zeros).map_err(|error| CommandError::usage(error.to_string()))?;
    let catalog = Catalog::new(policy);
    let catalog = catalog.map_err(|faults| {
        CommandError::new(Exit::Failed, faults.to_string(), "see `policy check`")
    })?;
    let texts = catalog
        .templates(id)
        .ok_or_else(|| name_businesses(policy))?;
    let locale = texts.choose_locale(policy.sms.locales(country), wanted.as_ref());
    Ok(Specimen {
        text: texts.render(&locale, None, &code, business.code_lifetime),
        sent_as: policy.find_sent_as(country, business, &locale),
        code,
        business: id,
        locale,
    })
}

/// Returns what purses pay for a text of a business to `country`, for a caller who names no language. Without a
/// business it is the first one of the policy. `None` for a country without a price.
pub(crate) fn price(
    policy: &Policy,
    business: Option<&str>,
    country: Country,
) -> Result<Option<Micros>, CommandError> {
    let text = render(policy, Some(country), business, None)?.text;
    let estimate = policy.sms.estimate_cost(Some(country), text.segments);
    Ok(estimate.map(price_of))
}

/// Names those of `countries` that have no price: what their texts cost is an upper bound, and so are the sums of purses
/// that pay for them. `None` when all have one.
pub(crate) fn name_unpriced(
    policy: &Policy,
    countries: impl IntoIterator<Item = Country>,
) -> Option<String> {
    let unpriced: BTreeSet<_> = countries
        .into_iter()
        .filter(|country| is_unpriced(policy, *country))
        .collect();
    let names: Vec<_> = unpriced.iter().map(Country::as_str).collect();
    let most = policy.sms.max_price?;
    (!names.is_empty()).then(|| {
        format!(
            "no price: {}. A part of a text counts as ${most} there, so these sums are \"at most\".",
            names.join(", ")
        )
    })
}

/// Finds a business by its name, or the first one of the policy.
fn find_business<'p>(
    policy: &'p Policy,
    name: Option<&str>,
) -> Result<(&'p BusinessId, &'p Business), CommandError> {
    let mut businesses = policy.businesses.iter();
    match name {
        None => businesses.next(),
        Some(name) => businesses.find(|(id, _)| id.as_str() == name),
    }
    .ok_or_else(|| name_businesses(policy))
}

/// Refuses a business that the policy has not, and names those that it has.
pub(crate) fn name_businesses(policy: &Policy) -> CommandError {
    let ids: Vec<_> = policy.businesses.keys().map(BusinessId::as_str).collect();
    let ids = ids.join(", ");
    CommandError::usage(format!("--business: one of the policy is needed: {ids}"))
}
