//! Making a data folder, and working on it while no server runs.

use std::fs::File;

use crate::{
    Server, ToolError,
    process::{Ended, run, tail, tool},
};

/// How a new data folder is made.
#[derive(Debug)]
pub struct InitOptions {
    /// The name of the first superuser. It has no password, and the `pg_hba.conf` that is made
    /// refuses everybody until the caller writes another.
    pub superuser: String,
    /// A lock that lasts as long as the work ([`InstanceLock::share`](crate::InstanceLock::share)).
    pub lock: Option<File>,
}

impl Server {
    /// Makes the data folder: UTF-8, the locale `C.UTF-8` (or `C` where there is none), data
    /// checksums, messages in English. The parent folder must exist and belong to the account.
    ///
    /// # Errors
    /// The folder exists and is not empty, the disk is full, the name is one that `initdb` refuses.
    pub async fn initdb(&self, options: InitOptions) -> Result<(), ToolError> {
        let InitOptions { superuser, lock } = options;
        let again = lock
            .as_ref()
            .map(File::try_clone)
            .transpose()
            .map_err(spawn_error)?;
        let first = self.initdb_in("C.UTF-8", &superuser, lock).await?;
        let ended = if !first.status.success() && first.stderr.contains("invalid locale") {
            self.initdb_in("C", &superuser, again).await?
        } else {
            first
        };
        ended.checked("initdb").map(drop)
    }

    async fn initdb_in(
        &self,
        locale: &str,
        superuser: &str,
        lock: Option<File>,
    ) -> Result<Ended, ToolError> {
        let mut command = tool(&self.installation, &self.account, "initdb");
        command.arg("-D").arg(&self.data).arg("-U").arg(superuser);
        command.args(["-E", "UTF8", "--lc-messages=C", "--data-checksums"]);
        command.arg(format!("--locale={locale}"));
        command.args(["--auth-local=reject", "--auth-host=reject"]);
        if let Some(lock) = lock {
            command.stdin(lock);
        }
        run(command, None, |_| {}).await
    }

    /// Runs SQL in `database` as its superuser without a server: no port, no password, nobody
    /// else. Each statement is one line without a line end (see
    /// [`sql_literal`](crate::sql_literal)). Statements are not logged, since they hold passwords.
    ///
    /// # Errors
    /// A statement fails (those before it have taken effect), or a server uses the folder.
    pub async fn single_user(&self, database: &str, statements: &[&str]) -> Result<(), ToolError> {
        let mut input = String::new();
        for statement in statements {
            // A backslash before the line end would join the next statement to this one.
            if statement.contains(['\n', '\r', '\0']) || statement.ends_with('\\') {
                return Err(ToolError::Input(
                    "a statement for a single-user server must be one line that does not end in a \
                     backslash"
                        .to_owned(),
                ));
            }
            input += statement;
            input.push('\n');
        }
        let mut command = tool(&self.installation, &self.account, "postgres");
        command.arg("--single").arg("-D").arg(&self.data);
        for setting in [
            "exit_on_error=on",
            "log_destination=stderr",
            "logging_collector=off",
            "log_line_prefix=",
            "log_statement=none",
            "log_min_duration_statement=-1",
            "log_min_error_statement=panic",
            "log_error_verbosity=terse",
            "lc_messages=C",
        ] {
            command.args(["-c", setting]);
        }
        command.arg(database);
        let ended = run(command, Some(input.into_bytes()), |_| {}).await?;
        let program = "postgres --single";
        let complaint = |line: &&str| {
            ["ERROR:", "FATAL:", "PANIC:"]
                .iter()
                .any(|word| line.starts_with(word))
        };
        let complaints: Vec<&str> = ended.stderr.lines().filter(complaint).collect();
        if complaints.is_empty() {
            return ended.checked(program).map(drop);
        }
        Err(ToolError::Failed {
            program: program.to_owned(),
            message: tail(&complaints.join("\n")),
        })
    }
}

fn spawn_error(source: std::io::Error) -> ToolError {
    ToolError::Spawn {
        program: "initdb".to_owned(),
        source,
    }
}
