//! Tags, and what can be ordered.

use crate::client::{HERE, Lab, THERE, arn};
use pgfleet_simulator::{AwsGroup, AwsOptions, Clock};

const VALUE: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";

#[tokio::test]
async fn tags_are_added_replaced_and_removed_by_arn() {
    let lab = Lab::at_once().await;
    lab.create(
        "food",
        &[("Tags.Tag.1.Key", "team"), ("Tags.Tag.1.Value", "a")],
    )
    .await
    .ok();
    let name = arn(HERE, "food");
    let name = ("ResourceName", name.as_str());
    let more = [
        name,
        ("Tags.Tag.1.Key", "team"),
        ("Tags.Tag.1.Value", "b"),
        ("Tags.Tag.2.Key", "x"),
        ("Tags.Tag.2.Value", "@1"),
    ];
    let reply = lab.call(HERE, "AddTagsToResource", &more).await.ok();
    assert!(!reply.body.contains("AddTagsToResourceResult"));
    let reply = lab.call(HERE, "ListTagsForResource", &[name]).await.ok();
    assert_eq!(
        reply.first("TagList"),
        "<Tag><Key>team</Key><Value>b</Value></Tag><Tag><Key>x</Key><Value>@1</Value></Tag>"
    );
    let keys = [
        name,
        ("TagKeys.member.1", "team"),
        ("TagKeys.member.2", "never-there"),
    ];
    lab.call(HERE, "RemoveTagsFromResource", &keys).await.ok();
    assert_eq!(lab.describe("food").await.all("Key"), ["x"]);

    let long = "k".repeat(129);
    for key in ["", "aws:mine", "a*b", long.as_str()] {
        let wrong = [name, ("Tags.Tag.1.Key", key)];
        lab.call(HERE, "AddTagsToResource", &wrong)
            .await
            .refused(400, VALUE);
    }
    let twice = [name, ("Tags.Tag.1.Key", "a"), ("Tags.Tag.2.Key", "a")];
    lab.call(HERE, "AddTagsToResource", &twice)
        .await
        .refused(400, VALUE);
    let other = arn(HERE, "missing");
    let reply = lab
        .call(HERE, "ListTagsForResource", &[("ResourceName", &other)])
        .await;
    reply.refused(404, "DBInstanceNotFound");
    let reply = lab.call(THERE, "ListTagsForResource", &[name]).await;
    reply.refused(404, "DBInstanceNotFound");
    let reply = lab
        .call(HERE, "ListTagsForResource", &[("ResourceName", "food")])
        .await;
    reply.refused(400, VALUE);
}

#[tokio::test]
async fn what_can_be_ordered_is_told_by_region_version_and_class() {
    let mut options = AwsOptions::default();
    options.not_offered = vec![AwsGroup {
        region: THERE.to_owned(),
        name: "db.m6g.large".to_owned(),
    }];
    options.classes = vec!["db.z9.large".to_owned()];
    options.versions = vec!["18.1".to_owned()];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let ask = |version, class| {
        [
            ("Engine", "postgres"),
            ("EngineVersion", version),
            ("DBInstanceClass", class),
        ]
    };
    let orderable = "DescribeOrderableDBInstanceOptions";
    let reply = lab
        .call(HERE, orderable, &ask("16.3", "db.m6g.large"))
        .await
        .ok();
    assert_eq!(
        reply.all("StorageType"),
        ["gp2", "gp3", "io1", "io2", "standard"]
    );
    assert_eq!(reply.first("MinStorageSize"), "20");
    assert!(
        reply
            .all("MultiAZCapable")
            .iter()
            .all(|capable| *capable == "true")
    );
    for (region, version, class) in [
        (THERE, "16.3", "db.m6g.large"),
        (HERE, "16.3", "db.m4.large"),
        (HERE, "16.3", "db.no.such"),
    ] {
        let reply = lab.call(region, orderable, &ask(version, class)).await.ok();
        assert!(reply.all("OrderableDBInstanceOption").is_empty());
    }
    for version in ["16.99", "16", "x"] {
        let reply = lab
            .call(HERE, orderable, &ask(version, "db.m6g.large"))
            .await;
        reply
            .refused(400, COMBINATION)
            .saying("Cannot find version");
    }
    let reply = lab
        .call(HERE, orderable, &ask("18.1", "db.z9.large"))
        .await
        .ok();
    assert_eq!(reply.all("OrderableDBInstanceOption").len(), 5);
    let all = lab
        .call(HERE, orderable, &ask("16.3", "db.m6g.large")[..2])
        .await
        .ok();
    assert_eq!(all.all("OrderableDBInstanceOption").len(), 100);
    assert!(!all.first("Marker").is_empty());
}

#[tokio::test]
async fn versions_groups_and_maintenance_are_told() {
    let lab = Lab::at_once().await;
    let of = [("Engine", "postgres"), ("EngineVersion", "17")];
    let reply = lab.call(HERE, "DescribeDBEngineVersions", &of).await.ok();
    assert!(
        reply
            .all("DBParameterGroupFamily")
            .iter()
            .all(|family| *family == "postgres17")
    );
    let reply = lab
        .call(
            HERE,
            "DescribeDBEngineVersions",
            &[("EngineVersion", "16.3")],
        )
        .await
        .ok();
    assert!(
        reply
            .first("ValidUpgradeTarget")
            .contains("<EngineVersion>16.4</EngineVersion>")
    );
    let reply = lab.call(HERE, "DescribeDBParameterGroups", &[]).await.ok();
    assert!(
        reply
            .all("DBParameterGroupName")
            .contains(&"default.postgres16")
    );
    let reply = lab.call(HERE, "DescribeDBSubnetGroups", &[]).await.ok();
    assert_eq!(reply.all("DBSubnetGroupName"), ["default"]);
    let missing = [("DBSubnetGroupName", "private")];
    let reply = lab.call(HERE, "DescribeDBSubnetGroups", &missing).await;
    reply.refused(404, "DBSubnetGroupNotFoundFault");
    let reply = lab
        .call(HERE, "DescribePendingMaintenanceActions", &[])
        .await
        .ok();
    assert_eq!(reply.first("PendingMaintenanceActions"), "");
}
