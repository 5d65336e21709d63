//! One measured figure, its reference and its bound.

use std::time::{Duration, Instant};

/// Several runs of one thing, sorted.
#[derive(Debug, Clone)]
pub(crate) struct Runs(Vec<f64>);

impl Runs {
    /// Runs it once for nothing and then `count` times; each run says what it measured.
    pub(crate) fn of(count: usize, mut run: impl FnMut() -> f64) -> Self {
        run();
        Self::from((0..count).map(|_| run()).collect::<Vec<_>>())
    }

    pub(crate) fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn spread(&self) -> (f64, f64) {
        (self.0[0], self.0[self.0.len() - 1])
    }
}

impl From<Vec<f64>> for Runs {
    fn from(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

/// How long something takes, in milliseconds.
pub(crate) fn milliseconds(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    as_milliseconds(began.elapsed())
}

pub(crate) fn as_milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A figure of pgfleet beside its reference.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) runs: Runs,
    /// What it is measured against: another command's runs, or a fixed bound.
    pub(crate) reference: Reference,
    /// The most that the median may be of the reference.
    pub(crate) ratio: f64,
}

/// What a figure is measured against.
#[derive(Debug, Clone)]
pub(crate) enum Reference {
    /// The same work done by other means, in the same run.
    Runs(&'static str, Runs),
    /// A fixed bound.
    Bound(f64),
}

impl Figure {
    fn reference(&self) -> f64 {
        match &self.reference {
            Reference::Runs(_, runs) => runs.median(),
            Reference::Bound(bound) => *bound,
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.runs.median() <= self.ratio * self.reference()
    }
}

/// The figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut lines = Vec::new();
    for figure in figures {
        let (least, most) = figure.runs.spread();
        let unit = figure.unit;
        let measured = format!(
            "{:.1} {unit} ({least:.1} to {most:.1})",
            figure.runs.median()
        );
        let against = match &figure.reference {
            Reference::Bound(bound) => format!("bound {bound:.0} {unit}"),
            Reference::Runs(name, runs) => {
                let (least, most) = runs.spread();
                let median = runs.median();
                format!("{name} {median:.1} {unit} ({least:.1} to {most:.1})")
            }
        };
        let ratio = figure.runs.median() / figure.reference();
        let verdict = if figure.holds() { "holds" } else { "TOO SLOW" };
        let allowed = figure.ratio;
        lines.push(format!(
            "{}\n    {measured}\n    {against}\n    ratio {ratio:.2}, at most {allowed:.2}: {verdict}",
            figure.what
        ));
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "\non {cores} cores; median (least to most)\n\n{}",
        lines.join("\n")
    )
}
