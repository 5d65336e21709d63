//! Proves replication: a marker written on the primary must be seen on every replica.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use pgfleet_model::{Address, Lsn};
use tokio::time::sleep;
use tokio_postgres::types::{ToSql, Type};

use crate::{
    ConnectError, Credentials, Target,
    connect::{Session, connect},
    query::{ReplicaQuestion, ReplicaSample, flushed, identify},
    streaming::Receiver,
    text::{bytes, seconds},
};

/// How replication is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyOptions {
    /// How long a replica may take to show the marker.
    pub timeout: Duration,
    /// Longest that connecting to an instance may take.
    pub connect_timeout: Duration,
}

impl Default for VerifyOptions {
    /// 10 s for the marker and 5 s to connect.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// What was proved of one replica.
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// Its place in the fleet.
    pub address: Address,
    /// Whether it showed the marker in time.
    pub ok: bool,
    /// Milliseconds from the end of the COMMIT on the primary until the marker was seen.
    pub milliseconds: Option<f64>,
    /// What is wrong, as a sentence without its full stop.
    pub problem: Option<String>,
}

/// A marker that the primary has written.
struct Marker {
    token: String,
    /// Whoever has replayed up to here has the marker.
    position: Lsn,
    committed: Instant,
}

/// Shortest and longest pause between two looks at a replica.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));

/// Writes a marker on the primary and waits until every replica shows it, all at once. The marker
/// is a row of `pgfleet.marker` in the credentials' database; schema and table are made where they
/// are missing, and rows older than an hour are removed. The answers are in the replicas' order.
pub async fn verify(
    primary: &Target,
    replicas: &[Target],
    credentials: &Credentials,
    options: &VerifyOptions,
) -> Vec<Verification> {
    let limit = options.connect_timeout;
    // Before the marker is written: connecting is not what is timed.
    let (source, watchers) = join(
        connect(&primary.endpoint, credentials, limit),
        join_all(
            replicas
                .iter()
                .map(|target| Watcher::open(target, credentials, limit)),
        ),
    )
    .await;
    let written = match source {
        Ok(session) => write_marker(&session)
            .await
            .map_err(|problem| match problem {
                WriteProblem::Session(error) => error.to_string(),
                WriteProblem::Says(what) => format!("{} {what}", primary.endpoint),
            }),
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(marker) => {
            let waits = replicas
                .iter()
                .zip(watchers)
                .map(async |(target, watcher)| {
                    let seen = match watcher {
                        Ok(watcher) => watcher.wait(&marker, options.timeout).await,
                        Err(problem) => Err(problem),
                    };
                    Verification::of(target, seen)
                });
            join_all(waits).await
        }
        Err(why) => replicas
            .iter()
            .map(|target| {
                let problem = format!("no marker could be written: the primary {why}");
                Verification::of(target, Err(problem))
            })
            .collect(),
    }
}

impl Verification {
    fn of(target: &Target, seen: Result<Duration, String>) -> Self {
        let address = target.address.clone();
        match seen {
            Ok(time) => {
                let milliseconds = Some(time.as_secs_f64() * 1000.0);
                Self {
                    address,
                    ok: true,
                    milliseconds,
                    problem: None,
                }
            }
            Err(problem) => Self {
                address,
                ok: false,
                milliseconds: None,
                problem: Some(problem),
            },
        }
    }
}

