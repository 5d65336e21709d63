//! A password that the plan names reaches nobody but PostgreSQL, which keeps a verifier.
#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::fs;

use pgfleet_tests::{Fleet, Machine, Ran};

const PASSWORD: &str = "correct-horse'battery\\staple";

#[track_caller]
fn is_clean(ran: &Ran, secrets: &[&str]) {
    for secret in secrets {
        assert!(
            !ran.stdout.contains(secret) && !ran.stderr.contains(secret),
            "{ran}"
        );
    }
}

/// Everything that can be printed about a fleet, with each secret searched in all of it.
#[track_caller]
fn prints_no(secrets: &[&str], fleet: &Fleet<'_>) {
    for (verb, flags) in [
        ("plan", &[][..]),
        ("plan", &["--format", "json"]),
        ("apply", &["--auto-approve"]),
        ("apply", &["--auto-approve", "--format", "json"]),
        ("status", &[]),
        ("status", &["--format", "json"]),
        ("verify", &["--timeout", "1s"]),
        ("verify", &["--timeout", "1s", "--format", "json"]),
        ("destroy", &["--replicas-only"]),
    ] {
        is_clean(&fleet.run(verb, flags), secrets);
    }
}

/// Fails if a secret stands in any file below the data folder but those made to hold it.
#[track_caller]
fn stores_no(secrets: &[&str], machine: &Machine, but: &[&str]) {
    for (path, bytes) in machine.contents(&machine.data()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if but.contains(&name.as_str()) {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets {
            let found = text.contains(secret);
            assert!(!found, "a password stands in {}", path.display());
        }
    }
}

#[test]
fn a_password_of_the_plan_is_nowhere_in_plain_text() {
    let machine = Machine::new();
    let source = "password = { env = \"E2E_DB_PASSWORD\" }";
    let fleet = machine
        .fleet("truck")
        .replicas(1)
        .in_primary(source)
        .at_the_end(&format!("\n[connect]\nuser = \"postgres\"\n{source}\n"))
        .env("E2E_DB_PASSWORD", PASSWORD)
        .with_password(PASSWORD);
    let secrets = [PASSWORD];
    for flags in [&[][..], &["--format", "json"]] {
        is_clean(&fleet.run("plan", flags).exits(0), &secrets);
    }
    is_clean(
        &fleet
            .run("apply", &["--auto-approve", "--format", "json"])
            .exits(0),
        &secrets,
    );
    // It is the administrator's password, on the replica too, and pgfleet logs in with it.
    assert_eq!(
        fleet.sql(&fleet.primary()).text("SELECT current_user"),
        "postgres"
    );
    assert_eq!(
        fleet.sql(&fleet.replica(1)).text("SELECT current_user"),
        "postgres"
    );
    let wrong = fleet.clone().with_password("wrong");
    assert!(wrong.try_sql(&fleet.primary()).is_err());
    fleet.run("verify", &[]).exits(0);
    assert!(!fleet.primary().folder.join("admin.pgpass").exists());

    prints_no(&secrets, &fleet);
    // In trouble as well.
    fleet.replica(1).stop();
    prints_no(&secrets, &fleet);
    fleet.sql(&fleet.primary()).run("CHECKPOINT");
    stores_no(&secrets, &machine, &[]);

    // A wrong one is told without being shown.
    let wrong = fleet.env("E2E_DB_PASSWORD", "not-the-password");
    let ran = wrong.run("verify", &["--timeout", "1s"]).exits(7);
    is_clean(&ran, &["not-the-password", PASSWORD]);
}

#[test]
fn passwords_that_pgfleet_makes_up_stand_in_their_own_files_only() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    let ran = fleet.apply();
    let read = |name: &str| {
        let line = fs::read_to_string(fleet.primary().folder.join(name)).unwrap();
        line.trim().rsplit(':').next().unwrap().to_owned()
    };
    let made = [read("admin.pgpass"), read("pgpass")];
    assert!(made.iter().all(|password| password.len() >= 20));
    assert_ne!(made[0], made[1]);
    let made = made.each_ref().map(String::as_str);
    is_clean(&ran, &made);
    prints_no(&made, &fleet);
    stores_no(&made, &machine, &["admin.pgpass", "pgpass"]);
    for server in [fleet.primary(), fleet.replica(1)] {
        for name in ["pgpass", "admin.pgpass", "server.log", "pgfleet.json"] {
            use std::os::unix::fs::PermissionsExt as _;
            let Ok(meta) = fs::metadata(server.folder.join(name)) else {
                continue;
            };
            assert_eq!(
                meta.permissions().mode() & 0o077,
                0,
                "{name} can be read by others"
            );
        }
    }
}

#[test]
fn a_password_that_cannot_be_read_fails_before_anything_is_made() {
    let machine = Machine::new();
    let fleet = machine
        .fleet("truck")
        .in_primary("password = { env = \"E2E_DB_PASSWORD_THAT_IS_NOT_SET\" }");
    // To plan, no password is needed.
    fleet.run("plan", &[]).exits(0);
    let ran = fleet.run("apply", &["--auto-approve"]);
    assert!([1, 5].contains(&ran.code), "{ran}");
    ran.says("E2E_DB_PASSWORD_THAT_IS_NOT_SET");
    assert!(!fleet.primary().folder.exists());
}
