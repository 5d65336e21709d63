//! What RDS asks of a primary with replicas, and what becomes of them when it goes.

use super::*;

#[test]
fn more_than_15_replicas_are_warned_of() {
    assert!(
        codes(&planned(&replicas(16, ""), []), Severity::Warning).contains(&"aws/replica-limit")
    );
    let plan = planned(&replicas(15, ""), []);
    assert!(!codes(&plan, Severity::Warning).contains(&"aws/replica-limit"));
    takes(&plan);
}

#[test]
fn more_than_5_replicas_abroad_are_warned_of() {
    let abroad = format!("region = '{THERE}'\naws = {{ kms_key = 'a-key' }}\n");
    let plan = planned(&replicas(6, &abroad), []);
    assert!(codes(&plan, Severity::Warning).contains(&"aws/replicas-abroad"));
    let plan = planned(&replicas(5, &abroad), []);
    assert!(!codes(&plan, Severity::Warning).contains(&"aws/replicas-abroad"));
    takes(&plan);
}

#[test]
fn a_replica_has_at_most_5_replicas() {
    let source = theirs("theirs", Some("another"));
    takes(&planned(&existing(5), [source.clone()]));
    refuses(
        &planned(&existing(6), [source.clone()]),
        "aws/cascade-limit",
    );
    // Somebody else's count as well, those of its replicas do not.
    let other = theirs("other", Some("theirs"));
    let below = theirs("below", Some("other"));
    let there = [source, other, below];
    takes(&planned(&existing(4), there.clone()));
    refuses(&planned(&existing(5), there), "aws/cascade-limit");
}

#[test]
fn replicas_are_made_down_to_three_levels_below_a_primary() {
    let chain = |sources: &[&str]| {
        let names = ["theirs"].iter().chain(sources);
        let all = names
            .zip(sources)
            .map(|(id, source)| theirs(id, Some(*source)));
        all.collect::<Vec<_>>()
    };
    takes(&planned(&existing(1), chain(&["two", "one"])));
    let too_deep = chain(&["three", "two", "one"]);
    refuses(
        &planned(&existing(1), too_deep.clone()),
        "aws/cascade-levels",
    );
    // What follows it already is none of RDS's making now.
    let mut there = too_deep;
    let mut ours = live("replica-1");
    ours.source = Some(named(HERE, "theirs"));
    there.push(ours);
    takes(&planned(&existing(1), there));
}

#[test]
fn a_replica_has_replicas_from_14_1_on() {
    let mut source = theirs("theirs", Some("another"));
    source.attributes.postgres = Some("14.0".parse().unwrap());
    refuses(
        &planned(&existing(1), [source.clone()]),
        "aws/cascade-version",
    );
    source.attributes.postgres = Some("14.1".parse().unwrap());
    takes(&planned(&existing(1), [source]));
}

#[test]
fn a_member_of_a_cluster_is_no_source() {
    let source = set(theirs("theirs", None), "cluster", Value::Text("all".into()));
    refuses(&planned(&existing(1), [source]), "aws/cluster-source");
}

#[test]
fn what_is_not_postgres_is_no_source_and_no_instance_of_a_fleet() {
    let sql = |live| set(live, "engine", Value::Text("sqlserver-se".into()));
    for plan in [
        planned(&existing(1), [sql(theirs("theirs", None))]),
        planned(&file("", ""), [sql(theirs("truck-primary", None))]),
        planned(&file("", ""), [sql(live("primary"))]),
    ] {
        refuses(&plan, "aws/engine");
        let mut said = plan.checks.iter().map(|check| check.message.as_str());
        assert!(said.any(|said| said.contains("runs sqlserver-se")));
    }
}

#[test]
fn replicas_of_an_existing_primary_have_its_major_version() {
    let pinned = |version: &str| {
        let text = existing(1);
        text.replace("[primary]", &format!("postgres = '{version}'\n[primary]"))
    };
    let source = || [theirs("theirs", None)];
    refuses(&planned(&pinned("15"), source()), "aws/existing-version");
    takes(&planned(&pinned("16"), source()));
    takes(&planned(&existing(1), source()));
}

