//! What goes wrong between pgfleet and RDS: each time a clear error with its remedy, and nothing
//! half-done.

use std::{fs, os::unix::fs::PermissionsExt as _};

use pgfleet_simulator::{Fault, FaultEffect};
use pgfleet_tests::{Ran, wait_until};

use crate::cloud::Cloud;

const PLAN: [&str; 2] = ["plan", "truck.toml"];

impl Cloud {
    /// Runs the binary with the credentials of a program, which gives another key each time.
    fn run_by_program(&self, arguments: &[&str]) -> Ran {
        self.run_by("\"AccessKeyId\": \"KEY%s\"", arguments)
    }

    /// The same, with what tells its answers apart; `%s` is their number.
    fn run_by(&self, key: &str, arguments: &[&str]) -> Ran {
        let folder = self.machine.path();
        let program = folder.join("credentials");
        let script = format!(
            "#!/bin/sh\ncd '{}'\necho x >> asked\nnumber=$(wc -l < asked | tr -d ' ')\n\
             printf '{{\"Version\": 1, {key}, \"SecretAccessKey\": \"planted-key\"}}' \
             \"$number\"\n",
            folder.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let config = folder.join("aws-config");
        let profile = format!("[default]\ncredential_process = {}\n", program.display());
        fs::write(&config, profile).unwrap();
        let mut command = self.command(arguments);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_CONFIG_FILE", config);
        self.machine.start_command(command).wait()
    }

    /// Runs the binary against another endpoint.
    fn run_at(&self, endpoint: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("AWS_ENDPOINT_URL", endpoint);
        self.machine.start_command(command).wait()
    }

    /// What exists is as it was.
    #[track_caller]
    fn has_nothing(&self) {
        let state = self.control().state();
        assert_eq!(state["aws"]["instances"].as_object().unwrap().len(), 0);
    }
}

fn refusal(action: &str, code: &str) -> Fault {
    let error = FaultEffect::Error {
        status: 403,
        code: code.to_owned(),
        message: "no".to_owned(),
    };
    Fault::new(error).on(action).times(100)
}

#[test]
fn credentials_that_expire_at_each_request_in_turn_are_found_anew() {
    for number in 1..100 {
        let cloud = Cloud::new();
        cloud.plan(2, "");
        let expired = Fault::new(FaultEffect::ExpiredToken).nth(number);
        cloud.control().fault(expired);
        cloud
            .run_by_program(&["apply", "truck.toml", "--auto-approve"])
            .exits(0);
        let requests = cloud.control().request_count();
        cloud.is_as_planned(2);
        if number > requests {
            assert!(number > 5, "an apply has more requests");
            return;
        }
    }
    panic!("no run came to its end by itself");
}

#[test]
fn new_credentials_are_used_where_there_are_such_and_old_ones_are_not_tried_for_long() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let control = cloud.control();
    control.expire_credentials(["KEY1", "test"]);
    cloud.run_by_program(&PLAN).exits(0);
    // The same key again and again is of no use.
    let before = control.request_count();
    let ran = cloud.run(&PLAN).exits(1);
    ran.says("have expired: log in again");
    assert!(control.request_count() <= before + 2);
}

#[test]
fn a_key_that_stays_while_its_session_goes_is_found_anew_each_time() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    for number in [2, 4, 6] {
        let expired = Fault::new(FaultEffect::ExpiredToken).nth(number);
        cloud.control().fault(expired);
    }
    let key = "\"AccessKeyId\": \"KEY\", \"SessionToken\": \"session-%s\"";
    let apply = ["apply", "truck.toml", "--auto-approve"];
    cloud.run_by(key, &apply).exits(0);
    cloud.is_as_planned(1);
}

