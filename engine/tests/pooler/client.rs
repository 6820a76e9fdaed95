//! One client of the pooler: its statements' names, and the server it has while a transaction of its lasts.

use super::{
    servers::{Held, Server, Servers},
    session,
    wire::{Answer, Answers, Message, read_body, texts, write_body},
};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// The request for TLS, and the one for GSSAPI.
const ENCRYPTIONS: [u32; 2] = [80_877_103, 80_877_104];
/// The protocol's version 3.
const VERSION: u32 = 196_608;
/// What PgBouncer lets a client say when it connects; it refuses everything else.
const PARAMETERS: &[&str] = &[
    "user",
    "database",
    "application_name",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "IntervalStyle",
    "standard_conforming_strings",
];

/// A connection of a client.
pub(super) struct Client<'a> {
    stream: BufReader<TcpStream>,
    servers: &'a Servers,
    /// Whether prepared statements go with the client from server to server.
    carries: bool,
    wrongs: Arc<Mutex<Vec<String>>>,
    startup: Vec<u8>,
    /// What the client has prepared, by its own names: the statement as `Parse` has it behind the name.
    prepared: HashMap<String, Vec<u8>>,
}

impl<'a> Client<'a> {
    pub(super) fn new(
        stream: TcpStream,
        servers: &'a Servers,
        carries: bool,
        wrongs: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let (startup, prepared) = Default::default();
        Self { stream: BufReader::new(stream), servers, carries, wrongs, startup, prepared }
    }

    /// Serves it to its end.
    pub(super) async fn run(mut self) -> io::Result<()> {
        if !self.begin().await? {
            return Ok(());
        }
        let mut held: Option<Held<'a>> = None;
        let ended = loop {
            let batch = match self.read_batch().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            match self.serve(batch, held.take()).await {
                Ok(kept) => held = kept,
                Err(error) => return Err(error),
            }
        };
        if held.is_some() {
            // A transaction without its client: the server ends it with the connection.
            self.servers.forget();
        }
        ended
    }

    /// The first messages. Whether it may go on.
    async fn begin(&mut self) -> io::Result<bool> {
        loop {
            let body = read_body(&mut self.stream).await?;
            let word = body.first_chunk().map_or(0, |word| u32::from_be_bytes(*word));
            match word {
                VERSION => self.startup = body,
                word if ENCRYPTIONS.contains(&word) => {
                    self.stream.write_all(b"N").await?;
                    continue;
                }
                _ => return Ok(false),
            }
            break;
        }
        let said: Vec<String> = texts(&self.startup[4..]).collect();
        let names = said.iter().step_by(2).filter(|name| !name.is_empty());
        if let Some(name) = names.into_iter().find(|name| !PARAMETERS.contains(&name.as_str())) {
            let why = format!("unsupported startup parameter: {name}");
            self.tell(&[Message::error("FATAL", "08P01", &why)]).await?;
            return Ok(false);
        }
        let held = self.servers.take(&self.startup).await?;
        let mut told = vec![Message::new(b'R', vec![0; 4])];
        told.extend(held.server.parameters.iter().cloned());
        self.servers.give(held);
        told.push(Message::new(b'K', vec![0; 8]));
        told.push(Message::ready(b'I'));
        self.tell(&told).await?;
        Ok(true)
    }

    async fn tell(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut out = Vec::new();
        messages.iter().for_each(|message| message.write(&mut out));
        self.stream.write_all(&out).await
    }

    /// Messages up to the one that wants an answer; `None` when the client says goodbye.
    async fn read_batch(&mut self) -> io::Result<Option<Vec<Message>>> {
        let mut batch = Vec::new();
        loop {
            let message = Message::read(&mut self.stream).await?;
            match message.tag {
                b'X' => return Ok(None),
                b'S' | b'Q' => {
                    batch.push(message);
                    return Ok(Some(batch));
                }
                b'P' | b'B' | b'D' | b'E' | b'C' => batch.push(message),
                other => return Err(io::Error::other(format!("a message {}", char::from(other)))),
            }
        }
    }

