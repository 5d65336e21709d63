//! Disks and groups that change, on a simulated RDS: what is sent is taken, and nothing is left to do.

use std::fs;

use pgfleet_simulator::{AwsOptions, Simulator};

use crate::cloud::Cloud;

const PLAN: [&str; 2] = ["plan", "truck.toml"];

impl Cloud {
    /// Writes the plan file with another disk for the primary.
    fn disk(&self, storage: &str) {
        let text = self.text(0, "");
        self.write(&text.replace("gib = 100", storage));
    }

    fn text(&self, replicas: usize, more: &str) -> String {
        let path = self.machine.path().join(self.plan(replicas, ""));
        format!("{}{more}", fs::read_to_string(path).unwrap())
    }
}

#[test]
fn a_provisioned_disk_grows_and_gets_faster_in_one_call() {
    for (before, after) in [
        (
            "gib = 100, type = 'io1', iops = 1000",
            "gib = 200, type = 'io1', iops = 1000",
        ),
        (
            "gib = 100, type = 'io1', iops = 1000",
            "gib = 100, type = 'io1', iops = 2000",
        ),
        ("gib = 500", "gib = 600"),
        ("gib = 500, iops = 13000", "gib = 500, iops = 14000"),
        ("gib = 500", "gib = 500, throughput = 600"),
        // Both are rounded up to a tenth more.
        ("gib = 500", "gib = 500, iops = 12001"),
        ("gib = 500, iops = 13000", "gib = 501, iops = 13001"),
        // From 400 GiB on gp3 has other figures than below.
        ("gib = 300", "gib = 400"),
        // A tenth more at least, to which it is rounded up.
        ("gib = 390", "gib = 400"),
        (
            "gib = 300, type = 'gp3'",
            "gib = 300, type = 'io1', iops = 3000",
        ),
    ] {
        let cloud = Cloud::new();
        cloud.disk(before);
        cloud.apply().exits(0);
        cloud.disk(after);
        cloud.apply().exits(0);
        cloud.is_settled();
    }
}

#[test]
fn a_disk_that_rds_does_not_make_is_refused_with_the_plan() {
    let cloud = Cloud::new();
    for (storage, code) in [
        ("gib = 100, type = 'io1', iops = 6000", "aws/iops"),
        (
            "gib = 500, iops = 12000, throughput = 4000",
            "aws/throughput",
        ),
        ("gib = 500, throughput = 4000", "aws/throughput"),
    ] {
        cloud.disk(storage);
        cloud.run(&PLAN).exits(3).says(code);
    }
    cloud.disk("gib = 500");
    cloud.apply().exits(0);
    cloud.disk("gib = 500, throughput = 4000");
    cloud.run(&PLAN).exits(3).says("aws/throughput");
}

#[test]
fn groups_converge_however_their_names_are_written() {
    let mut options = AwsOptions::default();
    options.accept_any_group = true;
    let cloud = Cloud::of(Simulator::builder().aws(options));
    let groups = "[aws]\nsubnet_group = 'Food'\nparameter_group = 'Food-16'\n";
    cloud.write(&cloud.text(1, groups));
    cloud.apply().exits(0);
    cloud.is_settled();
    // Another one is switched to at once, and waits for a reboot that nobody makes.
    cloud.write(&cloud.text(1, &groups.replace("Food-16", "Truck-16")));
    cloud.run(&PLAN).exits(0).says("reboot-db-instance");
    cloud.apply().exits(0);
    cloud.is_settled();
}

#[test]
fn groups_of_somebody_s_account_are_there_where_it_is_simulated() {
    let cloud = Cloud::new();
    let groups = "[aws]\nsubnet_group = 'food'\nparameter_group = 'food-16'\n\
                  security_groups = ['sg-0123456789abcdef0']\nkms_key = 'alias/food'\n";
    cloud.write(&cloud.text(0, groups));
    let apply = ["apply", "truck.toml", "--simulate", "--auto-approve"];
    cloud.run(&apply).exits(0);
    let plan = ["plan", "truck.toml", "--simulate", "--detailed-exitcode"];
    cloud.run(&plan).exits(0);
}
