//! `pgfleet status`.

use futures_util::future::join_all;
use pgfleet_model::{
    Address, DesiredInstance, Lag, ObservedInstance, ObservedState, Phase, Region, Role, Stranger,
};
use pgfleet_monitor::{InstanceStatus, StatusOptions, Target, status};
use pgfleet_planner::{Resolution, not_ours};
use pgfleet_render::{FleetStatus, Found, InstanceView, status_json, status_text};

use crate::{
    args::{Format, StatusArgs},
    databases::{credentials, primary, target},
    exit::Exit,
    run::{Fleet, Run},
    ui::Ui,
};

/// Shows every instance of each fleet: those of the plan, and those that the plan has left.
pub(super) async fn perform(args: &StatusArgs, ui: Ui) -> Exit {
    let looking = Run::look_at_what_can_be(&args.plans.plans, &args.simulate, ui);
    let (run, resolutions, exit) = match looking.await {
        Ok(looked) => looked,
        Err(exit) => return exit,
    };
    let fleets = run
        .fleets
        .iter()
        .zip(&resolutions)
        .map(|(fleet, resolution)| status_of(fleet, resolution, run.is_simulated()));
    let fleets = join_all(fleets).await;
    match args.format {
        Format::Text => ui.result(&status_text(&fleets, run.is_simulated(), ui.out())),
        Format::Json => ui.result(&format!("{:#}\n", status_json(&fleets, run.is_simulated()))),
    }
    exit
}

async fn status_of(fleet: &Fleet, resolution: &Resolution, simulated: bool) -> FleetStatus {
    let observed = &resolution.observed;
    let surplus = observed
        .surplus
        .iter()
        .filter_map(|live| Some((live.owner.as_ref()?.address.clone(), live)));
    let mut live: Vec<(Address, &ObservedInstance)> = observed
        .wanted
        .iter()
        .map(|(address, live)| (address.clone(), live))
        .collect();
    live.extend(surplus);
    let seen = if simulated {
        Err("the cloud is simulated: no database runs there".to_owned())
    } else {
        ask(fleet, resolution, &live).await
    };
    let mut instances: Vec<InstanceView> = live
        .into_iter()
        .map(|(address, live)| view(address, live, &seen))
        .collect();
    let lacking = resolution.desired.instances.values();
    let lacking = lacking.filter(|wanted| !observed.wanted.contains_key(&wanted.address));
    instances.extend(lacking.map(|wanted| lack(wanted, observed)));
    instances.sort_by(|a, b| a.address.cmp(&b.address));
    FleetStatus {
        fleet: fleet.spec.fleet.clone(),
        provider: fleet.spec.provider,
        instances,
    }
}

/// An instance that the plan wants and the fleet does not have: nothing has its name, or something that
/// is not the fleet's.
fn lack(wanted: &DesiredInstance, observed: &ObservedState) -> InstanceView {
    let held = observed
        .strangers
        .iter()
        .find_map(|stranger| match stranger {
            Stranger::Holds(address, live) if *address == wanted.address => Some(live),
            _ => None,
        });
    let on_a_cloud = wanted.resource.region != Region::local();
    let may_adopt = |live: &ObservedInstance| live.owner.is_none() && on_a_cloud;
    let problem = held.map(|live| {
        let check = not_ours(wanted, live);
        if may_adopt(live) {
            check.message
        } else {
            format!("{}; {}", check.message, check.remedy)
        }
    });
    let (found, raw_phase, word, unknown) = match held {
        Some(live) => {
            let word = if may_adopt(live) {
                "run pgfleet adopt"
            } else {
                ""
            };
            let raw_phase = live.raw_phase.clone();
            (Found::NotOurs, raw_phase, word, "it is not the fleet's")
        }
        None => (
            Found::Missing,
            "missing".to_owned(),
            "run pgfleet apply",
            "it does not exist",
        ),
    };
    InstanceView {
        address: wanted.address.clone(),
        resource_id: wanted.resource.id.clone(),
        role: wanted.role(),
        found,
        raw_phase,
        endpoint: None,
        streaming: None,
        word: word.to_owned(),
        lag_bytes: None,
        lag: (wanted.role() == Role::Replica).then(|| Lag::Unknown(unknown.to_owned())),
        problem,
    }
}

/// Asks the databases, where there is a primary and a login. `Err` says why nothing was asked.
async fn ask(
    fleet: &Fleet,
    resolution: &Resolution,
    live: &[(Address, &ObservedInstance)],
) -> Result<Vec<InstanceStatus>, String> {
    let source = resolution.desired.primary_ref();
    let primary =
        primary(resolution).ok_or_else(|| format!("the primary {source} is not there"))?;
    let credentials = credentials(fleet, source).await?;
    let replicas: Vec<Target> = live
        .iter()
        .filter(|(address, _)| address.role() == Role::Replica)
        .filter(|(_, live)| matches!(live.phase, Phase::Available | Phase::Unknown))
        .filter_map(|(address, live)| target(live, address.clone()))
        .collect();
    Ok(status(&primary, &replicas, &credentials, &StatusOptions::default()).await)
}

fn view(
    address: Address,
    live: &ObservedInstance,
    seen: &Result<Vec<InstanceStatus>, String>,
) -> InstanceView {
    let found = match seen {
        Ok(seen) => seen
            .iter()
            .find(|status| status.resource_id == live.resource.id),
        Err(_) => None,
    };
    let role = found
        .and_then(|status| status.role_observed)
        .unwrap_or(live.role);
    let not_asked = || match seen {
        Err(why) => Lag::Unknown(why.clone()),
        Ok(_) => Lag::Unknown(format!("it is {}", live.raw_phase)),
    };
    let is_replica = address.role() == Role::Replica;
    InstanceView {
        resource_id: live.resource.id.clone(),
        role,
        found: Found::Ours(live.phase),
        raw_phase: live.raw_phase.clone(),
        endpoint: live.endpoint.clone(),
        streaming: found
            .and_then(|status| status.streaming)
            .filter(|_| is_replica),
        word: word(role, live, found),
        lag_bytes: found
            .and_then(|status| status.lag_bytes)
            .filter(|_| is_replica),
        lag: is_replica.then(|| {
            found
                .and_then(|status| status.lag.clone())
                .unwrap_or_else(not_asked)
        }),
        address,
        problem: None,
    }
}

/// What an instance does, in a few words.
fn word(role: Role, live: &ObservedInstance, found: Option<&InstanceStatus>) -> String {
    let Some(status) = found else {
        return if live.raw_phase == live.phase.to_string() {
            String::new()
        } else {
            live.raw_phase.clone()
        };
    };
    match (
        role,
        &status.reachable,
        status.replay_paused,
        status.streaming,
    ) {
        (_, Err(_), ..) => "does not answer".to_owned(),
        (Role::Primary, ..) => "primary".to_owned(),
        (Role::Replica, _, Some(true), _) => "replay paused".to_owned(),
        (Role::Replica, _, _, Some(true)) => "streaming".to_owned(),
        (Role::Replica, _, _, Some(false)) => "not streaming".to_owned(),
        (Role::Replica, _, _, None) => "replica".to_owned(),
    }
}
