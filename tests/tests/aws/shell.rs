//! `plan --format shell`, run by `sh` with AWS's own tool.

use std::{path::Path, process::Command};

use pgfleet_tests::Ran;

use crate::cloud::{Cloud, PASSWORD};

/// The folder of AWS's own tool, which a script of the project installs once.
fn tools() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/awscli");
    let made = Command::new(script).output().unwrap();
    assert!(
        made.status.success(),
        "AWS's own tool cannot be had here; `make test` leaves the tests named *with_awscli out \
         then\n{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let aws = String::from_utf8(made.stdout).unwrap();
    let folder = Path::new(aws.trim()).parent().unwrap();
    folder.display().to_string()
}

/// Runs what `plan` prints, and sees that nothing is left to do.
fn carry_out(cloud: &Cloud, tools: &str) -> String {
    let plan = cloud.run(&["plan", "truck.toml", "--format", "shell"]);
    let script = plan.exits(0).stdout;
    assert!(!script.contains(PASSWORD), "{script}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    let mut shell = cloud.at_home(shell);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{tools}:{path}"));
    let ran: Ran = cloud.machine.start_command(shell).wait();
    assert!(ran.code == 0, "{script}\n{ran}");
    cloud.is_settled();
    script
}

/// A fleet with a replica abroad. Not in us-east-1, where the tool's version 1 heeds no
/// `AWS_ENDPOINT_URL`.
fn fleet(primary: &str, replicas: usize, abroad: usize, tag: &str) -> String {
    format!(
        "fleet = 'truck'\nprovider = 'aws'\nregion = 'us-west-2'\n\
         tags = {{ team = '{tag}', 'cost: centre' = 'a=b' }}\n\
         [primary]\n{primary}\npassword = {{ env = 'TRUCK_PASSWORD' }}\n\
         [[replicas]]\ncount = {replicas}\n\
         [[replicas]]\nname = 'eu'\ncount = {abroad}\nregion = 'eu-west-1'\n\
         aws = {{ kms_key = 'arn:aws:kms:eu-west-1:123456789012:key/7a' }}\n\
         [protect]\ndeletion = false\n"
    )
}

#[test]
fn what_plan_prints_for_a_shell_is_carried_out_with_awscli() {
    let cloud = Cloud::new();
    let tools = tools();
    let small = "size = 'db.m5.large'\nstorage = { gib = 390 }";
    cloud.write(&fleet(small, 1, 1, "a b @c"));
    let script = carry_out(&cloud, &tools);
    assert!(script.contains("--master-user-password \"$TRUCK_PASSWORD\""));
    assert!(script.contains("--source-region us-west-2"), "{script}");
    assert_eq!(cloud.instances().len(), 3);

    let large = "size = 'db.m5.xlarge'\nmulti_az = true\n\
                 storage = { gib = 400 }\nbackup_days = 3";
    cloud.write(&fleet(large, 1, 1, "other"));
    let script = carry_out(&cloud, &tools);
    for verb in ["modify-db-instance", "--iops 12000", "add-tags-to-resource"] {
        assert!(script.contains(verb), "{script}");
    }

    cloud.write(&fleet(large, 1, 0, "other"));
    let script = carry_out(&cloud, &tools);
    assert!(script.contains("wait db-instance-deleted"), "{script}");
    assert_eq!(cloud.instances(), ["truck-primary", "truck-replica-1"]);
}
