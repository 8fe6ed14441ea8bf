//! The source of random bytes that callers pass in.

use std::fmt;

use thiserror::Error;

/// Reports that the random source gave no bytes. Its text says why, for a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no random bytes available: {cause}")]
pub struct RandomUnavailable {
    cause: Box<str>,
}

impl RandomUnavailable {
    /// Keeps the text of `cause`, which is the error of the source or a sentence.
    #[must_use]
    pub fn new(cause: impl fmt::Display) -> Self {
        Self {
            cause: cause.to_string().into(),
        }
    }
}

/// A cryptographically secure source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` with uniformly random bytes.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] when the source fails; `bytes` is then unspecified and must not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable>;
}

/// Draws an array of random bytes from `random`.
///
/// # Errors
///
/// [`RandomUnavailable`] when the source fails.
pub fn draw_array<const N: usize>(random: &dyn Random) -> Result<[u8; N], RandomUnavailable> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Random for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomUnavailable> {
            Err(RandomUnavailable::new("broken"))
        }
    }

    #[test]
    fn a_random_source_that_fails_gives_no_array() {
        let failed = draw_array::<16>(&Broken).expect_err("no bytes");
        assert_eq!(failed.to_string(), "no random bytes available: broken");
    }
}
