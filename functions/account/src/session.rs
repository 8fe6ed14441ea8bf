//! Sessions, and what to do about a refresh token that a client presents.

use std::time::Duration;

use phoneproof_domain::clock::Timestamp;

use crate::refresh_token::TokenDigest;

/// How long a session lasts after its tokens were last exchanged.
pub const IDLE: Duration = Duration::from_hours(7 * 24);

/// How long a session lasts at most, counted from its log-in.
pub const ABSOLUTE: Duration = Duration::from_hours(30 * 24);

/// How long an exchanged refresh token may be presented again. So a client that lost the reply can repeat its request,
/// and two tabs with different tokens do not end their session.
pub const GRACE: Duration = Duration::from_secs(30);

/// The most tokens that a session exchanges within [`GRACE`], because it remembers each of them. Beyond that, the
/// current token is given again in place of a successor.
pub const MAX_EXCHANGED: usize = 16;

/// A token that was exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchanged {
    /// The digest of the token.
    pub token: TokenDigest,
    /// When it was exchanged.
    pub at: Timestamp,
}

impl Exchanged {
    /// Whether the token may be presented again.
    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.at + GRACE
    }
}

/// A session as the account's item holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// When the log-in was.
    pub began_at: Timestamp,
    /// When its tokens were last exchanged; at first, when it began.
    pub used_at: Timestamp,
    /// The digest of the token that continues it.
    pub current: TokenDigest,
    /// The tokens that were exchanged before the current one, the earliest first. It holds those of the last [`GRACE`],
    /// and the last one in any case.
    pub exchanged: Vec<Exchanged>,
}

/// What to do about a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Exchange the token: make its successor the current token.
    Rotate,
    /// The token was exchanged less than [`GRACE`] ago, or is current while too many were exchanged in that time: give
    /// the current token again and change nothing.
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
            exchanged: Vec::new(),
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
        let mut fresh = self.exchanged.iter().filter(|before| before.is_fresh(now));
        if now >= self.expires_at() {
            Decision::Expired
        } else if token == self.current {
            if fresh.count() < MAX_EXCHANGED {
                Decision::Rotate
            } else {
                Decision::Repeat
            }
        } else if fresh.any(|before| before.token == token) {
            Decision::Repeat
        } else {
            Decision::Reused
        }
    }

    /// Lists the tokens that followed `token`, which was exchanged not long ago: the last one is the current token. The
    /// list is empty for the current token.
    #[must_use]
    pub fn list_after(&self, token: TokenDigest) -> Vec<TokenDigest> {
        let known = self.exchanged.iter().map(|before| before.token);
        let chain = known.chain([self.current]);
        chain.skip_while(|known| *known != token).skip(1).collect()
    }

    /// Exchanges the current token for `next`.
    #[must_use]
    pub fn rotate(&self, next: TokenDigest, now: Timestamp) -> Self {
        let mut exchanged = self.exchanged.clone();
        exchanged.retain(|before| before.is_fresh(now));
        exchanged.push(Exchanged {
            token: self.current,
            at: now,
        });
        Self {
            began_at: self.began_at,
            used_at: now,
            current: next,
            exchanged,
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
    }

    #[test]
    fn any_token_that_was_exchanged_in_the_last_half_minute_is_repeated() {
        let session = Session::new(token(1), NOON).rotate(token(2), later(0));
        let session = session.rotate(token(3), later(10));
        for (presented, until) in [(1, 30), (2, 40)] {
            let decide = |at| session.decide(token(presented), later(at));
            assert_eq!(decide(until - 1), Decision::Repeat);
            assert_eq!(decide(until), Decision::Reused);
        }
        assert_eq!(session.list_after(token(1)), [token(2), token(3)]);
        assert_eq!(session.list_after(token(3)), []);
        // The next exchange forgets what is too old, which is reuse all the same.
        let session = session.rotate(token(4), later(35));
        assert_eq!(session.exchanged.len(), 2);
        assert_eq!(session.decide(token(1), later(36)), Decision::Reused);
        assert_eq!(session.decide(token(2), later(36)), Decision::Repeat);
    }

    #[test]
    fn a_session_remembers_a_bounded_number_of_tokens() {
        let mut session = Session::new(token(0), NOON);
        for n in 1..=16 {
            assert_eq!(session.decide(token(n - 1), NOON), Decision::Rotate);
            session = session.rotate(token(n), NOON);
        }
        assert_eq!(session.decide(token(16), later(29)), Decision::Repeat);
        assert_eq!(session.decide(token(0), later(29)), Decision::Repeat);
        assert_eq!(session.decide(token(16), later(30)), Decision::Rotate);
        assert_eq!(session.rotate(token(17), later(30)).exchanged.len(), 1);
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
        /// Clients present tokens in any order. Only the newest token is ever exchanged, and an earlier one is repeated
        /// exactly while its exchange is less than half a minute old.
        #[test]
        fn a_token_is_never_exchanged_twice(
            steps in proptest::collection::vec((0_u8..12, 0_u64..40), 1..60)
        ) {
            let steps: Vec<Step> = steps;
            let (mut session, mut issued, mut now) = (Session::new(token(0), NOON), 0_u8, NOON);
            let mut exchanged_at = Vec::new();
            let is_fresh = |at: &Timestamp, now: Timestamp| now.since(*at) < GRACE;
            for (wanted, wait) in steps {
                now = now + Duration::from_secs(wait);
                let presented = wanted.min(issued);
                match session.decide(token(presented), now) {
                    Decision::Rotate => {
                        prop_assert_eq!(presented, issued);
                        issued += 1;
                        session = session.rotate(token(issued), now);
                        exchanged_at.push(now);
                        prop_assert!(session.exchanged.len() <= MAX_EXCHANGED);
                    }
                    Decision::Repeat if presented == issued => {
                        let fresh = exchanged_at.iter().filter(|at| is_fresh(at, now));
                        prop_assert_eq!(fresh.count(), MAX_EXCHANGED);
                    }
                    Decision::Repeat => {
                        prop_assert!(is_fresh(&exchanged_at[usize::from(presented)], now));
                        let after = session.list_after(token(presented));
                        prop_assert!(after.into_iter().eq((presented + 1..=issued).map(token)));
                    }
                    Decision::Reused => {
                        prop_assert!(presented < issued);
                        prop_assert!(!is_fresh(&exchanged_at[usize::from(presented)], now));
                        return Ok(());
                    }
                    Decision::Expired => prop_assert!(false, "within an hour"),
                }
            }
        }
    }
}
