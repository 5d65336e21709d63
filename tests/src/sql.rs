//! Questions to a server, one after the other.

use std::{cell::RefCell, time::Duration};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::wait::{PATIENCE, comes_true};

/// A connection.
#[derive(Debug)]
pub struct Sql {
    runtime: Runtime,
    client: RefCell<Client>,
}

/// Who connects.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

impl Sql {
    pub(crate) fn open(port: u16, login: &Login) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut config = Config::new();
        config
            .host("127.0.0.1")
            .port(port)
            .user(&login.user)
            .password(&login.password)
            .dbname(&login.database)
            .connect_timeout(Duration::from_secs(10));
        let (client, connection) = runtime
            .block_on(config.connect(NoTls))
            .map_err(|error| told(&error))?;
        runtime.spawn(connection);
        Ok(Self {
            runtime,
            client: RefCell::new(client),
        })
    }

    /// The first column of every row, as text; NULL is the empty text.
    ///
    /// # Errors
    /// What the server says.
    pub fn try_column(&self, sql: &str) -> Result<Vec<String>, String> {
        let client = self.client.borrow();
        let answer = async { tokio::time::timeout(PATIENCE, client.simple_query(sql)).await };
        let messages = self
            .runtime
            .block_on(answer)
            .map_err(|_| "no answer".to_owned())?
            .map_err(|error| told(&error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The first column of every row.
    #[track_caller]
    pub fn column(&self, sql: &str) -> Vec<String> {
        match self.try_column(sql) {
            Ok(rows) => rows,
            Err(error) => panic!("`{sql}`: {error}"),
        }
    }

    /// The first column of the first row; the empty text where there is none.
    #[track_caller]
    pub fn text(&self, sql: &str) -> String {
        self.column(sql).into_iter().next().unwrap_or_default()
    }

    /// Runs statements that answer nothing.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.column(sql);
    }

    /// Asks until the answer is this one.
    #[track_caller]
    pub fn until(&self, sql: &str, wanted: &str) {
        let mut last = String::new();
        let came = comes_true(PATIENCE, || {
            // A table may be on its way to a replica still.
            last = match self.try_column(sql) {
                Ok(rows) => rows.into_iter().next().unwrap_or_default(),
                Err(error) => error,
            };
            last == wanted
        });
        assert!(
            came,
            "`{sql}` stays `{last}` and does not become `{wanted}`"
        );
    }
}

fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => answer.message().to_owned(),
        None => format!("{error:?}"),
    }
}
