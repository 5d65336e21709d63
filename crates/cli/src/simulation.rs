//! `--simulate`: clouds that this process serves to itself, on loopback.

use std::path::{Path, PathBuf};

use pgfleet_model::ProviderKind;
use pgfleet_simulator::{AwsOptions, AzureOptions, Clock, GcpOptions, Simulator};
use pgfleet_spec::Spec;

use crate::{args::SimulateFlag, exit::Exit, seeding, ui::Ui};

/// How many simulated seconds pass in a real one: what takes a cloud ten minutes takes two seconds.
pub(crate) const SPEED: f64 = 300.0;

/// The simulated clouds of a run, which end with it.
#[derive(Debug)]
pub(crate) struct Simulation {
    simulator: Simulator,
}

impl Simulation {
    /// Starts what `--simulate` asks for; `Ok(None)` where it is not given. Every problem has been
    /// told when this fails.
    pub(crate) async fn start(
        flag: &SimulateFlag,
        specs: &[Spec],
        ui: Ui,
    ) -> Result<Option<Self>, Exit> {
        let Some(file) = flag.file() else {
            return Ok(None);
        };
        refuse_local(specs, ui)?;
        match begin(0, Some(file.clone()), Clock::Scaled(SPEED), false).await {
            Ok(simulator) => {
                for spec in specs {
                    seeding::existing(simulator.control(), spec);
                }
                let file = file.display();
                ui.note(&format!("Simulated clouds; their state is in {file}."));
                Ok(Some(Self { simulator }))
            }
            Err(exit) => Err(exit.told(ui)),
        }
    }

    /// Where its APIs are.
    pub(crate) fn endpoint(&self) -> String {
        self.simulator.endpoint()
    }
}

/// Fleets of this machine are never simulated.
pub(crate) fn refuse_local(specs: &[Spec], ui: Ui) -> Result<(), Exit> {
    let mut specs = specs.iter();
    match specs.find(|spec| spec.provider == ProviderKind::Local) {
        Some(spec) => {
            ui.problem(
                &format!(
                    "--simulate: {} is a fleet of this machine",
                    spec.source.name
                ),
                "leave --simulate out: its servers are real and cost nothing",
            );
            Err(Exit::Usage)
        }
        None => Ok(()),
    }
}

/// A simulator that could not be started, to be told.
pub(crate) struct NotStarted(String);

impl NotStarted {
    /// A certificate that could not be written.
    pub(crate) fn without(certificate: &Path, why: &std::io::Error) -> Self {
        Self(format!(
            "{} cannot be written: {why}",
            certificate.display()
        ))
    }

    pub(crate) fn told(&self, ui: Ui) -> Exit {
        ui.problem(
            &format!("the simulated clouds cannot start: {}", self.0),
            "",
        );
        Exit::Failed
    }
}

/// Starts a simulator on loopback, with or without TLS.
pub(crate) async fn begin(
    port: u16,
    state: Option<PathBuf>,
    clock: Clock,
    tls: bool,
) -> Result<Simulator, NotStarted> {
    // Plan files name groups and subscriptions that exist in somebody's account.
    let mut aws = AwsOptions::default();
    aws.accept_any_group = true;
    let mut azure = AzureOptions::default();
    azure.any_subscription = true;
    azure.any_resource_group = true;
    // gcloud sends the settings of backups back as it has read them, also what only Google sets.
    let mut gcp = GcpOptions::default();
    gcp.take_backups_back = true;
    let builder = Simulator::builder().port(port).clock(clock).tls(tls);
    let mut builder = builder.aws(aws).azure(azure).gcp(gcp);
    if let Some(state) = state {
        builder = builder.state_file(state);
    }
    builder
        .start()
        .await
        .map_err(|error| NotStarted(error.to_string()))
}
