//! Where PostgreSQL's programs are.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use pgfleet_model::PgVersion;

use crate::InstallError;

/// The programs that must stand together in one folder.
const PROGRAMS: [&str; 5] = [
    "initdb",
    "pg_ctl",
    "postgres",
    "pg_basebackup",
    "pg_controldata",
];

/// The oldest major version whose tools do what this crate asks.
const OLDEST: u32 = 13;

/// The folder patterns of the usual packages; `*` stands for one folder name's rest.
const USUAL: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder with its programs.
    pub bindir: PathBuf,
    /// Its version, as `postgres --version` says; no minor for betas.
    pub version: PgVersion,
}

/// What a search came upon.
#[derive(Default)]
struct Found {
    complete: Vec<Installation>,
    incomplete: Vec<(PathBuf, Vec<&'static str>)>,
}

impl Installation {
    /// The newest installed PostgreSQL, or the newest of one major version. The folder in
    /// `PGFLEET_PG_BINDIR` is the only one looked at where that is set. Runs a few programs with
    /// `--version` and blocks meanwhile (milliseconds).
    ///
    /// # Errors
    /// None is installed, none of that version, or only one older than 13.
    pub fn discover(major: Option<u32>) -> Result<Self, InstallError> {
        choose(search(), major)
    }

    /// Every installed PostgreSQL that is complete, newest first, those too old included.
    pub fn all() -> Vec<Self> {
        let mut all = search().complete;
        all.sort_by_key(|found| std::cmp::Reverse(found.version));
        all
    }

    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

fn search() -> Found {
    match env::var_os("PGFLEET_PG_BINDIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => inspect([PathBuf::from(dir)], true),
        None => inspect(candidates(), false),
    }
}

/// Folders worth a look, the likeliest first.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = output(Path::new("pg_config"), "--bindir")
        .map(|dir| PathBuf::from(dir.trim()))
        .into_iter()
        .collect();
    folders.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    for pattern in USUAL {
        folders.extend(expand(pattern));
    }
    folders
}

/// The folders that a pattern with one `*` names.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![pattern.into()];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let after = after.trim_start_matches('/');
    fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after))
        .collect()
}

/// Sorts folders into complete installations and half ones. A folder that has none of the programs
/// is passed over, unless it was `named` by the user.
fn inspect(folders: impl IntoIterator<Item = PathBuf>, named: bool) -> Found {
    let mut found = Found::default();
    let mut seen = BTreeSet::new();
    for folder in folders {
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        if !seen.insert(real) {
            continue;
        }
        let lacks: Vec<&'static str> = PROGRAMS
            .into_iter()
            .filter(|name| !folder.join(name).is_file())
            .collect();
        let version = output(&folder.join("postgres"), "--version")
            .and_then(|text| version_in(&text))
            .filter(|_| lacks.is_empty());
        match version {
            Some(version) => found.complete.push(Installation {
                bindir: folder,
                version,
            }),
            // A client-only package in a folder on PATH is no news; a server without its tools is.
            None if named || !lacks.contains(&"postgres") => {
                found.incomplete.push((folder, lacks));
            }
            None => {}
        }
    }
    found
}

