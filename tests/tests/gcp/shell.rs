//! `plan --format shell`, as commands of Google's own tool.

use std::process::Command;

use pgfleet_tests::{Clouds, PASSWORD, PATIENCE, Vendor};

use crate::{APPLY, clouds, rewrite};

#[test]
fn a_plan_is_printed_as_commands_of_gcloud_without_its_secrets() {
    let clouds = clouds(1);
    let shell = clouds.run(&["plan", "gcp.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    shell.says("gcloud sql instances create truck-gcp-primary --region=us-east1");
    shell.says("--root-password \"$TRUCK_PASSWORD\"");
    shell.never_says("lanted");
    rewrite(
        &clouds,
        "[primary]",
        "[primary]\ndatabase = 'food-truck'\npassword_version = 2",
    );
    let create = ["plan", "gcp.toml", "--format", "shell"];
    let shell = clouds.run(&create).exits(0);
    shell.says("pgfleet-pending-database=food-2dtruck");
    shell.says("gcloud sql databases create food-truck --instance=truck-gcp-primary");
    shell.says("--update-labels=pgfleet-pending-database= ");
    clouds.run(&APPLY).exits(0);
    rewrite(&clouds, "password_version = 2", "password_version = 3");
    let shell = clouds.run(&create).exits(0);
    shell.says("gcloud sql users set-password postgres --instance=truck-gcp-primary");
    shell.says("--password \"$TRUCK_PASSWORD\"");
    shell.says("--update-labels=");
    shell.says("pgfleet-password-version=3");
    shell.never_says("lanted");
}

/// Runs what `plan` prints, and sees that nothing is left to do.
fn carry_out(clouds: &Clouds, replicas: usize) -> String {
    let plan = clouds.run(&["plan", "gcp.toml", "--format", "shell"]);
    let script = plan.exits(0).stdout;
    assert!(!script.contains(PASSWORD), "{script}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    let mut shell = clouds.at_home(shell);
    // The tool joins its paths to the endpoint as they are.
    let endpoint = format!("{}/", clouds.endpoint());
    shell
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", endpoint)
        .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
        .env("CLOUDSDK_CONFIG", clouds.machine.path().join("gcloud"))
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true");
    // Each command takes seconds to start.
    let ran = clouds.machine.start_command(shell);
    let ran = ran.wait_within(10 * PATIENCE);
    assert!(ran.code == 0, "{script}\n{ran}");
    clouds.is_whole(Vendor::Gcp, replicas);
    script
}

#[test]
fn what_plan_prints_for_a_shell_is_carried_out_with_gcloud() {
    let clouds = clouds(1);
    // The tool sends the backups' settings back as it has read them, and Google passes over its own.
    clouds
        .control()
        .change_gcp(|options| options.take_backups_back = true);
    rewrite(&clouds, "[primary]", "[primary]\ndatabase = 'food-truck'");
    let script = carry_out(&clouds, 1);
    assert!(script.contains("databases create food-truck"), "{script}");
    // All that alters an instance, the switch of the backups and what hangs on it.
    rewrite(&clouds, "[primary]", "[primary]\nbackup_days = 0");
    rewrite(&clouds, "db-custom-2-7680", "db-custom-4-15360");
    rewrite(&clouds, "count = 1", "count = 0");
    let script = carry_out(&clouds, 0);
    for word in ["delete truck-gcp-replica-1", "--tier=", "--no-backup"] {
        assert!(script.contains(word), "{script}");
    }
    rewrite(&clouds, "backup_days = 0", "backup_days = 3");
    carry_out(&clouds, 0);
}
