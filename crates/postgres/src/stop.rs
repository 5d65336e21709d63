//! Stopping a server.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    Server, Status, StopError,
    status::{is_alive, pid_of, works_in},
};

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Waits for its clients to leave.
    Smart,
    /// Sends its clients away and writes everything out: a clean end.
    Fast,
    /// At once, without writing anything out; the next start recovers.
    Immediate,
}

/// How long a server may take to end at once; it gives its own children five seconds.
const IMMEDIATE: Duration = Duration::from_secs(10);
/// How often a server is looked at that should be gone.
const LOOK: Duration = Duration::from_millis(10);

impl StopMode {
    fn signal(self) -> Signal {
        match self {
            Self::Smart => Signal::TERM,
            Self::Fast => Signal::INT,
            Self::Immediate => Signal::QUIT,
        }
    }
}

impl Server {
    /// Stops the server and returns the mode in which it ended. One that does not end within
    /// `wait` is stopped harder: after smart fast, after fast at once. One that does not run is
    /// stopped already; a halted one (`SIGSTOP`) is woken up first.
    ///
    /// # Errors
    /// It may not be signalled, or runs on even so.
    pub async fn stop(&self, mode: StopMode, wait: Duration) -> Result<StopMode, StopError> {
        let harder: &[StopMode] = match mode {
            StopMode::Smart => &[StopMode::Smart, StopMode::Fast, StopMode::Immediate],
            StopMode::Fast => &[StopMode::Fast, StopMode::Immediate],
            StopMode::Immediate => &[StopMode::Immediate],
        };
        let mut last = None;
        for &mode in harder {
            let pid = match self.signal(mode.signal()) {
                Ok(pid) => pid,
                Err(StopError::NotRunning(_)) => return Ok(mode),
                // It ended between the look and the signal.
                Err(StopError::Signal { pid, .. }) if !is_alive(pid) => return Ok(mode),
                Err(error) => return Err(error),
            };
            if let Some(process) = pid_of(pid) {
                // Whoever runs is not hurt by it, and whoever is gone needs it no more.
                let _ = rustix::process::kill_process(process, Signal::CONT);
            }
            let wait = if mode == StopMode::Immediate {
                wait.max(IMMEDIATE)
            } else {
                wait
            };
            if self.is_gone_within(pid, wait).await {
                return Ok(mode);
            }
            last = Some(pid);
        }
        match (last, self.status()) {
            (Some(pid), Status::Running { .. }) => Err(StopError::Stuck {
                data: self.data.clone(),
                pid,
            }),
            _ => Ok(StopMode::Immediate),
        }
    }

    async fn is_gone_within(&self, pid: u32, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        loop {
            // The process rather than its file, which goes while it still holds the folder. Elsewhere
            // than on Linux the number alone tells less, and the file has to be believed.
            let gone = if cfg!(target_os = "linux") {
                !works_in(pid, &self.data)
            } else {
                !is_alive(pid) || !matches!(self.status(), Status::Running { .. })
            };
            if gone {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK).await;
        }
    }
}
