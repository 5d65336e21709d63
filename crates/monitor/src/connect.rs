//! The one place that opens connections, and explains why one cannot be had.

use std::{error::Error as _, io, time::Duration};

use pgfleet_model::Endpoint;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, Connection, NoTls, Row, config::SslMode as Encryption, error::SqlState,
};

use crate::{Credentials, SslMode, text::seconds};

/// Longest that the server may work on one of our statements.
const STATEMENT: Duration = Duration::from_secs(5);
/// Longest that we wait for its answer: a server that hangs stops no statement either.
const ANSWER: Duration = Duration::from_secs(6);

/// Why an instance cannot be asked. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint} {problem}")]
pub struct ConnectError {
    /// Where it should listen.
    pub endpoint: Endpoint,
    /// What is wrong.
    pub problem: ConnectProblem,
}

/// What keeps a connection from being had or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectProblem {
    /// Nobody listens there.
    #[error("refuses the connection: no server listens there")]
    Refused,
    /// The name leads nowhere, or there is no way to it.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("does not answer within {}", seconds(*.0))]
    Timeout(Duration),
    /// The password is wrong, or the role does not exist, which servers do not tell apart.
    #[error("refuses the login of the role `{user}`: wrong password or no such role")]
    Login {
        /// The role.
        user: String,
    },
    /// The server asks for a password and none is known.
    #[error("asks for the password of the role `{user}`; give one in [connect]")]
    PasswordMissing {
        /// The role.
        user: String,
    },
    /// The database does not exist.
    #[error("has no database `{database}`")]
    NoDatabase {
        /// The database.
        database: String,
    },
    /// The plan asks for an encrypted connection, and the server has none.
    #[error(
        "offers no encryption, and sslmode = \"{sslmode}\" wants it; switch `ssl` on there, or, on a \
         network that you trust, set sslmode = \"disable\" in [connect]"
    )]
    NoEncryption {
        /// The mode that the plan asks for.
        sslmode: &'static str,
    },
    /// The certificate does not convince, or the two sides find no common ground.
    #[error(
        "cannot be trusted with sslmode = \"{sslmode}\": {why}; name the file of its certificate \
         authority in connect.root_cert, and the host as its certificate does"
    )]
    NotTrusted {
        /// The mode that the plan asks for.
        sslmode: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The server admits no unencrypted connection for this role and database, or none at all.
    #[error("does not admit us without encryption: {0}")]
    NotAdmitted(String),
    /// It starts, stops or recovers.
    #[error("takes no connections now: {0}")]
    NotNow(String),
    /// Something else listens there, or a server that is just ending.
    #[error("does not answer as a PostgreSQL server does: the connection ends before the login")]
    NotPostgres,
    /// The connection was lost later on.
    #[error("has closed the connection")]
    Lost,
    /// Another refusal, in the server's own words.
    #[error("answers: {0}")]
    Server(String),
}

/// An open connection; it is closed when this is dropped.
pub(crate) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    endpoint: Endpoint,
    user: String,
    database: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Connects and logs in within `limit`.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    credentials: &Credentials,
    limit: Duration,
) -> Result<Session, ConnectError> {
    let Credentials {
        user,
        password,
        database,
        tls,
    } = credentials;
    let error = |problem| ConnectError {
        endpoint: endpoint.clone(),
        problem,
    };
    let mut config = Config::new();
    config
        .host(&endpoint.host)
        .port(endpoint.port)
        .user(user)
        .dbname(database)
        .application_name("pgfleet")
        .options(format!("-c statement_timeout={}", STATEMENT.as_millis()))
        .ssl_mode(match tls.mode() {
            SslMode::Disable => Encryption::Disable,
            SslMode::Prefer => Encryption::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Encryption::Require,
        });
    if let Some(password) = password {
        config.password(password.expose_secret());
    }
    let connecting = async {
        match tls.connector() {
            None => config.connect(NoTls).await.map(run),
            Some(connector) => config.connect(connector).await.map(run),
        }
    };
    match tokio::time::timeout(limit, connecting).await {
        Err(_) => Err(error(ConnectProblem::Timeout(limit))),
        Ok(Err(failure)) => {
            let problem = encryption_problem(&failure, tls.mode());
            Err(error(problem.unwrap_or_else(|| {
                match explain(&failure, user, database) {
                    ConnectProblem::Lost => ConnectProblem::NotPostgres,
                    problem => problem,
                }
            })))
        }
        Ok(Ok((client, connection))) => Ok(Session {
            client,
            connection,
            endpoint: endpoint.clone(),
            user: user.clone(),
            database: database.clone(),
        }),
    }
}

