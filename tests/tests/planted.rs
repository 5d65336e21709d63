//! Passwords and tokens that are planted in the environment of whole runs stand in nothing that
//! pgfleet prints, logs or saves, however much is logged. A cloud joins by a line in [`stages`].

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, path::Path};

use pgfleet_simulator::{Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Machine, Ran, Served};

/// Nothing in them is changed by the encodings of the wire, so that they are found in it.
const PASSWORD: &str = "PlantedPassword4711";
const KEY: &str = "PlantedSecretKey4712";
const TOKEN: &str = "PlantedSessionToken4713";

/// One platform: its plan file, and what finds it.
struct Stage {
    name: &'static str,
    plan: fn(&Machine) -> String,
    /// Variables that hold the endpoint and planted credentials, or lead to a file of them.
    environment: fn(endpoint: &str, folder: &Path) -> Vec<(&'static str, String)>,
    /// Whether instances can be released and adopted again.
    adopts: bool,
    /// What a log of a whole run names: requests of the wire where there are any.
    logs: &'static [&'static str],
}

fn stages() -> [Stage; 4] {
    [
        Stage {
            name: "local",
            plan: |machine| {
                format!(
                    "provider = 'local'\n{}\n[local]\ndata_dir = '{}'\nport = {}\n[connect]\n\
                     user = 'postgres'\npassword = {{ env = 'TRUCK_PASSWORD' }}\n",
                    instances(""),
                    machine.data().display(),
                    machine.port(0)
                )
            },
            environment: |_, _| Vec::new(),
            adopts: false,
            logs: &["provider=local", "create", "observe", "outcome=\"ok\""],
        },
        Stage {
            name: "aws",
            plan: |_| {
                let instances = instances(
                    "size = 'db.m5.large'\nstorage = { gib = 100 }\nfinal_snapshot = false\n",
                );
                format!("provider = 'aws'\nregion = 'us-east-1'\n{instances}")
            },
            environment: |endpoint, _| {
                vec![
                    ("AWS_ENDPOINT_URL", endpoint.to_owned()),
                    ("AWS_ACCESS_KEY_ID", "AKIDPLANTED".to_owned()),
                    ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
                    ("AWS_SESSION_TOKEN", TOKEN.to_owned()),
                    ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
                ]
            },
            adopts: true,
            logs: &[
                "provider=aws",
                "operation=\"CreateDBInstance\"",
                "resource=truck-primary",
                "request_id=",
                "region=us-east-1",
                "status=200",
                "seconds=",
            ],
        },
        Stage {
            name: "azure",
            plan: |_| {
                let instances = instances("size = 'Standard_D2ds_v5'\nstorage = { gib = 128 }\n");
                format!(
                    "provider = 'azure'\nregion = 'eastus2'\n{instances}[azure]\n\
                     subscription = '00000000-0000-0000-0000-000000000001'\n\
                     resource_group = 'food'\n"
                )
            },
            environment: |endpoint, _| {
                vec![
                    ("AZURE_RESOURCE_MANAGER_ENDPOINT", endpoint.to_owned()),
                    ("AZURE_CLIENT_SECRET", KEY.to_owned()),
                    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", TOKEN.to_owned()),
                ]
            },
            adopts: true,
            logs: &[
                "provider=azure",
                "operation=\"Servers_CreateOrUpdate\"",
                "resource=truck-primary",
                "request_id=",
                "status=202",
                "seconds=",
            ],
        },
        Stage {
            name: "gcp",
            plan: |_| {
                let instances = instances("size = 'db-custom-2-7680'\nstorage = { gib = 100 }\n");
                format!(
                    "provider = 'gcp'\nregion = 'us-east1'\n{instances}[gcp]\n\
                     project = 'food'\n"
                )
            },
            environment: google,
            adopts: true,
            logs: &[
                "provider=gcp",
                "operation=\"instances.insert\"",
                "resource=truck-primary",
                "status=200",
                "seconds=",
            ],
        },
    ]
}

/// Google takes its credentials from a file.
fn google(endpoint: &str, folder: &Path) -> Vec<(&'static str, String)> {
    let file = folder.join("credentials.json");
    let secrets = serde_json::json!({
        "type": "authorized_user",
        "client_id": "client",
        "client_secret": KEY,
        "refresh_token": TOKEN,
    });
    fs::write(&file, secrets.to_string()).unwrap();
    vec![
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", endpoint.to_owned()),
        ("GOOGLE_APPLICATION_CREDENTIALS", file.display().to_string()),
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN.to_owned()),
    ]
}

