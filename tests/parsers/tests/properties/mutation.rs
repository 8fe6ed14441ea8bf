//! Small changes of a good input, of the kind that parsers stumble over.

use std::ops::Range;

use proptest::prelude::*;

/// A change. Positions count modulo what there is, so that every change fits every input.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    /// One bit, the other way round.
    Flip { at: usize, bit: u8 },
    /// One byte, another.
    Set { at: usize, byte: u8 },
    /// The end, cut off.
    Cut { at: usize },
    /// A stretch, left out.
    Remove { at: usize, length: usize },
    /// A stretch, once more elsewhere.
    Copy { at: usize, length: usize, to: usize },
    /// A word of the language, put in before a token.
    Insert { token: usize, word: usize },
    /// A token, replaced by a word of the language.
    Replace { token: usize, word: usize },
    /// A token, left out.
    Drop { token: usize },
    /// A token, once more beside itself.
    Repeat { token: usize, times: usize },
    /// The rest, taken from another good input.
    Splice { at: usize, seed: usize, from: usize },
}

/// Any change; those that keep the structure are as likely as those that break it.
pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<usize>;
    prop_oneof![
        1 => (place(), 0..8_u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set { at, byte }),
        1 => place().prop_map(|at| Mutation::Cut { at }),
        1 => (place(), 1..20_usize).prop_map(|(at, length)| Mutation::Remove { at, length }),
        1 => (place(), 1..60_usize, place()).prop_map(|(at, length, to)| Mutation::Copy { at, length, to }),
        1 => (place(), place()).prop_map(|(token, word)| Mutation::Insert { token, word }),
        3 => (place(), place()).prop_map(|(token, word)| Mutation::Replace { token, word }),
        1 => (place()).prop_map(|token| Mutation::Drop { token }),
        1 => (place(), 1..200_usize).prop_map(|(token, times)| Mutation::Repeat { token, times }),
        1 => (place(), place(), place()).prop_map(|(at, seed, from)| Mutation::Splice { at, seed, from }),
    ]
}

impl Mutation {
    /// Changes `bytes`.
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
        let length = bytes.len();
        let within = |at: usize| at % (length + 1);
        match *self {
            Self::Flip { at, bit } => {
                if let Some(byte) = bytes.get_mut(within(at)) {
                    *byte ^= 1 << bit;
                }
            }
            Self::Set { at, byte } => {
                if let Some(old) = bytes.get_mut(within(at)) {
                    *old = byte;
                }
            }
            Self::Cut { at } => bytes.truncate(within(at)),
            Self::Remove { at, length } => drop(bytes.drain(stretch(bytes, at, length))),
            Self::Copy { at, length, to } => {
                let copied = bytes[stretch(bytes, at, length)].to_vec();
                let to = within(to);
                bytes.splice(to..to, copied);
            }
            Self::Insert { token, word } => {
                let at = token_of(bytes, token).start;
                bytes.splice(at..at, chosen(words, word).bytes());
            }
            Self::Replace { token, word } => {
                bytes.splice(token_of(bytes, token), chosen(words, word).bytes());
            }
            Self::Drop { token } => drop(bytes.drain(token_of(bytes, token))),
            Self::Repeat { token, times } => {
                let token = token_of(bytes, token);
                let copies = bytes[token.clone()].repeat(times);
                bytes.splice(token.end..token.end, copies);
            }
            Self::Splice { at, seed, from } => {
                let other = &seeds[seed % seeds.len()];
                bytes.truncate(within(at));
                bytes.extend(&other[from % (other.len() + 1)..]);
            }
        }
    }
}

fn stretch(bytes: &[u8], at: usize, length: usize) -> Range<usize> {
    let at = at % (bytes.len() + 1);
    at..bytes.len().min(at + length)
}

fn chosen<'w>(words: &[&'w str], word: usize) -> &'w str {
    words[word % words.len()]
}

/// One of the tokens: a quoted string, a run of letters and digits, or a single byte.
fn token_of(bytes: &[u8], token: usize) -> Range<usize> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let end = start + token_length(&bytes[start..]);
        tokens.push(start..end);
        start = end;
    }
    tokens
        .get(token % (tokens.len() + 1))
        .cloned()
        .unwrap_or(0..0)
}

fn token_length(bytes: &[u8]) -> usize {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let closing = bytes.iter().skip(1).position(|byte| {
                let closes = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                closes
            });
            closing.map_or(1, |at| at + 2)
        }
        Some(byte) if is_word(byte) => bytes.iter().take_while(|byte| is_word(byte)).count(),
        _ => 1,
    }
}
