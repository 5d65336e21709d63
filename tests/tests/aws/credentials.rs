//! Whose calls these are, and where they go: keys, roles, accounts, endpoints and proxies.

use std::{fs, os::unix::fs::PermissionsExt as _};

use pgfleet_simulator::{Fault, FaultEffect};
use pgfleet_tests::Ran;

use crate::{cloud::Cloud, trouble::refusal};

const PLAN: [&str; 2] = ["plan", "truck.toml"];

impl Cloud {
    /// Runs the binary with the credentials of a program, which gives another key each time.
    pub(crate) fn run_by_program(&self, arguments: &[&str]) -> Ran {
        self.run_by("\"AccessKeyId\": \"KEY%s\"", arguments)
    }

    /// The same, with what tells its answers apart; `%s` is their number.
    pub(crate) fn run_by(&self, key: &str, arguments: &[&str]) -> Ran {
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
    pub(crate) fn run_at(&self, endpoint: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("AWS_ENDPOINT_URL", endpoint);
        self.machine.start_command(command).wait()
    }

    /// What exists is as it was.
    #[track_caller]
    pub(crate) fn has_nothing(&self) {
        let state = self.control().state();
        assert_eq!(state["aws"]["instances"].as_object().unwrap().len(), 0);
    }
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

impl Cloud {
    /// Runs the binary with a web identity instead of keys, and with these variables.
    pub(crate) fn run_by_token(&self, variables: &[(&str, &str)]) -> Ran {
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
