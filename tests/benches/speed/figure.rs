//! One measured figure, its reference and its bound.

use std::{
    fmt,
    time::{Duration, Instant},
};

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

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit;
        let (least, most) = self.runs.spread();
        let median = self.runs.median();
        writeln!(f, "{}", self.what)?;
        writeln!(f, "    {median:.1} {unit} ({least:.1} to {most:.1})")?;
        match &self.reference {
            Reference::Bound(bound) => writeln!(f, "    bound {bound:.0} {unit}")?,
            Reference::Runs(name, runs) => {
                let (least, most) = runs.spread();
                let median = runs.median();
                writeln!(f, "    {name} {median:.1} {unit} ({least:.1} to {most:.1})")?;
            }
        }
        let ratio = median / self.reference();
        let verdict = if self.holds() { "holds" } else { "TOO SLOW" };
        let allowed = self.ratio;
        write!(f, "    ratio {ratio:.2}, at most {allowed:.2}: {verdict}")
    }
}
