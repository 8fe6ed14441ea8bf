//! Reads the values of a TOML document, and notes each value of the wrong form with its path.
//!
//! A value of the wrong form is left out, or stands as the largest number, and reading goes on, so an operator sees all
//! faults at once. It is written by hand because every function reads a policy at its cold start: what `serde` derives for these tables is
//! 200 KB of code, and it stops at the first fault.

use std::collections::BTreeMap;
use std::ops::Range;

use phoneproof_domain::policy::Fault;
use toml::{Table, Value};

/// A value of the wrong form.
pub(super) struct Misfit {
    /// Its path, or `file` for the file as a whole.
    pub(super) path: String,
    /// What is wrong with it.
    pub(super) reason: String,
    /// A whole number that no policy can hold. The check of the value, which knows its range, then says it better.
    pub(super) number: Option<i64>,
}

impl From<Misfit> for Fault {
    fn from(Misfit { path, reason, .. }: Misfit) -> Self {
        Self { path, reason }
    }
}

/// Where a reader is, and what it found there.
#[derive(Default)]
pub(super) struct Notes {
    /// The path of the value that is read, as in `business.login.templates` or `sms.price_list.usd[3]`.
    path: String,
    faults: Vec<Misfit>,
}

impl Notes {
    /// Notes that the value at the current path is not accepted, and why.
    fn add(&mut self, reason: String) {
        self.add_number(reason, None);
    }

    fn add_number(&mut self, reason: String, number: Option<i64>) {
        let path = match self.path.as_str() {
            "" => "file",
            path => path,
        };
        self.faults.push(Misfit {
            path: path.to_owned(),
            reason,
            number,
        });
    }

    /// Notes that a value of another type is needed.
    fn add_type(&mut self, wanted: &str, found: &Value) {
        let found = match found {
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
            Value::String(_) => "a text",
            Value::Boolean(_) => "`true` or `false`",
            Value::Integer(_) => "a whole number",
            // No whole number of a policy comes near it, and one that TOML cannot hold is read so.
            Value::Float(number) if number.abs() >= 1e15 => "one so far from 0",
            Value::Float(_) => "a number with a decimal point",
            Value::Datetime(_) => "a date",
        };
        self.add(format!("{wanted} is needed, and not {found}"));
    }

    /// Reads a member of the current value. A key without a name stands in quotes in its path.
    fn at_key<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let dot = if self.path.is_empty() { "" } else { "." };
        let key = if key.is_empty() { "\"\"" } else { key };
        self.at(&[dot, key].concat(), read)
    }

    /// Reads a value at the current path with this addition.
    fn at<T>(&mut self, addition: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(addition);
        let value = read(self);
        self.path.truncate(length);
        value
    }
}

/// A type that a value of TOML is read as.
pub(super) trait FromValue: Sized {
    /// Reads `value`. The result is `None` when the value has the wrong form, which is then noted.
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self>;
}

/// A table with known members.
pub(super) trait FromMembers: Sized {
    /// Reads the members. Those that are missing get their defaults.
    fn from_members(members: &mut Members<'_>) -> Self;
}

/// The texts of a list in their order, without those that have another type.
pub(super) type Texts = Vec<Option<String>>;

/// The members of a table. Those that nobody asked for are faults.
pub(super) struct Members<'n> {
    table: Table,
    known: Vec<&'static str>,
    notes: &'n mut Notes,
}

impl Members<'_> {
    /// Reads a member that need not be there.
    pub(super) fn read_optional<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        let value = self.take(key)?;
        self.notes.at_key(key, |notes| T::from_value(value, notes))
    }

    /// Reads a member that has a default.
    pub(super) fn read_or<T: FromValue>(&mut self, key: &'static str, default: T) -> T {
        self.read_optional(key).unwrap_or(default)
    }

    /// Reads a member whose default is nothing: an empty text, list or map.
    pub(super) fn read_or_empty<T: FromValue + Default>(&mut self, key: &'static str) -> T {
        self.read_optional(key).unwrap_or_default()
    }

    /// Reads a table that has a default for every member.
    pub(super) fn read_table<T: FromMembers>(&mut self, key: &'static str) -> T {
        let table = self.read_optional(key).unwrap_or_default();
        self.notes.at_key(key, |notes| read_table(table, notes))
    }

    /// Reads a list of texts. A faulty one leaves its place empty, so that it does not hide the others.
    pub(super) fn read_texts(&mut self, key: &'static str) -> Option<Texts> {
        let value = self.take(key)?;
        self.notes.at_key(key, |notes| {
            let values = read_list(value, notes)?.into_iter().enumerate();
            let texts = values.map(|(index, value)| {
                notes.at(&format!("[{index}]"), |notes| {
                    String::from_value(value, notes)
                })
            });
            Some(texts.collect())
        })
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }
}

