//! What the page `/operations` shows: attacks and honest loads against the policy of this stack, on a virtual clock.
//!
//! A run is a stream of JSON lines: first what it is about, then a frame per step and side, and an end. It is played
//! twice at once, with the stack's policy and with its limits alone. Nothing of it touches the stack's tables.
//!
//! Few runs go on at a time. A run ends when its reader leaves.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::Lane;
use phoneproof_simulator::attack::START;
use phoneproof_simulator::play::{Outcome, watch};
use phoneproof_simulator::scenario::{Scenario, find};
use phoneproof_simulator::service::{Defence, Service};
use phoneproof_simulator::world::{DAY, HOUR, Place, instant};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::loopback::refuse_query;

/// The runs at a time.
const RUNS: usize = 2;
/// The frames of a run, on each side.
const FRAMES: u32 = 144;
/// The lines that wait for a slow reader. The run waits with them.
const WAITING: usize = 32;
/// For how many seconds a run goes on after an attack: the last number gets its five tries meanwhile.
const LAST_TEXTS: f64 = 300.0;
/// How long a new run waits for one that its reader has just left.
const PATIENCE: Duration = Duration::from_secs(3);

/// Plays runs under the policy of a stack.
#[derive(Clone)]
pub(crate) struct Operations {
    defence: Arc<Defence>,
    free: Arc<Semaphore>,
}

/// What one can watch.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Show {
    Luma,
    Healthchecks,
    Launch,
    Outage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    show: Show,
    /// The same seed gives the same run.
    #[serde(default = "first_seed")]
    seed: u32,
}

const fn first_seed() -> u32 {
    1
}

/// A scenario, and the part of it that is shown.
struct Shown {
    scenario: Scenario,
    /// The country whose purse is shown.
    place: Place,
    /// The first and the last second.
    from: f64,
    until: f64,
}

impl Operations {
    /// The runs show what the policy refuses: no rule is in shadow mode there.
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut policy = policy.clone();
        policy.purses.shadowed.clear();
        Self {
            defence: Arc::new(Defence::of(&policy)),
            free: Arc::new(Semaphore::new(RUNS)),
        }
    }

    /// Starts a run, and returns its lines; `None` when too many go on.
    async fn start(&self, wanted: &Wanted) -> Option<Receiver<Bytes>> {
        let free = Arc::clone(&self.free).acquire_owned();
        let permit = Arc::new(timeout(PATIENCE, free).await.ok()?.ok()?);
        let shown = Arc::new(wanted.show.prepare());
        let (lines, reader) = channel(WAITING);
        let head = shown.head(wanted.seed);
        // The channel has room for the first line.
        drop(lines.try_send(to_line(&head)));
        for (side, defence) in [
            ("policy", self.defence.as_ref().clone()),
            ("limits", self.defence.without_purses()),
        ] {
            let run = Run {
                side,
                shown: Arc::clone(&shown),
                lines: lines.clone(),
                _permit: Arc::clone(&permit),
            };
            let seed = wanted.seed;
            thread::spawn(move || run.play(&defence, seed));
        }
        Some(reader)
    }
}

/// What the query of a run takes.
const ACCEPTED: &str = "`show` is `luma`, `healthchecks`, `launch` or `outage`; `seed` is a whole number from 0 to 4294967295, and 1 \
    without it; each is given once";

/// Answers with the lines of a run.
pub(crate) async fn play(
    State(operations): State<Operations>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Ok(Query(wanted)) = wanted else {
        return refuse_query("The run cannot be read", ACCEPTED);
    };
    let Some(lines) = operations.start(&wanted).await else {
        let detail = format!("{RUNS} runs go on at a time: end one, or try again later");
        let refusal = json!({ "title": "Too many runs go on", "detail": detail });
        let retry = [(RETRY_AFTER, HeaderValue::from_static("5"))];
        return (StatusCode::TOO_MANY_REQUESTS, retry, Json(refusal)).into_response();
    };
    // Dropping the body ends the run.
    let body = unfold(lines, |mut lines| async move {
        let line = lines.recv().await?;
        Some((Ok::<_, Infallible>(line), lines))
    });
    let content_type = HeaderValue::from_static("application/x-ndjson");
    ([(CONTENT_TYPE, content_type)], Body::from_stream(body)).into_response()
}

impl Show {
    /// Prepares what is shown, from some time before it until some time after it.
    fn prepare(self) -> Shown {
        let id = match self {
            Self::Luma => "1",
            Self::Healthchecks => "2",
            Self::Launch => "bm",
            Self::Outage => "d",
        };
        // A test prepares every one.
        let mut scenario = find(id).unwrap_or_else(|| unreachable!("{id} is a scenario"));
        let (from, until) = match &scenario.attack {
            Some(attack) => (START - 2.0 * HOUR, START + attack.lasts() + LAST_TEXTS),
            None => (DAY + 12.0 * HOUR, DAY + 24.0 * HOUR),
        };
        scenario.window = (from, until);
        scenario.end = until + 1.0;
        let counted = scenario.counted.iter().flatten().next();
        let mut places = scenario.service.iter().map(|(place, _)| *place);
        let place = places.find(|place| Some(&place.country) == counted);
        Shown {
            place: place.unwrap_or_else(|| unreachable!("{id} counts a country of the service")),
            scenario,
            from,
            until,
        }
    }
}

