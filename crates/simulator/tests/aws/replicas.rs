//! The rules of read replicas, one by one.

use crate::client::{HERE, Lab, THERE, arn};
use pgfleet_simulator::{AwsGroup, AwsOptions, Clock};

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/one";

async fn with_primary(more: &[(&str, &str)]) -> Lab {
    let lab = Lab::at_once().await;
    lab.create("food", more).await.ok();
    lab
}

#[tokio::test]
async fn a_replica_takes_over_what_is_its_sources_and_chooses_the_rest() {
    let lab = with_primary(&[
        ("DBName", "orders"),
        ("AllocatedStorage", "150"),
        ("MultiAZ", "true"),
    ])
    .await;
    let reply = lab
        .replica("food-1", "food", &[("DBInstanceClass", "db.r6g.large")])
        .await
        .ok();
    assert_eq!(reply.first("EngineVersion"), "16.3");
    assert_eq!(reply.first("MasterUsername"), "postgres");
    assert_eq!(reply.first("DBName"), "orders");
    assert_eq!(reply.first("AllocatedStorage"), "150");
    assert_eq!(reply.first("DBInstanceClass"), "db.r6g.large");
    assert_eq!(reply.first("BackupRetentionPeriod"), "0");
    assert_eq!(reply.first("ReadReplicaSourceDBInstanceIdentifier"), "food");
    assert!(
        reply.body.contains("<MultiAZ>false</MultiAZ>"),
        "Multi-AZ is never inherited"
    );
    let reply = lab
        .replica("food-2", "food", &[("MultiAZ", "true")])
        .await
        .ok();
    assert!(reply.body.contains("<MultiAZ>true</MultiAZ>"));
}

#[tokio::test]
async fn a_service_that_ignores_multi_az_on_creation_can_be_had() {
    let mut options = AwsOptions::default();
    options.ignore_multi_az_on_replica_create = true;
    let lab = Lab::with(options, Clock::AtOnce).await;
    lab.create("food", &[]).await.ok();
    let reply = lab
        .replica("food-1", "food", &[("MultiAZ", "true")])
        .await
        .ok();
    assert!(reply.body.contains("<MultiAZ>false</MultiAZ>"));
    lab.modify("food-1", &[("MultiAZ", "true")]).await.ok();
    assert!(
        lab.describe("food-1")
            .await
            .body
            .contains("<MultiAZ>true</MultiAZ>")
    );
}

#[tokio::test]
async fn what_a_replica_takes_from_its_source_is_not_a_parameter_of_its_creation() {
    let lab = with_primary(&[]).await;
    for name in [
        "Engine",
        "EngineVersion",
        "MasterUsername",
        "MasterUserPassword",
        "BackupRetentionPeriod",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
        "StorageEncrypted",
        "DBName",
    ] {
        let reply = lab.replica("food-1", "food", &[(name, "1")]).await;
        reply.refused(400, "InvalidQueryParameter");
    }
    let reply = lab
        .replica(
            "food-1",
            "food",
            &[("DBParameterGroupName", "default.postgres16")],
        )
        .await;
    reply
        .refused(400, "InvalidParameterCombination")
        .saying("parameter group can't be specified");
}

#[tokio::test]
async fn a_source_without_backups_has_no_replicas() {
    let lab = with_primary(&[("BackupRetentionPeriod", "0")]).await;
    let reply = lab.replica("food-1", "food", &[]).await;
    reply
        .refused(400, "InvalidDBInstanceState")
        .saying("Automated backups are not enabled");
    lab.modify("food", &[("BackupRetentionPeriod", "1")])
        .await
        .ok();
    lab.replica("food-1", "food", &[]).await.ok();
    let reply = lab.modify("food", &[("BackupRetentionPeriod", "0")]).await;
    reply.refused(400, "InvalidParameterCombination");
}

#[tokio::test]
async fn a_source_whose_password_secrets_manager_manages_has_no_replicas() {
    let managed = [
        ("MasterUserPassword", ""),
        ("ManageMasterUserPassword", "true"),
    ];
    let lab = with_primary(&managed).await;
    assert!(
        lab.describe("food")
            .await
            .first("SecretArn")
            .contains(":secretsmanager:")
    );
    let reply = lab.replica("food-1", "food", &[]).await;
    assert_eq!(
        reply.refused(400, "InvalidParameterValue").first("Message"),
        "Creating read replicas for source instance with engine postgres where \
         ManageMasterUserPassword is enabled is not supported."
    );
}

#[tokio::test]
async fn a_source_has_at_most_fifteen_replicas_unless_the_quota_says_more() {
    let lab = with_primary(&[]).await;
    for number in 1..=15 {
        lab.replica(&format!("food-{number}"), "food", &[])
            .await
            .ok();
    }
    lab.replica("food-16", "food", &[])
        .await
        .refused(400, "InstanceQuotaExceeded");
    lab.simulator
        .control()
        .change_aws(|options| options.replica_quota = 16);
    lab.replica("food-16", "food", &[]).await.ok();
}