#[test]
fn a_permission_that_is_missing_is_named() {
    for (action, code) in [
        ("DescribeDBInstances", "AccessDenied"),
        ("CreateDBInstance", "UnauthorizedOperation"),
    ] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        cloud.control().fault(refusal(action, code));
        cloud.apply().exits(1).says(&format!("rds:{action}"));
        cloud.has_nothing();
    }
    // Offers may be left unasked, or unknown to what stands in for RDS.
    let offers = "DescribeOrderableDBInstanceOptions";
    for (code, remedy) in [
        ("AccessDenied", "rds:DescribeOrderableDBInstanceOptions"),
        ("NotAuthorized", "rds:DescribeOrderableDBInstanceOptions"),
        ("InvalidAction", "AWS_ENDPOINT_URL"),
    ] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        cloud.control().fault(refusal(offers, code));
        cloud.apply().exits(0).says(remedy);
    }
    // The embedded catalog knows the classes then.
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud.control().fault(refusal(offers, "AccessDenied"));
    let path = cloud.machine.path().join("truck.toml");
    let text = fs::read_to_string(path).unwrap();
    cloud.write(&text.replace("count = 1", "count = 2\nsize = 'db.m5.huge'"));
    let ran = cloud.apply().exits(3);
    ran.says("pgfleet knows no class db.m5.huge");
}

#[test]
fn credentials_that_are_missing_or_refused_are_told() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let mut command = cloud.command(&PLAN);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let ran = cloud.machine.start_command(command).wait();
    ran.exits(1).says("AWS_PROFILE");
    let wrong = refusal("DescribeDBInstances", "InvalidClientTokenId");
    cloud.control().fault(wrong);
    let ran = cloud.run(&PLAN).exits(1);
    ran.says("AWS does not accept the credentials");
}

#[test]
fn another_account_is_refused_like_other_protection() {
    let cloud = Cloud::new();
    let text = fs::read_to_string(cloud.machine.path().join(cloud.plan(1, ""))).unwrap();
    cloud.write(&format!("{text}[aws]\naccount = '999999999999'\n"));
    let ran = cloud.apply().exits(3);
    ran.says("the plan is for the account 999999999999, the credentials are for 123456789012");
    cloud.has_nothing();
    cloud.write(&format!("{text}[aws]\naccount = '123456789012'\n"));
    let asked = cloud.asked(&PLAN, 0);
    assert_eq!(asked[0], "GetCallerIdentity", "{asked:?}");
}

#[test]
fn answers_that_are_cut_off_or_no_xml_are_asked_for_again() {
    for effect in [FaultEffect::Truncate, FaultEffect::Malformed] {
        let cloud = Cloud::new();
        cloud.plan(1, "");
        let control = cloud.control();
        let once = Fault::new(effect.clone());
        control.fault(once.clone().on("DescribeDBInstances"));
        control.fault(once.clone().on("CreateDBInstance"));
        control.fault(once.on("CreateDBInstanceReadReplica"));
        cloud.apply().exits(0);
        cloud.is_as_planned(1);
        assert_eq!(cloud.instances().len(), 2);
        let always = Fault::new(effect).on("DescribeDBInstances").times(100);
        control.fault(always);
        let ran = cloud.run(&PLAN).exits(1);
        ran.says("the answer is cut off or is not what RDS answers");
        ran.says("AWS_ENDPOINT_URL");
    }
}

#[test]
fn an_endpoint_that_is_not_aws_is_told() {
    use std::io::{Read as _, Write as _};
    let cloud = Cloud::new();
    cloud.plan(1, "");
    for status in ["200 OK", "403 Forbidden", "404 Not Found"] {
        let page = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", page.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in page.incoming().flatten() {
                let mut stream = stream;
                let mut request = [0; 8192];
                let _ = stream.read(&mut request);
                let body = "<!doctype html><html><body>Welcome</body></html>";
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nConnection: close\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        let ran = cloud.run_at(&endpoint, &PLAN).exits(1);
        ran.says("AWS_ENDPOINT_URL").never_says("planted");
    }
    // Nobody there at all.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let ran = cloud.run_at(&endpoint, &PLAN).exits(1);
    ran.says("RDS does not answer");
}