/// Lets a connection work beside us. How it ends is told to whoever asks on it.
fn run<S, T>((client, connection): (Client, Connection<S, T>)) -> (Client, JoinHandle<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = tokio::spawn(async move { drop(connection.await) });
    (client, connection)
}

/// Whether a connection failed for want of the protection that is asked for. The client library
/// tells that in words only.
fn encryption_problem(error: &tokio_postgres::Error, mode: SslMode) -> Option<ConnectProblem> {
    if !error.to_string().contains("TLS") {
        return None;
    }
    let why = error.source().map(ToString::to_string).unwrap_or_default();
    let sslmode = mode.as_str();
    Some(if why.contains("does not support TLS") {
        ConnectProblem::NoEncryption { sslmode }
    } else {
        ConnectProblem::NotTrusted { sslmode, why }
    })
}

impl Session {
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks what has exactly one row for an answer, in a single round trip.
    pub(crate) async fn row(&self, sql: &str) -> Result<Row, ConnectError> {
        let rows = self.ask(self.client.query_typed(sql, &[])).await?;
        let nothing = || self.error(ConnectProblem::Server(format!("nothing to `{sql}`")));
        rows.into_iter().next().ok_or_else(nothing)
    }

    /// A problem with this instance.
    pub(crate) fn error(&self, problem: ConnectProblem) -> ConnectError {
        ConnectError {
            endpoint: self.endpoint.clone(),
            problem,
        }
    }

    /// Waits for one of our own questions, in bounds.
    pub(crate) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, ConnectError> {
        let problem = match tokio::time::timeout(ANSWER, question).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => explain(&error, &self.user, &self.database),
            Err(_) => ConnectProblem::Timeout(ANSWER),
        };
        Err(self.error(problem))
    }
}

/// What an error of the client library means.
fn explain(error: &tokio_postgres::Error, user: &str, database: &str) -> ConnectProblem {
    if let Some(server) = error.as_db_error() {
        let code = server.code();
        let words = server.message().to_owned();
        return if *code == SqlState::INVALID_PASSWORD {
            ConnectProblem::Login {
                user: user.to_owned(),
            }
        } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
            if words.contains("pg_hba.conf") {
                ConnectProblem::NotAdmitted(words)
            } else {
                ConnectProblem::Login {
                    user: user.to_owned(),
                }
            }
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            ConnectProblem::NoDatabase {
                database: database.to_owned(),
            }
        } else if *code == SqlState::CANNOT_CONNECT_NOW
            || *code == SqlState::TOO_MANY_CONNECTIONS
            || *code == SqlState::ADMIN_SHUTDOWN
            || *code == SqlState::CRASH_SHUTDOWN
        {
            ConnectProblem::NotNow(words)
        } else {
            ConnectProblem::Server(words)
        };
    }
    if let Some(cause) = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
    {
        return match cause.kind() {
            io::ErrorKind::ConnectionRefused => ConnectProblem::Refused,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => ConnectProblem::NotPostgres,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => ConnectProblem::Lost,
            io::ErrorKind::TimedOut => ConnectProblem::Unreachable("no answer".to_owned()),
            _ => ConnectProblem::Unreachable(cause.to_string()),
        };
    }
    // The library has no other way to tell its remaining kinds apart.
    let words = error.to_string();
    if words.contains("password missing") || has_cause(error, "password missing") {
        ConnectProblem::PasswordMissing {
            user: user.to_owned(),
        }
    } else if error.is_closed() {
        ConnectProblem::Lost
    } else if words.contains("unexpected message") || words.contains("parsing response") {
        ConnectProblem::NotPostgres
    } else {
        ConnectProblem::Server(words)
    }
}

fn has_cause(error: &tokio_postgres::Error, words: &str) -> bool {
    error
        .source()
        .is_some_and(|cause| cause.to_string().contains(words))
}
