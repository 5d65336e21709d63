//! The order of calls, primaries of others, and the commands of gcloud.

use pgfleet_model::{
    Check, Inventory, ObservedInstance, Operation, Region, ResourceId, Role, Severity, Value,
};
use pgfleet_planner::{FleetPlan, Goal, Platform as _, Word};

use super::{SECRET, all_live, file, fresh, live, order, planned, says, usual};
use crate::gcp::{
    GcpPlatform,
    setting::{KIND, PITR},
};

#[test]
fn sizes_go_up_on_replicas_first_and_down_on_the_primary_first() {
    let larger = usual().replace("db-custom-2-7680", "db-custom-4-15360");
    let up = planned(&larger, all_live(), Goal::Apply);
    assert_eq!(order(&up)[2], "change truck-primary", "{:?}", order(&up));
    assert_eq!(up.steps[2].after, [1, 2]);
    let smaller = usual().replace("db-custom-2-7680", "db-custom-1-3840");
    let down = planned(&smaller, all_live(), Goal::Apply);
    assert_eq!(
        order(&down)[0],
        "change truck-primary",
        "{:?}",
        order(&down)
    );
    assert!(down.steps[1..].iter().all(|step| step.after == [1]));
}

#[test]
fn a_primary_and_its_replicas_are_changed_one_at_a_time() {
    let plan = fresh(&usual());
    let lanes: std::collections::BTreeSet<_> = plan.steps.iter().map(|step| &step.lane).collect();
    assert_eq!((plan.steps.len(), lanes.len()), (3, 1));
}

#[test]
fn a_database_is_made_at_once_and_keeps_no_replica_away() {
    let plan = fresh(&file(
        &format!("size = 'db-custom-2-7680'\ndatabase = 'orders'\n{SECRET}"),
        1,
        "",
    ));
    let calls: Vec<_> = plan.steps.iter().map(|step| step.call.as_str()).collect();
    let insert = "instances.insert";
    let expected = [insert, "databases.insert", "instances.patch", insert];
    assert_eq!(calls, expected);
    let after: Vec<_> = plan.steps.iter().map(|step| &step.after[..]).collect();
    assert_eq!(after, [&[][..], &[1], &[2], &[1]]);
}

#[test]
fn replicas_go_before_their_primary_and_protection_is_lifted_first() {
    let text = format!("{}[protect]\ndeletion = false\n", usual());
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let plan = planned(&text, all_live(), goal);
    let order = order(&plan);
    assert_eq!(
        order.last().map(String::as_str),
        Some("delete truck-primary")
    );
    assert!(
        order.contains(&"change truck-primary".to_owned()),
        "{order:?}"
    );
    let last = plan.steps.last().unwrap();
    let replicas = plan.steps.iter().filter(|step| {
        step.address.role() == Role::Replica
            && matches!(step.mutation.operation, Operation::Delete { .. })
    });
    assert!(replicas.clone().count() == 2);
    for replica in replicas {
        assert!(last.after.contains(&replica.id));
    }
}

#[test]
fn recovery_goes_with_the_backups_and_after_the_replicas() {
    let off = file(
        &format!("size = 'db-custom-2-7680'\nbackup_days = 0\n{SECRET}"),
        0,
        "",
    );
    let plan = planned(&off, all_live(), Goal::Apply);
    assert_eq!(order(&plan)[2], "change truck-primary", "{:?}", plan.checks);
    assert_eq!(plan.steps[2].after, [1, 2]);
    assert_eq!(plan.steps[2].disruption.to_string(), "restart");
    // gcloud does not take both in one command.
    assert_eq!(
        commands(&plan)[2..],
        [
            "gcloud sql instances patch truck-primary --no-enable-point-in-time-recovery \
             --project=food --quiet",
            "gcloud sql instances patch truck-primary --no-backup --project=food --quiet",
        ]
    );
}

/// A plan for a replica of a primary that somebody else owns.
fn following(reference: &str, theirs: Option<ObservedInstance>) -> FleetPlan {
    let text = format!(
        "fleet = 'truck'\nprovider = 'gcp'\nregion = 'us-east1'\n[primary]\n\
         existing = '{reference}'\n[[replicas]]\ncount = 1\n"
    );
    planned(&text, theirs.into_iter().collect(), Goal::Apply)
}