impl Shown {
    fn head(&self, seed: u32) -> Value {
        let attack = self.scenario.attack.as_ref();
        let outage = self.scenario.outage.as_ref();
        let marked = match (attack, outage) {
            (Some(attack), _) => Some((START, START + attack.lasts())),
            (None, Some(outage)) => Some((outage.from, outage.until)),
            (None, None) => Some((DAY + 15.0 * HOUR, DAY + 16.0 * HOUR)),
        };
        json!({
            "head": {
                "seed": seed,
                "country": self.place.country.to_string(),
                "price": self.place.price,
                "isAttack": attack.is_some(),
                "frames": FRAMES,
                "from": self.from - DAY,
                "until": self.until - DAY,
                "marked": marked.map(|(from, until)| [from - DAY, until - DAY]),
            }
        })
    }
}

/// One side of a run, in a thread of its own.
struct Run {
    side: &'static str,
    shown: Arc<Shown>,
    lines: Sender<Bytes>,
    /// Both sides together are one run.
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Run {
    fn play(self, defence: &Defence, seed: u32) {
        let (run, mut service, dice) = self.shown.scenario.begin(defence, seed);
        let Shown { from, until, .. } = *self.shown;
        let step = (until - from) / f64::from(FRAMES);
        // Before the first frame, it only looks whether the reader is there.
        let hours = (0..).map(|hour| f64::from(hour) * HOUR);
        let before = hours.take_while(|time| *time <= from);
        let frames = (1..=FRAMES).map(|n| from + step * f64::from(n));
        let mut frame = 0;
        let mut look = |at: f64, outcome: &Outcome, service: &Service| {
            if self.lines.is_closed() {
                return ControlFlow::Break(());
            }
            if at <= from {
                return ControlFlow::Continue(());
            }
            frame += 1;
            self.tell(&self.frame(frame, at, outcome, service))
        };
        // What came of it was told in frames.
        let times = before.chain(frames);
        drop(watch(run, &mut service, dice, times, &mut look));
        // The reader may have left.
        let _: ControlFlow<()> = self.tell(&json!({ "end": self.side }));
    }

    fn tell(&self, line: &Value) -> ControlFlow<()> {
        match self.lines.blocking_send(to_line(line)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn frame(&self, n: u32, at: f64, outcome: &Outcome, service: &Service) -> Value {
        let view = service.look_at(&self.shown.place, instant(at));
        let lanes = view.as_ref().map(|view| {
            let lanes = Lane::ALL.into_iter().filter(|lane| view.lanes[*lane].1 > 0);
            let lanes = lanes.map(|lane| {
                let (holds, full) = view.lanes[lane];
                (lane.name().to_owned(), json!([holds, full]))
            });
            lanes.collect::<Map<_, _>>()
        });
        json!({
            "side": self.side,
            "n": n,
            "at": at - DAY,
            "tries": outcome.tries,
            "texts": outcome.texts,
            "cost": outcome.cost,
            "sends": outcome.honest.sends,
            "lost": outcome.honest.lost,
            "honestTexts": outcome.honest_texts.0,
            "stoppedBy": outcome.stopped_by,
            "lostTo": outcome.lost_to,
            "lanes": lanes,
            "left": view.map(|view| view.left),
        })
    }
}

fn to_line(value: &Value) -> Bytes {
    Bytes::from(format!("{value}\n"))
}

#[cfg(test)]
mod tests {
    use phoneproof_config::DEFAULT_POLICY;

    use super::*;

    fn operations() -> Operations {
        let policy = phoneproof_config::policy::from_toml(DEFAULT_POLICY);
        Operations::new(&policy.expect("the sample policy"))
    }

    fn want(show: Show) -> Wanted {
        Wanted { show, seed: 1 }
    }

    async fn read_all(mut lines: Receiver<Bytes>) -> Vec<Value> {
        let mut read = vec![];
        while let Some(line) = lines.recv().await {
            read.push(serde_json::from_slice(&line).expect("JSON"));
        }
        read
    }

    #[tokio::test]
    async fn a_run_is_shown_on_both_sides_from_its_first_to_its_last_frame() {
        let lines = operations().start(&want(Show::Luma)).await.expect("a run");
        let read = read_all(lines).await;
        assert_eq!(read[0]["head"]["country"], "UZ");
        for side in ["policy", "limits"] {
            let frames: Vec<_> = read.iter().filter(|line| line["side"] == side).collect();
            assert_eq!(frames.len(), 144, "{side}");
            assert!(frames.iter().zip(1..).all(|(frame, n)| frame["n"] == n));
            assert!(read.iter().any(|line| line["end"] == side));
        }
        let last = |side| {
            read.iter()
                .rfind(|line| line["side"] == side)
                .expect("a frame")
        };
        let cost = |side| last(side)["cost"].as_i64().expect("a number");
        assert!(cost("policy") < 2_000_000 && cost("limits") > 20_000_000);
        let crowd = &last("policy")["lanes"]["crowd"];
        assert!(
            crowd[0].as_i64() > Some(0) && crowd[1] == 1_975_400,
            "{crowd}"
        );
        assert_eq!(last("limits")["lanes"], Value::Null);
    }

    #[tokio::test]
    async fn a_few_runs_go_on_at_a_time_and_one_ends_with_its_reader() {
        let operations = operations();
        let outage = want(Show::Outage);
        let first = operations.start(&outage).await.expect("a run");
        let second = operations.start(&outage).await.expect("another");
        assert!(operations.start(&outage).await.is_none());
        drop(first);
        // Its threads notice that within a frame, and the next run waits for them.
        assert!(operations.start(&outage).await.is_some());
        drop(second);
    }

    #[test]
    fn everything_that_one_can_watch_is_a_scenario() {
        for show in [Show::Luma, Show::Healthchecks, Show::Launch, Show::Outage] {
            let shown = show.prepare();
            assert!(shown.from < shown.until && shown.head(1)["head"]["marked"].is_array());
        }
    }
}
