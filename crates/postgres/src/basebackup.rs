//! Cloning a running server.

use std::{fs::File, path::PathBuf};

use crate::{
    Server, ToolError, conninfo,
    process::{run, tool},
};

/// How a running server is reached for replication. There is no place for a password: it comes
/// from the password file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnInfo {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// A role that may replicate.
    pub user: String,
    /// The password file, which the account must be able to read (mode 0600).
    pub passfile: Option<PathBuf>,
    /// Further parameters of the connection, such as `application_name` or `sslmode`.
    pub parameters: Vec<(String, String)>,
}

impl ConnInfo {
    /// As a connection string; right for `primary_conninfo` too.
    pub fn to_conninfo(&self) -> String {
        let Self {
            host,
            port,
            user,
            passfile,
            parameters,
        } = self;
        let (port, passfile) = (
            port.to_string(),
            passfile.as_ref().map(|p| p.to_string_lossy()),
        );
        let mut all = vec![("host", host.as_str()), ("port", &port), ("user", user)];
        if let Some(passfile) = &passfile {
            all.push(("passfile", passfile));
        }
        all.extend(
            parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        conninfo(all)
    }
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupProgress {
    /// Bytes copied.
    pub done: u64,
    /// Bytes there are, as estimated; grows where the server does.
    pub total: u64,
}

/// What to copy, and how.
pub struct BaseBackup {
    /// The server to copy.
    pub source: ConnInfo,
    /// A replication slot that keeps the log until the copy follows it.
    pub slot: Option<String>,
    /// Whether to make that slot first; it must not exist then.
    pub create_slot: bool,
    /// A lock that lasts as long as the work ([`InstanceLock::share`](crate::InstanceLock::share)).
    pub lock: Option<File>,
    /// Is told now and then how far the copy is.
    pub progress: Option<Box<dyn FnMut(BackupProgress) + Send>>,
}

impl Server {
    /// Copies a running server into this one's data folder, which must be missing or empty, in a
    /// parent that belongs to the account. What the copy then follows is configured separately.
    ///
    /// # Errors
    /// The server cannot be reached, refuses replication, or has no free sender or such slot; the
    /// disk is full; the folder is not empty.
    pub async fn basebackup(&self, backup: BaseBackup) -> Result<(), ToolError> {
        let BaseBackup {
            source,
            slot,
            create_slot,
            lock,
            progress,
        } = backup;
        let mut command = tool(&self.installation, &self.account, "pg_basebackup");
        command
            .arg("-D")
            .arg(&self.data)
            .arg("-d")
            .arg(source.to_conninfo());
        command.args(["--checkpoint=fast", "--wal-method=stream", "--no-password"]);
        if let Some(slot) = slot {
            command.arg("-S").arg(slot);
            if create_slot {
                command.arg("-C");
            }
        }
        if progress.is_some() {
            command.arg("-P");
        }
        if let Some(lock) = lock {
            command.stdin(lock);
        }
        let mut lines = Lines::default();
        let mut progress = progress;
        let mut ended = run(command, None, |piece| {
            let Some(tell) = progress.as_mut() else {
                return;
            };
            lines.push(piece);
            while let Some(line) = lines.next_line() {
                if let Some(far) = parse(&line) {
                    tell(far);
                }
            }
        })
        .await?;
        ended.stderr = without_progress(&ended.stderr);
        ended.checked("pg_basebackup").map(drop)
    }
}

/// Cuts a stream into lines, of which those of a terminal's progress end in `\r`.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, piece: &[u8]) {
        self.0.push_str(&String::from_utf8_lossy(piece));
    }

    fn next_line(&mut self) -> Option<String> {
        let end = self.0.find(['\r', '\n'])?;
        let rest = self.0.split_off(end + 1);
        Some(std::mem::replace(&mut self.0, rest))
    }
}

/// Reads `  1234/5678 kB (21%), 0/1 tablespace`.
fn parse(line: &str) -> Option<BackupProgress> {
    let (numbers, _) = line.trim().split_once(" kB")?;
    let (done, total) = numbers.split_once('/')?;
    let bytes = |kilobytes: &str| kilobytes.parse::<u64>().ok()?.checked_mul(1024);
    Some(BackupProgress {
        done: bytes(done)?,
        total: bytes(total)?,
    })
}

/// What a program wrote besides its progress.
fn without_progress(text: &str) -> String {
    let lines: Vec<&str> = text
        .split(['\r', '\n'])
        .filter(|line| parse(line).is_none() && !line.trim().is_empty())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_across_pieces() {
        let mut lines = Lines::default();
        lines.push(b"    0/3");
        assert_eq!(lines.next_line(), None);
        lines.push(b"0 kB (0%), 0/1 tablespace\r   30/30 kB (100%), 1/1 tablespace\n");
        let read = |line: Option<String>| line.and_then(|line| parse(&line));
        assert_eq!(
            read(lines.next_line()),
            Some(BackupProgress {
                done: 0,
                total: 30 * 1024
            })
        );
        assert_eq!(
            read(lines.next_line()),
            Some(BackupProgress {
                done: 30 * 1024,
                total: 30 * 1024
            })
        );
        assert_eq!(parse("waiting for checkpoint"), None);
        assert_eq!(
            without_progress(" 1/2 kB (50%), 0/1 tablespace\rerror: x\n"),
            "error: x"
        );
    }
}
