//! The rules of creating an instance, one by one.

use crate::client::{HERE, Lab, THERE, arn};
use pgfleet_simulator::{AwsOptions, Clock};

const VALUE: &str = "InvalidParameterValue";
const COMBINATION: &str = "InvalidParameterCombination";

#[tokio::test]
async fn identifiers_have_rules_are_lower_cased_and_are_unique_per_account_and_region() {
    let lab = Lab::at_once().await;
    let long = "a".repeat(64);
    for wrong in [
        "1food",
        "-food",
        "food-",
        "fo--od",
        "fo_od",
        "fööd",
        long.as_str(),
    ] {
        lab.create(wrong, &[]).await.refused(400, VALUE);
    }
    let reply = lab.create("Food", &[]).await.ok();
    assert_eq!(reply.first("DBInstanceIdentifier"), "food");
    assert_eq!(reply.first("DBInstanceArn"), arn(HERE, "food"));
    lab.create("FOOD", &[])
        .await
        .refused(400, "DBInstanceAlreadyExists");
    lab.describe("fOOd").await.ok();
    lab.replica("food", "food", &[])
        .await
        .refused(400, "DBInstanceAlreadyExists");
}

/// Parameters beside the usual ones, and the answer.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn what_an_instance_cannot_be_created_with_is_refused() {
    let lab = Lab::at_once().await;
    let cases: [Case<'_>; 27] = [
        (&[("Engine", "mysql")], 400, VALUE),
        (&[("EngineVersion", "16.99")], 400, COMBINATION),
        (&[("EngineVersion", "9")], 400, COMBINATION),
        (&[("DBInstanceClass", "db.huge.large")], 400, VALUE),
        (&[("DBInstanceClass", "m6g.large")], 400, VALUE),
        (&[("DBInstanceClass", "db.m4.large")], 400, COMBINATION),
        (&[("MasterUsername", "")], 400, VALUE),
        (&[("MasterUsername", "rdsadmin")], 400, VALUE),
        (&[("MasterUsername", "1st")], 400, VALUE),
        (&[("MasterUserPassword", "")], 400, VALUE),
        (&[("MasterUserPassword", "short")], 400, VALUE),
        (&[("MasterUserPassword", "with/slash")], 400, VALUE),
        (&[("ManageMasterUserPassword", "true")], 400, COMBINATION),
        (&[("AllocatedStorage", "")], 400, VALUE),
        (&[("AllocatedStorage", "19")], 400, COMBINATION),
        (&[("AllocatedStorage", "65537")], 400, COMBINATION),
        (&[("StorageType", "ssd")], 400, VALUE),
        (&[("BackupRetentionPeriod", "36")], 400, VALUE),
        (&[("PreferredBackupWindow", "03:00-03:10")], 400, VALUE),
        (&[("PreferredMaintenanceWindow", "someday")], 400, VALUE),
        (&[("Port", "80")], 400, VALUE),
        (&[("KmsKeyId", "alias/mine")], 400, COMBINATION),
        (
            &[("MultiAZ", "true"), ("AvailabilityZone", "us-east-1a")],
            400,
            COMBINATION,
        ),
        (&[("AvailabilityZone", "eu-west-1a")], 400, VALUE),
        (
            &[("DBSubnetGroupName", "private")],
            404,
            "DBSubnetGroupNotFoundFault",
        ),
        (
            &[("DBParameterGroupName", "tuned")],
            404,
            "DBParameterGroupNotFound",
        ),
        (
            &[("DBParameterGroupName", "default.postgres15")],
            400,
            COMBINATION,
        ),
    ];
    for (more, status, code) in cases {
        lab.create("food", more).await.refused(status, code);
    }
    let reply = lab.create("food", &[("EngineVersion", "16.99")]).await;
    reply
        .refused(400, COMBINATION)
        .saying("Cannot find version 16.99 for postgres");
    assert!(
        lab.call(HERE, "DescribeDBInstances", &[])
            .await
            .all("DBInstance")
            .is_empty()
    );
}

#[tokio::test]
async fn a_major_version_means_its_newest_minor_version() {
    let lab = Lab::at_once().await;
    let reply = lab.create("food", &[("EngineVersion", "16")]).await.ok();
    let minor: u32 = reply
        .first("EngineVersion")
        .strip_prefix("16.")
        .unwrap()
        .parse()
        .unwrap();
    assert!(minor > 3);
}

