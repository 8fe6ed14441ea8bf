//! A receiver of the hook that answers as a test says. It speaks HTTP by hand, so that it can break it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().skip(1);
        let found = lines.find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        found.unwrap_or_else(|| panic!("{name} in {}", self.head))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What the receiver does with a request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Writes these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Writes these bytes, and then bytes without an end.
    Endless(Vec<u8>),
    /// Writes these bytes, and then a byte now and then.
    Trickle(Vec<u8>),
    /// Never writes a byte.
    Silence,
}

impl Answer {
    pub(super) fn of(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        );
        Self::Bytes(text.into_bytes())
    }
}

type Decide = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

/// A running receiver of the send hook, on loopback.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
}

impl Receiver {
    /// Starts a receiver. `decide` gets each request, and how many with its `webhook-id` came before it.
    pub(super) async fn start(
        decide: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            url: format!("http://{address}/hook?key=canary-hook-key"),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (own, decide) = (receiver.clone(), Arc::new(decide) as Arc<Decide>);
        let counts = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *lock(&own.connections) += 1;
                let (own, decide, counts) = (own.clone(), Arc::clone(&decide), Arc::clone(&counts));
                tokio::spawn(async move {
                    drop(own.serve(stream, &*decide, &counts).await);
                });
            }
        });
        receiver
    }

    /// Starts a receiver that always gives the same answer.
    pub(super) async fn always(answer: Answer) -> Self {
        Self::start(move |_, _| answer.clone()).await
    }

    /// The requests with a text, in the order in which they came.
    pub(super) fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    /// How many connections were opened.
    pub(super) fn connections(&self) -> usize {
        *lock(&self.connections)
    }

    async fn serve(
        &self,
        mut stream: TcpStream,
        decide: &Decide,
        counts: &Mutex<BTreeMap<String, usize>>,
    ) -> std::io::Result<()> {
        let Some(seen) = read_request(&mut stream).await? else {
            return Ok(());
        };
        if seen.head.starts_with("HEAD ") {
            let answer = b"HTTP/1.1 405 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return stream.write_all(answer).await;
        }
        let before = {
            let mut counts = lock(counts);
            let count = counts
                .entry(seen.header("webhook-id").to_owned())
                .or_default();
            *count += 1;
            *count - 1
        };
        lock(&self.seen).push(seen.clone());
        match decide(&seen, before) {
            Answer::Bytes(bytes) => stream.write_all(&bytes).await,
            Answer::Endless(bytes) => {
                stream.write_all(&bytes).await?;
                loop {
                    stream.write_all(&[b' '; 4_096]).await?;
                }
            }
            Answer::Trickle(bytes) => {
                stream.write_all(&bytes).await?;
                loop {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    stream.write_all(b" ").await?;
                }
            }
            Answer::Silence => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let seen = Seen {
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let length = if head.starts_with("POST ") {
            seen.header("content-length").parse().expect("a length")
        } else {
            0
        };
        if body.len() >= length {
            return Ok(Some(seen));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
