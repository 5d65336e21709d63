//! Fleets on a simulated Azure, through the binary: what is asked of it, what is waited out, and
//! what is told. What every cloud survives is in `clouds_under_fire.rs`.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, process::Command};

use pgfleet_simulator::{AzureDenied, Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{Clouds, Machine, Vendor, say, wait_until};
use serde_json::json;

const APPLY: [&str; 3] = ["apply", "azure.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "azure.toml", "--auto-approve"];
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const LIST: &str = "Servers_ListByResourceGroup";

fn clouds(replicas: usize) -> Clouds {
    let clouds = Clouds::new(Clock::AtOnce);
    clouds.write(Vendor::Azure, replicas);
    clouds
}

fn written(clouds: &Clouds) -> String {
    fs::read_to_string(clouds.machine.path().join("azure.toml")).unwrap()
}

fn write(clouds: &Clouds, text: &str) {
    fs::write(clouds.machine.path().join("azure.toml"), text).unwrap();
}

/// A server that somebody else has made.
fn seed(clouds: &Clouds, name: &str) {
    let theirs = json!({
        "location": "eastus2",
        "tags": {"team": "food"},
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {"version": "16", "storage": {"storageSizeGB": 128}},
    });
    let control = clouds.control();
    control
        .seed_azure(SUBSCRIPTION, "Food", name, theirs)
        .unwrap();
}

#[test]
fn few_requests_do() {
    let clouds = clouds(4);
    let made = clouds.asked(&APPLY, 0);
    say(&format!("{made:?}"));
    // The list, and whether the five names are free; for each of the five the call and a look at
    // its operation; and the last list.
    assert!(made.len() <= 2 + 5 + 2 * 5, "{made:?}");
    assert_eq!(clouds.asked(&["plan", "azure.toml"], 0), [LIST]);
    let gone = clouds.asked(&DESTROY, 0);
    say(&format!("{gone:?}"));
    assert!(gone.len() <= 2 + 3 * 5, "{gone:?}");
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn all_fleets_of_a_resource_group_are_seen_by_one_list() {
    let clouds = clouds(1);
    let other = written(&clouds).replace("'truck-azure'", "'cart-azure'");
    fs::write(clouds.machine.path().join("cart.toml"), other).unwrap();
    let asked = clouds.asked(&["plan", "azure.toml", "cart.toml"], 0);
    let lists = asked.iter().filter(|action| *action == LIST).count();
    assert_eq!(lists, 1, "{asked:?}");
}

#[test]
fn a_name_that_another_run_of_the_fleet_has_taken_meanwhile_is_no_refusal() {
    let clouds = clouds(1);
    let slow = FaultEffect::Slow {
        milliseconds: 1_500,
    };
    let names = Fault::new(slow).on("NameAvailability_Check").times(2);
    clouds.control().fault(names);
    let late = clouds.start(&APPLY);
    wait_until("the first run has its list", || {
        clouds.control().request_count() > 0
    });
    clouds.run(&APPLY).exits(0);
    late.wait().exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    // A PUT to a server that is there would have changed it.
    let records = clouds.control().requests();
    let puts = records
        .iter()
        .filter(|record| record.action == "Servers_CreateOrUpdate");
    assert_eq!(puts.count(), 2, "{records:?}");
}

#[test]
fn a_password_that_azure_would_not_take_is_refused_before_anything_is_sent() {
    let clouds = clouds(1);
    for (password, rule) in [
        ("planted1", "at least three of these kinds"),
        ("Planted-postgres1", "the administrator's name"),
    ] {
        let before = usize::try_from(clouds.control().request_count()).unwrap();
        let mut command = clouds.command(&APPLY);
        command.env("TRUCK_PASSWORD", password);
        let ran = clouds.machine.start_command(command).wait().exits(1);
        ran.says("the environment variable TRUCK_PASSWORD holds a password")
            .says(rule)
            .never_says(password);
        let asked = clouds.control().requests()[before..].to_vec();
        assert!(asked.iter().all(|record| !record.effect), "{asked:?}");
    }
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn a_region_and_a_size_that_there_are_not_are_told_with_the_plan() {
    let clouds = clouds(1);
    let text = written(&clouds);
    write(&clouds, &text.replace("eastus2", "eastus9"));
    let ran = clouds.run(&["plan", "azure.toml"]).exits(3);
    ran.says("`eastus9` is no region of `azure`")
        .says("`eastus2`");
    write(&clouds, &text.replace("D2ds_v5", "D3ds_v5"));
    let ran = clouds.run(&["plan", "azure.toml"]).exits(3);
    ran.says("`Standard_D3ds_v5` is no size")
        .says("`Standard_D2ds_v5`");
}

#[test]
fn a_busy_server_is_waited_for() {
    let clouds = clouds(1);
    clouds.refuse("Servers_CreateOrUpdate", 409, "ServerIsBusy", 3);
    clouds.apply(&["azure.toml"]).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    write(&clouds, &written(&clouds).replace("D2ds", "D4ds"));
    clouds.refuse("Servers_Update", 409, "ServerIsBusy", 2);
    clouds.apply(&["azure.toml"]).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    clouds.refuse("Servers_Delete", 409, "ServerIsBusy", 3);
    clouds.run(&DESTROY).exits(0);
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let clouds = clouds(1);
    seed(&clouds, "truck-azure-replica-1");
    let asked = clouds.asked(&APPLY, 3);
    let looks = |action: &String| action == LIST || action.contains("Name");
    assert!(asked.iter().all(looks), "{asked:?}");
    clouds
        .run(&APPLY)
        .exits(3)
        .says("truck-azure-replica-1 exists in eastus2 without pgfleet's tags");
}

#[test]
fn adoption_sets_tags_and_release_takes_them_off() {
    let clouds = clouds(0);
    seed(&clouds, "truck-azure-primary");
    clouds.run(&APPLY).exits(3).says("pgfleet adopt");
    let adopt = ["adopt", "azure.toml", "--auto-approve"];
    let first = clouds.asked(&adopt, 0);
    assert_eq!(first[..3], [LIST, "Servers_Get", "Servers_Update"]);
    assert_eq!(clouds.asked(&adopt, 0), [LIST]);
    clouds.run(&["plan", "azure.toml"]).exits(0);
    let state = clouds.control().state().to_string();
    assert!(state.contains("pgfleet-fleet"), "no tag was set");
    clouds
        .run(&["release", "azure.toml", "--auto-approve"])
        .exits(0);
    let state = clouds.control().state().to_string();
    assert!(!state.contains("pgfleet-fleet"), "a tag has stayed");
    assert!(state.contains("\"team\""), "a tag of theirs is gone");
    clouds.run(&APPLY).exits(3).says("without pgfleet's tags");
}

#[test]
fn a_disk_that_has_grown_stays_and_a_new_replica_begins_with_it() {
    let clouds = clouds(1);
    let text = written(&clouds).replace("gib = 128", "gib = 128, autogrow = true");
    write(&clouds, &text);
    clouds.apply(&["azure.toml"]).exits(0);
    // The primary's alone: its replica's may grow later.
    let grown = clouds.control().grow_azure_disk("truck-azure-primary", 256);
    grown.unwrap();
    let plan = ["plan", "azure.toml", "--detailed-exitcode"];
    clouds.run(&plan).exits(0).says("256");
    clouds.apply(&["azure.toml"]).exits(0);
    write(&clouds, &text.replace("count = 1", "count = 2"));
    clouds.apply(&["azure.toml"]).exits(0);
    clouds.run(&plan).exits(0);
}

#[test]
fn refusals_have_their_remedies_and_change_nothing() {
    let clouds = clouds(1);
    let control = clouds.control();
    let write_action = "Microsoft.DBforPostgreSQL/flexibleServers/write";
    control.change_azure(|options| {
        options.denied = vec![AzureDenied {
            action: write_action.to_owned(),
            scope: format!("/subscriptions/{SUBSCRIPTION}"),
        }];
    });
    clouds.run(&APPLY).exits(1).says(write_action);
    control.change_azure(|options| options.denied.clear());
    let text = written(&clouds);
    write(&clouds, &text.replace("'food'", "'drinks'"));
    let ran = clouds.run(&APPLY).exits(1);
    ran.says("look at `resource_group` in [azure]");
    let another = "00000000-0000-0000-0000-00000000000f";
    write(&clouds, &text.replace(SUBSCRIPTION, another));
    let ran = clouds.run(&APPLY).exits(1);
    ran.says("look at `subscription` in [azure]");
    write(&clouds, &text);
    for (status, code, remedy) in [
        (
            409,
            "MissingSubscriptionRegistration",
            "az provider register",
        ),
        (
            403,
            "RequestDisallowedByPolicy",
            "a policy of the subscription",
        ),
        (400, "QuotaExceeded", "ask for a higher quota"),
    ] {
        clouds.refuse("Servers_CreateOrUpdate", status, code, 1);
        clouds.run(&APPLY).exits(1).says(remedy);
    }
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn a_plain_endpoint_elsewhere_is_refused_before_anything_is_sent() {
    let clouds = clouds(1);
    let mut command = clouds.command(&APPLY);
    let elsewhere = "http://management.example.com";
    command.env("AZURE_RESOURCE_MANAGER_ENDPOINT", elsewhere);
    let ran = clouds.machine.start_command(command).wait().exits(1);
    ran.says("PGFLEET_INSECURE_ENDPOINT_HOSTS");
}

/// A simulated Azure over TLS, where tokens of 20 seconds are asked for.
struct Secure {
    machine: Machine,
    simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Secure {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let builder = Simulator::builder().clock(Clock::AtOnce).tls(true);
        let simulator = runtime.block_on(builder.start()).unwrap();
        simulator.control().change_azure(|options| {
            options.only_issued_tokens = true;
            options
                .clients
                .insert("pgfleet".to_owned(), "planted-secret".to_owned());
        });
        let machine = Machine::new();
        let authority = simulator.authority_pem().unwrap();
        fs::write(machine.path().join("authority.pem"), authority).unwrap();
        let text = format!(
            "fleet = 'truck'\nprovider = 'azure'\nregion = 'eastus2'\n[primary]\n\
             size = 'Standard_D2ds_v5'\npassword = {{ env = 'TRUCK_PASSWORD' }}\n\
             [[replicas]]\ncount = 1\n[azure]\nsubscription = '{SUBSCRIPTION}'\n\
             resource_group = 'food'\n"
        );
        fs::write(machine.path().join("azure.toml"), text).unwrap();
        Self {
            machine,
            simulator,
            _runtime: runtime,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.machine.command(arguments);
        let endpoint = self.simulator.endpoint();
        command
            .env("HOME", self.machine.path())
            .env("SSL_CERT_FILE", self.machine.path().join("authority.pem"))
            .env("AZURE_RESOURCE_MANAGER_ENDPOINT", &endpoint)
            .env("AZURE_AUTHORITY_HOST", &endpoint)
            .env("AZURE_TENANT_ID", "00000000-0000-0000-0000-0000000000aa")
            .env("AZURE_CLIENT_ID", "pgfleet")
            .env("TRUCK_PASSWORD", "planted-Passw0rd");
        command
    }

    /// How often a token was asked for.
    fn logins(&self) -> usize {
        let requests = self.simulator.control().requests();
        let logins = requests
            .iter()
            .filter(|record| record.action.contains("Token"));
        logins.count()
    }
}

#[test]
fn a_token_is_asked_for_once_over_tls_and_anew_when_it_expires() {
    let secure = Secure::new();
    let mut command = secure.command(&APPLY);
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    let ran = secure.machine.start_command(command).wait().exits(0);
    ran.never_says("planted");
    assert_eq!(secure.logins(), 1);
    // Tokens that live for two seconds are renewed while a run waits for its operations.
    secure
        .simulator
        .control()
        .change_azure(|options| options.token_seconds = 2);
    let mut command = secure.command(&["destroy", "azure.toml", "--auto-approve"]);
    let text = fs::read_to_string(secure.machine.path().join("azure.toml")).unwrap();
    let text = format!("{text}[protect]\ndeletion = false\n");
    fs::write(secure.machine.path().join("azure.toml"), text).unwrap();
    secure
        .simulator
        .control()
        .fault(Fault::new(FaultEffect::Slow { milliseconds: 700 }).times(20));
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    secure.machine.start_command(command).wait().exits(0);
    assert!(secure.logins() > 2, "{} logins", secure.logins());
}

#[test]
fn a_login_that_fails_says_which_and_keeps_the_secret() {
    let secure = Secure::new();
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_CLIENT_SECRET", "planted-wrong-secret");
    let ran = secure.machine.start_command(command).wait().exits(1);
    ran.never_says("planted")
        .says("client secret:")
        .says("nothing else was tried");
}

#[test]
fn a_login_that_is_down_for_a_while_is_waited_for() {
    let secure = Secure::new();
    // More than the identity library waits out by itself.
    let down = FaultEffect::Error {
        status: 503,
        code: "temporarily_unavailable".to_owned(),
        message: "not now".to_owned(),
    };
    let control = secure.simulator.control();
    control.fault(Fault::new(down).on("Token").times(5));
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_CLIENT_SECRET", "planted-secret");
    secure.machine.start_command(command).wait().exits(0);
    assert_eq!(secure.logins(), 6);
}

#[test]
fn an_assertion_in_a_file_logs_in() {
    let secure = Secure::new();
    secure
        .simulator
        .control()
        .change_azure(|options| options.clients.clear());
    let file = secure.machine.path().join("assertion");
    fs::write(&file, "header.payload.signature").unwrap();
    let mut command = secure.command(&["plan", "azure.toml"]);
    command.env("AZURE_FEDERATED_TOKEN_FILE", file);
    secure.machine.start_command(command).wait().exits(0);
    assert_eq!(secure.logins(), 1);
}

#[test]
fn three_clouds_are_planned_and_applied_in_one_run() {
    let clouds = clouds(0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../plans/foodtruck-multicloud");
    let mut command = clouds.command(&["apply", folder, "--simulate", "--auto-approve"]);
    command.env("FOODTRUCK_DB_PASSWORD", "Planted-passw0rd");
    clouds.machine.start_command(command).wait().exits(0);
    let plan = ["plan", folder, "--simulate", "--detailed-exitcode"];
    clouds.run(&plan).exits(0);
    assert_eq!(clouds.control().request_count(), 0);
}

#[test]
fn a_plan_prints_commands_of_az() {
    let clouds = clouds(1);
    let shell = clouds.run(&["plan", "azure.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    for words in [
        "az postgres flexible-server create --name truck-azure-primary",
        "az postgres flexible-server replica create --name truck-azure-replica-1",
        "--source-server truck-azure-primary",
        "--admin-password \"$TRUCK_PASSWORD\"",
    ] {
        shell.says(words);
    }
    clouds.apply(&["azure.toml"]).exits(0);
    let text = written(&clouds);
    write(
        &clouds,
        &text.replace("password =", "password_version = 2\npassword ="),
    );
    let shell = clouds.run(&["plan", "azure.toml", "--format", "shell"]);
    let shell = shell.exits(0);
    shell.says("az postgres flexible-server update --name truck-azure-primary");
    shell.says("--admin-password \"$TRUCK_PASSWORD\"");
    shell.says("pgfleet-password-version=2");
    shell.never_says("lanted");
}