fn instances(size: &str) -> String {
    format!(
        "[primary]\npassword = {{ env = 'TRUCK_PASSWORD' }}\n{size}\
         [[replicas]]\ncount = 1\n[protect]\ndeletion = false\n"
    )
}

/// Every word that must not be found.
fn is_clean(place: &str, text: &str) {
    for secret in [PASSWORD, KEY, TOKEN] {
        assert!(
            !text.contains(secret),
            "{secret} stands in {place}:\n{text}"
        );
    }
}

/// Runs of every verb on one platform, with all that can be logged.
fn whole_runs(stage: &Stage, log_format: &str) -> Vec<Ran> {
    let machine = Machine::new();
    let clouds = machine.path().join("clouds.json");
    let simulator = Served::start(
        Simulator::builder()
            .clock(Clock::AtOnce)
            .state_file(&clouds),
    );
    let plan = format!("fleet = 'truck'\n{}", (stage.plan)(&machine));
    fs::write(machine.path().join("truck.toml"), plan).unwrap();
    let run = |words: &str, code: i32| {
        let arguments: Vec<&str> = words.split(' ').collect();
        let mut command = machine.command(&arguments);
        command
            .args(["--log-format", log_format])
            .env("RUST_LOG", "trace")
            .env("TRUCK_PASSWORD", PASSWORD)
            .envs((stage.environment)(&simulator.endpoint(), machine.path()));
        let ran = machine.start_command(command).wait().exits(code);
        is_clean(&ran.command, &ran.to_string());
        ran
    };
    let mut runs = vec![
        run("plan truck.toml", 0),
        run("plan truck.toml --format json", 0),
        run("plan truck.toml --format shell", 0),
        run("plan truck.toml --out saved.json", 0),
        run("apply saved.json --format json", 0),
        run("status truck.toml", 0),
        run("status truck.toml --format json", 0),
        run("plan truck.toml --detailed-exitcode", 0),
    ];
    if stage.adopts {
        runs.push(run("release truck.toml --auto-approve", 0));
        runs.push(run("adopt truck.toml --auto-approve", 0));
    } else {
        runs.push(run("verify truck.toml", 0));
        runs.push(run("adopt truck.toml --auto-approve", 0));
    }
    for name in ["saved.json", "clouds.json"] {
        if let Ok(text) = fs::read_to_string(machine.path().join(name)) {
            is_clean(name, &text);
        }
    }
    runs.push(run("destroy truck.toml --auto-approve", 0));
    runs.push(run("apply truck.toml --auto-approve", 0));
    runs.push(run("destroy truck.toml --auto-approve --format json", 0));
    drop(simulator);
    runs
}

#[test]
fn nothing_that_is_planted_is_printed_logged_or_saved() {
    for stage in stages() {
        let runs = whole_runs(&stage, "text");
        let log: String = runs.iter().map(|ran| ran.stderr.as_str()).collect();
        for word in stage.logs {
            assert!(log.contains(word), "{}: no {word} in\n{log}", stage.name);
        }
    }
}

/// What AWS answers to a signature that is wrong: it repeats the whole request.
fn canonical_string() -> String {
    format!(
        "The request signature we calculated does not match the signature you provided.\n\nThe \
         Canonical String for this request should have been\n'POST\n/\n\n\
         host:rds.us-east-1.amazonaws.com\nx-amz-date:20261130T050000Z\n\
         x-amz-security-token:{TOKEN}\n\nhost;x-amz-date;x-amz-security-token\ne3b0c442'\n\nThe \
         String-to-Sign should have been\n'AWS4-HMAC-SHA256\nabc'\n"
    )
}