/// Reads a table, and notes the members that it does not have a place for.
fn read_table<T: FromMembers>(table: Table, notes: &mut Notes) -> T {
    let mut members = Members {
        table,
        known: Vec::new(),
        notes,
    };
    let read = T::from_members(&mut members);
    let Members {
        table,
        known,
        notes,
    } = members;
    for unknown in table.keys() {
        notes.at_key(unknown, |notes| {
            notes.add(describe_unknown(&known));
        });
    }
    read
}

/// Says that a member is unknown, and which ones are known.
pub(super) fn describe_unknown<T: AsRef<str>>(known: &[T]) -> String {
    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    format!("unknown field, expected one of {}", known.join(", "))
}

fn read_list(value: Value, notes: &mut Notes) -> Option<Vec<Value>> {
    match value {
        Value::Array(values) => Some(values),
        other => {
            notes.add_type("a list in square brackets", &other);
            None
        }
    }
}

impl FromValue for Table {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        match value {
            Value::Table(table) => Some(table),
            other => {
                notes.add_type("a table", &other);
                None
            }
        }
    }
}

impl<T: FromMembers> FromValue for T {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        let table = Table::from_value(value, notes)?;
        Some(read_table(table, notes))
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        let table = Table::from_value(value, notes)?;
        let members = table.into_iter().filter_map(|(key, value)| {
            let value = notes.at_key(&key, |notes| T::from_value(value, notes))?;
            Some((key, value))
        });
        Some(members.collect())
    }
}

/// A value of the wrong form leaves a default in its place, so that the others keep their places.
impl<T: FromValue + Default> FromValue for Vec<T> {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        let values = read_list(value, notes)?;
        let mut read = Self::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let value = notes.at(&format!("[{index}]"), |notes| T::from_value(value, notes));
            read.push(value.unwrap_or_default());
        }
        Some(read)
    }
}

impl FromValue for String {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            other => {
                notes.add_type("a text in quotes", &other);
                None
            }
        }
    }
}

impl FromValue for u32 {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        let Value::Integer(number) = value else {
            notes.add_type("a whole number from 0 on", &value);
            return None;
        };
        // The check of the value knows its range, which nothing so large is in.
        Some(Self::try_from(number).unwrap_or_else(|_| {
            let size = if number < 0 { "below 0" } else { "too large" };
            notes.add_number(format!("{number} is {size}"), Some(number));
            Self::MAX
        }))
    }
}

impl FromValue for f64 {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        match value {
            Value::Float(number) => Some(number),
            #[expect(
                clippy::cast_precision_loss,
                reason = "amounts and ratios this large are refused"
            )]
            Value::Integer(number) => Some(number as Self),
            other => {
                notes.add_type("a number", &other);
                None
            }
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(value),
            other => {
                notes.add_type("`true` or `false`", &other);
                None
            }
        }
    }
}

/// One string, or a list of strings.
#[derive(Default)]
pub(super) struct Strings(Vec<String>);

impl Strings {
    /// Returns the strings in their order.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl FromValue for Strings {
    fn from_value(value: Value, notes: &mut Notes) -> Option<Self> {
        let texts = match value {
            Value::String(text) => Some(vec![text]),
            Value::Array(values) => {
                let texts = values.into_iter().map(|value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                });
                texts.collect()
            }
            _ => None,
        };
        if texts.is_none() {
            notes.add("a text in quotes, or a list of them, is needed".to_owned());
        }
        texts.map(Self)
    }
}

/// Reads a document, and every place where it departs from `T`.
///
/// A file that is not TOML has one fault, and counts as empty.
pub(super) fn read<T: FromMembers>(text: &str) -> (T, Vec<Misfit>) {
    let mut notes = Notes::default();
    let table = read_toml(text).unwrap_or_else(|error| {
        notes.add(describe_syntax_error(text, &error));
        Table::new()
    });
    let file = read_table(table, &mut notes);
    (file, notes.faults)
}

/// Reads TOML. A whole number that is too long for it becomes one with a decimal point, so that its fault has a path.
fn read_toml(text: &str) -> Result<Table, toml::de::Error> {
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

/// Says what is wrong and on which line. It leaves out the line, which may hold the digest of a client key.
fn describe_syntax_error(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}
