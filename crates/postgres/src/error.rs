//! What can go wrong, each with the place and, where there is one, the remedy.

use std::{io, path::PathBuf, time::Duration};

use pgfleet_model::PgVersion;

/// A file or folder could not be worked with.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct FileError {
    /// The verb, such as `create the folder`.
    pub doing: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl FileError {
    /// For callers who work with files beside those of this crate.
    pub fn new(doing: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self {
            doing,
            path: path.into(),
            source,
        }
    }

    /// For `map_err`.
    pub(crate) fn at<'a>(
        doing: &'static str,
        path: &'a std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::new(doing, path, source)
    }

    /// For `map_err` on what rustix returns.
    pub(crate) fn errno_at<'a>(
        doing: &'static str,
        path: &'a std::path::Path,
    ) -> impl FnOnce(rustix::io::Errno) -> Self + 'a {
        move |errno| Self::new(doing, path, errno.into())
    }
}

/// No usable PostgreSQL was found.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Nothing usable, or nothing of the wanted major version.
    #[error("{}", missing(*major, found, incomplete, hint))]
    Missing {
        /// The major version that was asked for.
        major: Option<u32>,
        /// What was found instead: version and folder.
        found: Vec<(PgVersion, PathBuf)>,
        /// Folders that hold some of the programs, each with those it lacks.
        incomplete: Vec<(PathBuf, Vec<&'static str>)>,
        /// How to install it on this system.
        hint: String,
    },
    /// What was found is older than 13.
    #[error(
        "PostgreSQL {version} in {} is too old: 13 or newer is needed; {hint}", bindir.display()
    )]
    TooOld {
        /// Its version.
        version: PgVersion,
        /// Its folder.
        bindir: PathBuf,
        /// How to install a newer one on this system.
        hint: String,
    },
}

fn missing(
    major: Option<u32>,
    found: &[(PgVersion, PathBuf)],
    incomplete: &[(PathBuf, Vec<&'static str>)],
    hint: &str,
) -> String {
    let wanted = major.map_or_else(|| "PostgreSQL".to_owned(), |m| format!("PostgreSQL {m}"));
    let mut clauses = vec![format!("{wanted} was not found on this machine")];
    if !found.is_empty() {
        let list: Vec<_> = found
            .iter()
            .map(|(version, dir)| format!("{version} in {}", dir.display()))
            .collect();
        clauses.push(format!("there is {}", list.join(", ")));
    }
    clauses.extend(
        incomplete
            .iter()
            .map(|(dir, lacks)| format!("{} lacks {}", dir.display(), lacks.join(", "))),
    );
    clauses.push(format!(
        "{hint}, or set PGFLEET_PG_BINDIR to the folder with its programs"
    ));
    clauses.join("; ")
}

/// No account can run the servers there.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Running as root, and nobody to drop to.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither the user `postgres` nor \
         `nobody`; create one (useradd --system postgres), or run as another user"
    )]
    NoUser,
    /// The account may not pass through a folder.
    #[error(
        "the user {user}, who runs PostgreSQL, may not pass through {}; allow it with \
         `chmod o+x {}`, or choose another folder", folder.display(), folder.display()
    )]
    NotTraversable {
        /// The account.
        user: String,
        /// The first folder on the way that is closed.
        folder: PathBuf,
    },
    /// The folder of the servers cannot be written to.
    #[error(
        "the user {user} may not write to {}; allow it, or choose another folder",
        folder.display()
    )]
    NotWritable {
        /// The account.
        user: String,
        /// The folder, or the nearest one above it that exists.
        folder: PathBuf,
    },
    /// A file could not be read, made or given to the account.
    #[error(transparent)]
    File(#[from] FileError),
}

/// One of PostgreSQL's programs did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It could not be started.
    #[error("cannot run {program}: {source}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{program} failed: {message}")]
    Failed {
        /// The program.
        program: String,
        /// The last lines that it wrote.
        message: String,
    },
    /// It was asked for something that cannot be written in its language.
    #[error("{0}")]
    Input(String),
    /// Something is missing in what it wrote.
    #[error("{program} wrote no `{missing}`")]
    Output {
        /// The program.
        program: String,
        /// The line that was looked for.
        missing: String,
    },
    /// A file beside it could not be worked with.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens on its port.
    #[error("port {port} is taken by another program; choose another port, or end that program")]
    PortTaken {
        /// The port; 0 where the log does not name it.
        port: u16,
    },
    /// Processes of an earlier run still hold the data folder.
    #[error(
        "processes of an earlier run still use {} after {} s; end them, then start again",
        data.display(), waited.as_secs()
    )]
    StillInUse {
        /// The data folder.
        data: PathBuf,
        /// How long they were waited for.
        waited: Duration,
    },
    /// The configuration is refused.
    #[error("the server refuses its configuration:\n{log}")]
    BadConfig {
        /// The end of its log.
        log: String,
    },
    /// A file or folder is closed to the account, or open to too many.
    #[error("the server may not use its files:\n{log}")]
    Permission {
        /// The end of its log.
        log: String,
    },
    /// There is no data folder.
    #[error("there is no data folder at {}", .0.display())]
    NoData(PathBuf),
    /// It runs, but does not take connections yet.
    #[error("the server takes no connections after {} s; its log ends:\n{log}", waited.as_secs())]
    Timeout {
        /// How long it was waited for.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
    /// Something else; the log says it.
    #[error("the server did not start:\n{log}")]
    Other {
        /// The end of its log, or what `pg_ctl` wrote where the log says nothing.
        log: String,
    },
    /// `pg_ctl` could not be run.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A file beside the server could not be worked with.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A server did not stop, or could not be signalled.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// It runs on after the last escalation.
    #[error("the server in {} (process {pid}) does not stop, not even at once", data.display())]
    Stuck {
        /// The data folder.
        data: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// The signal was refused.
    #[error("cannot signal process {pid}: {source}")]
    Signal {
        /// The process.
        pid: u32,
        /// What the system says.
        source: io::Error,
    },
    /// It does not run, so that there is nothing to signal.
    #[error("no server runs in {}", .0.display())]
    NotRunning(PathBuf),
    /// Its files could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}
