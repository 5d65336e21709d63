//! Starting a server so that it outlives us.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    FileError, InstanceLock, Server, StartError, Status, StopError, StopMode, ToolError,
    config::is_name,
    process::{run, tail, tool},
    server::whole_seconds,
    status::{is_alive, recorded_pid, workers_of},
};

/// How often a server that is held up is looked at again.
const AGAIN: Duration = Duration::from_millis(100);
/// Most bytes of the log that are looked at after a failed start.
const LOG_TAIL: u64 = 64 * 1024;

/// How a server is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartOptions {
    /// Settings for this run that outrank the configuration file, by name. They can be seen in the
    /// list of processes.
    pub settings: Vec<(String, String)>,
    /// How long to wait until it takes connections.
    pub wait: Duration,
}

impl Default for StartOptions {
    /// No settings, one minute.
    fn default() -> Self {
        Self {
            settings: Vec::new(),
            wait: Duration::from_secs(60),
        }
    }
}

impl Server {
    /// Starts the server and waits until it takes connections: a process of its own session that
    /// outlives us and that Ctrl-C in our terminal does not reach. One that runs already is only
    /// waited for. Processes that an earlier run left behind are waited for, within the same time.
    ///
    /// # Errors
    /// Each kind says what stands in the way; after [`StartError::Timeout`], and where this is
    /// cancelled, the server may still come up.
    ///
    /// The `lock` lasts as long as the program that waits for the server, even if we are killed.
    pub async fn start(
        &self,
        options: &StartOptions,
        lock: Option<&InstanceLock>,
    ) -> Result<(), StartError> {
        let StartOptions { settings, wait } = options;
        let words = self.words(settings)?;
        let end = Instant::now() + *wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.status() {
                Status::NoData => return Err(StartError::NoData(self.data.clone())),
                Status::Running { ready: true, .. } => return Ok(()),
                Status::Running { .. } if left.is_zero() => {
                    let log = self.log_since(0)?;
                    return Err(StartError::Timeout {
                        waited: *wait,
                        log: tail(&log),
                    });
                }
                Status::Running { .. } => {
                    sleep(AGAIN.min(left)).await;
                    continue;
                }
                Status::Stopped { stale_pid_file } => {
                    let in_use = stale_pid_file && !self.clear_recycled_pid()?;
                    if !in_use {
                        match self.try_start(&words, left, lock).await? {
                            Attempt::Started => return Ok(()),
                            Attempt::StillInUse => {}
                        }
                    }
                }
            }
            let runs = matches!(self.status(), Status::Running { .. });
            if Instant::now() >= end && !runs {
                return Err(StartError::StillInUse {
                    data: self.data.clone(),
                    waited: *wait,
                });
            }
            sleep(AGAIN).await;
        }
    }

    /// Stops the server fast and starts it again.
    ///
    /// # Errors
    /// As for [`Server::stop`] and [`Server::start`].
    pub async fn restart(&self, options: &StartOptions) -> Result<(), StartError> {
        match self.stop(StopMode::Fast, options.wait).await {
            Ok(_) => self.start(options, None).await,
            Err(StopError::File(error)) => Err(error.into()),
            Err(error) => Err(StartError::Other {
                log: error.to_string(),
            }),
        }
    }

    /// The settings as `pg_ctl` hands them on, through a shell.
    fn words(&self, settings: &[(String, String)]) -> Result<String, ToolError> {
        for path in [&self.data, &self.log] {
            // `pg_ctl` puts both between double quotes for the shell.
            if path
                .to_str()
                .is_none_or(|text| text.contains(['"', '$', '`', '\\', '\n']))
            {
                return Err(ToolError::Input(format!(
                    "the path {} holds a character that pg_ctl cannot pass on (one of \" $ ` \\); \
                     choose another folder",
                    path.display()
                )));
            }
        }
        let mut words = Vec::new();
        for (name, value) in settings {
            if !is_name(name) || value.contains(['\0', '\n']) {
                return Err(ToolError::Input(format!(
                    "the setting `{name}` cannot be passed on"
                )));
            }
            words.push(format!("-c '{name}={}'", value.replace('\'', "'\\''")));
        }
        Ok(words.join(" "))
    }

    /// Removes a pid file whose number now belongs to a process that is not a server of this
    /// folder: PostgreSQL would take that process for one. `false`: not yet, since processes of the
    /// dead server still work in the folder.
    fn clear_recycled_pid(&self) -> Result<bool, StartError> {
        if !cfg!(target_os = "linux") || !recorded_pid(&self.data).is_some_and(is_alive) {
            return Ok(true);
        }
        if !workers_of(&self.data).is_empty() {
            return Ok(false);
        }
        let path = self.data.join("postmaster.pid");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::new("remove", path, error).into())
            }
            _ => Ok(true),
        }
    }

    async fn try_start(
        &self,
        words: &str,
        left: Duration,
        lock: Option<&InstanceLock>,
    ) -> Result<Attempt, StartError> {
        self.account.create_file(&self.log)?;
        let before = std::fs::metadata(&self.log).map_err(FileError::at("look at", &self.log))?;
        let mut command = tool(&self.installation, &self.account, "pg_ctl");
        command
            .arg("start")
            .arg("-D")
            .arg(&self.data)
            .arg("-l")
            .arg(&self.log);
        command.args(["-w", "-t", &whole_seconds(left)]);
        if !words.is_empty() {
            command.arg("-o").arg(words);
        }
        if let Some(lock) = lock {
            let stdin = lock.child_stdin();
            command.stdin(stdin.map_err(FileError::at("share the lock of", &self.data))?);
        }
        let ended = run(command, None, |_| {}).await?;
        if ended.status.success() {
            return Ok(Attempt::Started);
        }
        let log = self.log_since(before.len())?;
        // One that somebody else has just started here is waited for like our own.
        if matches!(self.status(), Status::Running { .. }) {
            return Ok(Attempt::StillInUse);
        }
        match classify(&log) {
            Some(Failure::StillInUse) => Ok(Attempt::StillInUse),
            Some(Failure::PortTaken(port)) => Err(StartError::PortTaken { port }),
            Some(Failure::BadConfig) => Err(StartError::BadConfig { log: tail(&log) }),
            Some(Failure::Permission) => Err(StartError::Permission { log: tail(&log) }),
            None if log.trim().is_empty() => {
                let log = format!("{}\n{}", ended.stdout.trim(), ended.stderr.trim());
                Err(StartError::Other { log: tail(&log) })
            }
            None => Err(StartError::Other { log: tail(&log) }),
        }
    }

    /// What was logged since the log had `start` bytes, the end of it where that is much.
    fn log_since(&self, start: u64) -> Result<String, FileError> {
        read_from(&self.log, start).map_err(FileError::at("read", &self.log))
    }
}

