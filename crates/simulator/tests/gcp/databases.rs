//! Databases, and the password of the administrator.

use crate::client::Lab;
use serde_json::{Value, json};

async fn make(lab: &Lab, instance: &str, body: Value) -> crate::http::Reply {
    let path = format!("instances/{instance}/databases");
    lab.call("POST", &path, &body).await
}

async fn names(lab: &Lab, instance: &str) -> Vec<String> {
    let path = format!("instances/{instance}/databases");
    let list = lab.call("GET", &path, &Value::Null).await.ok();
    let items = list.at("/items");
    let items = items.as_array().into_iter().flatten();
    items
        .filter_map(|item| item["name"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_database_is_made_by_an_operation_and_once() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let begun = make(&lab, "shop", json!({"name": "orders"})).await.ok();
    assert_eq!(begun.text("/operationType"), "CREATE_DATABASE");
    assert_eq!(lab.operation(&begun).await.text("/status"), "DONE");
    assert_eq!(
        names(&lab, "shop").await,
        ["cloudsqladmin", "postgres", "orders"]
    );
    let path = "instances/shop/databases/orders";
    let orders = lab.call("GET", path, &Value::Null).await.ok();
    assert_eq!(orders.text("/charset"), "UTF8");
    make(&lab, "shop", json!({"name": "orders"}))
        .await
        .refused(400, "invalid")
        .saying("already exists");
    let path = "instances/shop/databases/carts";
    let absent = lab.call("GET", path, &Value::Null).await;
    absent.refused(404, "databaseDoesNotExist");
}

#[tokio::test]
async fn a_database_needs_a_name_and_a_primary_that_is_idle() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    make(&lab, "shop", json!({})).await.refused(400, "required");
    make(&lab, "shop", json!({"name": "a", "owner": "me"}))
        .await
        .refused(400, "invalid");
    make(&lab, "shop-1", json!({"name": "orders"}))
        .await
        .refused(400, "errorReadReplicaInvalidOperation");
    make(&lab, "gone", json!({"name": "orders"}))
        .await
        .refused(404, "instanceDoesNotExist");
    let lab = Lab::manual().await;
    lab.primary("shop").await;
    make(&lab, "shop", json!({"name": "orders"}))
        .await
        .refused(409, "operationInProgress");
}

#[tokio::test]
async fn the_administrator_gets_another_password_which_is_kept_nowhere() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    let set = |query: &'static str, body: Value| {
        let lab = &lab;
        async move {
            let path = format!("instances/shop/users{query}");
            lab.call("PUT", &path, &body).await
        }
    };
    let body = json!({"name": "postgres", "password": "planted-word"});
    let begun = set("?name=postgres&host=", body.clone()).await.ok();
    assert_eq!(begun.text("/operationType"), "UPDATE_USER");
    assert_eq!(lab.operation(&begun).await.text("/status"), "DONE");
    set("", body.clone()).await.refused(400, "required");
    set("?name=boss", body.clone())
        .await
        .refused(400, "invalid");
    let boss = json!({"password": "planted-word"});
    set("?name=boss", boss)
        .await
        .refused(404, "userDoesNotExist");
    set("?name=postgres", json!({}))
        .await
        .refused(400, "required");
    set("?name=postgres&host=10.0.0.1", body)
        .await
        .refused(400, "invalid");
    let state = lab.simulator.control().state().to_string();
    assert!(!state.contains("planted-word"), "a password is kept");
}
