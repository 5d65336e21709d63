//! Price lists served on loopback, for tests of `prices refresh`.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Answers by the path of the request, query included; the longest path that the request begins
/// with wins.
#[derive(Debug, Clone)]
pub struct PriceLists {
    origin: String,
    answers: Arc<Mutex<BTreeMap<String, (u16, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Default for PriceLists {
    fn default() -> Self {
        Self::new()
    }
}

impl PriceLists {
    /// A server without answers. Its thread ends with the process.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let lists = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            answers: Arc::default(),
            asked: Arc::default(),
            heads: Arc::default(),
        };
        let serving = lists.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.answer(stream));
            }
        });
        lists
    }

    /// Where it listens.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What it answers to a path.
    pub fn serve(&self, path: &str, status: u16, body: impl Into<String>) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(path.to_owned(), (status, body.into()));
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The lines of the heads of all requests.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            return;
        };
        let head: Vec<String> = lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        self.heads.lock().unwrap().extend(head);
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let answers = self.answers.lock().unwrap().clone();
        let fitting = answers
            .iter()
            .filter(|(known, _)| path.starts_with(known.as_str()));
        let (status, body) = fitting
            .max_by_key(|(known, _)| known.len())
            .map_or((404, String::new()), |(_, answer)| answer.clone());
        self.asked.lock().unwrap().push(path);
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body.as_bytes());
    }
}
