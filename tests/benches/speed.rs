//! `make bench`: pgfleet's speed beside a reference measured in the same run.
//!
//! Each figure is the median of several runs, with the smallest and the largest beside it: where
//! these lie far apart, the machine was noisy, and the figure says little. The command ends with 1
//! where a figure is above its bound; a benchmark is not a test, and `make test` runs none.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot measure stops"
)]

mod speed {
    pub(crate) mod aws;
    pub(crate) mod cloud;
    pub(crate) mod figure;
    pub(crate) mod gcp;
    pub(crate) mod local;
    pub(crate) mod planning;
    pub(crate) mod pricing;
    pub(crate) mod process;
}

use std::process::ExitCode;

use speed::{aws, cloud, figure::Figure, gcp, local, planning, pricing, process};

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benches too, to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut figures: Vec<Figure> = Vec::new();
    figures.extend(process::figures());
    figures.extend(planning::figures());
    figures.extend(pricing::figures());
    figures.extend(cloud::figures(&aws::cloud()));
    figures.extend(cloud::figures(&gcp::cloud()));
    figures.extend(local::figures());
    println!("{}", speed::figure::table(&figures));
    if figures.iter().all(Figure::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
