//! Measures the service's own time: how long a warm request takes in its handler when AWS answers at once.

use std::time::Duration;

use phoneproof_bench::events::User;
use phoneproof_bench::warm::Warm;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::sample::Sample;
use crate::{goals, report};

/// Flows before the measurement. They fill caches.
const WARM_UP: u32 = 200;
/// Flows that the medians are taken of.
const FLOWS: u32 = 2_000;

/// The medians of the service's own time, in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Own {
    /// A warm `POST /v1/send`.
    pub send_us: f64,
    /// A warm `POST /v1/verify`, whose token is signed with ES256.
    pub verify_us: f64,
}

/// Measures and prints the own time. Returns whether the goals are reached.
pub(crate) async fn run() -> bool {
    let warm = Box::pin(Warm::start()).await;
    let (mut send, mut verify) = (Sample::default(), Sample::default());
    for n in 1..=WARM_UP + FLOWS {
        let user = User(n);
        let request = warm.send_request(user);
        let began = Instant::now();
        let sent = warm.send(request).await;
        let send_took = began.elapsed();
        let request = warm.verify_request(user, &sent);
        let began = Instant::now();
        let verified = warm.verify(request).await;
        let verify_took = began.elapsed();
        assert_eq!(verified.status(), 200);
        if n > WARM_UP {
            send.push(send_took);
            verify.push(verify_took);
        }
    }
    let own = Own {
        send_us: micros(send.percentile(50)),
        verify_us: micros(verify.percentile(50)),
    };
    report::write("own", &own);
    println!(
        "own time, p50 (p99): send {:.0} ({:.0}) us, verify {:.0} ({:.0}) us",
        own.send_us,
        micros(send.percentile(99)),
        own.verify_us,
        micros(verify.percentile(99))
    );
    goals::judge(&goals::own(own))
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}
