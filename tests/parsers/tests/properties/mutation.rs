//! Small changes to a good input, of kinds that often break parsers.

use std::ops::Range;

use proptest::prelude::*;

/// A change to an input. Positions are taken modulo the length, so that every change fits every input.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    /// Flips one bit of a byte.
    Flip { at: usize, bit: u8 },
    /// Replaces one byte by another.
    Set { at: usize, byte: u8 },
    /// Cuts off the end.
    Cut { at: usize },
    /// Removes a stretch of bytes.
    Remove { at: usize, length: usize },
    /// Copies a stretch of bytes to another place.
    Copy { at: usize, length: usize, to: usize },
    /// Inserts a word of the language before a token.
    Insert { token: usize, word: usize },
    /// Replaces a token by a word of the language.
    Replace { token: usize, word: usize },
    /// Removes one token of the text.
    Drop { token: usize },
    /// Repeats a token several times.
    Repeat { token: usize, times: usize },
    /// Replaces the rest by the rest of another good input.
    Splice { at: usize, seed: usize, from: usize },
}

/// Generates any change. Changes that keep the structure are about as likely as changes that break it.
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
    /// Applies the change to `bytes`. `seeds` are the good inputs, and `words` the pieces of the language.
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
                let at = find_token(bytes, token).start;
                bytes.splice(at..at, choose(words, word).bytes());
            }
            Self::Replace { token, word } => {
                bytes.splice(find_token(bytes, token), choose(words, word).bytes());
            }
            Self::Drop { token } => drop(bytes.drain(find_token(bytes, token))),
            Self::Repeat { token, times } => {
                let token = find_token(bytes, token);
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

fn choose<'w>(words: &[&'w str], word: usize) -> &'w str {
    words[word % words.len()]
}

/// Finds a token by its number. A token is a quoted string, a run of letters and digits, or a single byte.
fn find_token(bytes: &[u8], token: usize) -> Range<usize> {
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
