//! SQL on a server of this machine, as pgfleet's own role.

use std::{path::Path, time::Duration};

use pgfleet_model::{Endpoint, Value};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::{Client, Config, NoTls, error::SqlState};

use super::layout::Layout;

/// The role that every fleet of this machine has for pgfleet and for its replicas.
pub(crate) const ROLE: &str = "pgfleet";
/// How long a server may take to answer anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that does not answer as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The password file is missing or damaged.
    #[error("the password file {0} cannot be used: {1}")]
    Passfile(String, String),
    /// It did not answer in time.
    #[error("it does not answer within 5 s")]
    Silent,
    /// It answered, and refused.
    #[error("{0}")]
    Refused(String),
    /// Nobody listens, or the connection broke.
    #[error("{0}")]
    Lost(String),
    /// There is one of that name already.
    #[error("{0}")]
    Duplicate(String),
}

impl SessionError {
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate(_))
    }
}

impl From<tokio_postgres::Error> for SessionError {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = match error.as_db_error() {
            Some(answer) => answer.message().to_owned(),
            None => std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), ToString::to_string),
        };
        match error.code() {
            Some(&SqlState::DUPLICATE_OBJECT) => Self::Duplicate(text),
            Some(_) => Self::Refused(text),
            None => Self::Lost(text),
        }
    }
}

/// A session on one server.
pub(crate) struct Session {
    client: Client,
}

/// What a running server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) in_recovery: bool,
    pub(crate) version: String,
    /// Integer settings by name, as they are in effect.
    pub(crate) settings: Vec<(String, u64)>,
    /// Physical slots: name, and whether what they should keep is gone.
    pub(crate) slots: Vec<Slot>,
    pub(crate) receiving: bool,
    /// `primary_conninfo` as it is in effect; empty where there is none or we may not see it.
    pub(crate) conninfo: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) lost: bool,
}

impl Session {
    /// Connects to the server of one of our folders, as the role in its password file.
    pub(crate) async fn open(layout: &Layout, port: u16) -> Result<Self, SessionError> {
        let (user, password) = read_pgpass(&layout.pgpass())?;
        let marker = layout.marker().ok().flatten();
        let login = Login {
            user,
            password: Some(password),
            database: marker.map_or_else(|| "postgres".to_owned(), |marker| marker.database),
        };
        let host = "127.0.0.1".to_owned();
        Self::connect(&Endpoint { host, port }, &login).await
    }

    /// Connects to any server.
    pub(crate) async fn connect(endpoint: &Endpoint, login: &Login) -> Result<Self, SessionError> {
        let mut config = Config::new();
        config
            .host(&endpoint.host)
            .port(endpoint.port)
            .user(&login.user)
            .dbname(&login.database)
            .application_name("pgfleet")
            .options("-c statement_timeout=5s")
            .connect_timeout(PATIENCE);
        if let Some(password) = &login.password {
            config.password(password.expose_secret());
        }
        let connected = tokio::time::timeout(PATIENCE, config.connect(NoTls)).await;
        let (client, connection) = connected.map_err(|_| SessionError::Silent)??;
        // Ends when the client is dropped; its errors reach the client's calls.
        tokio::spawn(connection);
        Ok(Self { client })
    }

    async fn row(&self, sql: &str) -> Result<tokio_postgres::Row, SessionError> {
        let answer = tokio::time::timeout(PATIENCE, self.client.query_one(sql, &[])).await;
        Ok(answer.map_err(|_| SessionError::Silent)??)
    }

