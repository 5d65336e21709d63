//! Subscriptions, groups, versions of the API, roles.

use crate::client::{Lab, SUBSCRIPTION, group_path, path, primary};
use pgfleet_simulator::{AzureDenied, AzureRole};
use serde_json::Value;

#[tokio::test]
async fn the_version_of_the_api_is_demanded_and_known() {
    let lab = Lab::at_once().await;
    let ask = async |method: &str, query: &str| {
        let target = format!("{}{query}", path("food"));
        lab.raw(method, &target, "", &primary().to_string()).await
    };
    ask("GET", "")
        .await
        .refused(400, "MissingApiVersionParameter");
    ask("GET", "?api-version=")
        .await
        .refused(400, "MissingApiVersionParameter");
    ask("GET", "?api-version=now")
        .await
        .refused(400, "InvalidApiVersionParameter");
    let unknown = ask("GET", "?api-version=2020-01-01").await;
    unknown
        .refused(400, "InvalidResourceType")
        .saying("2026-10-01");
    let unknown = ask("PUT", "?api-version=2023-06-01-preview").await;
    unknown
        .refused(400, "NoRegisteredProviderFound")
        .saying("'eastus'");
    for version in ["2022-12-01", "2024-08-01", "2025-08-01", "2026-10-01"] {
        let ok = ask("GET", &format!("?api-version={version}")).await;
        ok.refused(404, "ResourceNotFound");
    }
}

#[tokio::test]
async fn unknown_subscriptions_groups_and_servers_are_told_apart() {
    let lab = Lab::at_once().await;
    let other = SUBSCRIPTION.replace('1', "2");
    let there = path("food").replace(SUBSCRIPTION, &other);
    lab.read(&there).await.refused(404, "SubscriptionNotFound");
    let odd = path("food").replace(SUBSCRIPTION, "mine");
    lab.read(&odd).await.refused(400, "InvalidSubscriptionId");
    let group = path("food").replace("/Food/", "/drinks/");
    lab.read(&group)
        .await
        .refused(404, "ResourceGroupNotFound")
        .saying("'drinks'");
    lab.get("food")
        .await
        .refused(404, "ResourceNotFound")
        .saying("aka.ms/ARMResourceNotFoundFix");
    lab.change(|options| options.any_resource_group = true);
    lab.read(&group).await.refused(404, "ResourceNotFound");
}

#[tokio::test]
async fn subscriptions_and_groups_are_told() {
    let lab = Lab::at_once().await;
    let one = lab
        .read(&format!("/subscriptions/{SUBSCRIPTION}"))
        .await
        .ok();
    assert_eq!(one.text("/subscriptionId"), SUBSCRIPTION);
    let group = lab.read(&group_path("food")).await.ok();
    assert_eq!(group.text("/name"), "Food");
    let head = lab.call("HEAD", &group_path("food"), &Value::Null).await;
    assert_eq!(head.status, 204);
    let all = lab.read("/subscriptions").await.ok();
    assert_eq!(all.text("/value/0/state"), "Enabled");
}

#[tokio::test]
async fn a_caller_without_the_role_is_told_the_action_and_the_scope() {
    let lab = Lab::at_once().await;
    lab.change(|options| {
        options.denied = vec![AzureDenied {
            action: "Microsoft.DBforPostgreSQL/flexibleServers/write".to_owned(),
            scope: group_path("food"),
        }];
    });
    let refused = lab.put("food", &primary()).await;
    refused.refused(403, "AuthorizationFailed");
    refused.saying("'Microsoft.DBforPostgreSQL/flexibleServers/write'");
    refused.saying(&format!("over scope '{}'", path("food")));
    lab.get("food").await.refused(404, "ResourceNotFound");
    let records = lab.simulator.control().requests();
    assert_eq!(records[0].action, "Servers_CreateOrUpdate");
    assert_eq!(records[0].identifier.as_deref(), Some("food"));
    assert_eq!(records[0].outcome, "AuthorizationFailed");
}

#[tokio::test]
async fn roles_let_callers_do_what_they_name_below_their_scope() {
    let lab = Lab::at_once().await;
    lab.change(|options| {
        options.roles = vec![AzureRole {
            actions: vec!["Microsoft.DBforPostgreSQL/flexibleServers/write".to_owned()],
            scope: group_path("food"),
        }];
    });
    lab.put("food", &primary()).await.accepted();
    lab.get("food").await.refused(403, "AuthorizationFailed");
    lab.change(|options| options.roles[0].scope.push_str("-and-drinks"));
    let refused = lab.put("other", &primary()).await;
    refused.refused(403, "AuthorizationFailed");
}

#[tokio::test]
async fn a_listing_may_show_what_was() {
    let lab = Lab::at_once().await;
    let servers = async || {
        let listing = path("");
        let listed = lab.read(listing.trim_end_matches('/')).await.ok();
        listed.at("/value").as_array().unwrap().len()
    };
    lab.change(|options| options.stale_listings = 2);
    lab.put("food", &primary()).await.accepted();
    let seen = [servers().await, servers().await, servers().await];
    assert_eq!(seen, [0, 0, 1]);
    lab.get("food").await.ok();
}

#[tokio::test]
async fn what_is_not_simulated_is_refused() {
    let lab = Lab::at_once().await;
    let configurations = format!("{}/configurations", path("food"));
    lab.read(&configurations)
        .await
        .refused(404, "InvalidResourceType");
    let post = lab.call("POST", &path("food"), &Value::Null).await;
    post.refused(405, "HttpMethodNotSupported");
}