#[tokio::test]
async fn replicas_cascade_three_levels_down_with_five_each() {
    let lab = with_primary(&[]).await;
    let mut source = "food".to_owned();
    for level in ["one", "two", "three"] {
        lab.replica(level, &source, &[]).await.ok();
        let refused = lab.replica("early", level, &[]).await;
        refused
            .refused(400, "InvalidDBInstanceState")
            .saying("Automated backups");
        lab.modify(level, &[("BackupRetentionPeriod", "1")])
            .await
            .ok();
        source = level.to_owned();
    }
    lab.replica("four", "three", &[])
        .await
        .refused(400, "InvalidDBInstanceState")
        .saying("levels");
    for number in 2..=5 {
        lab.replica(&format!("more-{number}"), "one", &[])
            .await
            .ok();
    }
    lab.replica("more-6", "one", &[])
        .await
        .refused(400, "InstanceQuotaExceeded");
}

#[tokio::test]
async fn replicas_of_replicas_need_postgresql_14() {
    let lab = with_primary(&[("EngineVersion", "13.14")]).await;
    lab.replica("food-1", "food", &[]).await.ok();
    let reply = lab
        .modify("food-1", &[("BackupRetentionPeriod", "1")])
        .await;
    reply
        .refused(400, "InvalidDBInstanceState")
        .saying("DB Backups not supported on a read replica");
}

#[tokio::test]
async fn a_kms_key_is_refused_within_the_region_and_required_across() {
    let lab = with_primary(&[("StorageEncrypted", "true")]).await;
    let source = arn(HERE, "food");
    let reply = lab
        .replica("food-1", "food", &[("KmsKeyId", "alias/mine")])
        .await;
    reply
        .refused(400, "InvalidParameterCombination")
        .saying("does not require the KMS key");
    let reply = lab.replica("food-1", "food", &[]).await.ok();
    assert!(
        reply
            .first("KmsKeyId")
            .starts_with("arn:aws:kms:us-east-1:")
    );

    let reply = lab.replica_in(THERE, "food-eu", &source, &[]).await;
    reply
        .refused(400, "InvalidParameterCombination")
        .saying("unencrypted read replica");
    let here = KEY.replace(THERE, HERE);
    let reply = lab
        .replica_in(THERE, "food-eu", &source, &[("KmsKeyId", &here)])
        .await;
    reply.refused(400, "KMSKeyNotAccessibleFault");
    let reply = lab
        .replica_in(THERE, "food-eu", &source, &[("KmsKeyId", KEY)])
        .await
        .ok();
    assert_eq!(reply.first("KmsKeyId"), KEY);
    assert_eq!(reply.first("ReadReplicaSourceDBInstanceIdentifier"), source);
}

#[tokio::test]
async fn across_regions_the_source_is_named_by_its_arn() {
    let lab = with_primary(&[]).await;
    lab.replica_in(THERE, "food-eu", "food", &[])
        .await
        .refused(404, "DBInstanceNotFound");
    let source = arn(HERE, "food");
    let wrong = [("SourceRegion", THERE)];
    lab.replica_in(THERE, "food-eu", &source, &wrong)
        .await
        .refused(400, "InvalidParameterValue");
    let right = [
        ("SourceRegion", HERE),
        ("PreSignedUrl", "https://rds.us-east-1.amazonaws.com/"),
    ];
    lab.replica_in(THERE, "food-eu", &source, &right).await.ok();
    // The same name in two regions is two instances.
    lab.replica_in(THERE, "food", &source, &[]).await.ok();
    let missing = arn(HERE, "missing");
    lab.replica_in(THERE, "x", &missing, &[])
        .await
        .refused(404, "DBInstanceNotFound");
    let garbage = "arn:aws:rds:here";
    lab.replica_in(THERE, "x", garbage, &[])
        .await
        .refused(400, "InvalidParameterValue");
}

