//! Asking over HTTP: bounded in time, in size and in attempts.

use std::{
    io::{self, Read},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, Url, header::HeaderMap, redirect::Policy};
use tokio::sync::mpsc;

use super::endpoint::Endpoint;

/// How often one address is asked before the refresh is given up.
const ATTEMPTS: u32 = 4;
/// The longest wait that a server may ask for between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// An HTTP client for one endpoint.
pub(super) struct Fetcher {
    client: Client,
}

impl Fetcher {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, String> {
        let mut builder = Client::builder()
            .user_agent(concat!("pgfleet/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .read_timeout(Duration::from_secs(60))
            // A price list that has moved is looked at by people, not followed to anywhere.
            .redirect(Policy::none());
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build();
        let client = client.map_err(|error| format!("no HTTP client: {}", chain(&error)))?;
        Ok(Self { client })
    }

    /// An answer's text, of at most `limit` bytes.
    pub(super) async fn text(
        &self,
        url: &Url,
        headers: &HeaderMap,
        limit: usize,
    ) -> Result<String, String> {
        let mut response = self.get(url, headers).await?;
        let shown = shown(url);
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| format!("{shown}: {}", chain(&error)))? else {
                break;
            };
            if body.len() + chunk.len() > limit {
                return Err(format!("{shown}: the answer is larger than {limit} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| format!("{shown}: the answer is not UTF-8 text"))
    }

    /// An answer as it arrives, for a reader on another thread. What goes wrong on the way is an
    /// error of the reader.
    pub(super) async fn body(&self, url: &Url) -> Result<(Body, Pump), String> {
        let response = self.get(url, &HeaderMap::new()).await?;
        let (sender, receiver) = mpsc::channel(8);
        let body = Body {
            receiver,
            chunk: Vec::new(),
            read: 0,
        };
        Ok((body, Pump { response, sender }))
    }

    /// Asks until there is an answer, waiting between attempts where that may help.
    async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Response, String> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let sent = self.client.get(url.clone()).headers(headers.clone());
            let (problem, wait) = match sent.send().await {
                Ok(response) if response.status() == StatusCode::OK => return Ok(response),
                Ok(response) => {
                    let status = response.status();
                    let wait = retry_after(response.headers());
                    let again = status.is_server_error()
                        || status == StatusCode::TOO_MANY_REQUESTS
                        || status == StatusCode::REQUEST_TIMEOUT;
                    (format!("answered {status}"), again.then_some(wait))
                }
                Err(error) => (chain(&error), Some(None)),
            };
            match wait {
                Some(wait) if attempt < ATTEMPTS => {
                    let usual = Duration::from_millis(250 << attempt);
                    tokio::time::sleep(wait.unwrap_or(usual).min(LONGEST_WAIT)).await;
                }
                _ => return Err(format!("{}: {problem}", shown(url))),
            }
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("retry-after")?.to_str().ok()?;
    value.parse().ok().map(Duration::from_secs)
}

/// An address without its query, which may be long.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

/// An error with its causes. Addresses are left out: the caller names its own.
fn chain(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the answer broke off".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// Moves an answer from the network to its [`Body`].
pub(super) struct Pump {
    response: Response,
    sender: mpsc::Sender<Result<Vec<u8>, String>>,
}

impl Pump {
    /// Until the answer ends, breaks off, or nobody reads any more.
    pub(super) async fn run(mut self) {
        loop {
            let chunk = match self.response.chunk().await {
                Ok(None) => return,
                Ok(Some(chunk)) => Ok(chunk.to_vec()),
                Err(error) => Err(chain(&error)),
            };
            let last = chunk.is_err();
            if self.sender.send(chunk).await.is_err() || last {
                return;
            }
        }
    }
}

/// An answer as a reader that blocks.
pub(super) struct Body {
    receiver: mpsc::Receiver<Result<Vec<u8>, String>>,
    chunk: Vec<u8>,
    read: usize,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.chunk.get(self.read..).unwrap_or_default();
            if !rest.is_empty() {
                let count = rest.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                self.read += count;
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(Ok(chunk)) => {
                    self.chunk = chunk;
                    self.read = 0;
                }
                Some(Err(problem)) => return Err(io::Error::other(problem)),
            }
        }
    }
}
