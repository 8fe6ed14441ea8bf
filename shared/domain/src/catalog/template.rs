//! One template of the policy: its parts, its faults and the texts that it makes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::action::ActionKind;
use crate::code::Code;
use crate::locale::Locale;
use crate::plural;
use crate::policy::Business;
use crate::segments::{Segments, measure};

/// The longest text that Android's SMS Retriever reads, in bytes of UTF-8 (its guide, "Construct a verification
/// message").
const MAX_RETRIEVER_BYTES: usize = 140;

/// The shortest lifetime of a code that a text can give in minutes.
const MINUTE: Duration = Duration::from_mins(1);

/// The variables of a template, as faults name them.
const VARIABLES: &str = "variables are {code}, {brand}, {minutes} and {action}";

/// A part of a template: fixed text, the place of the code or of the action's label, or the minutes that the code still
/// works.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code,
    Action,
    /// The number of minutes, then the form that the language has for that number. Without forms, the number alone.
    Minutes(Vec<String>),
}

/// A text with the policy's values filled in, and places for the code and the minutes.
#[derive(Debug, Clone)]
struct Words {
    pieces: Vec<Piece>,
    size: Segments,
    /// The bytes of the longest text, in UTF-8.
    bytes: usize,
}

impl Words {
    /// Measures the longest text of `pieces`.
    fn measure(pieces: Vec<Piece>, language: &str, business: &Business) -> Self {
        let longest = make_samples(&pieces, language, business);
        let size = longest.iter().map(|text| measure(text));
        Self {
            size: size.max_by_key(rank).unwrap_or_else(|| measure("")),
            bytes: longest.iter().map(String::len).max().unwrap_or_default(),
            pieces,
        }
    }
}

/// Orders sizes by what is billed, then by what is left in the last segment.
fn rank(size: &Segments) -> (u32, usize) {
    (size.count, size.units)
}

/// The texts of one template.
#[derive(Debug, Clone)]
pub(super) struct Template {
    language: String,
    /// The text for each kind of action with a label of its own. It is empty when the template does not show the
    /// action.
    by_action: BTreeMap<ActionKind, Words>,
    /// The text for every other action, and for none.
    other: Words,
}

impl Template {
    /// Parses `source`, fills in the values of `business`, and measures the longest text of each label.
    ///
    /// The error holds every reason why the template cannot be used.
    pub(super) fn compile(
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
        let mut by_action = fill_labels(&pieces, language, locale, business, &mut faults);
        let other = by_action.remove(ActionKind::OTHER);
        let template = Self {
            language: language.to_owned(),
            other: other.unwrap_or_else(|| Words::measure(pieces, language, business)),
            by_action,
        };
        template.check_length(business, max_segments, &mut faults);
        if faults.is_empty() {
            Ok(template)
        } else {
            Err(faults)
        }
    }

    fn check_length(&self, business: &Business, max_segments: u32, faults: &mut Vec<String>) {
        let size = self.size();
        if size.count > max_segments {
            faults.push(format!(
                "needs {} segments ({:?}, {} units), more than sms.max_segments = {max_segments}",
                size.count, size.encoding, size.units
            ));
        }
        let bytes = self
            .texts()
            .map(|words| words.bytes)
            .max()
            .unwrap_or_default();
        if !business.android_hashes.is_empty() && bytes > MAX_RETRIEVER_BYTES {
            faults.push(format!(
                "needs {bytes} bytes with android_hash, and Android's SMS Retriever reads at most \
                 {MAX_RETRIEVER_BYTES}"
            ));
        }
    }

    fn texts(&self) -> impl Iterator<Item = &Words> {
        std::iter::once(&self.other).chain(self.by_action.values())
    }

    /// The size of the longest text.
    pub(super) fn size(&self) -> Segments {
        let sizes = self.by_action.values().map(|words| words.size);
        sizes.fold(self.other.size, |longest, size| {
            if rank(&size) > rank(&longest) {
                size
            } else {
                longest
            }
        })
    }

    /// The text for `action`, by its kind, with `code` in it, which still works for this time; and its segments.
    pub(super) fn render(
        &self,
        action: Option<&str>,
        code: &Code,
        works_for: Duration,
    ) -> (String, u32) {
        let kind = action.map(ActionKind::of);
        let words = kind
            .and_then(|kind| self.by_action.get(kind))
            .unwrap_or(&self.other);
        let minutes = count_minutes(works_for);
        let body = render(&words.pieces, &self.language, code.expose(), minutes);
        (body, words.size.count)
    }
}

/// Makes the text of every label, where `pieces` show the action. Missing labels are added to `faults`.
fn fill_labels(
    pieces: &[Piece],
    language: &str,
    locale: &Locale,
    business: &Business,
    faults: &mut Vec<String>,
) -> BTreeMap<ActionKind, Words> {
    let mut by_action = BTreeMap::new();
    if !pieces.contains(&Piece::Action) {
        return by_action;
    }
    let mut missing = Vec::new();
    for (kind, labels) in &business.action_labels {
        match labels.get(locale) {
            Some(label) => {
                let words = Words::measure(show_label(pieces, label), language, business);
                by_action.insert(kind.clone(), words);
            }
            None => missing.push(kind.to_string()),
        }
    }
    if !business.action_labels.contains_key(ActionKind::OTHER) {
        missing.push(ActionKind::OTHER.to_owned());
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        faults.push(format!(
            "shows {{action}}, so a label in `{locale}` is needed for: {missing}"
        ));
    }
    by_action
}

/// Puts `label` where `pieces` show the action.
fn show_label(pieces: &[Piece], label: &str) -> Vec<Piece> {
    let show = |piece: &Piece| match piece {
        Piece::Action => Piece::Text(label.to_owned()),
        Piece::Text(_) | Piece::Code | Piece::Minutes(_) => piece.clone(),
    };
    pieces.iter().map(show).collect()
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
            faults.push(format!("a `{{` has no `}}`: {VARIABLES}"));
            return pieces;
        };
        rest = tail;
        match name {
            "code" => pieces.push(Piece::Code),
            "brand" => pieces.push(Piece::Text(business.brand.clone())),
            "action" => pieces.push(Piece::Action),
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
                None => faults.push(VARIABLES.to_owned()),
            },
        }
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

/// Makes texts of which one needs as many segments as the longest text of these pieces.
///
/// All digits have the same width. The minutes differ in length with their number, and a form may need another
/// encoding.
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
    let form = plural::choose_form(language, minutes);
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Code => text.push_str(code),
            // No text is made of pieces that still have this place.
            Piece::Action => {}
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