#[test]
fn a_class_and_a_region_that_do_not_exist_are_told() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    let text = fs::read_to_string(cloud.machine.path().join(name)).unwrap();
    cloud.write(&text.replace("db.m5.large", "db.m5.huge"));
    cloud.apply().exits(3).says("aws/size");
    // This one ran nothing newer than 13.
    let old = text.replace("db.m5.large", "db.m4.large");
    cloud.write(&old.replace("[primary]", "postgres = '16'\n[primary]"));
    let ran = cloud.apply().exits(3);
    ran.says("RDS offers no db.m4.large for PostgreSQL 16 in us-east-1");
    cloud.write(&text.replace("us-east-1", "us-nowhere-1"));
    let ran = cloud.run(&PLAN).exits(1);
    ran.says("look at `region` in the plan file: AWS knows no such region");
    // A version that there is not is told with the plan.
    for pinned in ["16.99", "61"] {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{pinned}'\n[primary]")));
        let ran = cloud.apply().exits(3);
        ran.says(&format!("PostgreSQL {pinned}"));
    }
    cloud.has_nothing();
}

#[test]
fn a_minor_version_that_there_is_not_is_told_before_an_upgrade() {
    let cloud = Cloud::new();
    let path = cloud.machine.path().join(cloud.plan(1, ""));
    let text = fs::read_to_string(path).unwrap();
    let pinned = |version: &str| {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{version}'\n[primary]")));
    };
    pinned("16.3");
    cloud.apply().exits(0);
    pinned("16.99");
    let ran = cloud.apply().exits(3);
    ran.says("aws/version")
        .says("RDS offers no PostgreSQL 16.99");
    pinned("16.4");
    cloud.apply().exits(0);
    cloud.is_settled();
}

#[test]
fn a_version_that_rds_has_a_longer_word_for_is_made_and_kept() {
    let cloud = Cloud::new();
    let path = cloud.machine.path().join(cloud.plan(1, ""));
    let text = fs::read_to_string(path).unwrap();
    let pinned = |version: &str| {
        cloud.write(&text.replace("[primary]", &format!("postgres = '{version}'\n[primary]")));
    };
    pinned("13.23");
    let ran = cloud.apply().exits(3);
    ran.says("aws/version").says("as 13.23-rds.20260514 only");
    cloud.has_nothing();
    pinned("13");
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    let state = cloud.control().state().to_string();
    assert!(state.contains("13.23-rds.20260514"), "{state}");
    // The number does for what runs.
    pinned("13.23");
    cloud.is_settled();
}

#[test]
fn tags_that_lists_show_late_are_waited_for() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    let control = cloud.control();
    let primary = ["truck-primary".to_owned()];
    control.change_aws(|options| options.untagged = primary.to_vec());
    let run = cloud.start(&["apply", &name, "--auto-approve"]);
    let lists = || {
        let records = control.requests();
        let made = records
            .iter()
            .position(|one| one.action == "CreateDBInstance");
        let after = made.map(|made| &records[made..]).unwrap_or_default();
        let mut lists = after
            .iter()
            .filter(|one| one.action == "DescribeDBInstances");
        lists.nth(1).is_some()
    };
    wait_until("it was listed without its tags", lists);
    control.change_aws(|options| options.untagged.clear());
    run.wait().exits(0);
    cloud.is_as_planned(1);
}

#[test]
fn what_has_failed_is_taken_down_without_a_last_snapshot_or_not_at_all() {
    let cloud = Cloud::new();
    let name = cloud.plan(0, "");
    let text = fs::read_to_string(cloud.machine.path().join(&name)).unwrap();
    cloud.apply().exits(0);
    let destroy = ["destroy", name.as_str(), "--auto-approve"];
    let control = cloud.control();
    let status = |word| {
        control
            .set_aws_status("us-east-1", "truck-primary", word)
            .unwrap();
    };
    status("incompatible-network");
    let ran = cloud.run(&destroy).exits(3);
    ran.says("aws/final-snapshot")
        .says("final_snapshot = false");
    // In other states that do not pass, RDS is asked and says no, once.
    status("incompatible-parameters");
    let asked = cloud.records(&destroy, 1);
    let deletes = asked.iter().filter(|one| one.action == "DeleteDBInstance");
    assert_eq!(deletes.count(), 1);
    status("incompatible-network");
    cloud.write(&text.replace("[primary]", "[primary]\nfinal_snapshot = false"));
    cloud.run(&destroy).exits(0);
    cloud.has_nothing();
}

