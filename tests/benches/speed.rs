//! `make bench`: pgfleet's speed beside a reference measured in the same run.
//!
//! Each figure is the median of several runs, with the smallest and the largest beside it: where
//! these lie far apart, the machine was noisy, and the figure says little. The command ends with 1
//! where a figure is above its bound; a benchmark is not a test, and `make test` runs none.
//! Names of groups choose some: `make bench ONLY="aws multicloud"`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot measure stops"
)]

mod speed {
    pub(crate) mod aws;
    pub(crate) mod azure;
    pub(crate) mod cloud;
    pub(crate) mod figure;
    pub(crate) mod gcp;
    pub(crate) mod local;
    pub(crate) mod multicloud;
    pub(crate) mod planning;
    pub(crate) mod pricing;
    pub(crate) mod process;
}

use std::process::ExitCode;

use speed::{
    aws, azure, cloud, figure::Figure, gcp, local, multicloud, planning, pricing, process,
};

/// Figures that are measured together, and their name.
type Group = (&'static str, fn() -> Vec<Figure>);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benches too, to see that they start.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let groups: [Group; 8] = [
        ("process", process::figures),
        ("planning", planning::figures),
        ("pricing", pricing::figures),
        ("aws", || cloud::figures(&aws::cloud())),
        ("gcp", || cloud::figures(&gcp::cloud())),
        ("azure", || cloud::figures(&azure::cloud())),
        ("multicloud", || {
            multicloud::figures(&[aws::cloud(), gcp::cloud(), azure::cloud()])
        }),
        ("local", local::figures),
    ];
    let chosen = |name: &str| {
        let mut named = arguments
            .iter()
            .filter(|argument| !argument.starts_with('-'));
        let all = named.clone().next().is_none();
        all || named.any(|argument| argument == name)
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("\non {cores} cores; median (least to most)\n");
    let mut all_hold = true;
    for (_, figures) in groups.into_iter().filter(|(name, _)| chosen(name)) {
        for figure in figures() {
            println!("{figure}");
            all_hold &= figure.holds();
        }
    }
    if all_hold {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
