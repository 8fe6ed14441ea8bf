//! The body of `GET /v1/policy`.

use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::medium::Medium;
use phoneproof_domain::policy::{Business, Policy};
use serde::Serialize;
use utoipa::ToSchema;

use crate::channels::name_channels;

/// What a front end has to know of the policy. It holds no limit, no price, no template and no key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PolicyResponse)]
pub struct PolicyReply {
    /// The countries whose numbers are served, as ISO 3166-1 alpha-2 codes in alphabetical order.
    #[schema(example = json!(["DE", "US"]))]
    pub countries: Vec<String>,
    /// After how many seconds a phone may be texted again.
    #[schema(example = 60)]
    pub resend_in: u64,
    /// The businesses that a front end may name, in alphabetical order. A business with a client key is not listed,
    /// because only a backend calls it.
    pub businesses: Vec<BusinessReply>,
}

/// What a front end has to know of one business.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PolicyBusiness)]
pub struct BusinessReply {
    /// What requests name as `businessId`.
    #[schema(example = "login")]
    pub id: String,
    /// The name that texts show.
    #[schema(example = "Example")]
    pub brand: String,
    /// The channels that a code can take.
    #[schema(value_type = Vec<String>, example = json!(["sms"]))]
    pub channels: Vec<&'static str>,
    /// The number of digits of a code.
    #[schema(example = 6)]
    pub code_length: u8,
    /// The languages that texts are written in, as BCP 47 tags in lower case.
    #[schema(example = json!(["en", "zh"]))]
    pub locales: Vec<String>,
    /// The language of a text whose request names none of these.
    #[schema(example = "en")]
    pub default_locale: String,
}

impl From<&Policy> for PolicyReply {
    fn from(policy: &Policy) -> Self {
        let countries = policy.numbers.countries.iter();
        let callable = policy.businesses.iter();
        let callable = callable.filter(|(_, business)| business.client_key_sha256.is_none());
        // Every business has the same channels.
        let media = Medium::list(policy.voice.is_some());
        Self {
            countries: countries.map(ToString::to_string).collect(),
            resend_in: policy.limits.cooldown.as_secs(),
            businesses: callable
                .map(|(id, business)| BusinessReply::new(id, business, name_channels(media)))
                .collect(),
        }
    }
}

impl BusinessReply {
    fn new(id: &BusinessId, business: &Business, channels: Vec<&'static str>) -> Self {
        Self {
            id: id.as_str().to_owned(),
            brand: business.brand.clone(),
            channels,
            code_length: business.code_length,
            locales: business.templates.keys().map(ToString::to_string).collect(),
            default_locale: business.default_locale.to_string(),
        }
    }
}
