//! A wire between a process and a service: a relay whose open connections can die, as they do while Lambda freezes a
//! function.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a connection is dead. The process behind it hears nothing of it until it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The next bytes are answered with a reset.
    Reset,
    /// Whatever is written disappears.
    Silence,
}

/// A running wire. New connections work; those that were open at [`Wire::kill`] are dead. Dropping it cuts it.
#[derive(Debug)]
pub struct Wire {
    /// The URL to use in place of the service's.
    pub url: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    opened: AtomicUsize,
    /// How many of the first connections are dead, and how.
    dead: Mutex<Option<(usize, Death)>>,
}

impl State {
    fn death_of(&self, number: usize) -> Option<Death> {
        let dead = *self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.filter(|(count, _)| number < *count)
            .map(|(_, death)| death)
    }
}

impl Wire {
    /// Starts a wire to the service at `url`.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (state, service) = (Arc::new(State::default()), url.to_owned());
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            let service = service.trim_start_matches("http://");
            while let Ok((near, _)) = listener.accept().await {
                let number = shared.opened.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(service).await.expect("the service");
                tokio::spawn(pass(near, far, number, Arc::clone(&shared)));
            }
        });
        Self {
            url: format!("http://{address}"),
            state,
            accepting,
        }
    }

    /// Returns how many connections were opened so far.
    #[must_use]
    pub fn count_opened(&self) -> usize {
        self.state.opened.load(Ordering::SeqCst)
    }

    /// Kills every open connection.
    pub fn kill(&self, death: Death) {
        let mut dead = self
            .state
            .dead
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *dead = Some((self.count_opened(), death));
    }

    /// Kills every open connection and refuses new ones.
    pub fn cut(&self) {
        self.kill(Death::Reset);
        self.accepting.abort();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes bytes on, both ways, until one side closes or a dead connection is written to.
async fn pass(mut near: TcpStream, mut far: TcpStream, number: usize, state: Arc<State>) {
    let (mut sent, mut answered) = (vec![0; 16 * 1_024], vec![0; 16 * 1_024]);
    loop {
        tokio::select! {
            Ok(read @ 1..) = near.read(&mut sent) => match state.death_of(number) {
                None => if far.write_all(&sent[..read]).await.is_err() { return },
                Some(Death::Silence) => {}
                Some(Death::Reset) => {
                    drop(near.set_zero_linger());
                    return;
                }
            },
            Ok(read @ 1..) = far.read(&mut answered) => {
                if near.write_all(&answered[..read]).await.is_err() { return }
            }
            else => return,
        }
    }
}