#[test]
fn an_existing_primary_needs_backups_with_point_in_time_recovery() {
    let mut theirs = live("primary");
    theirs.owner = None;
    let whole = following("truck-primary", Some(theirs.clone()));
    assert!(!whole.is_refused(), "{:?}", whole.checks);
    theirs
        .attributes
        .settings
        .insert(PITR.into(), Value::Flag(false));
    let plan = following("truck-primary", Some(theirs));
    assert!(says(&plan, "gcp/replica-backups") && plan.is_refused());
}

#[test]
fn an_existing_primary_is_an_instance_that_can_have_replicas() {
    for (kind, role) in [
        ("READ_POOL_INSTANCE", Role::Replica),
        ("ON_PREMISES_INSTANCE", Role::Primary),
    ] {
        let mut theirs = live("primary");
        (theirs.owner, theirs.role) = (None, role);
        let settings = &mut theirs.attributes.settings;
        settings.insert(KIND.into(), Value::Text(kind.into()));
        let plan = following("truck-primary", Some(theirs));
        assert!(says(&plan, "gcp/existing") && plan.is_refused(), "{kind}");
        assert!(!says(&plan, "gcp/replica-backups"), "{kind}");
    }
    let mut theirs = live("primary");
    theirs.owner = None;
    theirs.raw_phase = "SUSPENDED".into();
    let plan = following("truck-primary", Some(theirs));
    assert!(says(&plan, "gcp/suspended") && plan.is_refused());
}

/// The order of the calls on the usual fleet, by what they do to which instance.
fn edited(text: &str, live: Vec<ObservedInstance>) -> Vec<String> {
    order(&planned(text, live, Goal::Apply))
}

#[test]
fn replicas_move_to_another_region_one_after_the_other() {
    let text = usual().replace("count = 2", "count = 2\nregion = 'europe-west1'");
    let moves = edited(&text, all_live());
    let expected = [
        "delete truck-replica-1",
        "create truck-replica-1",
        "delete truck-replica-2",
        "create truck-replica-2",
    ];
    assert_eq!(moves, expected);
}

#[test]
fn a_replica_that_goes_is_in_the_way_of_its_primary_only_where_it_is_smaller() {
    let text = |tier: &str| {
        let text = usual().replace("count = 2", "name = 'new'\ncount = 1");
        text.replace("db-custom-2-7680", tier)
    };
    let moves = |size: &str| {
        let mut live = all_live();
        live[1].attributes.size = Some(size.into());
        live.pop();
        edited(&text("db-custom-4-15360"), live)
    };
    let [gone, grown, new] = [
        "delete truck-replica-1",
        "change truck-primary",
        "create truck-new-1",
    ];
    assert_eq!(moves("db-custom-2-7680"), [gone, grown, new]);
    assert_eq!(moves("db-custom-4-15360"), [grown, new, gone]);
}

#[test]
fn an_existing_primary_is_named_in_three_ways_and_has_to_be_there() {
    let mut theirs = live("primary");
    theirs.owner = None;
    for name in [
        "truck-primary",
        "us-east1/truck-primary",
        "food:us-east1:truck-primary",
    ] {
        let plan = following(name, Some(theirs.clone()));
        assert!(!plan.is_refused(), "{name}: {:?}", plan.checks);
    }
    for name in ["a/b/c", "other:us-east1:truck-primary"] {
        let plan = following(name, Some(theirs.clone()));
        assert!(says(&plan, "gcp/existing") && plan.is_refused(), "{name}");
    }
    // That it has to be there is a rule of every platform.
    let plan = following("elsewhere", Some(theirs));
    let missing = plan
        .checks
        .iter()
        .any(|check| check.code == "primary/existing");
    assert!(missing && plan.is_refused(), "{:?}", plan.checks);
}

