//! The time by which cached keys age.

/// How far the clock of a reader may be behind that of another, in seconds. Parallel requests read the clock one after
/// the other, and do not go on in that order. A clock that is further behind was set back.
const OUT_OF_ORDER_SECONDS: u64 = 10;

/// A time that goes on when the clock is set back, for caches of keys. Otherwise keys would seem younger than they are,
/// so retired keys would be used for longer, and the next fetch would wait until the clock had caught up.
///
/// A clock that is set forward makes keys older, so they are fetched again. `RemoteGuard` keeps one.
#[derive(Debug, Default)]
pub struct OwnTime {
    latest: u64,
    /// How far the clock was set back in all.
    ahead: u64,
}

impl OwnTime {
    /// Returns the own time of a reader whose clock says `now`, in seconds since the Unix epoch.
    pub const fn read(&mut self, now: u64) -> u64 {
        let own = now.saturating_add(self.ahead);
        if own.saturating_add(OUT_OF_ORDER_SECONDS) < self.latest {
            self.ahead = self.latest.saturating_sub(now);
            return self.latest;
        }
        if own > self.latest {
            self.latest = own;
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &mut OwnTime, readings: &[(u64, u64)]) {
        for (clock, own) in readings {
            assert_eq!(time.read(*clock), *own, "{clock}");
        }
    }

    #[test]
    fn goes_on_from_where_it_was_when_the_clock_is_set_back() {
        let readings = [
            (1_000, 1_000),
            (995, 995),
            (1_000, 1_000),
            (1_300, 1_300),
            (100, 1_300),
            (400, 1_600),
            (390, 1_590),
            (400, 1_600),
            (389, 1_600),
            (0, 1_600),
            (7, 1_607),
        ];
        check(&mut OwnTime::default(), &readings);
    }

    #[test]
    fn neither_out_of_order_checks_nor_a_clock_set_forward_make_it_run_on() {
        let mut time = OwnTime::default();
        for _ in 0..100 {
            check(&mut time, &[(1_000, 1_000), (990, 990), (1_000, 1_000)]);
        }
        check(
            &mut time,
            &[(u64::MAX, u64::MAX), (5, u64::MAX), (90, u64::MAX)],
        );
    }
}