#[test]
fn somebody_s_replica_in_a_region_that_is_not_enabled_is_warned_of() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    cloud.apply().exits(0);
    let theirs = "fleet = 'theirs'\nprovider = 'aws'\nregion = 'us-east-1'\n[primary]\n\
                  existing = 'truck-primary'\n[[replicas]]\ncount = 1\nregion = 'eu-south-1'\n\
                  size = 'db.m5.large'\n[replicas.aws]\nkms_key = '1234abcd-12ab-34cd-56ef-1234567890ab'\n";
    fs::write(cloud.machine.path().join("theirs.toml"), theirs).unwrap();
    cloud
        .run(&["apply", "theirs.toml", "--auto-approve"])
        .exits(0);
    let control = cloud.control();
    for code in ["OptInRequired", "InvalidClientTokenId", "AccessDenied"] {
        control.clear_faults();
        let closed = refusal("DescribeDBInstances", code).in_region("eu-south-1");
        control.fault(closed);
        cloud
            .run(&["plan", &name, "--detailed-exitcode"])
            .exits(0)
            .says("aws/region-not-listed")
            .says("theirs-replica-1 in eu-south-1");
        cloud.run(&["status", &name]).exits(0);
        let ran = cloud.run(&["destroy", &name, "--auto-approve"]).exits(3);
        ran.says("theirs-replica-1 in eu-south-1");
    }
    // A region of the plan's own is another matter.
    control.clear_faults();
    control.fault(refusal("DescribeDBInstances", "OptInRequired").in_region("us-east-1"));
    cloud.run(&PLAN).exits(1).says("enable the region");
}

#[test]
fn a_fleet_can_be_taken_down_more_than_once() {
    let cloud = Cloud::new();
    cloud.plan(0, "");
    for _ in 0..3 {
        cloud.apply().exits(0);
        cloud
            .run(&["destroy", "truck.toml", "--auto-approve"])
            .exits(0);
    }
    let state = cloud.control().state().to_string();
    for name in [
        "truck-primary-final",
        "truck-primary-final-2",
        "truck-primary-final-3",
    ] {
        assert!(
            state.contains(&format!("\"{name}\"")),
            "{name} is not there"
        );
    }
}

#[test]
fn an_instance_that_is_busy_with_something_else_is_changed_when_it_is_free() {
    let cloud = Cloud::new();
    let name = cloud.plan(1, "");
    cloud.apply().exits(0);
    let text = fs::read_to_string(cloud.machine.path().join(&name)).unwrap();
    cloud.write(&text.replace("db.m5.large", "db.m5.xlarge"));
    let status = |word| {
        let control = cloud.control();
        control.set_aws_status("us-east-1", "truck-replica-1", word)
    };
    status("backing-up").unwrap();
    let run = cloud.start(&["apply", &name, "--auto-approve"]);
    let listed = || {
        let records = cloud.control().requests();
        let turned_away = |record: &pgfleet_simulator::Record| {
            let of_replica = record.identifier.as_deref() == Some("truck-replica-1");
            record.action == "ModifyDBInstance" && of_replica && !record.effect
        };
        // From then on it looks and asks again by turns.
        let first = records.iter().position(turned_away);
        let after = first.map(|first| &records[first..]).unwrap_or_default();
        let lists = after
            .iter()
            .filter(|record| record.action == "DescribeDBInstances");
        lists.count()
    };
    wait_until("it was looked what keeps it busy", || listed() > 1);
    status("available").unwrap();
    run.wait().exits(0);
    cloud.is_settled();
}

#[test]
fn a_replica_that_is_not_listed_yet_keeps_its_primary_from_being_deleted() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    cloud.apply().exits(0);
    let hidden = ["truck-replica-1".to_owned()];
    let control = cloud.control();
    control.change_aws(|options| options.unlisted = hidden.to_vec());
    let destroy = ["destroy", "truck.toml", "--auto-approve"];
    let ran = cloud.run(&destroy).exits(3);
    ran.says("truck-replica-1 in us-east-1, which RDS does not list");
    ran.says("run the same command again in a moment");
    let state = control.state();
    assert_eq!(state["aws"]["instances"].as_object().unwrap().len(), 2);
    // Listed while it is looked for.
    let run = cloud.start(&destroy);
    let before = control.request_count();
    wait_until("it was listed", || control.request_count() > before);
    control.change_aws(|options| options.unlisted.clear());
    run.wait().exits(0);
    cloud.has_nothing();
}

