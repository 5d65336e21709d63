//! What is asked of servers, in SQL.

use std::time::{Duration, Instant};

use pgfleet_model::{Lsn, Role};
use tokio::try_join;
use tokio_postgres::{Row, Statement};

use crate::{
    ConnectError, ConnectProblem,
    connect::Session,
    streaming::{Receiver, Sender},
};

/// What a server is, asked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) in_recovery: bool,
    /// As in `150018`.
    pub(crate) version: i32,
    pub(crate) aurora: bool,
    /// The same for a primary and its replicas; `None` where we may not ask.
    pub(crate) system: Option<i64>,
}

impl Identity {
    pub(crate) fn role(&self) -> Role {
        if self.in_recovery {
            Role::Replica
        } else {
            Role::Primary
        }
    }
}

pub(crate) async fn identify(session: &Session) -> Result<Identity, ConnectError> {
    let sql = "SELECT pg_is_in_recovery(), current_setting('server_version_num')::int, \
        EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proname = 'aurora_version')";
    let system = "SELECT system_identifier FROM pg_control_system()";
    let row = session.row(sql).await?;
    let system = session.row(system).await.ok();
    Ok(Identity {
        in_recovery: row.get(0),
        version: row.get(1),
        aurora: row.get(2),
        system: system.map(|row| row.get(0)),
    })
}

/// The primary's position and who streams from it.
pub(crate) struct PrimarySample {
    pub(crate) at: Instant,
    pub(crate) flushed: Lsn,
    pub(crate) senders: Vec<Sender>,
}

pub(crate) async fn sample_primary(session: &Session) -> Result<PrimarySample, ConnectError> {
    let senders = "SELECT r.pid, r.application_name, s.slot_name::text, r.state, \
        EXTRACT(EPOCH FROM r.replay_lag)::float8, \
        EXTRACT(EPOCH FROM r.reply_time)::float8 \
        FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid \
        WHERE r.state IS DISTINCT FROM 'backup'";
    let position = async {
        let asked = Instant::now();
        Ok((flushed(session).await?, midpoint(asked)))
    };
    // Both are on their way before the first is answered.
    let senders = session.ask(session.client().query_typed(senders, &[]));
    let ((flushed, at), rows) = try_join!(position, senders)?;
    let seconds =
        |value: Option<f64>| value.and_then(|s| Duration::try_from_secs_f64(s.max(0.0)).ok());
    let senders = rows
        .iter()
        .map(|row| Sender {
            pid: row.get(0),
            application_name: row.get(1),
            slot: row.get(2),
            state: row.get(3),
            replay_lag: seconds(row.get(4)),
            reply_time: row.get(5),
            replied: false,
        })
        .collect();
    Ok(PrimarySample {
        at,
        flushed,
        senders,
    })
}

/// Up to where the primary's log is on its disk.
pub(crate) async fn flushed(session: &Session) -> Result<Lsn, ConnectError> {
    let row = session
        .row("SELECT pg_current_wal_flush_lsn()::text")
        .await?;
    lsn(&row, 0).ok_or_else(|| session.error(ConnectProblem::Server("no position".to_owned())))
}

/// A replica's position and what it does.
pub(crate) struct ReplicaSample {
    pub(crate) at: Instant,
    pub(crate) in_recovery: bool,
    /// `None` before it has replayed anything.
    pub(crate) replayed: Option<Lsn>,
    pub(crate) paused: bool,
    pub(crate) receiver: Receiver,
}

/// The question about a replica, ready to be asked often.
pub(crate) struct ReplicaQuestion(Statement);

impl ReplicaQuestion {
    pub(crate) async fn prepare(session: &Session, version: i32) -> Result<Self, ConnectError> {
        let paused = if version >= 140_000 {
            "pg_get_wal_replay_pause_state() <> 'not paused'"
        } else {
            "pg_is_wal_replay_paused()"
        };
        // Both fail on a server that was promoted meanwhile, unless they are not reached.
        let sql = format!(
            "SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()::text, \
             CASE WHEN pg_is_in_recovery() THEN {paused} ELSE false END, r.pid, r.status \
             FROM (SELECT) AS one LEFT JOIN pg_stat_wal_receiver r ON true"
        );
        Ok(Self(session.ask(session.client().prepare(&sql)).await?))
    }

    pub(crate) async fn ask(&self, session: &Session) -> Result<ReplicaSample, ConnectError> {
        let asked = Instant::now();
        let row = session
            .ask(session.client().query_one(&self.0, &[]))
            .await?;
        let (pid, status): (Option<i32>, Option<String>) = (row.get(3), row.get(4));
        Ok(ReplicaSample {
            at: midpoint(asked),
            in_recovery: row.get(0),
            replayed: lsn(&row, 1),
            paused: row.get(2),
            receiver: match (pid, status) {
                (None, _) => Receiver::Gone,
                (Some(_), None) => Receiver::Hidden,
                (Some(_), Some(status)) => Receiver::Seen(status),
            },
        })
    }
}

/// When a server answered, as nearly as we can tell from here.
fn midpoint(asked: Instant) -> Instant {
    asked + asked.elapsed() / 2
}

fn lsn(row: &Row, column: usize) -> Option<Lsn> {
    row.get::<_, Option<&str>>(column)
        .and_then(|text| text.parse().ok())
}
