//! Sessions, and what to do about a refresh token that a client presents.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;

use crate::refresh_token::TokenDigest;

/// How long a session lasts after its tokens were last exchanged.
pub const IDLE: Duration = Duration::from_hours(7 * 24);

/// How long a session lasts at most, counted from its log-in.
pub const ABSOLUTE: Duration = Duration::from_hours(30 * 24);

/// How long an exchanged refresh token may be presented again, so that a client which lost the reply can repeat its
/// request.
pub const GRACE: Duration = Duration::from_secs(30);

/// A session as the account's item holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When the log-in was.
    pub began_at: Timestamp,
    /// When its tokens were last exchanged; at first, when it began.
    pub used_at: Timestamp,
    /// The digest of the token that continues it.
    pub current: TokenDigest,
    /// The digest of the token that was exchanged for the current one, at `used_at`; `None` before the first exchange.
    pub previous: Option<TokenDigest>,
}

/// What to do about a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Exchange the token: make its successor the current token.
    Rotate,
    /// The token was exchanged less than [`GRACE`] ago: give the same successor again and change nothing.
    Repeat,
    /// The session is over.
    Expired,
    /// The token was exchanged longer ago, so two clients have copies of it. End the session, because nobody can tell
    /// the owner from a thief.
    Reused,
}

impl Session {
    /// Makes a session that begins `now` with this token.
    #[must_use]
    pub const fn new(token: TokenDigest, now: Timestamp) -> Self {
        Self {
            began_at: now,
            used_at: now,
            current: token,
            previous: None,
        }
    }

    /// Returns when the session ends, unless it is used before.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        (self.used_at + IDLE).min(self.began_at + ABSOLUTE)
    }

    /// Decides what to do about a token that this service issued for this session.
    ///
    /// The comparisons need not take constant time. They compare digests, which do not reveal a token.
    #[must_use]
    pub fn decide(&self, token: TokenDigest, now: Timestamp) -> Decision {
        if now >= self.expires_at() {
            Decision::Expired
        } else if token == self.current {
            Decision::Rotate
        } else if self.previous == Some(token) && now < self.used_at + GRACE {
            Decision::Repeat
        } else {
            Decision::Reused
        }
    }

    /// Exchanges the current token for `next`.
    #[must_use]
    pub const fn rotate(&self, next: TokenDigest, now: Timestamp) -> Self {
        Self {
            began_at: self.began_at,
            used_at: now,
            current: next,
            previous: Some(self.current),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_unix(1_795_435_200);

    fn token(n: u8) -> TokenDigest {
        TokenDigest([n; 32])
    }

    fn later(seconds: u64) -> Timestamp {
        NOON + Duration::from_secs(seconds)
    }

    #[test]
    fn exchanges_a_token_once_and_repeats_the_answer_for_half_a_minute() {
        let session = Session::new(token(1), NOON);
        assert_eq!(session.decide(token(1), later(100)), Decision::Rotate);
        let session = session.rotate(token(2), later(100));
        assert_eq!(session.decide(token(1), later(129)), Decision::Repeat);
        assert_eq!(session.decide(token(1), later(130)), Decision::Reused);
        assert_eq!(session.decide(token(2), later(130)), Decision::Rotate);
        let session = session.rotate(token(3), later(110));
        assert_eq!(session.decide(token(1), later(111)), Decision::Reused);
    }

    #[test]
    fn refuses_the_token_of_a_session_that_was_idle_too_long() {
        let session = Session::new(token(1), NOON);
        let idle = NOON + IDLE;
        assert_eq!(session.decide(token(1), idle), Decision::Expired);
        assert_eq!(
            session.decide(token(1), idle - Duration::from_secs(1)),
            Decision::Rotate
        );
    }

    #[test]
    fn use_does_not_prolong_a_session_beyond_thirty_days() {
        let mut session = Session::new(token(0), NOON);
        let mut now = NOON;
        for n in 1..=10 {
            now = now + Duration::from_hours(6 * 24);
            match session.decide(token(n - 1), now) {
                Decision::Rotate => session = session.rotate(token(n), now),
                other => {
                    assert_eq!(other, Decision::Expired);
                    assert_eq!(now, NOON + ABSOLUTE);
                    return;
                }
            }
        }
        panic!("the session never ended");
    }

    /// A client presents the token with this number, of those issued so far, this many seconds after the step before.
    type Step = (u8, u64);

    proptest! {
        /// Clients present tokens in any order. Only the newest token is ever exchanged, and only the one before it is
        /// ever repeated.
        #[test]
        fn a_token_is_never_exchanged_twice(
            steps in proptest::collection::vec((0_u8..12, 0_u64..40), 1..60)
        ) {
            let steps: Vec<Step> = steps;
            let (mut session, mut issued, mut now) = (Session::new(token(0), NOON), 0_u8, NOON);
            for (wanted, wait) in steps {
                now = now + Duration::from_secs(wait);
                let presented = wanted.min(issued);
                match session.decide(token(presented), now) {
                    Decision::Rotate => {
                        prop_assert_eq!(presented, issued);
                        issued += 1;
                        session = session.rotate(token(issued), now);
                    }
                    Decision::Repeat => {
                        prop_assert_eq!(presented + 1, issued);
                        prop_assert!(now.since(session.used_at) < GRACE);
                    }
                    Decision::Reused => {
                        prop_assert!(presented < issued);
                        return Ok(());
                    }
                    Decision::Expired => prop_assert!(false, "within an hour"),
                }
            }
        }
    }
}
