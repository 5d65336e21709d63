//! The command line.

mod values;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};
use pgfleet_render::{COMMENT_BYTES, path_word};

pub(crate) use values::{Cloud, Format, PlanFormat, Report, SchemaOf};
use values::{at_least_one, duration, size};

/// Keeps a PostgreSQL primary and its read replicas in the shape that a plan file declares.
#[derive(Debug, Parser)]
#[command(
    name = "pgfleet",
    version,
    max_term_width = 100,
    after_help = "Example:\n  pgfleet plan plans/local.toml\n  pgfleet apply plans/local.toml\n  \
                  pgfleet verify plans/local.toml\n\n\
                  Exit codes: 0 done, 1 failed, nothing took effect,\n\
                  2 changes pending (plan --detailed-exitcode), 3 refused,\n\
                  4 the saved plan does not fit, 5 failed half-way (run again),\n\
                  6 stopped (run again), 7 verification failed,\n\
                  64 wrong command line or plan file."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What is logged, on stderr.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Logs every call to a platform on stderr, with its outcome and time; -vv logs all there is.
    /// `RUST_LOG` chooses by target and level instead
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How log lines are printed; json is one object a line
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub(crate) log_format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Plan(PlanArgs),
    Apply(ApplyArgs),
    Destroy(DestroyArgs),
    Status(StatusArgs),
    Verify(VerifyArgs),
    Cost(CostArgs),
    Prices(PricesArgs),
    Adopt(AdoptArgs),
    Release(ReleaseArgs),
    Simulate(SimulateArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
}

/// Plan files.
#[derive(Debug, Args)]
pub(crate) struct Plans {
    /// Plan files, or folders of them (*.toml and *.json directly in a folder)
    #[arg(required = true, value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
}

/// Shows what apply would change, in which calls, and what stands against it
///
/// Changes nothing. Asks the platform what runs, compares it with the plan files, and prints
/// every change with its reason, the calls in their order and the checks.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pgfleet plan plans/local.toml --detailed-exitcode\n  \
                  pgfleet plan plans/local.toml --out reviewed.json"
)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) plans: Plans,
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// Saves the plan; `apply FILE` then does exactly this, or refuses with 4
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Ends with 2 where there is something to change or in flight
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    pub(crate) format: PlanFormat,
    #[command(flatten)]
    pub(crate) size: SizeFlag,
    #[command(flatten)]
    pub(crate) github: GithubFlag,
}

/// How large markdown may become.
#[derive(Debug, Args)]
pub(crate) struct SizeFlag {
    /// Cuts markdown to this size, with a count of what is left out
    #[arg(long, value_name = "N", value_parser = size, default_value_t = COMMENT_BYTES)]
    pub(crate) max_bytes: usize,
}

/// Whether a step of GitHub Actions is told.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct GithubFlag {
    /// Adds to the step's summary and outputs, in GitHub Actions
    ///
    /// Markdown is appended to the file `$GITHUB_STEP_SUMMARY`; `exit_code`, `changes`,
    /// `monthly_delta` and others go to `$GITHUB_OUTPUT`.
    #[arg(long)]
    pub(crate) github: bool,
}

/// The file of the simulated clouds' state, where none is named.
const USUAL_STATE: &str = ".pgfleet-simulated.json";

/// Whether the clouds are simulated.
#[derive(Debug, Default, Args)]
pub(crate) struct SimulateFlag {
    /// Uses clouds that this process simulates, their state in FILE; needs no account
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = USUAL_STATE
    )]
    simulate: Option<PathBuf>,
}

impl SimulateFlag {
    /// The file of the simulated state, where clouds are simulated.
    pub(crate) fn file(&self) -> Option<&PathBuf> {
        self.simulate.as_ref()
    }

    /// The flag as it has to be given again for the same clouds, a space before it; nothing for real
    /// ones.
    pub(crate) fn again(&self) -> String {
        match &self.simulate {
            None => String::new(),
            Some(file) if file.as_os_str() == USUAL_STATE => " --simulate".to_owned(),
            Some(file) => format!(" --simulate={}", path_word(file)),
        }
    }
}

/// Puts pgfleet's tags on instances that a plan file names
///
/// Changes nothing else: what differs from the plan, the next `plan` shows. An instance of another
/// fleet is refused.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet adopt plans/foodtruck-aws.toml")]
pub(crate) struct AdoptArgs {
    /// The plan file
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// Does not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
}

/// Takes pgfleet's tags off the instances of a fleet, which go on as nobody's
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet release plans/foodtruck-aws.toml replica-2")]
pub(crate) struct ReleaseArgs {
    /// The plan file
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The one instance to release, such as replica-2; all of the fleet's where it is left out
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<pgfleet_model::Address>,
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// Does not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
}