/// What the project's list says against the calls of a plan.
fn preflight(plan: &FleetPlan, listed: impl IntoIterator<Item = ObservedInstance>) -> Vec<Check> {
    let mutations: Vec<_> = plan.steps.iter().map(|step| &step.mutation).collect();
    let inventory: Inventory = listed.into_iter().collect();
    crate::gcp::preflight::check(&mutations, &inventory)
}

#[test]
fn replicas_of_a_replica_are_few_levels_deep() {
    let mut chain = vec![live("primary")];
    for level in 2..=5 {
        let mut replica = live("replica-1");
        replica.owner = None;
        replica.resource.id = ResourceId::new(format!("level-{level}"));
        replica.source = chain.last().map(|source| source.resource.clone());
        chain.push(replica.clone());
        let plan = following(replica.resource.id.as_str(), Some(replica.clone()));
        assert!(!plan.is_refused() && !says(&plan, "gcp/cascade"), "{level}");
        let checks = preflight(&plan, chain.clone());
        let refused = checks.iter().any(|check| {
            check.code == "gcp/cascade"
                && check.severity == Severity::Error
                && !check.remedy.is_empty()
        });
        assert_eq!((checks.len(), refused), (usize::from(level > 3), level > 3));
        // Without the rest of the chain nobody knows.
        let alone = preflight(&plan, [replica]);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone[0].severity, Severity::Warning);
    }
}

#[test]
fn a_name_is_taken_in_every_region_of_the_project() {
    let mut theirs = live("primary");
    theirs.owner = None;
    theirs.resource.region = Region::new("europe-west1");
    let plan = fresh(&usual());
    let checks = preflight(&plan, [theirs]);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].code, "gcp/name-taken");
}

/// The words of a plan's commands; where a word is read by the shell, what it is read from.
fn commands(plan: &FleetPlan) -> Vec<String> {
    let platform = GcpPlatform::new("food");
    let all = plan
        .steps
        .iter()
        .flat_map(|step| platform.commands(&step.mutation));
    all.map(|words| {
        let words = words.iter().map(|word| match word {
            Word::Plain(word) => word.clone(),
            Word::Variable(name) => format!("${name}"),
            Word::Output(words) => format!("{words:?}"),
        });
        words.collect::<Vec<_>>().join(" ")
    })
    .collect()
}

#[test]
fn commands_of_gcloud_say_the_same_as_the_calls() {
    let plan = fresh(&file(
        &format!("size = 'db-custom-2-7680'\nmulti_az = true\nstorage = {{ gib = 100 }}\n{SECRET}"),
        1,
        "",
    ));
    let commands = commands(&plan);
    assert_eq!(
        commands[0],
        "gcloud sql instances create truck-primary --region=us-east1 \
         --database-version=POSTGRES_16 --edition=enterprise --tier=db-custom-2-7680 \
         --availability-type=regional --storage-size=100 --storage-auto-increase \
         --retained-backups-count=7 --enable-point-in-time-recovery \
         --retained-transaction-log-days=7 --deletion-protection --root-password $P \
         --project=food --quiet"
    );
    assert_eq!(
        commands[1],
        "gcloud beta sql instances patch truck-primary \
         --update-labels=managed-by=pgfleet,pgfleet-address=primary,pgfleet-fleet=truck \
         --project=food --quiet"
    );
    assert!(commands[2].contains("--master-instance-name=truck-primary"));
    assert_eq!(commands.len(), 4);
}

#[test]
fn commands_of_gcloud_alter_and_delete() {
    let larger = usual().replace("db-custom-2-7680", "db-custom-4-15360");
    let plan = planned(&larger, all_live(), Goal::Apply);
    assert_eq!(
        commands(&plan)[0],
        "gcloud sql instances patch truck-replica-1 --tier=db-custom-4-15360 --project=food --quiet"
    );
    let text = format!("{}[protect]\ndeletion = false\n", usual());
    let goal = Goal::Destroy {
        replicas_only: false,
    };
    let commands = commands(&planned(&text, all_live(), goal));
    assert_eq!(
        commands.last().map(String::as_str),
        Some(
            "gcloud sql instances delete truck-primary --enable-final-backup --project=food --quiet"
        )
    );
}
