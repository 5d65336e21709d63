//! Where instances lie: regions, keys, and groups that belong to a region.

use super::*;

#[test]
fn an_encrypted_replica_abroad_needs_a_key_of_its_region() {
    let without = format!("region = '{THERE}'");
    refuses(&planned(&replicas(1, &without), []), "aws/kms-cross-region");
    let with = format!("{without}\naws = {{ kms_key = 'a-key' }}");
    takes(&planned(&replicas(1, &with), []));
    // What is not encrypted is copied as it is.
    let plain = set(live("primary"), "storage_encrypted", Value::Flag(false));
    takes(&planned(&replicas(1, &without), [plain]));
}

#[test]
fn a_replica_in_its_primary_s_region_takes_no_key() {
    let with = "aws = { kms_key = 'a-key' }";
    refuses(&planned(&replicas(1, with), []), "aws/kms-same-region");
}

#[test]
fn a_key_is_one_of_the_instance_s_own_region() {
    let key = |region: &str| format!("kms_key = 'arn:aws:kms:{region}:123456789012:key/7a'");
    let abroad = |region| format!("region = '{THERE}'\naws = {{ {} }}", key(region));
    refuses(&planned(&replicas(1, &abroad(HERE)), []), "aws/kms-region");
    takes(&planned(&replicas(1, &abroad(THERE)), []));
    let primary = |region| format!("{}[aws]\n{}\n", file("", ""), key(region));
    refuses(&planned(&primary(THERE), []), "aws/kms-region");
    takes(&planned(&primary(HERE), []));
    // What is there already has its key.
    takes(&planned(&primary(THERE), [live("primary")]));
}

#[test]
fn what_is_not_encrypted_has_no_encrypted_replica() {
    let plain = set(
        theirs("theirs", None),
        "storage_encrypted",
        Value::Flag(false),
    );
    let with = format!("region = '{THERE}'\naws = {{ kms_key = 'a-key' }}\n");
    let text = format!("{}{with}", existing(1));
    refuses(&planned(&text, [plain]), "aws/kms-unencrypted");
    takes(&planned(&text, [theirs("theirs", None)]));
}

#[test]
fn a_region_that_there_is_not_is_refused() {
    let nowhere = file("", "").replace(HERE, "us-nowhere-1");
    refuses(&planned(&nowhere, []), "aws/region");
    let abroad = "region = 'eu-nowhere-1'\naws = { kms_key = 'a-key' }";
    refuses(&planned(&replicas(1, abroad), []), "aws/region");
    // One without prices is a region all the same, and so is one in which something runs.
    takes(&planned(
        &nowhere.replace("us-nowhere-1", "il-central-1"),
        [],
    ));
    let mut primary = live("primary");
    primary.resource.region = Region::new("us-nowhere-1");
    takes(&planned(
        &format!("{nowhere}[[replicas]]\ncount = 1\n"),
        [primary],
    ));
}

#[test]
fn a_replica_in_its_primary_s_region_lies_in_its_subnet_group() {
    let with = "aws = { subnet_group = 'other' }";
    refuses(
        &planned(&replicas(1, with), []),
        "aws/subnet-group-same-region",
    );
    // One that was made by hand may lie elsewhere, and stays there.
    let lies = |group: &str| set(live("replica-1"), "subnet_group", Value::Text(group.into()));
    takes(&planned(
        &replicas(1, with),
        [live("primary"), lies("other")],
    ));
    let plan = planned(&replicas(1, with), [live("primary"), lies("mine")]);
    refuses(&plan, "aws/subnet-group");
}

#[test]
fn names_of_groups_are_kept_in_lower_case() {
    let groups = "[aws]\nsubnet_group = 'Food'\nparameter_group = 'Food-16'\n";
    let text = format!("{}{groups}", file("", ""));
    let said = words(&planned(&text, []), 0);
    assert!(said.contains("--db-subnet-group-name food "), "{said}");
    let primary = set(live("primary"), "subnet_group", Value::Text("food".into()));
    let primary = set(primary, "parameter_group", Value::Text("food-16".into()));
    let plan = planned(&text, [primary]);
    takes(&plan);
    assert_eq!(calls(&plan), [""; 0]);
}

#[test]
fn another_parameter_group_waits_for_a_reboot() {
    let text = format!("{}[aws]\nparameter_group = 'new'\n", replicas(1, ""));
    let code = "aws/parameter-group-reboot";
    let old = |address| set(live(address), "parameter_group", Value::Text("old".into()));
    let plan = planned(&text, [old("primary"), old("replica-1")]);
    let told = plan.checks.iter().filter(|check| check.code == code);
    let remedies: Vec<&str> = told.map(|check| check.remedy.as_str()).collect();
    assert_eq!(remedies.len(), 2);
    let command = "reboot-db-instance --db-instance-identifier truck-primary --region us-east-1";
    assert!(remedies[0].contains(command), "{remedies:?}");
    // A replica is made with its primary's, and abroad with the default one.
    assert!(!codes(&planned(&text, []), Severity::Note).contains(&code));
    let own = "aws = { kms_key = 'a-key', parameter_group = 'theirs' }";
    let abroad = replicas(1, &format!("region = '{THERE}'\n{own}"));
    assert!(codes(&planned(&abroad, []), Severity::Note).contains(&code));
}

#[test]
fn copies_between_regions_of_china_need_a_signed_url() {
    let text = replicas(1, "region = 'cn-northwest-1'\naws = { kms_key = 'a-key' }");
    let text = text.replace(HERE, "cn-north-1");
    refuses(&planned(&text, []), "aws/pre-signed-url");
}

#[test]
fn a_changed_subnet_group_is_refused() {
    let text = format!("{}[aws]\nsubnet_group = 'other'\n", file("", ""));
    let primary = set(live("primary"), "subnet_group", Value::Text("mine".into()));
    refuses(&planned(&text, [primary]), "aws/subnet-group");
}

#[test]
fn an_empty_list_of_security_groups_names_none() {
    let text = format!("{}[aws]\nsecurity_groups = []\n", replicas(1, ""));
    // RDS gives each instance the default group of its network.
    let given = Value::List(["sg-0123abcd".to_owned()].into());
    let there = ["primary", "replica-1"]
        .map(|address| set(live(address), "security_groups", given.clone()));
    let plan = planned(&text, there);
    takes(&plan);
    assert_eq!(calls(&plan), [""; 0]);
    let plan = planned(&text, []);
    assert!(!words(&plan, 0).contains("security-group"));
}
