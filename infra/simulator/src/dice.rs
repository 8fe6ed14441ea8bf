//! Random draws from a seed.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A source of draws. The same seed gives the same draws.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha20Rng);

impl Dice {
    /// Creates the source with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Creates a source of its own for a part of the world, so that the parts do not disturb each other.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self::new(self.bits())
    }

    /// Draws 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws from 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws a whole number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// Whether something happens that has this chance.
    pub fn happens(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// Draws the time to the next event of which there are `rate` per unit of time.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -(1.0 - self.unit()).ln() / rate
    }

    /// Draws from the logarithmic normal distribution with this median and this deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, deviation: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        median * (deviation * normal).exp()
    }
}

/// Ranks from 0, of which rank r has the weight 1 / (r + 1).
#[derive(Debug, Clone)]
pub struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    /// Makes `n` ranks; at least one.
    #[must_use]
    pub fn new(n: u32) -> Self {
        let sums = (1..=n.max(1)).scan(0.0, |sum, rank| {
            *sum += 1.0 / f64::from(rank);
            Some(*sum)
        });
        Self {
            sums: sums.collect(),
        }
    }

    fn total(&self) -> f64 {
        self.sums.last().copied().unwrap_or(1.0)
    }

    /// Draws a rank, below the number of ranks.
    pub fn pick(&self, dice: &mut Dice) -> u32 {
        let drawn = dice.unit() * self.total();
        self.sums.partition_point(|sum| *sum <= drawn) as u32
    }

    /// Returns the share of every rank.
    pub fn shares(&self) -> impl Iterator<Item = f64> {
        let total = self.total();
        (1..=self.sums.len()).map(move |rank| 1.0 / rank as f64 / total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_draws() {
        let draws = |seed| {
            let mut dice = Dice::new(seed);
            [dice.bits(), dice.fork().bits(), dice.bits()]
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }

    #[test]
    fn draws_have_the_means_of_their_distributions() {
        let mut dice = Dice::new(7);
        let mut mean = |draw: fn(&mut Dice) -> f64| {
            (0..20_000).map(|_| draw(&mut dice)).sum::<f64>() / 20_000.0
        };
        assert!((mean(Dice::unit) - 0.5).abs() < 0.01);
        assert!((mean(|dice| f64::from(dice.below(10))) - 4.5).abs() < 0.1);
        assert!((mean(|dice| dice.exponential(0.25)) - 4.0).abs() < 0.1);
        assert!((mean(|dice| dice.log_normal(25.0, 0.8).ln()) - 25.0_f64.ln()).abs() < 0.02);
        assert!((mean(|dice| f64::from(u8::from(dice.happens(0.3)))) - 0.3).abs() < 0.02);
    }

    #[test]
    fn low_ranks_are_drawn_as_often_as_their_share() {
        let (zipf, mut dice) = (Zipf::new(40), Dice::new(7));
        let first = zipf.shares().next().unwrap_or_default();
        assert!((zipf.shares().sum::<f64>() - 1.0).abs() < 1e-9);
        let drawn = (0..20_000).filter(|_| zipf.pick(&mut dice) == 0).count();
        assert!((drawn as f64 / 20_000.0 - first).abs() < 0.01);
    }
}
