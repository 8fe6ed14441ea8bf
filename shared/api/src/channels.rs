//! The words of `channel` in requests and answers.

use phoneproof_domain::medium::Medium;

/// Lists the words of `channel` for these media.
pub(crate) fn name_channels(media: &[Medium]) -> Vec<&'static str> {
    media.iter().map(|medium| medium.as_str()).collect()
}
