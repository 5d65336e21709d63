//! The suite on PostgreSQL servers of this machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is one that fails"
)]

#[path = "../../../tests/src/ports.rs"]
#[expect(dead_code, reason = "the end-to-end tests use more of it")]
mod ports;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use pgfleet_conformance::suite::{self, Hook, Subject, Words};
use pgfleet_model::{ProviderKind, ResourceRef};
use pgfleet_provider::Provider;
use pgfleet_providers::local::LocalProvider;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of servers, all of which end when this is dropped.
struct Local {
    folder: TempDir,
    ports: ports::Ports,
}

impl Local {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pgfleet-conform-")
            .tempdir()
            .unwrap();
        // Servers run as another user where the tests run as root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let ports = ports::Ports::lease();
        Self { folder, ports }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn instance(&self, resource: &ResourceRef) -> PathBuf {
        self.data().join(resource.id.as_str())
    }

    /// The instances' folders.
    fn instances(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.data()).into_iter().flatten().flatten();
        let names = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
        names.map(|entry| entry.path()).collect()
    }
}

/// The server that works in an instance's folder, by its pid file.
fn server(instance: &Path) -> Option<Pid> {
    let text = fs::read_to_string(instance.join("data/postmaster.pid")).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?)?;
    let works_there = fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero()))
        .is_ok_and(|folder| folder.starts_with(fs::canonicalize(instance).unwrap_or_default()));
    works_there.then_some(pid)
}

/// Ends a server and waits until it has ended.
fn end(instance: &Path, signal: Signal) -> Result<(), String> {
    let Some(pid) = server(instance) else {
        return Ok(());
    };
    // It may have ended by itself.
    let _ = kill_process(pid, signal);
    let end = Instant::now() + PATIENCE;
    while test_kill_process(pid).is_ok() && server(instance).is_some() {
        if Instant::now() > end {
            return Err(format!("the server in {} does not end", instance.display()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

impl Drop for Local {
    fn drop(&mut self) {
        for instance in self.instances() {
            // A test that fails here has failed before.
            let _ = end(&instance, Signal::QUIT);
        }
    }
}

#[async_trait]
impl Subject for Local {
    fn name(&self) -> &'static str {
        "PostgreSQL on this machine"
    }

    fn words(&self) -> Words {
        Words {
            provider: ProviderKind::Local,
            region: None,
            other_region: "there".to_owned(),
            sizes: ["small".to_owned(), "large".to_owned()],
            gib: None,
            primary: String::new(),
            abroad: String::new(),
            tables: format!(
                "[local]\ndata_dir = '{}'\nport = {}",
                self.data().display(),
                self.ports.nth(0)
            ),
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE * 2
    }

    async fn clear(&self) -> Result<(), String> {
        for instance in self.instances() {
            end(&instance, Signal::QUIT)?;
            let gone = if instance.is_dir() {
                fs::remove_dir_all(&instance)
            } else {
                fs::remove_file(&instance)
            };
            gone.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(LocalProvider::new(&self.data()))
    }

    async fn leftovers(&self) -> Vec<String> {
        self.instances()
            .iter()
            .map(|instance| instance.display().to_string())
            .collect()
    }

    async fn remove(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let instance = self.instance(resource);
        end(&instance, Signal::QUIT)?;
        fs::remove_dir_all(&instance).map_err(|error| error.to_string())?;
        Ok(Hook::Done)
    }

    async fn stop(&self, resource: &ResourceRef) -> Result<Hook, String> {
        end(&self.instance(resource), Signal::INT)?;
        Ok(Hook::Done)
    }

    async fn damage(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let instance = self.instance(resource);
        end(&instance, Signal::QUIT)?;
        let version = instance.join("data/PG_VERSION");
        fs::remove_file(version).map_err(|error| error.to_string())?;
        Ok(Hook::Done)
    }

    async fn occupy(&self, resource: &ResourceRef) -> Result<Hook, String> {
        let instance = self.instance(resource);
        fs::create_dir_all(&instance).map_err(|error| error.to_string())?;
        fs::write(instance.join("thesis.txt"), "years of work").map_err(|e| e.to_string())?;
        Ok(Hook::Done)
    }

    async fn is_untouched(&self, resource: &ResourceRef) -> bool {
        let instance = self.instance(resource);
        let text = fs::read_to_string(instance.join("thesis.txt"));
        let entries = fs::read_dir(instance).into_iter().flatten().count();
        text.is_ok_and(|text| text == "years of work") && entries == 1
    }

    async fn answers_kept(&self) -> Vec<String> {
        Vec::new()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_this_machine_pass() {
    let local = Local::new();
    let report = suite::run(&local).await;
    assert!(report.is_passed(), "{report}");
    // An answer cannot get lost between two functions.
    assert_eq!(report.not_run(), ["lost answers"], "{report}");
    let not_supported = [
        "resize",
        "grow the disk",
        "wait for the window",
        "adopt and release",
        "a primary in two zones",
        "a replica in two zones",
        "another region",
        "more replicas than allowed",
        "a final snapshot",
    ];
    assert_eq!(report.not_supported(), not_supported, "{report}");
}
