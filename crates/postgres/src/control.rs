//! What a data folder says of itself without a server.

use crate::{
    Server, ToolError,
    process::{run, tool},
};

/// The part of `pg_controldata` that deciding needs. It is as of the last checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlData {
    /// The same for a primary and everything copied from it.
    pub system_identifier: u64,
    /// The server's own words, such as `in production` or `shut down in recovery`.
    pub state: String,
    /// The timeline of the last checkpoint, from 1; each promotion begins another.
    pub timeline: u32,
    /// `max_connections`; for this and the rest a standby needs at least its primary's.
    pub max_connections: u32,
    /// `max_wal_senders`.
    pub max_wal_senders: u32,
    /// `max_worker_processes`.
    pub max_worker_processes: u32,
    /// `max_prepared_transactions`.
    pub max_prepared_transactions: u32,
    /// `max_locks_per_transaction`.
    pub max_locks_per_transaction: u32,
}

const PROGRAM: &str = "pg_controldata";

impl Server {
    /// Reads the data folder's control file.
    ///
    /// # Errors
    /// There is no data folder, it is of another version than the programs, or it is damaged.
    pub async fn control(&self) -> Result<ControlData, ToolError> {
        let mut command = tool(&self.installation, &self.account, PROGRAM);
        command.arg("-D").arg(&self.data);
        let ended = run(command, None, |_| {}).await?.checked(PROGRAM)?;
        parse(&ended.stdout)
    }
}

fn parse(text: &str) -> Result<ControlData, ToolError> {
    let find = |name: &str| {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.trim())
            .ok_or_else(|| missing(name))
    };
    let setting = |name: &str| {
        let name = format!("{name} setting");
        find(&name)?.parse().map_err(|_| missing(&name))
    };
    let (identifier, timeline) = (
        "Database system identifier",
        "Latest checkpoint's TimeLineID",
    );
    Ok(ControlData {
        system_identifier: find(identifier)?.parse().map_err(|_| missing(identifier))?,
        state: find("Database cluster state")?.to_owned(),
        timeline: find(timeline)?.parse().map_err(|_| missing(timeline))?,
        max_connections: setting("max_connections")?,
        max_wal_senders: setting("max_wal_senders")?,
        max_worker_processes: setting("max_worker_processes")?,
        max_prepared_transactions: setting("max_prepared_xacts")?,
        max_locks_per_transaction: setting("max_locks_per_xact")?,
    })
}

fn missing(name: &str) -> ToolError {
    ToolError::Output {
        program: PROGRAM.to_owned(),
        missing: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_line_is_named() {
        let error = parse("Database system identifier:           7\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "pg_controldata wrote no `Database cluster state`"
        );
    }
}
