//! Rows that count: PostgreSQL's own benchmark writes them.

use std::process::{Command, Stdio};

use crate::{Fleet, bindir};

/// Makes pgbench's tables on the fleet's primary: 100,000 accounts for each `scale`.
pub fn fill(fleet: &Fleet<'_>, scale: u32) {
    let scale = scale.to_string();
    pgbench(fleet, &["--initialize", "--quiet", "--scale", &scale]);
}

/// Runs pgbench's own transactions: four clients, each this many. Each writes a row to
/// `pgbench_history`.
pub fn load(fleet: &Fleet<'_>, transactions: u32) {
    let transactions = transactions.to_string();
    pgbench(
        fleet,
        &[
            "--client",
            "4",
            "--no-vacuum",
            "--transactions",
            &transactions,
        ],
    );
}

fn pgbench(fleet: &Fleet<'_>, arguments: &[&str]) {
    let login = fleet.login();
    let program = bindir().join("pgbench");
    assert!(program.is_file(), "{} is missing", program.display());
    let output = Command::new(program)
        .args(["--host", "127.0.0.1", "--username", &login.user])
        .args(["--port", &fleet.primary().port().to_string()])
        .args(arguments)
        .arg(&login.database)
        .env("PGPASSWORD", &login.password)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "pgbench: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