fn read_from(log: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(
        start.max(length.saturating_sub(LOG_TAIL)).min(length),
    ))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How one run of `pg_ctl` went, where that is no error yet.
enum Attempt {
    Started,
    StillInUse,
}

#[derive(Debug, PartialEq, Eq)]
enum Failure {
    StillInUse,
    PortTaken(u16),
    BadConfig,
    Permission,
}

/// Why a server did not start, by its log; the first line that tells decides.
fn classify(log: &str) -> Option<Failure> {
    log.lines().find_map(|line| {
        let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if has(&["pre-existing shared memory block"]) {
            Some(Failure::StillInUse)
        } else if has(&[
            "Address already in use",
            "Is another postmaster already running on port",
        ]) {
            Some(Failure::PortTaken(port_in(log)))
        } else if has(&[
            "contains errors",
            "unrecognized configuration parameter",
            "invalid value for parameter",
            "is outside the valid range for parameter",
            "could not load",
            "because of insufficient parameter settings",
            "because server lacks the required",
        ]) {
            Some(Failure::BadConfig)
        } else if has(&[
            "Permission denied",
            "has invalid permissions",
            "has wrong ownership",
        ]) {
            Some(Failure::Permission)
        } else {
            None
        }
    })
}

/// The port in `Is another postmaster already running on port 5432?`.
fn port_in(log: &str) -> u16 {
    log.split_once("already running on port ")
        .and_then(|(_, rest)| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_what_stood_in_the_way() {
        let taken = "LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use\n\
            HINT:  Is another postmaster already running on port 5440? If not, wait.\n\
            FATAL:  could not create any TCP/IP sockets\n";
        assert_eq!(classify(taken), Some(Failure::PortTaken(5440)));
        let shared = "FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\n";
        assert_eq!(classify(shared), Some(Failure::StillInUse));
        let config = "FATAL:  configuration file \"/x/postgresql.conf\" contains errors\n";
        assert_eq!(classify(config), Some(Failure::BadConfig));
        let mode = "FATAL:  data directory \"/x\" has invalid permissions\n";
        assert_eq!(classify(mode), Some(Failure::Permission));
        assert_eq!(
            classify("PANIC:  could not locate a valid checkpoint record\n"),
            None
        );
    }
}
