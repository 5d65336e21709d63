//! What is done in which order.

use super::*;

#[test]
fn a_fleet_as_planned_is_left_alone() {
    let plan = accepts(&usual(MIDDLE, "storage = { gib = 128 }"), live(MIDDLE));
    assert_eq!(order(&plan), [""; 0]);
}

#[test]
fn what_grows_grows_on_the_replicas_first() {
    let plan = accepts(&usual(LARGE, "storage = { gib = 256 }"), live(MIDDLE));
    let grows = format!("size={LARGE} storage_gib=256");
    let expected = ["replica-1", "replica-2", "primary"].map(|id| format!("{id} {grows}"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn compute_that_shrinks_shrinks_on_the_primary_first() {
    let plan = accepts(&usual(SMALL, ""), live(MIDDLE));
    let shrinks = format!("size={SMALL}");
    let expected = ["primary", "replica-1", "replica-2"].map(|id| format!("{id} {shrinks}"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_change_that_goes_both_ways_takes_two_calls() {
    let plan = accepts(&usual(SMALL, "storage = { gib = 256 }"), live(MIDDLE));
    let (shrinks, grows) = (format!("size={SMALL}"), "storage_gib=256");
    let steps = order(&plan);
    let at = |step: String| steps.iter().position(|one| *one == step).unwrap();
    assert_eq!(steps.len(), 6, "{steps:?}");
    for replica in ["replica-1", "replica-2"] {
        assert!(at(format!("primary {shrinks}")) < at(format!("{replica} {shrinks}")));
        assert!(at(format!("{replica} {grows}")) < at(format!("primary {grows}")));
    }
}

#[test]
fn how_long_backups_are_kept_is_changed_apart_from_the_disk() {
    for disk in ["gib = 256", "autogrow = true"] {
        let more = format!("backup_days = 14\nstorage = {{ {disk} }}");
        let one = file(&format!("size = '{LARGE}'\n{more}"), "count = 0", "");
        let steps = order(&accepts(&one, vec![server("primary", MIDDLE)]));
        let of_disk = if disk.starts_with("gib") {
            format!("primary size={LARGE} storage_gib=256")
        } else {
            format!("primary size={LARGE} autogrow=true")
        };
        assert_eq!(steps, ["primary backup_days=14".to_owned(), of_disk]);
    }
    // Whatever else changes goes with it in one call.
    let text = usual(LARGE, "backup_days = 14");
    let steps = order(&accepts(&text, live(MIDDLE)));
    let together = format!("primary size={LARGE} backup_days=14");
    assert_eq!(steps.last(), Some(&together));
}

#[test]
fn autogrow_comes_to_the_replicas_first_and_leaves_the_primary_first() {
    let plan = accepts(&usual(SMALL, "storage = { autogrow = true }"), live(SMALL));
    let expected = ["replica-1", "replica-2", "primary"].map(|id| format!("{id} autogrow=true"));
    assert_eq!(order(&plan), expected);
    let on = altered(SMALL, |one| one.attributes.storage.autogrow = Some(true));
    let plan = accepts(&usual(SMALL, "storage = { autogrow = false }"), on);
    let expected = ["primary", "replica-1", "replica-2"].map(|id| format!("{id} autogrow=false"));
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_server_leaves_burstable_before_it_gets_a_standby() {
    let text = file(
        &format!("size = '{SMALL}'\nmulti_az = true"),
        "count = 0",
        "",
    );
    let plan = accepts(&text, vec![server("primary", "Standard_B2s")]);
    let expected = [
        format!("primary size={SMALL}"),
        "primary multi_az=true".to_owned(),
    ];
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_standby_goes_before_the_size_that_cannot_have_one() {
    let mut primary = server("primary", SMALL);
    primary.attributes.availability = Some(Availability::Regional);
    let text = file("size = 'Standard_B2s'", "count = 0", "");
    let plan = accepts(&text, vec![primary]);
    let expected = ["primary multi_az=false", "primary size=Standard_B2s"];
    assert_eq!(order(&plan), expected);
}

#[test]
fn a_standby_in_the_same_zone_goes_before_one_in_another_comes() {
    let mut primary = server("primary", SMALL);
    let settings = &mut primary.attributes.settings;
    settings.insert(setting::SAME_ZONE.to_owned(), Value::Number(1));
    let text = file(
        &format!("size = '{SMALL}'\nmulti_az = true"),
        "count = 0",
        "",
    );
    let plan = accepts(&text, vec![primary]);
    assert_eq!(
        order(&plan),
        ["primary multi_az=false", "primary multi_az=true"]
    );
}

#[test]
fn replicas_go_before_their_primary_becomes_burstable() {
    let text = file("size = 'Standard_B2s'", "count = 0", "");
    let plan = accepts(&text, live(SMALL));
    let steps = order(&plan);
    assert_eq!(
        steps.last().unwrap(),
        "primary size=Standard_B2s",
        "{steps:?}"
    );
    assert_eq!(steps.len(), 3);
}

#[test]
fn a_replica_that_is_too_small_goes_before_the_primary_grows_and_a_new_one_comes() {
    let text = file(&format!("size = '{LARGE}'"), "name = 'big'\ncount = 1", "");
    let plan = accepts(&text, live(MIDDLE));
    let steps = order(&plan);
    let expected = [
        "replica-1 delete".to_owned(),
        "replica-2 delete".to_owned(),
        format!("primary size={LARGE}"),
        "big-1 create".to_owned(),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_password_is_changed_in_one_call_with_its_version() {
    let text = usual(SMALL, "password_version = 2");
    assert_eq!(
        order(&accepts(&text, live(SMALL))),
        ["primary password_version=2"]
    );
    // A version that was there already is none to go back to.
    let mut changed = live(SMALL);
    let mut tags = [("pgfleet-password-version".to_owned(), "3".to_owned())].into();
    let version = crate::shared::passwords::take_version(&mut tags);
    changed[0].attributes.settings.extend(version);
    assert_eq!(order(&accepts(&text, changed)), [""; 0]);
}

#[test]
fn a_database_is_made_in_a_step_of_its_own_and_taken_up() {
    let text = usual(SMALL, "database = 'food'");
    let steps = order(&accepts(&text, Vec::new()));
    let expected = [
        "primary create",
        "primary database=food",
        "primary pending_database=none",
        "replica-1 create",
        "replica-2 create",
    ];
    assert_eq!(steps, expected);
    // A run was ended after the first of them.
    let mut primary = server("primary", SMALL);
    let settings = &mut primary.attributes.settings;
    settings.extend([databases::observed(Some("food".to_owned()))]);
    let steps = order(&accepts(&text, vec![primary]));
    assert_eq!(steps, expected[1..]);
}

#[test]
fn a_fleet_that_goes_leaves_no_snapshot() {
    let text = usual(SMALL, "");
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let platform = AzurePlatform::new("S", "food");
    let plan = planning::planned(&platform, &text, live(SMALL), goal);
    assert!(found(&plan, "azure/no-snapshot"), "{:?}", plan.checks);
    assert_eq!(
        order(&plan),
        ["replica-1 delete", "replica-2 delete", "primary delete"]
    );
}

#[test]
fn a_replica_abroad_may_take_hours() {
    let text = file(
        &format!("size = '{SMALL}'"),
        "count = 1\n[[replicas]]\nname = 'eu'\ncount = 1\nregion = 'westeurope'",
        "",
    );
    let plan = accepts(&text, Vec::new());
    let seconds = |address: &str| {
        let address: Address = address.parse().unwrap();
        let mut steps = plan.steps.iter();
        let step = steps.find(|step| step.address == address);
        step.and_then(|step| step.expected_seconds)
    };
    assert_eq!(seconds("replica-1"), Some(480));
    // The executor gives a step eight times as long: four hours.
    assert_eq!(seconds("eu-1"), Some(1800));
}