#[test]
fn what_aws_repeats_of_a_request_is_not_told() {
    let stages = stages();
    let stage = &stages[1];
    let answers = [
        ("SignatureDoesNotMatch", canonical_string()),
        ("InvalidSignatureException", canonical_string()),
        (
            "IncompleteSignature",
            format!("X-Amz-Security-Token={TOKEN}"),
        ),
        // Whatever it stands behind, in words of a proxy.
        ("AccessDenied", format!("no way for {TOKEN} with {KEY}")),
    ];
    for (code, said) in answers {
        let machine = Machine::new();
        let simulator = Served::start(Simulator::builder().clock(Clock::AtOnce));
        let plan = format!("fleet = 'truck'\n{}", (stage.plan)(&machine));
        fs::write(machine.path().join("truck.toml"), plan).unwrap();
        for (action, words) in [
            ("DescribeDBInstances", "plan truck.toml --github"),
            ("DescribeDBInstances", "status truck.toml --format json"),
            ("DescribeOrderableDBInstanceOptions", "plan truck.toml"),
            (
                "CreateDBInstance",
                "apply truck.toml --auto-approve --github",
            ),
            (
                "CreateDBInstance",
                "apply truck.toml --auto-approve --format json",
            ),
        ] {
            let answer = FaultEffect::Error {
                status: 403,
                code: code.to_owned(),
                message: said.clone(),
            };
            let control = simulator.control();
            control.clear_faults();
            control.fault(Fault::new(answer).on(action).times(0));
            let arguments: Vec<&str> = words.split(' ').collect();
            let mut command = machine.command(&arguments);
            let summary = machine.path().join("summary");
            command
                .arg("-vv")
                .env("RUST_LOG", "trace")
                .env("TRUCK_PASSWORD", PASSWORD)
                .env("GITHUB_STEP_SUMMARY", &summary)
                .env("GITHUB_OUTPUT", machine.path().join("outputs"))
                .envs((stage.environment)(&simulator.endpoint(), machine.path()));
            let ran = machine.start_command(command).wait();
            is_clean(&ran.command, &ran.to_string());
            assert!(ran.to_string().contains(code), "{ran}");
        }
        let summary = fs::read_to_string(machine.path().join("summary"));
        is_clean("the summary", &summary.unwrap_or_default());
    }
}

#[test]
fn a_log_in_json_has_an_object_in_each_of_its_lines() {
    let stages = stages();
    let runs = whole_runs(&stages[1], "json");
    let mut operations = Vec::new();
    for line in runs.iter().flat_map(|ran| ran.stderr.lines()) {
        // Words to people stand between them.
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else {
            assert!(!line.starts_with('{'), "{line}");
            continue;
        };
        assert!(line["timestamp"].is_string() && line["level"].is_string());
        if line["target"] == "pgfleet::wire" {
            assert_eq!(line["span"]["provider"], "aws", "{line}");
            assert!(line["request_id"].is_string(), "{line}");
            assert!(line["seconds"].is_number(), "{line}");
            operations.push(line["operation"].as_str().unwrap().to_owned());
        }
    }
    for wanted in [
        "DescribeDBInstances",
        "DescribeOrderableDBInstanceOptions",
        "CreateDBInstance",
        "CreateDBInstanceReadReplica",
        "AddTagsToResource",
        "DeleteDBInstance",
    ] {
        assert!(operations.iter().any(|one| one == wanted), "no {wanted}");
    }
}

#[test]
fn nothing_is_logged_unless_it_is_asked_for() {
    let machine = Machine::new();
    let stages = stages();
    let plan = format!("fleet = 'truck'\n{}", (stages[1].plan)(&machine));
    fs::write(machine.path().join("truck.toml"), plan).unwrap();
    let run = |arguments: &[&str], level: Option<&str>| {
        let plan = ["plan", "truck.toml", "--simulate"];
        let mut command = machine.command(&[&plan, arguments].concat());
        command.env_remove("RUST_LOG");
        if let Some(level) = level {
            command.env("RUST_LOG", level);
        }
        machine.start_command(command).wait()
    };
    run(&[], None).exits(0).never_says("pgfleet::wire");
    run(&["-v"], None).exits(0).says("pgfleet::wire");
    run(&["-v"], Some("off"))
        .exits(0)
        .never_says("pgfleet::wire");
    run(&[], Some("pgfleet=info"))
        .exits(0)
        .says("pgfleet::wire");
    for wrong in ["no=such=level", "=info", "[", "][", "%%%"] {
        run(&[], Some(wrong))
            .exits(64)
            .says("RUST_LOG is no list of targets and levels");
    }
}
