//! How the memory and the sockets of a process develop.

use super::{GROWTH, SOCKETS_UNDER_WAY};

/// The memory and the sockets of the process at one moment.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) resident_mb: f64,
    pub(super) sockets: f64,
}

/// How memory and sockets changed after the warm-up: medians of its first and of its last quarter.
pub(super) struct Trend {
    pub(super) memory_mb: (f64, f64),
    pub(super) sockets: (f64, f64),
    /// The slope of the straight line that fits the memory best.
    pub(super) slope_mb_per_minute: f64,
}

impl Trend {
    /// Calculates the trend of looks at a warm process, a second apart.
    pub(super) fn of(looks: &[Look]) -> Self {
        let memory: Vec<_> = looks.iter().map(|look| look.resident_mb).collect();
        let sockets: Vec<_> = looks.iter().map(|look| look.sockets).collect();
        Self {
            memory_mb: quarters(&memory),
            sockets: quarters(&sockets),
            slope_mb_per_minute: slope(&memory) * 60.0,
        }
    }

    pub(super) fn growth(&self) -> f64 {
        self.memory_mb.1 / self.memory_mb.0
    }

    /// Whether neither memory nor sockets grow. A few more sockets are requests under way.
    pub(super) fn is_level(&self) -> bool {
        self.growth() <= GROWTH && self.sockets.1 <= self.sockets.0 + SOCKETS_UNDER_WAY
    }
}

/// Returns the medians of the first and of the last quarter.
fn quarters(values: &[f64]) -> (f64, f64) {
    let quarter = values.len().div_ceil(4);
    let median = |part: &[f64]| {
        let mut sorted = part.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    };
    (
        median(&values[..quarter]),
        median(&values[values.len() - quarter..]),
    )
}

/// Returns the slope of the least-squares line through values one step apart.
fn slope(values: &[f64]) -> f64 {
    let points = || (0_u32..).map(f64::from).zip(values.iter().copied());
    let count = points().map(|_| 1.0).sum::<f64>();
    let mean = |sum: f64| sum / count;
    let (mean_x, mean_y) = (
        mean(points().map(|(x, _)| x).sum()),
        mean(points().map(|(_, y)| y).sum()),
    );
    let together: f64 = points().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let alone: f64 = points().map(|(x, _)| (x - mean_x).powi(2)).sum();
    together / alone
}
