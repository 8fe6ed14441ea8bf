//! Names of models. All phones of one model send the same name, so all of them would share the limits of one device.
//! Those who come after the tenth text of a day would get none.

use super::brands::{FAMILIES, MAKERS};
use super::codes::{is_code, is_identifier, matches};

/// What may follow in the name of a model, once or several times, besides one number.
const VARIANTS: &str = "\
    promax pro max plus mini ultra lite note neo zfold zflip fold flip air se fe xl xs xr x s z 5g 4g lte nfc wifi \
    cellular edition generation gen 1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th inch edge power play stylus prime core \
    active youth speed zoom gt nord find reno narzo nova mate touch tab pad watch series razr one duos dual sim iii ii \
    iv os 4k tv simulator m1 m2 m3 m4 vision fusion action hyper macro spark camon pova hot key nordce";

/// The numbers of models, such as `7`, `300`, `2021`, `4a`, `9rt` and `s23`, as [`matches`] reads them.
///
/// Names have no others. Hexadecimal digits behind the name of a model, as in `pixel-7f3a`, name one device.
const NUMBERS: &str = "# ## #00 201# 202# 203# 3310 129 #@ ##@ #rt ##rt @# @##";

/// Whether a text names a model. `text` is in lower case, and `bare` is it without punctuation and spaces.
pub(super) fn names_model(text: &str, bare: &str) -> bool {
    let mut makers = MAKERS.split(' ');
    let (text, bare) = strip_level(text, bare);
    makers.any(|maker| maker == bare) || is_identifier(text) || is_code(text) || is_name(text, bare)
}

/// Drops what Android Studio puts behind the model of an emulator, as in `Pixel_3a_API_30`.
fn strip_level<'t>(text: &'t str, bare: &'t str) -> (&'t str, &'t str) {
    let strip = |text: &'t str| {
        let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_level = (2..=3).contains(&(text.len() - rest.len()));
        let name = rest.trim_end_matches(['_', ' ', '-']).strip_suffix("api");
        name.filter(|_| is_level)
            .map(|name| name.trim_end_matches(['_', ' ', '-']))
    };
    match (strip(text), strip(bare)) {
        (Some(text), Some(bare)) => (text, bare),
        _ => (text, bare),
    }
}

/// Whether a text is the name by which a model is sold: makers, a family, one number and variants.
fn is_name(text: &str, bare: &str) -> bool {
    // Xiaomi's oldest family is too short to be recognised without the space.
    let is_mi = text.starts_with("mi ") && text.contains(|c: char| c.is_ascii_digit());
    let mi = bare.strip_prefix("mi").filter(|_| is_mi);
    let has_family = |name| strip_any(FAMILIES, name).any(is_rest);
    // No maker calls a model Phone, but people number their own phones that way, as in `Phone 2`.
    let mut nothing = bare.strip_prefix("nothingphone").into_iter();
    nothing.any(is_rest)
        || has_family(bare)
        || strip_any(MAKERS, bare).any(has_family)
        || mi.is_some_and(is_rest)
}

/// Whether `rest` is the rest of a name: variants, other families, and one number at most.
///
/// Each place of the text is looked at once, or twice for the number. A text that can be divided in many ways takes no
/// longer.
fn is_rest(rest: &str) -> bool {
    let mut places = vec![(rest, true)];
    let mut at = 0;
    while let Some((rest, may_have_number)) = places.get(at).copied() {
        if rest.is_empty() {
            return true;
        }
        let words = strip_any(VARIANTS, rest).chain(strip_any(FAMILIES, rest));
        let numbers = strip_number(rest).filter(|_| may_have_number);
        let next = words
            .map(|rest| (rest, may_have_number))
            .chain(numbers.map(|rest| (rest, false)));
        for place in next {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        at += 1;
    }
    false
}

/// Takes one of `words` off the beginning of a text. Yields what remains, for each that stands there.
fn strip_any<'t>(words: &'static str, text: &'t str) -> impl Iterator<Item = &'t str> {
    words
        .split(' ')
        .filter_map(move |word| text.strip_prefix(word))
}

/// Takes the number of a model off the beginning of a text. Yields what remains, for each reading.
fn strip_number(text: &str) -> impl Iterator<Item = &str> {
    NUMBERS.split(' ').filter_map(move |number| {
        let (found, rest) = text.split_at_checked(number.len())?;
        let is_network = rest.starts_with("5g") || rest.starts_with("4g");
        let goes_on = number.ends_with('#') && rest.starts_with(|c: char| c.is_ascii_digit());
        let goes_on = goes_on && !is_network;
        (matches(number, found) && !goes_on).then_some(rest)
    })
}
