//! Plays many runs at once.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use phoneproof_simulator::play::Outcome;
use phoneproof_simulator::scenario::Scenario;
use phoneproof_simulator::service::Defence;

/// One run: a seed of a scenario, against one of its defences.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    /// The place of the scenario.
    pub(super) place: usize,
    /// Which of the scenario's defences it is.
    pub(super) part: usize,
    pub(super) scenario: &'a Scenario,
    pub(super) defence: &'a Defence,
    pub(super) seed: u32,
}

/// Plays every run on all cores, and hands over each outcome. The order of the outcomes is that of the jobs, so that
/// sums do not depend on which run ended first.
pub(super) fn play_all<'a>(
    verb: &str,
    jobs: &'a [Job<'a>],
    mut take: impl FnMut(&Job<'a>, Outcome),
) {
    let next = AtomicUsize::new(0);
    let (results, outcomes) = mpsc::channel();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut waiting: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            let (next, results) = (&next, results.clone());
            scope.spawn(move || {
                while let Some((place, job)) = take_next(next, jobs) {
                    let outcome = job.scenario.run(job.defence, job.seed);
                    if results.send((place, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        for (done, (place, outcome)) in (1..).zip(outcomes) {
            if let Some(job) = jobs.get(place) {
                show(
                    &format!("{verb}: {done} of {}, {}", jobs.len(), job.scenario.title),
                    done == jobs.len(),
                );
            }
            if let Some(slot) = waiting.get_mut(place) {
                *slot = Some(outcome);
            }
        }
    });
    for (job, outcome) in jobs.iter().zip(waiting) {
        if let Some(outcome) = outcome {
            take(job, outcome);
        }
    }
}

fn take_next<'a>(next: &AtomicUsize, jobs: &'a [Job<'a>]) -> Option<(usize, &'a Job<'a>)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, jobs.get(place)?))
}

/// Shows how far it is on standard error: in a terminal on one line, which the last one clears, or else line by line.
fn show(line: &str, is_last: bool) {
    let mut stderr = stderr();
    // A reader that closes the pipe has seen enough.
    drop(if !stderr.is_terminal() {
        writeln!(stderr, "{line}")
    } else if is_last {
        write!(stderr, "\r\x1b[K")
    } else {
        write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush())
    });
}
