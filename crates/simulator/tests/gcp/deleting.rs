//! Deletion: what is protected, what goes first.

use crate::client::{Lab, primary, with};
use serde_json::json;

#[tokio::test]
async fn a_protected_instance_stays() {
    let lab = Lab::at_once().await;
    let protected = json!({"settings": {"deletionProtectionEnabled": true}});
    lab.insert(&with(primary("shop"), protected)).await.ok();
    lab.delete("shop")
        .await
        .refused(400, "errorProtectedInstanceDeletionFailure")
        .saying("deletionProtectionEnabled set to false");
    lab.set("shop", json!({"deletionProtectionEnabled": false}))
        .await
        .ok();
    lab.delete("shop?enableFinalBackup=maybe")
        .await
        .refused(400, "invalid");
    lab.delete("shop?enableFinalBackup=true&finalBackupDescription=last")
        .await
        .ok();
    lab.get("shop").await.refused(404, "instanceDoesNotExist");
}

#[tokio::test]
async fn a_primary_goes_after_its_replicas() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.replica("shop-1", "shop").await;
    lab.delete("shop")
        .await
        .refused(400, "errorReplicationMasterInvalidOperation")
        .saying("not valid for a replication master instance");
    lab.delete("shop-1").await.ok();
    lab.delete("shop").await.ok();
    assert_eq!(
        lab.list("").await.ok().json(),
        json!({"kind": "sql#instancesList"})
    );
}

#[tokio::test]
async fn a_name_can_be_used_again_at_once() {
    let lab = Lab::at_once().await;
    lab.primary("shop").await;
    lab.delete("shop").await.ok();
    lab.primary("shop").await;
    assert_eq!(lab.version("shop").await, 1);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_deleted() {
    let lab = Lab::at_once().await;
    lab.delete("shop")
        .await
        .refused(404, "instanceDoesNotExist");
}
