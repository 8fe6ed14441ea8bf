//! The tables of the policy file, as TOML holds them. Their values are not checked yet.
//!
//! Every member has a default. A missing value is then reported by the check that needs it, beside all other faults.

use std::collections::BTreeMap;
use std::ops::Range;

use phoneproof_domain::policy::Fault;
use serde::Deserialize;
use serde_path_to_error::{Path, Segment};
use toml::Value;

use super::purses::PursesTable;

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
    #[serde(default)]
    pub(super) numbers: NumbersTable,
    #[serde(default)]
    pub(super) sms: SmsTable,
    #[serde(default)]
    pub(super) purses: PursesTable,
    #[serde(default)]
    pub(super) business: BTreeMap<String, BusinessTable>,
    #[serde(default)]
    pub(super) test_number: Vec<TestNumberTable>,
    pub(super) attestation: Option<AttestationTable>,
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

/// Lists hold values of any type, so that a faulty one does not hide the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NumbersTable {
    pub(super) countries: Vec<Value>,
    pub(super) types: Vec<Value>,
    pub(super) range: Vec<RangeTable>,
}

impl Default for NumbersTable {
    fn default() -> Self {
        let types = ["mobile", "fixed-line-or-mobile"];
        Self {
            countries: Vec::new(),
            types: types.map(Value::from).to_vec(),
            range: Vec::new(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RangeTable {
    pub(super) prefix: String,
    pub(super) digits: u32,
    pub(super) country: String,
    pub(super) r#type: String,
}

/// One text, or a list of texts.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text in quotes, or a list of them, is needed")]
pub(super) enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Texts {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
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
    #[serde(default)]
    pub(super) brand: String,
    #[serde(default)]
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
    #[serde(default)]
    pub(super) android_hash: Texts,
    pub(super) client_key_sha256: Option<String>,
    pub(super) texts_per_hour: Option<u32>,
    pub(super) texts_per_day: Option<u32>,
    #[serde(default)]
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
    #[serde(default)]
    pub(super) phone: String,
    #[serde(default)]
    pub(super) code: Texts,
    #[serde(default)]
    pub(super) until: String,
    #[serde(default = "default_per_day")]
    pub(super) per_day: u32,
}

const fn default_per_day() -> u32 {
    100
}

/// Who may vouch for callers.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AttestationTable {
    pub(super) issuer: String,
    pub(super) key: Vec<AttestationKeyTable>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AttestationKeyTable {
    pub(super) kid: String,
    pub(super) pem: String,
}

/// Reads the tables, and every place where the file departs from them.
///
/// A value that has the wrong type or no place is noted and left out, and the rest is read again. A file that is not
/// TOML has one fault.
pub(super) fn parse(text: &str) -> (File, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut document = match read_toml(text) {
        Ok(table) => Value::Table(table),
        Err(error) => {
            faults.push(Fault {
                path: "file".to_owned(),
                reason: describe_syntax_error(text, &error),
            });
            Value::Table(toml::Table::new())
        }
    };
    loop {
        // One reader for files with and without faults: a second one for the usual case doubles the code of all tables.
        let error = match serde_path_to_error::deserialize(document.clone()) {
            Ok(file) => return (file, faults),
            Err(error) => error,
        };
        let steps = list_steps(error.path());
        faults.push(Fault {
            path: name_path(&steps),
            reason: describe_form(error.inner().message()),
        });
        if !remove(&mut document, &steps) {
            document = Value::Table(toml::Table::new());
        }
    }
}

/// Reads TOML. A whole number that is too long for it becomes one with a decimal point, so that its fault has a path.
fn read_toml(text: &str) -> Result<toml::Table, toml::de::Error> {
    let mut widened: Option<String> = None;
    loop {
        let own = widened.as_deref().unwrap_or(text);
        let error = match own.parse() {
            Ok(table) => return Ok(table),
            Err(error) => error,
        };
        let end = error.span().and_then(|span| find_long_integer(own, span));
        let Some((before, after)) = end.and_then(|end| own.split_at_checked(end)) else {
            return Err(error);
        };
        // Each round mends one number.
        widened = Some(format!("{before}.0{after}"));
    }
}

/// Returns where a whole number of many digits ends, if `span` is one.
fn find_long_integer(text: &str, span: Range<usize>) -> Option<usize> {
    const SHORT: usize = 18;
    let found = text.get(span.clone())?;
    let digits = found.strip_prefix(['+', '-']).unwrap_or(found);
    let is_long = digits.len() > SHORT && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    is_long.then_some(span.end)
}

/// Says in plain words that a value has the wrong type. Every other message is serde's own.
fn describe_form(message: &str) -> String {
    let types = message.strip_prefix("invalid type: ");
    let Some((found, wanted)) = types.and_then(|types| types.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let wanted = match wanted {
        "a sequence" => "a list in square brackets",
        "a map" | "a table" => "a table",
        "a string" | "string" => "a text in quotes",
        "a boolean" | "bool" => "`true` or `false`",
        "f64" | "f32" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i64" | "i32" => "a whole number",
        table if table.starts_with("struct ") => "a table",
        other => other,
    };
    // serde names the type and the value: `string "x"`, `integer `5``.
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "sequence" => "a list",
        "map" => "a table",
        "string" => "a text",
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "floating" if is_huge(found) => "one so far from 0",
        "floating" => "a number with a decimal point",
        other => other,
    };
    format!("{wanted} is needed, and not {found}")
}

/// Whether serde names a number, as in "floating point `1e20`", that no whole number of a policy comes near.
fn is_huge(found: &str) -> bool {
    let number = found
        .split('`')
        .nth(1)
        .and_then(|text| text.parse::<f64>().ok());
    number.is_some_and(|number| number.abs() >= 1e15)
}

/// A step from a value to one that it holds.
enum Step {
    Key(String),
    Index(usize),
}

fn list_steps(path: &Path) -> Vec<Step> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Writes a path as in `business.login.templates` or `sms.price_list.usd[3]`. A key without a name stands in quotes.
fn name_path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(if key.is_empty() { "\"\"" } else { key });
            }
        }
    }
    if path.is_empty() {
        "file".to_owned()
    } else {
        path
    }
}

/// Removes the value at the end of `steps`. Values in lists keep their places: an empty table takes the place of one.
fn remove(document: &mut Value, steps: &[Step]) -> bool {
    let Some((last, before)) = steps.split_last() else {
        return false;
    };
    let parent = before.iter().try_fold(document, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    });
    match (parent, last) {
        (Some(Value::Table(table)), Step::Key(key)) => table.remove(key).is_some(),
        (Some(Value::Array(values)), Step::Index(index)) => match values.get_mut(*index) {
            Some(value) if !value.is_table() => {
                *value = Value::Table(toml::Table::new());
                true
            }
            Some(_) | None => false,
        },
        _ => false,
    }
}

/// Says what is wrong and on which line. It leaves out the line, which may hold the digest of a client key.
fn describe_syntax_error(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}