impl Cloud {
    /// Runs the binary with a web identity instead of keys, and with these variables.
    fn run_by_token(&self, variables: &[(&str, &str)]) -> Ran {
        let token = self.machine.path().join("token");
        fs::write(&token, "planted-token").unwrap();
        let mut command = self.command(&PLAN);
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", token)
            .envs(variables.iter().copied());
        self.machine.start_command(command).wait()
    }
}

#[test]
fn a_token_is_not_sent_in_plain_text_over_the_network() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
        let ran = cloud
            .run_by_token(&[(variable, "http://vm.test:1")])
            .exits(1);
        ran.says("the endpoint http://vm.test:1 is not https");
        ran.says("PGFLEET_INSECURE_ENDPOINT_HOSTS");
    }
    assert_eq!(cloud.control().request_count(), 0);
}

#[test]
fn proxies_are_not_asked_for_this_machine_and_have_to_have_an_address() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let run = |variables: &[(&str, &str)]| {
        let mut command = cloud.command(&PLAN);
        command.envs(variables.iter().copied());
        cloud.machine.start_command(command).wait()
    };
    let nobody = "http://127.0.0.1:9";
    run(&[
        ("HTTP_PROXY", nobody),
        ("HTTPS_PROXY", nobody),
        ("ALL_PROXY", nobody),
    ])
    .exits(0);
    let ran = run(&[
        ("HTTPS_PROXY", "http://"),
        ("AWS_ENDPOINT_URL", "https://rds.test"),
    ])
    .exits(1);
    ran.says("HTTPS_PROXY is no address of a proxy");
}

#[test]
fn an_endpoint_that_is_no_address_is_told_without_what_was_sent() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    for endpoint in ["nonsense", "https://"] {
        let ran = cloud.run_at(endpoint, &PLAN).exits(1);
        ran.says(&format!("the endpoint `{endpoint}` is no address"));
        ran.says("AWS_ENDPOINT_URL").never_says("headers");
    }
}

#[test]
fn a_role_of_a_profile_without_a_region_is_asked_for_in_the_plan_s() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let config = cloud.machine.path().join("aws-config");
    let profiles = "[profile x]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = y\n\
                    [profile y]\naws_access_key_id = KEY\naws_secret_access_key = planted-key\n";
    fs::write(&config, profiles).unwrap();
    let mut command = cloud.command(&PLAN);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_PROFILE", "x");
    let ran = cloud.machine.start_command(command).wait();
    // Where the simulator has no such call, the service was reached all the same.
    ran.never_says("signing region");
    assert!(cloud.control().request_count() > 0);
}

#[test]
fn a_key_that_nothing_can_be_signed_with_is_refused_by_its_name() {
    let cloud = Cloud::new();
    cloud.plan(1, "");
    let told = |ran: Ran, name: &str| {
        ran.exits(1)
            .says(&format!("the {name} holds a line break"))
            .says("copy it anew")
            .never_says("planted")
            .never_says("panicked");
    };
    for (variable, name) in [
        ("AWS_ACCESS_KEY_ID", "access key"),
        ("AWS_SECRET_ACCESS_KEY", "secret access key"),
        ("AWS_SESSION_TOKEN", "session token"),
    ] {
        for value in [
            "planted\nkey",
            "planted\rkey",
            "planted\u{7f}key",
            "planted-\u{e4}",
        ] {
            let mut command = cloud.command(&PLAN);
            command.env(variable, value);
            told(cloud.machine.start_command(command).wait(), name);
        }
    }
    // The same from a file.
    let file = cloud.machine.path().join("keys");
    let keys =
        "[default]\naws_access_key_id = plan\rted\naws_secret_access_key = planted-secret-key\n";
    fs::write(&file, keys).unwrap();
    let mut command = cloud.command(&PLAN);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_SHARED_CREDENTIALS_FILE", file);
    told(cloud.machine.start_command(command).wait(), "access key");
    cloud.has_nothing();
}
