//! What Azure does not do, and how it says so.

use pgfleet_simulator::{AzureAddresses, AzureDenied, Fault, FaultEffect};
use pgfleet_tests::Vendor;

use crate::cloud::{APPLY, DESTROY, SUBSCRIPTION, clouds, seed, write, written};

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
    // Nor one that the administrator of a server that runs is to get.
    clouds.run(&APPLY).exits(0);
    let text = written(&clouds);
    write(
        &clouds,
        &text.replace("password =", "password_version = 2\npassword ="),
    );
    let before = usize::try_from(clouds.control().request_count()).unwrap();
    let mut command = clouds.command(&APPLY);
    command.env("TRUCK_PASSWORD", "Planted-postgres1");
    let ran = clouds.machine.start_command(command).wait().exits(1);
    ran.says("the administrator's name");
    let asked = clouds.control().requests()[before..].to_vec();
    assert!(asked.iter().all(|record| !record.effect), "{asked:?}");
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
        (409, "InvalidResourceLocation", "is in another region"),
        (409, "ServerNameNotAvailable", "names are unique"),
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

#[test]
fn an_operation_without_a_status_tells_why_it_failed() {
    let clouds = clouds(1);
    let control = clouds.control();
    control.change_azure(|options| options.operation_addresses = AzureAddresses::Location);
    let no_room = || {
        let word = "NoRoomInTheZone".to_owned();
        Fault::new(FaultEffect::EndIn { word }).on("Servers_CreateOrUpdate")
    };
    control.fault(no_room());
    let asked = clouds.asked(&APPLY, 5);
    let after = asked
        .iter()
        .filter(|action| *action == "Operations_GetResult");
    assert_eq!(after.count(), 1, "{asked:?}");
    control.fault(no_room());
    clouds.run(&APPLY).exits(5).says("NoRoomInTheZone");
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
}

#[test]
fn whoever_may_not_ask_after_operations_looks_at_the_servers() {
    let clouds = clouds(1);
    let control = clouds.control();
    control.change_azure(|options| {
        options.denied = ["azureAsyncOperation", "operationResults"]
            .map(|kind| AzureDenied {
                action: format!("Microsoft.DBforPostgreSQL/locations/{kind}/read"),
                scope: format!("/subscriptions/{SUBSCRIPTION}"),
            })
            .to_vec();
    });
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    write(&clouds, &written(&clouds).replace("D2ds", "D4ds"));
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    clouds.run(&DESTROY).exits(0);
    assert!(clouds.is_empty(Vendor::Azure));
    seed(&clouds, "truck-azure-primary");
    clouds
        .run(&["adopt", "azure.toml", "--auto-approve"])
        .exits(0);
    let state = clouds.control().state().to_string();
    assert!(state.contains("pgfleet-fleet"), "no tag was set");
}

#[test]
fn a_list_that_lags_behind_is_looked_at_again() {
    let clouds = clouds(1);
    let control = clouds.control();
    control.change_azure(|options| options.stale_listings = 2);
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    write(&clouds, &written(&clouds).replace("D2ds", "D4ds"));
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    clouds.run(&DESTROY).exits(0);
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn a_name_that_cannot_be_asked_for_is_no_refusal() {
    let clouds = clouds(1);
    let error = |status| FaultEffect::Error {
        status,
        code: String::new(),
        message: String::new(),
    };
    for answer in [error(501), error(405), FaultEffect::Malformed] {
        let names = Fault::new(answer).on("NameAvailability_Check").times(2);
        clouds.control().fault(names);
        let ran = clouds.run(&["plan", "azure.toml"]).exits(0);
        ran.says("azure/not-asked");
    }
}

#[test]
fn an_endpoint_with_a_path_is_refused_before_anything_is_sent() {
    let clouds = clouds(1);
    let mut command = clouds.command(&["plan", "azure.toml"]);
    let endpoint = format!("{}/arm", clouds.endpoint());
    command.env("AZURE_RESOURCE_MANAGER_ENDPOINT", endpoint);
    let ran = clouds.machine.start_command(command).wait().exits(1);
    ran.says("holds more than a host")
        .says("AZURE_RESOURCE_MANAGER_ENDPOINT");
    assert_eq!(clouds.control().request_count(), 0);
}

/// How often each server was changed by what came after a number of requests.
fn changes_since(clouds: &pgfleet_tests::Clouds, before: usize) -> Vec<String> {
    let asked = clouds.control().requests()[before..].to_vec();
    let mut changed: Vec<String> = asked
        .into_iter()
        .filter(|record| record.effect)
        .map(|record| format!("{} {:?}", record.action, record.identifier))
        .collect();
    changed.sort();
    changed
}

#[test]
fn what_is_taken_without_an_address_is_judged_by_the_server_and_not_by_a_list_that_lags() {
    let clouds = clouds(1);
    let control = clouds.control();
    control.change_azure(|options| {
        options.operation_addresses = AzureAddresses::Nowhere;
        options.stale_listings = 3;
    });
    clouds.run(&APPLY).exits(0);
    clouds.is_whole(Vendor::Azure, 1);
    write(&clouds, &written(&clouds).replace("D2ds", "D4ds"));
    let before = usize::try_from(control.request_count()).unwrap();
    clouds.run(&APPLY).exits(0);
    let changed = changes_since(&clouds, before);
    assert_eq!(changed.len(), 2, "each is scaled once: {changed:?}");
    let before = usize::try_from(control.request_count()).unwrap();
    clouds.run(&DESTROY).exits(0);
    let changed = changes_since(&clouds, before);
    assert_eq!(changed.len(), 2, "each is deleted once: {changed:?}");
    assert!(clouds.is_empty(Vendor::Azure));
}

#[test]
fn a_failure_that_repeats_the_password_does_not_tell_it() {
    let clouds = clouds(1);
    let control = clouds.control();
    control.change_azure(|options| {
        options.failure_message = "`Planted-4711.` is too weak".to_owned();
    });
    let word = "OperationFailed".to_owned();
    control.fault(Fault::new(FaultEffect::EndIn { word }).on("Servers_CreateOrUpdate"));
    let mut command = clouds.command(&APPLY);
    command.env("TRUCK_PASSWORD", "Planted-4711.");
    let ran = clouds.machine.start_command(command).wait().exits(5);
    ran.says("`***` is too weak").never_says("Planted");
}

#[test]
fn one_bad_answer_about_an_operation_does_not_end_it() {
    for (addresses, asked, status, code) in [
        (
            AzureAddresses::Location,
            "Operations_GetResult",
            500,
            "InternalServerError",
        ),
        (
            AzureAddresses::AsyncOperation,
            "Operations_GetStatus",
            400,
            "InvalidResourceLocation",
        ),
        (
            AzureAddresses::AsyncOperation,
            "Operations_GetStatus",
            404,
            "OperationNotFound",
        ),
    ] {
        let clouds = clouds(1);
        let control = clouds.control();
        control.change_azure(|options| options.operation_addresses = addresses);
        clouds.refuse(asked, status, code, 1);
        clouds.run(&APPLY).exits(0);
        clouds.is_whole(Vendor::Azure, 1);
        write(&clouds, &written(&clouds).replace("D2ds", "D4ds"));
        clouds.refuse(asked, status, code, 1);
        clouds.run(&APPLY).exits(0);
        clouds.is_whole(Vendor::Azure, 1);
    }
}
