//! The tables of the policy file, as TOML holds them. Their values are not checked yet.

use std::collections::{BTreeMap, BTreeSet};

use phoneproof_domain::phone::NumberType;
use phoneproof_domain::policy::Fault;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default = "default_day_start")]
    pub(super) day_starts_at: String,
    /// Holds `cooldown_seconds`, and one number per counting rule under the name of the rule with underscores.
    #[serde(default)]
    pub(super) limits: BTreeMap<String, u32>,
    #[serde(default)]
    pub(super) lock: LockTable,
    pub(super) numbers: NumbersTable,
    #[serde(default)]
    pub(super) sms: SmsTable,
    pub(super) business: BTreeMap<String, BusinessTable>,
    #[serde(default)]
    pub(super) test_number: Vec<TestNumberTable>,
}

fn default_day_start() -> String {
    "00:00".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LockTable {
    pub(super) wrong_codes_per_day: u32,
    pub(super) consecutive_wrong_codes: u32,
    pub(super) remembered_days: u32,
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
pub(super) struct NumbersTable {
    pub(super) countries: Vec<String>,
    #[serde(default = "default_types")]
    pub(super) types: BTreeSet<NumberType>,
}

fn default_types() -> BTreeSet<NumberType> {
    BTreeSet::from([NumberType::Mobile, NumberType::FixedLineOrMobile])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SmsTable {
    pub(super) r#type: String,
    pub(super) sender_id: Option<String>,
    pub(super) max_price_usd: Option<String>,
    pub(super) max_segments: u32,
    pub(super) price_usd: BTreeMap<String, f64>,
    pub(super) price_list: Option<PriceListTable>,
}

impl Default for SmsTable {
    fn default() -> Self {
        Self {
            r#type: "Transactional".to_owned(),
            sender_id: None,
            max_price_usd: None,
            max_segments: 2,
            price_usd: BTreeMap::new(),
            price_list: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceListTable {
    pub(super) date: String,
    pub(super) source: String,
    /// Prices by country. They stand in several tables, because an inline table of TOML has one line.
    pub(super) usd: Vec<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BusinessTable {
    pub(super) brand: String,
    pub(super) default_locale: String,
    #[serde(default = "default_code_length")]
    pub(super) code_length: u8,
    #[serde(default = "default_lifetime_seconds")]
    pub(super) code_lifetime_seconds: u32,
    #[serde(default = "default_attempts")]
    pub(super) attempts: u32,
    #[serde(default = "default_lifetime_seconds")]
    pub(super) success_token_lifetime_seconds: u32,
    pub(super) origin: Option<String>,
    pub(super) android_hash: Option<String>,
    pub(super) client_key_sha256: Option<String>,
    pub(super) templates: BTreeMap<String, String>,
    /// Labels by the kind of the action and by locale.
    #[serde(default)]
    pub(super) actions: BTreeMap<String, BTreeMap<String, String>>,
}

const fn default_code_length() -> u8 {
    6
}

const fn default_attempts() -> u32 {
    5
}

const fn default_lifetime_seconds() -> u32 {
    300
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestNumberTable {
    pub(super) phone: String,
    pub(super) code: String,
    pub(super) until: String,
    #[serde(default = "default_per_day")]
    pub(super) per_day: u32,
}

const fn default_per_day() -> u32 {
    100
}

/// Reads the tables. The fault names the place where the file departs from them.
pub(super) fn parse(text: &str) -> Result<File, Fault> {
    let document = toml::Deserializer::parse(text).map_err(|error| Fault {
        path: "file".to_owned(),
        reason: describe_syntax_error(text, &error),
    })?;
    serde_path_to_error::deserialize(document).map_err(|error| Fault {
        path: match error.path().to_string() {
            root if root == "." => "file".to_owned(),
            path => path,
        },
        reason: error.inner().message().to_owned(),
    })
}

/// Says what is wrong and on which line. It leaves out the line, which may hold the digest of a client key.
fn describe_syntax_error(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}
