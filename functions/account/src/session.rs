//! Sessions, and the decision about a refresh token that is presented.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;

use crate::refresh_token::TokenDigest;

/// How long a session lives without being used.
pub const IDLE: Duration = Duration::from_hours(7 * 24);

/// How long a session lives at most, from its log-in on.
pub const ABSOLUTE: Duration = Duration::from_hours(30 * 24);

/// How long an exchanged refresh token may be presented again, for a client that lost the reply.
pub const GRACE: Duration = Duration::from_secs(30);

/// A session as the account's record holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When it began.
    pub began_at: Timestamp,
    /// When its tokens were last exchanged, or it began.
    pub used_at: Timestamp,
    /// The token that continues it.
    pub current: TokenDigest,
    /// The token that was exchanged for the current one, at `used_at`.
    pub previous: Option<TokenDigest>,
}

/// What to do about a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Exchange it: make its successor the current token.
    Rotate,
    /// It was exchanged just now: give the same successor again and change nothing.
    Repeat,
    /// The session is over.
    Expired,
    /// It was exchanged long ago: somebody has a copy. Nobody can tell who is who, so end the session.
    Reused,
}

impl Session {
    /// A session that begins `now` with this token.
    #[must_use]
    pub const fn new(token: TokenDigest, now: Timestamp) -> Self {
        Self {
            began_at: now,
            used_at: now,
            current: token,
            previous: None,
        }
    }

    /// When it is over, unless it is used before.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        (self.used_at + IDLE).min(self.began_at + ABSOLUTE)
    }

    /// What to do about a token of this session, which this service issued.
    ///
    /// Two secrets are never compared here, only digests of what the caller knows already.
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
    fn a_token_is_exchanged_once_and_repeated_for_half_a_minute() {
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
    fn an_expired_token_never_refreshes() {
        let session = Session::new(token(1), NOON);
        let idle = NOON + IDLE;
        assert_eq!(session.decide(token(1), idle), Decision::Expired);
        assert_eq!(
            session.decide(token(1), idle - Duration::from_secs(1)),
            Decision::Rotate
        );
    }

    #[test]
    fn use_does_not_prolong_a_session_beyond_its_end() {
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

    /// Some client presents token `n` (of those issued so far), some seconds after the step before.
    type Step = (u8, u64);

    proptest! {
        /// Whoever presents what: at most one token is current, one that was exchanged is never exchanged
        /// again, and a session that saw a copy is over.
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