fn output(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program)
        .arg(argument)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-1)`, `... 17beta1`, `... 18devel`.
fn version_in(text: &str) -> Option<PgVersion> {
    let text = text.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (major, rest) = text.split_at(digits(text));
    let minor = rest
        .strip_prefix('.')
        .map(|rest| &rest[..digits(rest)])
        .and_then(|minor| minor.parse().ok());
    Some(PgVersion {
        major: major.parse().ok()?,
        minor,
    })
}

fn choose(found: Found, major: Option<u32>) -> Result<Installation, InstallError> {
    let Found {
        complete,
        incomplete,
    } = found;
    let best = complete
        .iter()
        .enumerate()
        .filter(|(_, one)| major.is_none_or(|major| one.version.major == major))
        // Of equals the one found first, which is the likeliest to be meant.
        .max_by_key(|(position, one)| (one.version, std::cmp::Reverse(*position)));
    match best {
        Some((_, one)) if one.version.major >= OLDEST => Ok(one.clone()),
        Some((_, one)) => Err(InstallError::TooOld {
            version: one.version,
            bindir: one.bindir.clone(),
            hint: hint(major.filter(|major| *major >= OLDEST)),
        }),
        None => Err(InstallError::Missing {
            major,
            found: complete
                .into_iter()
                .map(|one| (one.version, one.bindir))
                .collect(),
            incomplete,
            hint: hint(major),
        }),
    }
}

/// How to install PostgreSQL on this system.
fn hint(major: Option<u32>) -> String {
    let number = major.map(|major| format!("-{major}")).unwrap_or_default();
    if cfg!(target_os = "macos") {
        let version = major.unwrap_or(17);
        return format!("install it with `brew install postgresql@{version}`");
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let is = |words: &[&str]| {
        release
            .lines()
            .filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="))
            .any(|line| words.iter().any(|word| line.contains(word)))
    };
    if is(&["debian", "ubuntu"]) {
        format!("install it with `apt-get install postgresql{number}`")
    } else if is(&["fedora", "rhel", "centos"]) {
        let package = major.map_or_else(
            || "postgresql-server postgresql-contrib".to_owned(),
            |major| format!("postgresql{major}-server"),
        );
        format!("install it with `dnf install {package}`")
    } else if is(&["alpine"]) {
        let number = major.map(|major| major.to_string()).unwrap_or_default();
        format!("install it with `apk add postgresql{number}`")
    } else {
        "install the PostgreSQL server package".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(versions: &[(&str, &str)]) -> Found {
        let complete = versions
            .iter()
            .map(|(dir, version)| Installation {
                bindir: dir.into(),
                version: version.parse().unwrap(),
            })
            .collect();
        Found {
            complete,
            incomplete: Vec::new(),
        }
    }

    #[test]
    fn versions_are_read_as_packagers_print_them() {
        let read = |text: &str| version_in(&format!("postgres (PostgreSQL) {text}\n"));
        assert_eq!(
            read("15.18 (Debian 15.18-0+deb12u1)").unwrap().to_string(),
            "15.18"
        );
        assert_eq!(
            read("17beta1").unwrap(),
            PgVersion {
                major: 17,
                minor: None
            }
        );
        assert_eq!(read("18devel").unwrap().major, 18);
        assert_eq!(read("devel"), None);
        assert_eq!(version_in("bash 5.2"), None);
    }

    #[test]
    fn the_newest_of_the_wanted_major_version_is_chosen() {
        let versions = [
            ("/a", "15.2"),
            ("/b", "16.1"),
            ("/c", "15.18"),
            ("/d", "16.1"),
        ];
        let dir = |major| choose(installed(&versions), major).unwrap().bindir;
        assert_eq!(dir(Some(15)), Path::new("/c"));
        assert_eq!(dir(Some(16)), Path::new("/b"));
        assert_eq!(dir(None), Path::new("/b"));
    }

    #[test]
    fn a_missing_version_says_what_there_is_and_how_to_install() {
        let error = choose(installed(&[("/a", "15.2")]), Some(17))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("PostgreSQL 17 was not found on this machine; there is 15.2 in /a;")
        );
        assert!(error.contains("PGFLEET_PG_BINDIR"), "{error}");
    }

    #[test]
    fn versions_before_13_are_too_old() {
        let error = choose(installed(&[("/a", "12.4")]), None).unwrap_err();
        assert!(matches!(error, InstallError::TooOld { version, .. } if version.major == 12));
    }

    #[test]
    fn a_named_folder_without_the_programs_says_what_it_lacks() {
        let empty = tempfile::tempdir().unwrap();
        let found = inspect([empty.path().to_owned()], true);
        assert_eq!(found.incomplete[0].1, PROGRAMS);
        let passed_over = inspect([empty.path().to_owned()], false);
        assert!(passed_over.incomplete.is_empty());
    }
}
