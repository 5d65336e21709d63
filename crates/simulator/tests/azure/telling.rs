//! Listings, capabilities, names: what is told, and to whom.

use crate::client::{Lab, SUBSCRIPTION, VERSION, group_path, path, primary, replica};
use serde_json::{Value, json};

const SERVERS: &str = "providers/Microsoft.DBforPostgreSQL/flexibleServers";

#[tokio::test]
async fn listings_come_by_page_and_their_links_are_followed_as_they_are() {
    let lab = Lab::at_once().await;
    lab.change(|options| options.page_size = 2);
    for name in ["one", "two", "three", "four", "five"] {
        lab.put(name, &primary()).await.accepted();
    }
    for start in [group_path("food"), format!("/subscriptions/{SUBSCRIPTION}")] {
        let mut target = format!("{start}/{SERVERS}?api-version={VERSION}");
        let (mut names, mut pages) = (Vec::new(), 0);
        loop {
            let page = lab.raw("GET", &target, "", "").await.ok();
            pages += 1;
            let value = page.at("/value");
            for server in value.as_array().unwrap() {
                names.push(server["name"].as_str().unwrap().to_owned());
            }
            let next = page.text("/nextLink");
            if next.is_empty() {
                break;
            }
            crate::client::target(&next).clone_into(&mut target);
        }
        assert_eq!(names, ["five", "four", "one", "three", "two"]);
        assert_eq!(pages, 3);
    }
    let odd = format!(
        "{}/{SERVERS}?api-version={VERSION}&$skiptoken=%21",
        group_path("Food")
    );
    lab.raw("GET", &odd, "", "")
        .await
        .refused(400, "InvalidSkipToken");
}

#[tokio::test]
async fn ids_are_known_in_any_case() {
    let lab = Lab::at_once().await;
    lab.put("food", &primary()).await.accepted();
    let shouted = format!(
        "{}?API-VERSION={VERSION}",
        path("food").to_ascii_uppercase()
    );
    let server = lab.raw("GET", &shouted, "", "").await.ok();
    assert_eq!(server.text("/id"), path("food"));
}

#[tokio::test]
async fn each_version_answers_what_it_has() {
    let lab = Lab::at_once().await;
    lab.fleet(1).await;
    let get = |version: &str| format!("{}?api-version={version}", path("r1-food"));
    let old = lab.raw("GET", &get("2022-12-01"), "", "").await.ok();
    assert_eq!(old.at("/properties/replica"), Value::Null);
    assert_eq!(old.at("/properties/storage"), json!({"storageSizeGB": 128}));
    assert_eq!(old.at("/properties/replicaCapacity"), 0);
    for version in ["2024-08-01", "2025-08-01", "2026-10-01"] {
        let new = lab.raw("GET", &get(version), "", "").await.ok();
        assert_eq!(new.text("/properties/replica/role"), "AsyncReplica");
        assert_eq!(new.text("/properties/storage/autoGrow"), "Disabled");
    }
}

#[tokio::test]
async fn names_are_free_taken_or_none() {
    let lab = Lab::at_once().await;
    lab.put("food", &primary()).await.accepted();
    let start = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL");
    let ask =
        |name: &str| json!({"name": name, "type": "Microsoft.DBforPostgreSQL/flexibleServers"});
    for path in [
        format!("{start}/checkNameAvailability"),
        format!("{start}/locations/eastus/checkNameAvailability"),
    ] {
        let taken = lab.call("POST", &path, &ask("food")).await.ok();
        assert_eq!(taken.at("/nameAvailable"), false);
        assert_eq!(taken.text("/reason"), "AlreadyExists");
        let free = lab.call("POST", &path, &ask("free")).await.ok();
        assert_eq!(free.at("/nameAvailable"), true);
        let none = lab.call("POST", &path, &ask("No")).await.ok();
        assert_eq!(none.text("/reason"), "Invalid");
        let other = json!({"name": "food", "type": "Microsoft.Sql/servers"});
        lab.call("POST", &path, &other)
            .await
            .refused(400, "InvalidParameterValue");
    }
}

#[tokio::test]
async fn capabilities_tell_sizes_disks_and_zones() {
    let lab = Lab::at_once().await;
    let ask = |region: &str| {
        format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL/locations/{region}/\
             capabilities"
        )
    };
    let here = lab.read(&ask("East%20US")).await.ok();
    let editions = here.at("/value/0/supportedServerEditions");
    let general = editions
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "GeneralPurpose");
    let general = general.unwrap();
    let sizes = general["supportedServerSkus"].as_array().unwrap();
    let size = sizes
        .iter()
        .find(|size| size["name"] == "Standard_D4ds_v5")
        .unwrap();
    assert_eq!(
        (&size["vCores"], &size["supportedMemoryPerVcoreMb"]),
        (&json!(4), &json!(4096))
    );
    let disks = &general["supportedStorageEditions"][0]["supportedStorageMb"];
    assert_eq!(disks[2]["storageSizeMb"], 131_072);
    assert_eq!(disks[2]["defaultIopsTier"], "P10");
    assert_eq!(here.text("/value/0/zoneRedundantHaSupported"), "Enabled");
    let west = lab.read(&ask("westus")).await.ok();
    assert_eq!(west.text("/value/0/zoneRedundantHaSupported"), "Disabled");
    lab.read(&ask("moon"))
        .await
        .refused(400, "LocationNotAvailableForResourceType");
    lab.change(|options| options.restricted_regions = vec!["westus".to_owned()]);
    let west = lab.read(&ask("westus")).await.ok();
    assert_eq!(west.text("/value/0/restricted"), "Enabled");
}

#[tokio::test]
async fn seeded_servers_have_been_there_all_along() {
    let lab = Lab::manual().await;
    let control = lab.simulator.control();
    let mut body = primary();
    let properties = body["properties"].as_object_mut().unwrap();
    for name in [
        "createMode",
        "administratorLogin",
        "administratorLoginPassword",
    ] {
        properties.remove(name);
    }
    assert_eq!(
        control.seed_azure(SUBSCRIPTION, "food", "food", body.clone()),
        Ok(true)
    );
    assert_eq!(
        control.seed_azure(SUBSCRIPTION, "food", "food", body),
        Ok(false)
    );
    assert_eq!(
        control.seed_azure(SUBSCRIPTION, "food", "replica", replica("food")),
        Ok(true)
    );
    assert_eq!(lab.state("replica").await, "Ready");
    let change = json!({"tags": {"a": "b"}});
    lab.patch("food", &change).await.accepted();
    let error = control
        .seed_azure(SUBSCRIPTION, "food", "x", primary())
        .unwrap_err();
    assert!(error.starts_with("InvalidParameterValue"), "{error}");
}
