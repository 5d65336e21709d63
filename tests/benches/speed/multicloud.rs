//! Three clouds in one run, beside each of them alone.

use std::fs;

use pgfleet_tests::Machine;

use super::{
    cloud::{Cloud, LATENCY, REPLICAS},
    figure::{Figure, Reference, Runs, milliseconds},
};

const RUNS: usize = 5;

/// A fleet from nothing on each cloud: all in one run take as long as the slowest alone.
pub(crate) fn figures(clouds: &[Cloud]) -> Vec<Figure> {
    let machine = Machine::new();
    let files: Vec<String> = clouds
        .iter()
        .map(|cloud| {
            let fleet = format!("truck-{}", cloud.provider);
            let file = format!("{fleet}.toml");
            let text = (cloud.plan)(&fleet, REPLICAS);
            fs::write(machine.path().join(&file), text).unwrap();
            file
        })
        .collect();
    let made = |files: &[String]| {
        Runs::of(RUNS, || {
            let set_latency = |milliseconds| {
                for cloud in clouds {
                    cloud.latency(milliseconds);
                }
            };
            let run = |verb| {
                let mut command = machine.command(&[verb, "--auto-approve"]);
                for cloud in clouds {
                    cloud.lead(&mut command);
                }
                let status = command.args(files).status().unwrap();
                assert!(status.success(), "{verb} of {files:?} failed");
            };
            set_latency(LATENCY);
            let took = milliseconds(|| run("apply"));
            set_latency(0);
            run("destroy");
            took
        })
    };
    let alone = files.iter().map(|file| made(std::slice::from_ref(file)));
    let slowest = alone
        .max_by(|one, other| one.median().total_cmp(&other.median()))
        .unwrap();
    vec![Figure {
        what: format!(
            "apply of 1 + {REPLICAS} on {} clouds in one run, {LATENCY} ms a request",
            clouds.len()
        ),
        unit: "ms",
        runs: made(&files),
        reference: Reference::Runs("the slowest of them alone:", slowest),
        ratio: 1.1,
    }]
}
