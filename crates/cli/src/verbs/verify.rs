//! `pgfleet verify`.

use futures_util::future::join_all;
use pgfleet_model::DesiredInstance;
use pgfleet_monitor::{Target, VerifyOptions, verify};
use pgfleet_planner::Resolution;
use pgfleet_render::{FleetVerification, ReplicaVerification, verify_json, verify_text};

use crate::{
    args::{Format, SimulateFlag, VerifyArgs},
    databases::{credentials, primary, replica},
    exit::Exit,
    run::{Fleet, Run},
    ui::Ui,
};

/// Writes a marker on each primary and sees it on every replica of its plan.
pub(super) async fn perform(args: &VerifyArgs, ui: Ui) -> Exit {
    let (run, resolutions) =
        match Run::look_at(&args.plans.plans, &SimulateFlag::default(), ui).await {
            Ok(looked) => looked,
            Err(exit) => return exit,
        };
    let options = VerifyOptions {
        timeout: args.timeout,
        ..VerifyOptions::default()
    };
    let verdicts = run
        .fleets
        .iter()
        .zip(&resolutions)
        .map(|(fleet, resolution)| verify_fleet(fleet, resolution, &options));
    let verdicts = join_all(verdicts).await;
    match args.format {
        Format::Text => ui.result(&verify_text(&verdicts, ui.out())),
        Format::Json => ui.result(&format!("{:#}\n", verify_json(&verdicts))),
    }
    let replicas = verdicts.iter().flat_map(|fleet| &fleet.replicas);
    let ok = verdicts.iter().all(|fleet| fleet.problem.is_none())
        && replicas.clone().all(|replica| replica.problem.is_none());
    if ok { Exit::Done } else { Exit::Unhealthy }
}

async fn verify_fleet(
    fleet: &Fleet,
    resolution: &Resolution,
    options: &VerifyOptions,
) -> FleetVerification {
    let wanted: Vec<&DesiredInstance> = resolution.desired.replicas().collect();
    let name = fleet.spec.fleet.clone();
    let all = |problem: String| FleetVerification {
        fleet: name.clone(),
        problem: wanted.is_empty().then(|| problem.clone()),
        replicas: wanted
            .iter()
            .map(|replica| ReplicaVerification {
                address: replica.address.clone(),
                milliseconds: None,
                problem: Some(problem.clone()),
            })
            .collect(),
    };
    let source = resolution.desired.primary_ref();
    let Some(primary) = primary(resolution) else {
        return all(format!(
            "the primary {source} does not exist; run pgfleet apply"
        ));
    };
    let credentials = match credentials(fleet, source).await {
        Ok(credentials) => credentials,
        Err(why) => return all(why),
    };
    let targets: Vec<Option<Target>> = wanted
        .iter()
        .map(|wanted| replica(resolution, wanted))
        .collect();
    let known: Vec<Target> = targets.iter().flatten().cloned().collect();
    let mut seen = verify(&primary, &known, &credentials, options)
        .await
        .into_iter();
    let replicas = wanted.iter().zip(&targets).map(|(wanted, target)| {
        let verdict = target.as_ref().and_then(|_| seen.next());
        ReplicaVerification {
            address: wanted.address.clone(),
            milliseconds: verdict.as_ref().and_then(|verdict| verdict.milliseconds),
            problem: match verdict {
                Some(verdict) if verdict.ok => None,
                Some(verdict) => Some(
                    verdict
                        .problem
                        .unwrap_or_else(|| "it did not show the marker".into()),
                ),
                None => Some(format!(
                    "{} does not exist; run pgfleet apply",
                    wanted.resource
                )),
            },
        }
    });
    FleetVerification {
        fleet: name.clone(),
        problem: None,
        replicas: replicas.collect(),
    }
}
