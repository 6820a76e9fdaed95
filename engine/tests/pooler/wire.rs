//! Postgres's wire protocol, as far as a pooler has to read it.

use std::{collections::VecDeque, io};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest message that is believed.
const BYTES_MAX: usize = 64 << 20;

/// One message with its tag, without its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) tag: u8,
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn new(tag: u8, body: Vec<u8>) -> Self {
        Self { tag, body }
    }

    /// The next one; the end of the stream is an error.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let tag = stream.read_u8().await?;
        Ok(Self { tag, body: read_body(stream).await? })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.tag);
        write_body(&self.body, out);
    }

    /// The text that ends with a NUL at the `nth` place, counted from the start.
    pub(super) fn text(&self, nth: usize) -> String {
        texts(&self.body).nth(nth).unwrap_or_default()
    }

    /// The same with another text at the `nth` place.
    pub(super) fn with_text(&self, nth: usize, text: &str) -> Self {
        let start: usize =
            self.body.split(|byte| *byte == 0).take(nth).map(|text| text.len() + 1).sum();
        let end = start + self.body[start..].iter().position(|byte| *byte == 0).unwrap_or(0);
        let mut body = self.body[..start].to_vec();
        body.extend_from_slice(text.as_bytes());
        body.extend_from_slice(&self.body[end..]);
        Self { tag: self.tag, body }
    }

    /// An error as a server tells it.
    pub(super) fn error(severity: &str, code: &str, why: &str) -> Self {
        let mut body = Vec::new();
        for (field, text) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', why)] {
            body.push(field);
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        Self { tag: b'E', body }
    }

    /// Ready for the next statement, in this state of a transaction.
    pub(super) fn ready(state: u8) -> Self {
        Self { tag: b'Z', body: vec![state] }
    }
}

pub(super) fn texts(body: &[u8]) -> impl Iterator<Item = String> {
    body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned())
}

/// What has a length and no tag: the first message of a connection.
pub(super) async fn read_body(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = usize::try_from(stream.read_u32().await?).map_err(io::Error::other)?;
    if !(4..BYTES_MAX).contains(&length) {
        return Err(io::Error::other("a message of an impossible length"));
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    Ok(body)
}

pub(super) fn write_body(body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len() + 4).expect("a message is shorter than 4 GB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}

/// What the server will answer next, and what becomes of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// The client is told so, and the server was not asked.
    Faked(Message),
    /// A statement was prepared under this name; if it was the pooler's wish, the client is not told.
    Prepared { name: String, is_ours: bool },
    /// One that the pooler closed.
    Evicted,
    /// One message of this kind answers, and the client is told.
    Told(&'static [u8]),
}

/// What a batch of messages will be answered with, in order.
pub(super) type Answers = VecDeque<Answer>;