    /// Everything that a listing needs, in one question. Slots are looked at once: no snapshot holds
    /// for them, and one that goes between two looks would shift what is said of the others.
    pub(crate) async fn ask(&self) -> Result<Answers, SessionError> {
        let row = self
            .row(
                "SELECT pg_is_in_recovery(), current_setting('server_version'),
                    (SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE vartype = 'integer'
                        AND name IN ('max_connections', 'max_wal_senders', 'max_worker_processes',
                            'max_prepared_transactions', 'max_locks_per_transaction',
                            'max_replication_slots')),
                    (SELECT array_agg(setting::bigint ORDER BY name) FROM pg_settings
                        WHERE vartype = 'integer'
                        AND name IN ('max_connections', 'max_wal_senders', 'max_worker_processes',
                            'max_prepared_transactions', 'max_locks_per_transaction',
                            'max_replication_slots')),
                    slots.names, slots.active, slots.kept,
                    EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),
                    (SELECT setting FROM pg_settings WHERE name = 'primary_conninfo')
                FROM (SELECT array_agg(slot_name::text) AS names, array_agg(active) AS active,
                        array_agg(coalesce(wal_status, '')) AS kept
                    FROM pg_replication_slots WHERE slot_type = 'physical') AS slots",
            )
            .await?;
        let names: Vec<String> = row.get::<_, Option<_>>(2).unwrap_or_default();
        let values: Vec<i64> = row.get::<_, Option<_>>(3).unwrap_or_default();
        let slots: Vec<String> = row.get::<_, Option<_>>(4).unwrap_or_default();
        let active: Vec<bool> = row.get::<_, Option<_>>(5).unwrap_or_default();
        let kept: Vec<String> = row.get::<_, Option<_>>(6).unwrap_or_default();
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(Answers {
            in_recovery: row.get(0),
            version: row.get(1),
            settings: names
                .into_iter()
                .zip(values.into_iter().map(unsigned))
                .collect(),
            slots: slots
                .into_iter()
                .zip(active)
                .zip(kept)
                .map(|((name, active), kept)| Slot {
                    name,
                    active,
                    lost: kept == "lost",
                })
                .collect(),
            receiving: row.get(7),
            conninfo: row.get::<_, Option<_>>(8).unwrap_or_default(),
        })
    }

    /// Makes a physical slot that keeps the log from now on.
    pub(crate) async fn create_slot(&self, name: &str) -> Result<(), SessionError> {
        let sql = "SELECT pg_create_physical_replication_slot($1::text::name, true)";
        let made = tokio::time::timeout(PATIENCE, self.client.execute(sql, &[&name])).await;
        made.map_err(|_| SessionError::Silent)??;
        Ok(())
    }

    /// Drops a physical slot. One that is not there is as good as dropped.
    pub(crate) async fn drop_slot(&self, name: &str) -> Result<(), SessionError> {
        let sql = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
            WHERE slot_name = $1::text::name";
        let drop = tokio::time::timeout(PATIENCE, self.client.execute(sql, &[&name])).await;
        drop.map_err(|_| SessionError::Silent)??;
        Ok(())
    }

    /// Whether the server receives from its primary at this moment.
    pub(crate) async fn is_receiving(&self) -> Result<bool, SessionError> {
        let sql = "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')";
        Ok(self.row(sql).await?.get(0))
    }
}

impl Answers {
    pub(crate) fn setting(&self, name: &str) -> Option<Value> {
        self.settings
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| Value::Number(*value))
    }
}

/// The role and its password in a password file that we wrote.
pub(crate) fn read_pgpass(path: &Path) -> Result<(String, SecretString), SessionError> {
    let wrong = |why: String| SessionError::Passfile(path.display().to_string(), why);
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let line = text.lines().next().unwrap_or_default();
    let mut fields = vec![String::new()];
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ':' => fields.push(String::new()),
            c => {
                // A backslash takes the next character as it is.
                let c = if c == '\\' {
                    rest.next().unwrap_or(c)
                } else {
                    c
                };
                fields
                    .last_mut()
                    .into_iter()
                    .for_each(|field| field.push(c));
            }
        }
    }
    match <[String; 5]>::try_from(fields) {
        Ok([_, _, _, user, password]) => Ok((user, SecretString::from(password))),
        Err(_) => Err(wrong("it holds no password".to_owned())),
    }
}

/// How to log in to a server. `Debug` shows no password.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: Option<SecretString>,
    pub(crate) database: String,
}

/// What a primary must have to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prerequisites {
    pub(crate) wal_level: String,
    pub(crate) may_replicate: bool,
}

impl Session {
    /// What of the prerequisites a primary has that we did not set up.
    pub(crate) async fn prerequisites(&self) -> Result<Prerequisites, SessionError> {
        let sql = "SELECT current_setting('wal_level'), rolreplication OR rolsuper
            FROM pg_roles WHERE rolname = current_user";
        let row = self.row(sql).await?;
        Ok(Prerequisites {
            wal_level: row.get(0),
            may_replicate: row.get(1),
        })
    }
}
