//! Fleets on a simulated Azure, through the binary: what is asked of it, and what a run survives.

#![expect(clippy::unwrap_used, reason = "a test that panics is one that fails")]

use std::{fs, process::Command};

use pgfleet_simulator::{AzureDenied, Clock, Fault, FaultEffect, Simulator};
use pgfleet_tests::{
    Cloud, Machine, Vendor, say, survives_kills, survives_lost_answers, survives_throttling,
};
use serde_json::json;

const APPLY: [&str; 3] = ["apply", "truck.toml", "--auto-approve"];
const DESTROY: [&str; 3] = ["destroy", "truck.toml", "--auto-approve"];
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
const LIST: &str = "Servers_ListByResourceGroup";

/// The words of Azure.
const AZURE: Vendor = Vendor {
    provider: "azure",
    region: "eastus2",
    size: "Standard_D2ds_v5",
    gib: 128,
    tables: "[azure]\nsubscription = '00000000-0000-0000-0000-000000000001'\n\
             resource_group = 'food'\n",
    environment: |endpoint| {
        vec![
            ("AZURE_RESOURCE_MANAGER_ENDPOINT", endpoint.to_owned()),
            ("TRUCK_PASSWORD", "planted-Passw0rd".to_owned()),
        ]
    },
};

fn cloud(replicas: usize) -> Cloud {
    let cloud = Cloud::new(AZURE);
    cloud.plan(replicas, "");
    cloud
}

/// Refuses a request of this action for a while.
fn refuse(cloud: &Cloud, action: &str, status: u16, code: &str, times: u64) {
    let effect = FaultEffect::Error {
        status,
        code: code.to_owned(),
        message: "not now".to_owned(),
    };
    let fault = Fault::new(effect).on(action).times(times);
    cloud.simulator.control().fault(fault);
}

/// A server that somebody else has made.
fn theirs() -> serde_json::Value {
    json!({
        "location": "eastus2",
        "tags": {"team": "food"},
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {"version": "16", "storage": {"storageSizeGB": 128}},
    })
}

#[test]
fn few_requests_do() {
    let cloud = cloud(4);
    let made = cloud.asked(&APPLY, 0);
    say(&format!("{made:?}"));
    // The list, and whether the five names are free; for each of the five a look, the call and a
    // look at its operation; and the last list.
    assert!(made.len() <= 2 + 5 + 3 * 5, "{made:?}");
    assert_eq!(cloud.asked(&["plan", "truck.toml"], 0), [LIST]);
    let gone = cloud.asked(&DESTROY, 0);
    say(&format!("{gone:?}"));
    assert!(gone.len() <= 2 + 3 * 5, "{gone:?}");
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn all_fleets_of_a_resource_group_are_seen_by_one_list() {
    let cloud = cloud(1);
    let other = cloud.written().replace("'truck'", "'cart'");
    fs::write(cloud.machine.path().join("cart.toml"), other).unwrap();
    let asked = cloud.asked(&["plan", "truck.toml", "cart.toml"], 0);
    let lists = asked.iter().filter(|action| *action == LIST).count();
    assert_eq!(lists, 1, "{asked:?}");
}

#[test]
fn an_apply_that_is_killed_after_each_request_is_taken_up() {
    survives_kills(AZURE, 2);
}

#[test]
fn a_database_is_made_whenever_the_run_before_was_killed() {
    for number in 1..20 {
        let cloud = cloud(0);
        let text = cloud.written();
        cloud.write(&text.replace("[primary]", "[primary]\ndatabase = 'orders'"));
        let run = cloud.machine.start_command(cloud.command(&APPLY));
        cloud.kills(run.pid(), number);
        let whole = run.wait().code == 0;
        cloud.kills_nothing();
        cloud.apply().exits(0);
        cloud.is_settled();
        let state = cloud.simulator.control().state().to_string();
        assert!(state.contains("\"orders\""), "no database after {number}");
        assert!(!state.contains("pending-database"), "a note has stayed");
        if whole {
            assert!(number > 2, "server, database and note are three requests");
            return;
        }
    }
    panic!("no run came to its end by itself");
}

#[test]
fn answers_that_are_lost_after_each_create_make_no_second_server() {
    survives_lost_answers(AZURE, &["Servers_CreateOrUpdate"]);
}

#[test]
fn throttling_at_each_request_in_turn_is_waited_out() {
    survives_throttling(AZURE, 5);
}

#[test]
fn a_busy_server_is_waited_for() {
    let cloud = cloud(1);
    refuse(&cloud, "Servers_CreateOrUpdate", 409, "ServerIsBusy", 3);
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    let larger = cloud.written().replace("D2ds", "D4ds");
    cloud.write(&larger);
    refuse(&cloud, "Servers_Update", 409, "ServerIsBusy", 2);
    cloud.apply().exits(0);
    cloud.is_as_planned(1);
    refuse(&cloud, "Servers_Delete", 409, "ServerIsBusy", 3);
    cloud.run(&DESTROY).exits(0);
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let cloud = cloud(1);
    let control = cloud.simulator.control();
    control
        .seed_azure(SUBSCRIPTION, "Food", "truck-replica-1", theirs())
        .unwrap();
    let asked = cloud.asked(&APPLY, 3);
    assert!(
        asked
            .iter()
            .all(|action| action == LIST || action.contains("Name")),
        "{asked:?}"
    );
    cloud
        .apply()
        .exits(3)
        .says("truck-replica-1 exists in eastus2 without pgfleet's tags");
}

#[test]
fn adoption_sets_tags_and_release_takes_them_off() {
    let cloud = cloud(0);
    let control = cloud.simulator.control();
    control
        .seed_azure(SUBSCRIPTION, "Food", "truck-primary", theirs())
        .unwrap();
    cloud.apply().exits(3).says("pgfleet adopt");
    let adopt = ["adopt", "truck.toml", "--auto-approve"];
    let asked = cloud.asked(&adopt, 0);
    assert_eq!(asked[..3], [LIST, "Servers_Get", "Servers_Update"]);
    assert_eq!(cloud.asked(&adopt, 0), [LIST]);
    cloud.run(&["plan", "truck.toml"]).exits(0);
    let state = control.state().to_string();
    assert!(state.contains("pgfleet-fleet"), "no tag was set");
    cloud
        .run(&["release", "truck.toml", "--auto-approve"])
        .exits(0);
    let state = control.state().to_string();
    assert!(!state.contains("pgfleet-fleet"), "a tag has stayed");
    assert!(state.contains("\"team\""), "a tag of theirs is gone");
    cloud.apply().exits(3).says("without pgfleet's tags");
}

#[test]
fn a_disk_that_has_grown_stays_and_a_new_replica_begins_with_it() {
    let cloud = cloud(1);
    let text = cloud
        .written()
        .replace("gib = 128", "gib = 128, autogrow = true");
    cloud.write(&text);
    cloud.apply().exits(0);
    let control = cloud.simulator.control();
    for id in ["truck-replica-1", "truck-primary"] {
        control.grow_azure_storage(id, 256).unwrap();
    }
    let plan = ["plan", "truck.toml", "--detailed-exitcode"];
    cloud.run(&plan).exits(0).says("256");
    cloud.write(&text.replace("count = 1", "count = 2"));
    cloud.apply().exits(0);
    cloud.is_as_planned(2);
}

#[test]
fn refusals_have_their_remedies_and_change_nothing() {
    let cloud = cloud(1);
    let control = cloud.simulator.control();
    control.change_azure(|options| {
        options.denied = vec![AzureDenied {
            action: "Microsoft.DBforPostgreSQL/flexibleServers/write".to_owned(),
            scope: format!("/subscriptions/{SUBSCRIPTION}"),
        }];
    });
    cloud
        .apply()
        .exits(1)
        .says("Microsoft.DBforPostgreSQL/flexibleServers/write");
    control.change_azure(|options| options.denied.clear());
    let text = cloud.written();
    cloud.write(&text.replace("'food'", "'drinks'"));
    cloud
        .apply()
        .exits(1)
        .says("look at `resource_group` in [azure]");
    cloud.write(&text.replace(SUBSCRIPTION, "00000000-0000-0000-0000-00000000000f"));
    cloud
        .apply()
        .exits(1)
        .says("look at `subscription` in [azure]");
    cloud.write(&text);
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
        refuse(&cloud, "Servers_CreateOrUpdate", status, code, 1);
        cloud.apply().exits(1).says(remedy);
    }
    control.fault(Fault::new(FaultEffect::Malformed).on(LIST).times(20));
    cloud
        .apply()
        .exits(1)
        .says("the answer to the list of servers");
    control.clear_faults();
    assert_eq!(cloud.instances(), [""; 0]);
}

