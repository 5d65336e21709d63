//! Lists: filters, pages, tiers.

use crate::client::{Lab, primary, with};
use serde_json::{Value, json};

async fn names(lab: &Lab, query: &str) -> Vec<String> {
    let list = lab.list(query).await.ok().json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_is_filtered_by_labels_and_fields() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    let labels = json!({"settings": {"userLabels": {"managed-by": "somebody"}}});
    lab.insert(&with(primary("other"), labels)).await.ok();
    for (filter, expected) in [
        ("settings.userLabels.managed-by:pgfleet", vec!["shop"]),
        ("settings.userLabels.managed-by=somebody", vec!["other"]),
        (
            "settings.userLabels.managed-by%3Apgfleet%20AND%20state%3ARUNNABLE",
            vec!["shop"],
        ),
        ("instanceType:READ_REPLICA_INSTANCE", vec!["shop-1"]),
        ("masterInstanceName:shop", vec!["shop-1"]),
        ("masterInstanceName:lab-1:shop", vec![]),
        ("masterInstanceName:%22lab-1:shop%22", vec!["shop-1"]),
        (
            "state:RUNNABLE+instanceType:CLOUD_SQL_INSTANCE",
            vec!["other", "shop"],
        ),
        ("name:other+OR+name:shop", vec!["other", "shop"]),
        ("state:FAILED", vec![]),
    ] {
        if filter == "masterInstanceName:lab-1:shop" {
            let reply = lab.list(&format!("filter={filter}")).await;
            reply.refused(400, "invalid");
            continue;
        }
        assert_eq!(
            names(&lab, &format!("filter={filter}")).await,
            expected,
            "{filter}"
        );
    }
    lab.list("filter=colour:red")
        .await
        .refused(400, "invalid")
        .saying("unknown field colour");
}

#[tokio::test]
async fn a_list_comes_in_pages_that_nothing_shifts() {
    let lab = Lab::at_once().await;
    for name in ["a", "b", "c", "d"] {
        lab.primary(name).await;
    }
    let first = lab.list("maxResults=2").await.ok();
    assert_eq!(first.at("/items").as_array().unwrap().len(), 2);
    let token = first.text("/nextPageToken");
    lab.delete("b").await.ok();
    lab.primary("aa").await;
    assert_eq!(
        names(&lab, &format!("maxResults=2&pageToken={token}")).await,
        ["c", "d"]
    );
    let last = lab.list(&format!("pageToken={token}")).await.ok();
    assert_eq!(last.at("/nextPageToken"), Value::Null);
    lab.list("pageToken=x").await.refused(400, "invalid");
    assert_eq!(names(&lab, "maxResults=0").await.len(), 4);
}

#[tokio::test]
async fn an_empty_list_has_no_items() {
    let lab = Lab::at_once().await;
    assert_eq!(
        lab.list("").await.ok().json(),
        json!({"kind": "sql#instancesList"})
    );
}

#[tokio::test]
async fn predefined_tiers_are_listed() {
    let lab = Lab::at_once().await;
    let tiers = lab.call("GET", "tiers", &Value::Null).await.ok().json();
    let items = tiers["items"].as_array().unwrap();
    let micro = items
        .iter()
        .find(|tier| tier["tier"] == "db-f1-micro")
        .unwrap();
    assert!(micro["RAM"].is_string() && micro["DiskQuota"].is_string());
    assert!(
        micro["region"]
            .as_array()
            .unwrap()
            .contains(&json!("europe-west1"))
    );
}