/// Serves the simulated clouds on loopback, for pgfleet and for the vendors' own tools
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet simulate --port 8181 --state clouds.json")]
pub(crate) struct SimulateArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Keeps the state in a file, and goes on from what it holds
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Simulated seconds in a real one; 0: whatever takes time is done by the next request
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(crate) speed: u32,
    /// Serves https; the certificate of its authority is written to FILE, for clients to trust
    #[arg(long, value_name = "FILE")]
    pub(crate) tls: Option<PathBuf>,
}

/// Brings fleets into the shape of their plan files
///
/// Prints the plan and asks, then makes the calls and waits until the fleet is as planned.
/// Interrupted at any moment, the same command run again goes on.
///
/// A plan that `plan --out` saved is applied exactly, without a question. Where something else has
/// changed since, it is refused with 4.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pgfleet apply plans/local.toml --auto-approve\n  \
                  pgfleet apply reviewed.json"
)]
pub(crate) struct ApplyArgs {
    /// Plan files, or folders of them; or one saved plan, alone
    #[arg(required = true, value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

/// Takes fleets down: the replicas first, then the primary with its data
///
/// Refused while `protect.deletion` is true, which is the default.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet destroy plans/local.toml --replicas-only")]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    pub(crate) plans: Plans,
    /// Leaves the primary and its data
    #[arg(long)]
    pub(crate) replicas_only: bool,
    #[command(flatten)]
    pub(crate) how: HowArgs,
}

/// How changes are carried out.
#[derive(Debug, Args)]
pub(crate) struct HowArgs {
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// Does not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// Steps under way at once, waiting included, over all fleets
    #[arg(long, value_name = "N", default_value = "64", value_parser = at_least_one)]
    pub(crate) parallelism: NonZeroUsize,
    /// Stops waiting after this time, such as 30s, 20m or 1h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// Makes the calls that can be made at once and waits for none of them
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// What is printed while it goes on; json is one event a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) github: GithubFlag,
}

/// Shows phase, endpoint, role and lag of every instance
///
/// Ends with 0 also where the lag is unknown; `verify` is the command that judges.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet status plans/local.toml --format json")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) plans: Plans,
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Proves that data replicates: writes a marker on the primary and sees it on every replica
///
/// The marker is a row in the table pgfleet.marker of the fleet's database, which is made where
/// it is missing. Ends with 7 where a replica does not show it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet verify plans/local.toml --timeout 5s")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) plans: Plans,
    /// How long a replica may take to show the marker
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub(crate) timeout: Duration,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Estimates what fleets cost a month, from their plan files alone
///
/// Asks no cloud: the figures are those of the fleet as the file has it, as if nothing were there.
/// `plan` shows what changes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet cost plans/foodtruck-aws.toml --compare")]
pub(crate) struct CostArgs {
    #[command(flatten)]
    pub(crate) plans: Plans,
    #[command(flatten)]
    pub(crate) simulate: SimulateFlag,
    /// The same fleet on AWS, Google Cloud and Azure, by portable sizes and nearest regions
    #[arg(long)]
    pub(crate) compare: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Report::Text)]
    pub(crate) format: Report,
    #[command(flatten)]
    pub(crate) size: SizeFlag,
}

/// Shows the price catalog, or fetches the live price lists
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet prices refresh --region us-east-1")]
pub(crate) struct PricesArgs {
    #[command(subcommand)]
    pub(crate) verb: PricesVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PricesVerb {
    Show(ShowArgs),
    Refresh(RefreshArgs),
}

/// Shows which prices are known, of which day, from where, and what is missing
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) of: PricesOf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Fetches the live price lists into a catalog of your own, which overlays the one in the program
///
/// Either everything that was asked for is fetched, or nothing changes. Without --cloud and
/// --region: every region that the program knows, which for AWS is about 27 MB each. Google wants
/// an API key in `PGFLEET_GCP_API_KEY`; the others want nothing.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet prices refresh --cloud aws --region us-east-1")]
pub(crate) struct RefreshArgs {
    #[command(flatten)]
    pub(crate) of: PricesOf,
}

/// Of which clouds and regions.
#[derive(Debug, Args)]
pub(crate) struct PricesOf {
    /// Only this cloud; may be given several times
    #[arg(long, value_enum)]
    pub(crate) cloud: Vec<Cloud>,
    /// Only this region; may be given several times
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<String>,
}

/// Prints the JSON Schema of plan files, or of what pgfleet prints and saves
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  pgfleet schema plan > plan.schema.json")]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::PlanFile)]
    pub(crate) of: SchemaOf,
}

/// Prints a completion script for a shell
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pgfleet completions bash > ~/.local/share/bash-completion/completions/pgfleet"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_verb_shows_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            let help = verb
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Example"),
                "{} shows no example",
                verb.get_name()
            );
        }
    }
}
