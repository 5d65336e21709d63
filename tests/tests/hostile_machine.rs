//! A machine that works against us: a disk that fills up or takes nothing, programs that are slow,
//! hang, or never get ready.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that panics is a test that fails"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use pgfleet_tests::{Doomed, Machine, Signal, bindir, processes_below, say, send, wait_until};

/// A small disk in memory, taken away again however the test ends.
struct Disk(PathBuf);

impl Disk {
    /// Tests that need this have `on_the_disk` in their names: where no disk may be mounted, that is
    /// how they are left out, loudly.
    fn mount(machine: &Machine, options: &str) -> Self {
        let folder = machine.path().join("disk");
        fs::create_dir(&folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&folder)
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "NOT SHOWN: only root may mount the small disk that this needs; leave it out with \
             `--skip on_the_disk`"
        );
        Self(folder)
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0)
            .status();
        assert!(status.unwrap().success(), "the disk stays as it was");
    }

    fn data(&self) -> String {
        self.0.join("data").display().to_string()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A folder of programs in which one is replaced; `pg_ctl` is a copy, since it looks for its
/// neighbours where it really lies.
fn programs_with(machine: &Machine, name: &str, script: &str) -> PathBuf {
    let folder = machine.bindir_with(&[(name, script)]);
    let pg_ctl = folder.join("pg_ctl");
    fs::remove_file(&pg_ctl).unwrap();
    fs::copy(bindir().join("pg_ctl"), pg_ctl).unwrap();
    folder
}

fn real(program: &str) -> String {
    bindir().join(program).display().to_string()
}

#[test]
fn a_copy_that_finds_no_room_on_the_disk_leaves_the_primary_alone() {
    let machine = Machine::new();
    let disk = Disk::mount(&machine, "size=900m,mode=0755");
    fs::create_dir(machine.path().join("elsewhere")).unwrap();
    // All but thirty megabytes are gone when the copy begins, after the plan has found enough room.
    let hog = disk.0.join("hog");
    let script = format!(
        "room=$(df --output=avail --block-size=1M '{}' | tail -1)\n\
         dd if=/dev/zero of='{}' bs=1M count=$((room - 30)) status=none\n\
         exec '{}' \"$@\"",
        disk.0.display(),
        hog.display(),
        real("pg_basebackup")
    );
    let hogging = machine.bindir_with(&[("pg_basebackup", &script)]);
    // The copy's program runs as the servers' user, who needs a place for the file.
    fs::set_permissions(&disk.0, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let fleet = machine.fleet("truck").data_dir(&disk.data());
    fleet.apply();
    let server = |id: &str| pgfleet_tests::Server {
        folder: Path::new(&disk.data()).join(id),
    };
    let primary = server("truck-primary");
    let data = primary.data();
    let pid = primary.pid();
    let login = || {
        let line = fs::read_to_string(primary.folder.join("admin.pgpass")).unwrap();
        line.trim().rsplit(':').next().unwrap().to_owned()
    };
    let fleet = fleet.with_password(&login());
    let sql = fleet.sql(&primary);
    sql.run("CREATE TABLE kept AS SELECT generate_series(1, 500000) AS n");

    let one = fleet.clone().replicas(1);
    let full = one
        .clone()
        .env("PGFLEET_PG_BINDIR", hogging.to_str().unwrap());
    let ran = full.run("apply", &["--auto-approve"]);
    say(&ran.to_string());
    assert!([1, 5].contains(&ran.code), "{ran}");
    ran.says("No space left on device")
        .says("make room on that disk");
    assert!(hog.exists());
    assert_eq!(primary.pid(), pid);
    assert_eq!(sql.text("SELECT count(*) FROM kept"), "500000");
    assert!(
        !server("truck-replica-1").folder.exists(),
        "half a copy is left"
    );
    assert!(data.is_dir());

    disk.remount("size=2000m");
    one.apply();
    one.is_as_planned();
    let replica = one.sql(&server("truck-replica-1"));
    replica.until("SELECT count(*) FROM kept", "500000");
    one.destroy();
    assert!(!primary.folder.exists());
}

#[test]
fn nothing_can_be_written_on_the_disk() {
    let machine = Machine::new();
    let disk = Disk::mount(&machine, "size=400m,mode=0755");
    disk.remount("ro");
    let fleet = machine.fleet("truck").data_dir(&disk.data());
    let ran = fleet.run("apply", &["--auto-approve"]);
    say(&ran.to_string());
    assert!([1, 3].contains(&ran.code), "{ran}");
    ran.says(&disk.0.display().to_string());
    ran.says("choose another folder");
    disk.remount("rw");
    fleet.apply();
    fleet.is_as_planned();
    fleet.destroy();
}

#[test]
fn a_server_that_takes_its_time_to_start_is_waited_for() {
    let machine = Machine::new();
    let script = format!(
        "case \"$1\" in -V | --version | --single | --boot | --check | -C) ;; *) sleep 2 ;; esac\n\
         exec '{}' \"$@\"",
        real("postgres")
    );
    let slow = programs_with(&machine, "postgres", &script);
    let fleet = machine.fleet("truck").replicas(1);
    let slowly = fleet
        .clone()
        .env("PGFLEET_PG_BINDIR", slow.to_str().unwrap());
    slowly.apply();
    slowly.is_whole(&machine, 1);
    fleet.destroy();
    machine.has_nothing_left();
}

#[test]
fn a_run_that_was_killed_while_a_slow_server_starts_is_taken_up() {
    let machine = Machine::new();
    let script = format!(
        "case \"$1\" in -V | --version | --single | --boot | --check | -C) ;;\n\
         *) touch '{}/starting'; sleep 2 ;; esac\n\
         exec '{}' \"$@\"",
        machine.path().display(),
        real("postgres")
    );
    fs::set_permissions(
        machine.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let slow = programs_with(&machine, "postgres", &script);
    let fleet = machine.fleet("truck").replicas(1);
    let slowly = fleet
        .clone()
        .env("PGFLEET_PG_BINDIR", slow.to_str().unwrap());
    let run = slowly.start("apply", &["--auto-approve"]);
    wait_until("the server is being started", || {
        machine.path().join("starting").exists()
    });
    run.signal(Signal::KILL);
    run.wait();
    // With the real programs, so that this one overtakes what the killed one left behind.
    let ran = fleet.apply();
    say(&ran.to_string());
    fleet.is_whole(&machine, 1);
}

#[test]
fn a_server_that_never_gets_ready_is_given_up_with_a_remedy() {
    let machine = Machine::new();
    let fleet = machine.fleet("truck").replicas(1);
    fleet.apply();
    let replica = fleet.replica(1);
    replica.stop();
    // It looks for log in an archive first, and the archive never answers.
    let settings = replica.data().join("postgresql.conf");
    let before = fs::read_to_string(&settings).unwrap();
    let hanging = format!("{before}\nrestore_command = 'sleep 600'\n");
    fs::write(&settings, hanging).unwrap();
    let run = fleet.start("apply", &["--auto-approve"]);
    // A minute is how long a server may take.
    let ran = run.wait_within(Duration::from_secs(110));
    say(&ran.to_string());
    assert!([1, 5].contains(&ran.code), "{ran}");
    ran.says("takes no connections after 60 s")
        .says("run the same command again");
    fs::write(&settings, before).unwrap();
    // The archive's program outlives its server.
    wait_until("the hanging server is gone", || {
        let left = replica.processes();
        for process in &left {
            send(process.pid, Signal::KILL);
        }
        left.is_empty()
    });
    fleet.apply();
    fleet.is_whole(&machine, 1);
}

#[test]
fn a_copy_that_hangs_is_ended_by_a_signal() {
    let machine = Machine::new();
    let hanging = machine.bindir_with(&[("pg_basebackup", "sleep 600")]);
    let fleet = machine.fleet("truck").replicas(1);
    let mut command = machine.command(&["apply", &fleet.write()]);
    command.env("PGFLEET_PG_BINDIR", &hanging);
    let run = Doomed::spawn(&machine, command);
    // Both the script and what it waits for.
    let copying = || {
        processes_below(machine.path())
            .into_iter()
            .filter(|process| process.command.contains("pg_basebackup"))
            .count()
    };
    wait_until("the copy hangs", || copying() > 0);
    let sleepers = || fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.pid()));
    let children = sleepers().unwrap();
    run.signal(Signal::INT);
    let struck = run.ends_within(Duration::from_secs(5));
    struck.exits(6);
    assert_eq!(struck.left(), struck.in_flight(), "{struck}");
    assert_eq!(struck.left().len(), 1, "{struck}");
    wait_until("the copy is gone", || copying() == 0);
    for child in children.split_whitespace() {
        let gone = || !Path::new(&format!("/proc/{child}")).exists();
        wait_until("what the run started is gone", gone);
    }
    fleet.apply();
    fleet.is_whole(&machine, 1);
}

/// A wall clock that jumps can mislead only who reads it: times are taken from the clock that
/// never does, and the servers' own times never leave the servers. Only how many days old a price
/// is, and whether credentials last, follows from the wall clock, in files of their own, and neither
/// changes what is done; and a simulated cloud has a clock as a real one
/// does, which its answers show and pgfleet compares with nothing.
#[test]
fn nothing_here_reads_the_wall_clock() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut sources = 0;
    let mut folders: Vec<PathBuf> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources += 1;
                let exempt = [
                    "cli/src/credentials.rs",
                    "cli/src/prices/today.rs",
                    // A `Retry-After` may be a date.
                    "providers/src/shared/pauses.rs",
                    "simulator/src/clock.rs",
                ];
                if exempt.iter().any(|file| path.ends_with(file)) {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for clock in [
                    "SystemTime::now",
                    "Utc::now",
                    "Local::now",
                    "clock_timestamp()",
                ] {
                    assert!(!text.contains(clock), "{} reads {clock}", path.display());
                }
            }
        }
    }
    assert!(sources > 50, "the sources are elsewhere");
}