/// Why the marker could not be written.
enum WriteProblem {
    Session(ConnectError),
    /// What the primary is, as the end of "HOST:PORT ...".
    Says(&'static str),
}

impl From<ConnectError> for WriteProblem {
    fn from(error: ConnectError) -> Self {
        Self::Session(error)
    }
}

async fn write_marker(session: &Session) -> Result<Marker, WriteProblem> {
    let identity = identify(session).await?;
    if identity.in_recovery {
        return Err(WriteProblem::Says(
            "is itself a replica (in recovery) and takes no writes",
        ));
    }
    if identity.aurora {
        return Err(WriteProblem::Says(
            "is Aurora, whose replicas have no position of their own",
        ));
    }
    let client = session.client();
    // The commit must have reached the disk when it returns, or the position taken after it is too
    // early; and it must not wait for a synchronous standby, which may be the broken one.
    session
        .ask(client.batch_execute("SET synchronous_commit = local"))
        .await?;
    make_table(session).await?;
    let insert = "WITH old AS \
        (DELETE FROM pgfleet.marker WHERE written_at < now() - interval '1 hour') \
        INSERT INTO pgfleet.marker (token) VALUES (gen_random_uuid()::text) RETURNING token";
    let row = session.row(insert).await?;
    let committed = Instant::now();
    let token = row.get(0);
    let position = flushed(session).await?;
    Ok(Marker {
        token,
        position,
        committed,
    })
}

/// Makes the table where it is missing: a role that may only write to it is enough afterwards.
async fn make_table(session: &Session) -> Result<(), ConnectError> {
    let client = session.client();
    let is_there = async || {
        let sql = "SELECT to_regclass('pgfleet.marker') IS NOT NULL";
        Ok::<bool, ConnectError>(session.row(sql).await?.get(0))
    };
    if is_there().await? {
        return Ok(());
    }
    // A role may own the schema and yet be unable to make one, not even one that exists.
    let sql = "DO $$ BEGIN IF to_regnamespace('pgfleet') IS NULL THEN CREATE SCHEMA pgfleet; \
        END IF; END $$; \
        CREATE TABLE IF NOT EXISTS pgfleet.marker \
        (token text PRIMARY KEY, written_at timestamptz NOT NULL DEFAULT now())";
    match session.ask(client.batch_execute(sql)).await {
        // Somebody else may have made it at the same moment, which fails on our side.
        Err(error) if !is_there().await? => Err(error),
        _ => Ok(()),
    }
}

/// A replica that is ready to be watched.
struct Watcher<'a> {
    target: &'a Target,
    session: Session,
    question: ReplicaQuestion,
}

impl<'a> Watcher<'a> {
    async fn open(
        target: &'a Target,
        credentials: &Credentials,
        limit: Duration,
    ) -> Result<Self, String> {
        let said = |error: ConnectError| error.to_string();
        let session = connect(&target.endpoint, credentials, limit)
            .await
            .map_err(said)?;
        let identity = identify(&session).await.map_err(said)?;
        if identity.aurora {
            return Err(format!(
                "{} is Aurora, whose replicas have no position of their own",
                target.endpoint
            ));
        }
        if !identity.in_recovery {
            return Err(no_replica(target));
        }
        let question = ReplicaQuestion::prepare(&session, identity.version)
            .await
            .map_err(said)?;
        Ok(Self {
            target,
            session,
            question,
        })
    }

    /// Waits until the replica shows the marker and returns how long that took.
    async fn wait(&self, marker: &Marker, timeout: Duration) -> Result<Duration, String> {
        let said = |error: ConnectError| error.to_string();
        let (mut pause, longest) = PAUSES;
        loop {
            let sample = self.question.ask(&self.session).await.map_err(said)?;
            if !sample.in_recovery {
                return Err(no_replica(self.target));
            }
            if sample
                .replayed
                .is_some_and(|replayed| replayed >= marker.position)
            {
                return self.read(marker).await;
            }
            if sample.paused {
                return Err(format!(
                    "replay is paused; resume it with `SELECT pg_wal_replay_resume()` on {}",
                    self.target.endpoint
                ));
            }
            if marker.committed.elapsed() >= timeout {
                return Err(self.too_late(marker, &sample, timeout));
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Reads the marker on a replica that has replayed past it.
    async fn read(&self, marker: &Marker) -> Result<Duration, String> {
        let sql = "SELECT FROM pgfleet.marker WHERE token = $1";
        let client = self.session.client();
        let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&marker.token, Type::TEXT)];
        let question = client.query_typed(sql, &parameters);
        let found = self
            .session
            .ask(question)
            .await
            .map(|rows| !rows.is_empty());
        let time = marker.committed.elapsed();
        let says = match found {
            Ok(true) => return Ok(time),
            Ok(false) => String::new(),
            Err(error) => format!(" ({error})"),
        };
        Err(format!(
            "{} has replayed past the marker and does not have it: it follows another database \
             system, or another timeline since a promotion{says}",
            self.target.endpoint
        ))
    }

    fn too_late(&self, marker: &Marker, sample: &ReplicaSample, timeout: Duration) -> String {
        let behind = match sample.replayed {
            Some(replayed) => format!("{} behind", bytes(replayed.bytes_behind(marker.position))),
            None => "it has replayed nothing yet".to_owned(),
        };
        let after = format!("has not replayed the marker after {}", seconds(timeout));
        match sample.receiver {
            Receiver::Gone => format!(
                "disconnected: {} does not stream from the primary (no WAL receiver) and {after}; \
                 {behind}",
                self.target.endpoint
            ),
            _ => format!("{} {after}; {behind}", self.target.endpoint),
        }
    }
}

fn no_replica(target: &Target) -> String {
    format!(
        "{} is no replica: it takes writes (not in recovery); it was promoted, or never followed",
        target.endpoint
    )
}