#[tokio::test]
async fn groups_do_not_cross_regions() {
    let group = |region: &str, name: &str| AwsGroup {
        region: region.to_owned(),
        name: name.to_owned(),
    };
    let mut options = AwsOptions::default();
    options.subnet_groups = vec![group(HERE, "private"), group(THERE, "euro")];
    options.parameter_groups = vec![group(HERE, "tuned")];
    options.security_groups = vec![group(HERE, "sg-0123456789abcdef0")];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let groups = [
        ("DBSubnetGroupName", "private"),
        ("DBParameterGroupName", "tuned"),
        (
            "VpcSecurityGroupIds.VpcSecurityGroupId.1",
            "sg-0123456789abcdef0",
        ),
    ];
    let primary = lab.create("food", &groups).await.ok();
    assert_eq!(primary.first("PubliclyAccessible"), "false");
    let inherited = lab.replica("food-1", "food", &[]).await.ok();
    for field in [
        "DBSubnetGroupName",
        "DBParameterGroupName",
        "VpcSecurityGroupId",
    ] {
        assert_eq!(inherited.first(field), primary.first(field));
    }
    let reply = lab.replica("food-2", "food", &groups[..1]).await;
    reply.refused(400, "DBSubnetGroupNotAllowedFault");
    let source = arn(HERE, "food");
    let reply = lab
        .replica_in(THERE, "food-eu", &source, &groups[..1])
        .await;
    reply.refused(404, "DBSubnetGroupNotFoundFault");
    let reply = lab
        .replica_in(THERE, "food-eu", &source, &groups[2..])
        .await;
    reply
        .refused(400, "InvalidParameterValue")
        .saying("security group");
    let reply = lab
        .replica_in(THERE, "food-eu", &source, &[("DBSubnetGroupName", "euro")])
        .await
        .ok();
    assert_eq!(reply.first("DBSubnetGroupName"), "euro");
    assert_eq!(reply.first("DBParameterGroupName"), "default.postgres16");
    assert_ne!(
        reply.first("VpcSecurityGroupId"),
        primary.first("VpcSecurityGroupId")
    );
}

#[tokio::test]
async fn a_replica_is_at_least_as_large_as_its_source() {
    let lab = with_primary(&[]).await;
    let reply = lab
        .replica("food-1", "food", &[("AllocatedStorage", "50")])
        .await;
    reply.refused(400, "InvalidParameterCombination");
    let larger = [("AllocatedStorage", "200"), ("StorageType", "gp2")];
    let reply = lab.replica("food-1", "food", &larger).await.ok();
    assert_eq!(
        (reply.first("AllocatedStorage"), reply.first("StorageType")),
        ("200", "gp2")
    );
}

#[tokio::test]
async fn a_replica_has_no_password_of_its_own() {
    let lab = with_primary(&[]).await;
    lab.replica("food-1", "food", &[]).await.ok();
    let reply = lab
        .modify("food-1", &[("MasterUserPassword", "another-horse")])
        .await;
    reply
        .refused(400, "InvalidParameterCombination")
        .saying("read replica");
}

#[tokio::test]
async fn a_source_of_a_cluster_there_is_none() {
    let lab = with_primary(&[]).await;
    let from = [
        ("SourceDBInstanceIdentifier", ""),
        ("SourceDBClusterIdentifier", "cluster"),
    ];
    lab.replica("food-1", "", &from)
        .await
        .refused(404, "DBClusterNotFoundFault");
    let from = [("SourceDBInstanceIdentifier", "")];
    lab.replica("food-1", "", &from)
        .await
        .refused(400, "InvalidParameterCombination");
}

#[tokio::test]
async fn a_replica_of_an_instance_that_is_being_made_is_refused() {
    let lab = Lab::manual().await;
    lab.create("food", &[]).await.ok();
    lab.replica("food-1", "food", &[])
        .await
        .refused(400, "InvalidDBInstanceState");
    lab.replica("food-1", "missing", &[])
        .await
        .refused(404, "DBInstanceNotFound");
}

#[tokio::test]
async fn replicas_are_upgraded_before_their_source_within_a_major_version() {
    let lab = with_primary(&[]).await;
    lab.replica("food-1", "food", &[]).await.ok();
    let newer = [("EngineVersion", "16.4")];
    let reply = lab.modify("food", &newer).await;
    reply
        .refused(400, "DBUpgradeDependencyFailure")
        .saying("food-1");
    lab.modify("food-1", &newer).await.ok();
    lab.modify("food", &newer).await.ok();
    assert_eq!(lab.describe("food").await.first("EngineVersion"), "16.4");
}

#[tokio::test]
async fn a_major_upgrade_takes_the_replicas_of_the_region_along() {
    let lab = with_primary(&[]).await;
    lab.replica("food-1", "food", &[]).await.ok();
    let newer = [
        ("EngineVersion", "17.4"),
        ("AllowMajorVersionUpgrade", "true"),
    ];
    lab.modify("food-1", &newer)
        .await
        .refused(400, "InvalidParameterCombination");
    lab.modify("food", &newer[..1])
        .await
        .refused(400, "InvalidParameterCombination");
    lab.modify("food", &newer).await.ok();
    for name in ["food", "food-1"] {
        let reply = lab.describe(name).await;
        assert_eq!(reply.first("EngineVersion"), "17.4");
        assert_eq!(reply.first("DBParameterGroupName"), "default.postgres17");
    }
    lab.modify("food", &[("EngineVersion", "16.4")])
        .await
        .refused(400, "InvalidParameterCombination");
}