#[test]
fn a_plain_endpoint_elsewhere_is_refused_before_anything_is_sent() {
    let cloud = cloud(1);
    let mut command = cloud.command(&APPLY);
    command.env(
        "AZURE_RESOURCE_MANAGER_ENDPOINT",
        "http://management.example.com",
    );
    let ran = cloud.machine.start_command(command).wait().exits(1);
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
             [[replicas]]\ncount = 1\n{}",
            AZURE.tables
        );
        fs::write(machine.path().join("truck.toml"), text).unwrap();
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
    let mut command = secure.command(&["destroy", "truck.toml", "--auto-approve"]);
    let text = fs::read_to_string(secure.machine.path().join("truck.toml")).unwrap();
    let text = format!("{text}[protect]\ndeletion = false\n");
    fs::write(secure.machine.path().join("truck.toml"), text).unwrap();
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
    let mut command = secure.command(&["plan", "truck.toml"]);
    command.env("AZURE_CLIENT_SECRET", "planted-wrong-secret");
    let ran = secure.machine.start_command(command).wait().exits(1);
    ran.never_says("planted")
        .says("client secret:")
        .says("nothing else was tried");
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
    let mut command = secure.command(&["plan", "truck.toml"]);
    command.env("AZURE_FEDERATED_TOKEN_FILE", file);
    secure.machine.start_command(command).wait().exits(0);
    assert_eq!(secure.logins(), 1);
}

#[test]
fn three_clouds_are_planned_and_applied_in_one_run() {
    let cloud = cloud(0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../plans/foodtruck-multicloud");
    let mut command = cloud.command(&["apply", folder, "--simulate", "--auto-approve"]);
    command.env("FOODTRUCK_DB_PASSWORD", "planted-Passw0rd");
    cloud.machine.start_command(command).wait().exits(0);
    let plan = ["plan", folder, "--simulate", "--detailed-exitcode"];
    cloud.run(&plan).exits(0);
    assert_eq!(cloud.simulator.control().request_count(), 0);
}

#[test]
fn a_plan_prints_commands_of_az() {
    let cloud = cloud(1);
    let shell = cloud
        .run(&["plan", "truck.toml", "--format", "shell"])
        .exits(0);
    shell
        .says("az postgres flexible-server create --name truck-primary")
        .says("az postgres flexible-server replica create --name truck-replica-1")
        .says("--source-server truck-primary")
        .says("--admin-password \"$TRUCK_PASSWORD\"");
}
