//! HTTP/1.1 in raw bytes: what no client library could repair or hide.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// A header's value, the name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (other, value) = line.split_once(':')?;
            other.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Sends a request, with whole lines of further headers, and reads the answer.
pub(crate) async fn exchange(
    stream: &mut TcpStream,
    method: &str,
    target: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Reply> {
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    read_reply(stream).await
}

pub(crate) async fn read_reply(stream: &mut TcpStream) -> std::io::Result<Reply> {
    let ended = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut bytes = Vec::new();
    let (head, body_at) = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&bytes[..at]).into_owned(), at + 4);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ended());
        }
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap();
    let mut reply = Reply {
        status,
        head,
        body: String::new(),
    };
    let length = reply.header("content-length");
    let end = body_at + length.map_or(0, |length| length.parse::<usize>().unwrap());
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ended());
        }
    }
    reply.body = String::from_utf8_lossy(&bytes[body_at..end]).into_owned();
    Ok(reply)
}
