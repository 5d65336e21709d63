//! The handle on one server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    Account, FileError, Installation, Status, StopError, ToolError,
    process::{run, tool},
    status::{pid_of, status},
};

/// One server: its programs, the account it runs as, its data folder and its log. Only a handle:
/// it may run or not, or not exist yet, and dropping the handle changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) installation: Installation,
    pub(crate) account: Account,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
}

impl Server {
    /// A handle on the server in the folder `data` that logs to the file `log`. Nothing is
    /// touched. Both should be absolute: the programs run in another folder than we do.
    pub fn new(installation: Installation, account: Account, data: PathBuf, log: PathBuf) -> Self {
        Self {
            installation,
            account,
            data,
            log,
        }
    }

    /// Its programs.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The account that it runs as.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its log file.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it runs.
    pub fn status(&self) -> Status {
        status(&self.data)
    }

    /// The major version that its data are of, which may be another than that of its programs.
    ///
    /// # Errors
    /// There is no data folder, or its version file is damaged.
    pub fn data_version(&self) -> Result<u32, FileError> {
        let path = self.data.join("PG_VERSION");
        let text = fs::read_to_string(&path).map_err(FileError::at("read", &path))?;
        text.trim().parse().map_err(|_| {
            let what = format!("`{}` is no major version", text.trim());
            FileError::new(
                "read",
                path,
                std::io::Error::new(std::io::ErrorKind::InvalidData, what),
            )
        })
    }

    /// Makes the server a standby at its next start, following its `primary_conninfo`.
    ///
    /// # Errors
    /// The marker file cannot be written.
    pub fn mark_standby(&self) -> Result<(), FileError> {
        self.account
            .write_file(&self.data.join("standby.signal"), b"")
    }

    /// Whether the server is a standby by its marker file.
    pub fn is_marked_standby(&self) -> bool {
        self.data.join("standby.signal").is_file()
    }

    /// Makes the running server read its configuration again.
    ///
    /// # Errors
    /// It does not run, or may not be signalled.
    pub fn reload(&self) -> Result<(), StopError> {
        self.signal(Signal::HUP).map(drop)
    }

    /// Makes a running standby a primary, and waits until it takes writes, `wait` at most (whole
    /// seconds).
    ///
    /// # Errors
    /// It does not run, is no standby, or is not promoted in time; it may then still become one.
    pub async fn promote(&self, wait: Duration) -> Result<(), ToolError> {
        let mut command = tool(&self.installation, &self.account, "pg_ctl");
        command.arg("promote").arg("-D").arg(&self.data);
        command.args(["-w", "-t", &whole_seconds(wait)]);
        run(command, None, |_| {})
            .await?
            .checked("pg_ctl promote")
            .map(drop)
    }

    /// Signals the running server and returns its process.
    pub(crate) fn signal(&self, signal: Signal) -> Result<u32, StopError> {
        let not_running = || StopError::NotRunning(self.data.clone());
        let Status::Running { pid, .. } = self.status() else {
            return Err(not_running());
        };
        let process = pid_of(pid).ok_or_else(not_running)?;
        rustix::process::kill_process(process, signal).map_err(|errno| StopError::Signal {
            pid,
            source: errno.into(),
        })?;
        Ok(pid)
    }
}

/// At least one second, since `pg_ctl` counts in those.
pub(crate) fn whole_seconds(wait: Duration) -> String {
    wait.as_millis().div_ceil(1000).max(1).to_string()
}