#[test]
fn a_managed_password_forbids_replicas() {
    let primary = set(live("primary"), "managed_password", Value::Flag(true));
    refuses(
        &planned(&replicas(1, ""), [primary.clone()]),
        "aws/managed-password",
    );
    takes(&planned(&replicas(1, ""), [primary, live("replica-1")]));
}

#[test]
fn backup_retention_0_forbids_replicas() {
    let none = file("backup_days = 0", "");
    refuses(
        &planned(&format!("{none}[[replicas]]\ncount = 1\n"), []),
        "aws/backup-days",
    );
    takes(&planned(&none, []));
    let mut source = theirs("theirs", None);
    source.attributes.backup_days = Some(0);
    refuses(&planned(&existing(1), [source]), "aws/backup-days");
}

#[test]
fn deleting_a_primary_promotes_replicas_that_the_plan_does_not_know() {
    let text = format!("{}[protect]\ndeletion = false\n", file("", ""));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let stranger = theirs("analysts", Some("truck-primary"));
    let plan = aimed(&text, [live("primary"), stranger], goal);
    refuses(&plan, "aws/promotes-replicas");
    let said = plan.checks.iter().map(|check| check.message.as_str());
    assert!(
        said.clone()
            .any(|said| said.contains("RDS would promote them"))
    );
    takes(&aimed(&text, [live("primary")], goal));
}

#[test]
fn deleting_a_primary_whose_replica_is_a_cluster_is_refused() {
    let text = format!("{}[protect]\ndeletion = false\n", file("", ""));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let clusters = Value::List(["reports".to_owned()].into());
    let primary = set(live("primary"), "replica_clusters", clusters);
    let plan = aimed(&text, [primary], goal);
    refuses(&plan, "aws/promotes-replicas");
    let mut said = plan.checks.iter().map(|check| check.message.as_str());
    assert!(said.any(|said| said.contains("the DB cluster reports")));
}

#[test]
fn deleting_a_primary_that_names_a_replica_which_is_not_listed_is_refused() {
    let text = format!("{}[protect]\ndeletion = false\n", replicas(1, ""));
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let unlisted = Value::List(["truck-replica-1 in us-east-1".to_owned()].into());
    let primary = set(live("primary"), "unlisted_replicas", unlisted);
    let plan = aimed(&text, [primary.clone()], goal);
    refuses(&plan, "aws/promotes-replicas");
    let mut told = plan.checks.iter();
    let told = told
        .find(|check| check.code == "aws/promotes-replicas")
        .unwrap();
    assert!(
        told.message
            .contains("truck-replica-1 in us-east-1, which RDS does not list")
    );
    assert!(told.remedy.contains("again in a moment"), "{}", told.remedy);
    // As long as the primary stays, nothing is promoted.
    takes(&planned(&text, [primary]));
}

#[test]
fn replicas_are_counted_by_whom_they_follow() {
    let there = |source| {
        [
            live("primary"),
            live("replica-1"),
            theirs("more", Some(source)),
        ]
    };
    let plan = planned(&replicas(15, ""), there("truck-replica-1"));
    assert!(!codes(&plan, Severity::Warning).contains(&"aws/replica-limit"));
    let plan = planned(&replicas(15, ""), there("truck-primary"));
    assert!(codes(&plan, Severity::Warning).contains(&"aws/replica-limit"));
}

#[test]
fn deleting_a_replica_promotes_those_below_it() {
    let below = theirs("analysts", Some("truck-replica-1"));
    let plan = planned(
        &replicas(0, ""),
        [live("primary"), live("replica-1"), below.clone()],
    );
    refuses(&plan, "aws/promotes-replicas");
    let said = plan.checks.iter().map(|check| check.message.as_str());
    assert!(
        said.clone()
            .any(|said| said.contains("truck-replica-1 has replicas"))
    );
    // It stays in nobody's way as long as its source stays.
    takes(&planned(
        &replicas(1, ""),
        [live("primary"), live("replica-1"), below],
    ));
}