#[tokio::test]
async fn a_version_has_one_word_that_may_be_longer_than_its_number() {
    let lab = Lab::at_once().await;
    for (wanted, word) in [
        ("13", "13.23-rds.20260514"),
        ("13.23-rds.20260514", "13.23-rds.20260514"),
        ("15.2-R2", "15.2-R2"),
    ] {
        let version = [("EngineVersion", wanted)];
        let reply = lab.create("food", &version).await.ok();
        assert_eq!(reply.first("EngineVersion"), word);
        let last = [("SkipFinalSnapshot", "true")];
        lab.on("DeleteDBInstance", "food", &last).await.ok();
        for number in ["13.23", "13.23-rds.20990101", "15.2"] {
            let reply = lab.create("food", &[("EngineVersion", number)]).await;
            reply
                .refused(400, COMBINATION)
                .saying(&format!("Cannot find version {number} for postgres"));
        }
    }
    // One instance goes from number to word.
    lab.create("food", &[("EngineVersion", "13.22")]).await.ok();
    let word = ("EngineVersion", "13.23-rds.20260514");
    lab.modify("food", &[word]).await.ok();
    assert_eq!(lab.describe("food").await.first(word.0), word.1);
    let orderable = "DescribeOrderableDBInstanceOptions";
    let of = [
        ("Engine", "postgres"),
        ("DBInstanceClass", "db.m5.large"),
        word,
    ];
    let reply = lab.call(HERE, orderable, &of).await.ok();
    assert!(
        reply
            .all("EngineVersion")
            .iter()
            .all(|told| *told == word.1)
    );
    let of = [of[0], of[1], ("EngineVersion", "13.23")];
    lab.call(HERE, orderable, &of)
        .await
        .refused(400, COMBINATION);
}

#[tokio::test]
async fn names_that_are_reserved_are_refused_however_they_are_written() {
    let lab = Lab::at_once().await;
    for name in [
        "admin",
        "RDS_superuser",
        "rdsrepladmin",
        "pg_me",
        "user",
        "Select",
    ] {
        let named = [("MasterUsername", name)];
        lab.create("food", &named).await.refused(400, VALUE);
    }
    for name in ["template1", "rdsadmin", "table"] {
        let named = [("DBName", name)];
        lab.create("food", &named).await.refused(400, VALUE);
    }
}

#[tokio::test]
async fn storage_has_rules_of_size_iops_and_throughput() {
    let lab = Lab::at_once().await;
    let refused: [&[(&str, &str)]; 9] = [
        &[("Iops", "3000")],
        &[("StorageThroughput", "125")],
        &[("AllocatedStorage", "399"), ("Iops", "12000")],
        &[("AllocatedStorage", "400"), ("Iops", "3000")],
        &[
            ("AllocatedStorage", "400"),
            ("Iops", "12000"),
            ("StorageThroughput", "4000"),
        ],
        &[("StorageType", "io1")],
        &[("StorageType", "io1"), ("Iops", "6000")],
        &[("StorageType", "gp2"), ("Iops", "3000")],
        &[("MaxAllocatedStorage", "105")],
    ];
    for more in refused {
        lab.create("food", more).await.refused(400, COMBINATION);
    }
    let accepted: [&[(&str, &str)]; 4] = [
        &[
            ("AllocatedStorage", "400"),
            ("Iops", "16000"),
            ("StorageThroughput", "1000"),
        ],
        &[("StorageType", "io2"), ("Iops", "6000")],
        &[("StorageType", "gp2")],
        &[("MaxAllocatedStorage", "110")],
    ];
    for (index, more) in accepted.iter().enumerate() {
        lab.create(&format!("food-{index}"), more).await.ok();
    }
    let reply = lab.create("base", &[]).await.ok();
    assert_eq!(
        (reply.first("Iops"), reply.first("StorageThroughput")),
        ("3000", "125")
    );
}

#[tokio::test]
async fn quotas_and_capacity_end_somewhere() {
    let mut options = AwsOptions::default();
    options.instance_quota = 2;
    options.storage_quota_gib = 500;
    options.classes_without_capacity = vec!["db.m7g.large".to_owned()];
    options.inaccessible_kms_keys = vec!["alias/lost".to_owned()];
    let lab = Lab::with(options, Clock::AtOnce).await;
    let reply = lab
        .create("full", &[("DBInstanceClass", "db.m7g.large")])
        .await;
    reply.refused(400, "InsufficientDBInstanceCapacity");
    let lost = [("StorageEncrypted", "true"), ("KmsKeyId", "alias/lost")];
    lab.create("lost", &lost)
        .await
        .refused(400, "KMSKeyNotAccessibleFault");
    lab.create("food", &[]).await.ok();
    lab.create("large", &[("AllocatedStorage", "401")])
        .await
        .refused(400, "StorageQuotaExceeded");
    lab.modify("food", &[("AllocatedStorage", "501"), ("Iops", "12000")])
        .await
        .refused(400, "StorageQuotaExceeded");
    lab.replica("food-1", "food", &[]).await.ok();
    lab.replica("food-2", "food", &[])
        .await
        .refused(400, "InstanceQuotaExceeded");
    lab.replica_in(THERE, "food-eu", &arn(HERE, "food"), &[])
        .await
        .ok();
}