    /// One batch and its answers, and the server if the transaction goes on.
    async fn serve(
        &mut self,
        batch: Vec<Message>,
        held: Option<Held<'a>>,
    ) -> io::Result<Option<Held<'a>>> {
        if let Some(wrong) = wrong_with(&batch, held.is_some()) {
            let why = format!("it needs a session of its own: {wrong}");
            self.wrongs.lock().unwrap().push(why.clone());
            if held.is_some() {
                self.servers.forget();
                self.tell(&[Message::error("FATAL", "0A000", &why)]).await?;
                return Err(io::Error::other(why));
            }
            self.tell(&[Message::error("ERROR", "0A000", &why), Message::ready(b'I')]).await?;
            return Ok(None);
        }
        let mut held = match held {
            Some(held) => held,
            None => self.servers.take(&self.startup).await?,
        };
        match self.exchange(batch, &mut held.server).await {
            Ok(b'I') => {
                self.servers.give(held);
                Ok(None)
            }
            Ok(_) => Ok(Some(held)),
            Err(error) => {
                self.servers.forget();
                Err(error)
            }
        }
    }

    /// Sends a batch, and tells the client what it is answered; the state of the transaction afterwards.
    async fn exchange(&mut self, batch: Vec<Message>, server: &mut Server) -> io::Result<u8> {
        let (mut out, mut answers) = (Vec::new(), Answers::new());
        for message in batch {
            self.translate(message, server, (&mut out, &mut answers));
        }
        server.stream.write_all(&out).await?;
        let mut out = Vec::new();
        loop {
            let message = Message::read(&mut server.stream).await?;
            if !matches!(message.tag, b'A' | b'N' | b'S') {
                while let Some(Answer::Faked(faked)) = answers.front() {
                    faked.write(&mut out);
                    answers.pop_front();
                }
            }
            if message.tag == b'E' {
                // Nothing of the batch behind it was done; the client is told no more than that.
                for answer in answers.drain(..) {
                    if let Answer::Prepared { name, .. } = answer {
                        server.prepared.retain(|prepared| *prepared != name);
                    }
                }
            }
            let is_told = match answers.front() {
                Some(Answer::Prepared { is_ours, .. }) if message.tag == b'1' => {
                    let is_told = !is_ours;
                    answers.pop_front();
                    is_told
                }
                Some(Answer::Evicted) if message.tag == b'3' => {
                    answers.pop_front();
                    false
                }
                Some(Answer::Told(tags)) if tags.contains(&message.tag) => {
                    answers.pop_front();
                    true
                }
                _ => true,
            };
            if is_told {
                message.write(&mut out);
            }
            if message.tag == b'Z' || out.len() > 1 << 16 {
                self.stream.write_all(&std::mem::take(&mut out)).await?;
            }
            if message.tag == b'Z' {
                return Ok(message.body[0]);
            }
            let is_over =
                message.tag == b'E' && texts(&message.body).any(|field| field == "SFATAL");
            if is_over {
                self.stream.write_all(&out).await?;
                return Err(io::Error::other("the server closes the connection"));
            }
        }
    }

    /// What the server is sent instead of this message, and what it will answer.
    fn translate(
        &mut self,
        message: Message,
        server: &mut Server,
        (out, answers): (&mut Vec<u8>, &mut Answers),
    ) {
        let is_statement = message.body.first() == Some(&b'S');
        let carries = self.carries;
        match message.tag {
            b'P' if carries && !message.text(0).is_empty() => {
                let name = message.text(0);
                let statement = message.body[name.len() + 1..].to_vec();
                let shared = self.servers.shared_name(&statement);
                self.prepared.insert(name, statement.clone());
                match server.prepared.contains(&shared) {
                    true => answers.push_back(Answer::Faked(Message::new(b'1', Vec::new()))),
                    false => prepare(server, (shared, &statement), false, (out, answers)),
                }
                return;
            }
            b'B' if carries => {
                let shared = self.shared(&message.text(1), server, (out, answers));
                let bind = shared.map(|shared| message.with_text(1, &shared));
                answers.push_back(Answer::Told(b"2"));
                return bind.unwrap_or(message).write(out);
            }
            b'D' if carries && is_statement => {
                let shared = self.shared(&message.text(0)[1..], server, (out, answers));
                let named = shared.map(|shared| message.with_text(0, &format!("S{shared}")));
                answers.push_back(Answer::Told(b"Tn"));
                return named.unwrap_or(message).write(out);
            }
            b'C' if carries && is_statement => {
                self.prepared.remove(&message.text(0)[1..]);
                answers.push_back(Answer::Faked(Message::new(b'3', Vec::new())));
                return;
            }
            _ => {}
        }
        match message.tag {
            b'P' => answers.push_back(Answer::Told(b"1")),
            b'B' => answers.push_back(Answer::Told(b"2")),
            b'D' => answers.push_back(Answer::Told(b"Tn")),
            b'E' => answers.push_back(Answer::Told(b"CIs")),
            b'C' => answers.push_back(Answer::Told(b"3")),
            _ => {}
        }
        message.write(out);
    }

    /// The shared name of a statement, which this server has then; `None` for one that was never prepared.
    fn shared(
        &self,
        name: &str,
        server: &mut Server,
        (out, answers): (&mut Vec<u8>, &mut Answers),
    ) -> Option<String> {
        let statement = self.prepared.get(name)?;
        let shared = self.servers.shared_name(statement);
        if !server.prepared.contains(&shared) {
            prepare(server, (shared.clone(), statement), true, (out, answers));
        }
        Some(shared)
    }
}

/// Has a statement prepared under its shared name, and another one closed if there are too many.
fn prepare(
    server: &mut Server,
    (name, statement): (String, &[u8]),
    is_ours: bool,
    (out, answers): (&mut Vec<u8>, &mut Answers),
) {
    if let Some(old) = server.evict() {
        Message::new(b'C', format!("S{old}\0").into_bytes()).write(out);
        answers.push_back(Answer::Evicted);
    }
    out.push(b'P');
    write_body(&[name.as_bytes(), b"\0", statement].concat(), out);
    server.prepared.push_back(name.clone());
    answers.push_back(Answer::Prepared { name, is_ours });
}

/// What a batch asks for that only a session has.
fn wrong_with(batch: &[Message], in_transaction: bool) -> Option<String> {
    let mut has_unnamed = in_transaction;
    for message in batch {
        let needed = match message.tag {
            b'Q' => session::needed_by(&message.text(0)),
            b'P' => {
                has_unnamed |= message.text(0).is_empty();
                session::needed_by(&message.text(1))
            }
            b'B' if message.text(1).is_empty() && !has_unnamed => {
                Some("the unnamed statement of an earlier transaction".to_owned())
            }
            _ => None,
        };
        if needed.is_some() {
            return needed;
        }
    }
    None
}
