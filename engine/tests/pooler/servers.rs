//! The connections to the server that the clients share.

use super::wire::{Message, texts, write_body};
use sqlx::postgres::PgConnectOptions;
use std::{
    collections::{HashMap, VecDeque},
    io,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpStream, UnixStream},
    sync::{Semaphore, SemaphorePermit},
};

/// Fewer than the connections of any pool in the tests.
const SERVERS: usize = 4;
/// Statements that a server may have prepared. PgBouncer's default is 200; few make sure that some are closed and come back.
pub(super) const STATEMENTS_MAX: usize = 40;

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection.
pub(super) struct Server {
    pub(super) stream: Box<dyn Stream>,
    /// Shared names of statements that it has prepared, oldest first.
    pub(super) prepared: VecDeque<String>,
    /// What it told about itself.
    pub(super) parameters: Vec<Message>,
}

/// All of them.
pub(super) struct Servers {
    to: PgConnectOptions,
    places: Semaphore,
    opened: AtomicUsize,
    idle: Mutex<VecDeque<Server>>,
    /// Shared names by what is prepared under them.
    names: Mutex<HashMap<Vec<u8>, String>>,
}

/// A server in somebody's hands.
pub(super) struct Held<'a> {
    pub(super) server: Server,
    _place: SemaphorePermit<'a>,
}

impl Servers {
    pub(super) fn new(to: PgConnectOptions) -> Self {
        let (opened, idle, names) = Default::default();
        Self { to, places: Semaphore::new(SERVERS), opened, idle, names }
    }

    /// The one that has rested longest, so that hardly anybody gets the same one twice in a row.
    pub(super) async fn take(&self, startup: &[u8]) -> io::Result<Held<'_>> {
        let place = self.places.acquire().await.map_err(io::Error::other)?;
        loop {
            // Counted before it is open, so that two cannot both open the last one.
            if self.opened.fetch_add(1, Ordering::SeqCst) < SERVERS {
                let server = self.open(startup).await;
                return match server {
                    Ok(server) => Ok(Held { server, _place: place }),
                    Err(error) => {
                        self.forget();
                        Err(error)
                    }
                };
            }
            self.opened.fetch_sub(1, Ordering::SeqCst);
            let rested = self.idle.lock().unwrap().pop_front();
            let Some(mut server) = rested else {
                // Its place is free already, and it comes in a moment.
                tokio::task::yield_now().await;
                continue;
            };
            if server.is_quiet().await {
                return Ok(Held { server, _place: place });
            }
            self.forget();
        }
    }

    pub(super) fn give(&self, held: Held<'_>) {
        self.idle.lock().unwrap().push_back(held.server);
    }

    /// One was closed.
    pub(super) fn forget(&self) {
        self.opened.fetch_sub(1, Ordering::SeqCst);
    }

    /// The name under which every server knows what this statement says.
    pub(super) fn shared_name(&self, statement: &[u8]) -> String {
        let mut names = self.names.lock().unwrap();
        let next = format!("shared_{}", names.len() + 1);
        names.entry(statement.to_vec()).or_insert(next).clone()
    }

    async fn open(&self, startup: &[u8]) -> io::Result<Server> {
        let stream: Box<dyn Stream> = match self.to.get_socket() {
            Some(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.to.get_port()));
                Box::new(UnixStream::connect(path).await?)
            }
            None => Box::new(TcpStream::connect((self.to.get_host(), self.to.get_port())).await?),
        };
        let mut server = Server { stream, prepared: VecDeque::new(), parameters: Vec::new() };
        let mut out = Vec::new();
        write_body(startup, &mut out);
        server.stream.write_all(&out).await?;
        loop {
            let message = Message::read(&mut server.stream).await?;
            match message.tag {
                b'Z' => return Ok(server),
                b'S' => server.parameters.push(message),
                b'R' if message.body != [0; 4] => {
                    return Err(io::Error::other("the tests' pooler knows no passwords"));
                }
                b'E' => {
                    let told: Vec<String> = texts(&message.body).collect();
                    return Err(io::Error::other(told.join(" ")));
                }
                _ => {}
            }
        }
    }
}

impl Server {
    /// Whether nothing came while it rested; what comes then is the news of its end.
    async fn is_quiet(&mut self) -> bool {
        let mut byte = [0; 1];
        std::future::poll_fn(|context| {
            let stream = Pin::new(&mut self.stream);
            let polled = stream.poll_read(context, &mut ReadBuf::new(&mut byte));
            Poll::Ready(polled.is_pending())
        })
        .await
    }

    /// The prepared statement that makes room for one more.
    pub(super) fn evict(&mut self) -> Option<String> {
        (self.prepared.len() >= STATEMENTS_MAX).then(|| self.prepared.pop_front()).flatten()
    }
}
