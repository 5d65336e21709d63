//! Shows events while a run goes on: lines drawn over on a terminal, plain lines elsewhere.

use std::{collections::BTreeMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use pgfleet_executor::Observer;
use pgfleet_model::{Event, EventKind, FleetName, Outcome, StepId};
use pgfleet_provider::ProviderError;
use pgfleet_render::{about, event_json, event_line};

use crate::{args::Format, ui::Ui};

/// How often the steps in flight are named where no line can be drawn over.
const NOW_AND_THEN: Duration = Duration::from_secs(30);

/// Shows the events of one run.
pub(crate) struct Progress {
    ui: Ui,
    format: Format,
    several: bool,
    simulated: bool,
    lines: MultiProgress,
    bars: BTreeMap<(FleetName, StepId), ProgressBar>,
    told: Vec<Event>,
}

impl Progress {
    pub(crate) fn new(ui: Ui, format: Format, several: bool, simulated: bool) -> Self {
        let target = if ui.is_live() && format == Format::Text {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            ui,
            format,
            several,
            simulated,
            lines: MultiProgress::with_draw_target(target),
            bars: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    /// What says how the run ended: what failed, what was left, and each fleet's outcome.
    pub(crate) fn told(&self) -> &[Event] {
        &self.told
    }

    /// A fleet that the run could not plan, of which people have been told already.
    pub(crate) fn left_out(&mut self, fleet: &FleetName, error: &ProviderError) {
        let event = |kind| Event {
            fleet: fleet.clone(),
            elapsed: Duration::ZERO,
            kind,
        };
        let failed = event(EventKind::ObserveFailed {
            why: error.message.clone(),
            remedy: error.remedy.clone(),
        });
        let finished = event(EventKind::FleetFinished {
            outcome: Outcome::Failed,
        });
        for event in [failed, finished] {
            if self.format == Format::Json {
                self.ui
                    .result(&format!("{}\n", event_json(&event, self.simulated)));
            }
            self.told.push(event);
        }
    }

    fn line(&self, text: &str) {
        if self.ui.is_live() {
            self.lines.suspend(|| self.ui.note(text));
        } else {
            self.ui.note(text);
        }
    }

    /// Keeps the line of each step in flight.
    fn draw(&mut self, event: &Event) {
        let key = |step: StepId| (event.fleet.clone(), step);
        match &event.kind {
            EventKind::StepStarted {
                step,
                address,
                call,
                expected_seconds,
                ..
            } => {
                let bar = self.lines.add(ProgressBar::new_spinner());
                let template = "  {spinner} {prefix}   {elapsed}   {msg}";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                let fleet = if self.several {
                    format!("{} ", event.fleet)
                } else {
                    String::new()
                };
                let address = address.to_string();
                bar.set_prefix(format!("{fleet}{address:<11} {call}"));
                bar.set_message(expected_seconds.map(about).unwrap_or_default());
                bar.enable_steady_tick(Duration::from_millis(100));
                self.bars.insert(key(*step), bar);
            }
            EventKind::StepDone { step, .. }
            | EventKind::StepFailed { step, .. }
            | EventKind::StepOverdue { step, .. }
            | EventKind::StepLeft { step, .. } => {
                if let Some(bar) = self.bars.remove(&key(*step)) {
                    bar.finish_and_clear();
                    self.lines.remove(&bar);
                }
            }
            _ => {}
        }
    }
}

impl Observer for Progress {
    fn on_event(&mut self, event: &Event) {
        if matches!(
            event.kind,
            EventKind::StepFailed { .. }
                | EventKind::StepLeft { .. }
                | EventKind::StepOverdue { .. }
                | EventKind::ObserveFailed { .. }
                | EventKind::FleetFinished { .. }
        ) {
            self.told.push(event.clone());
        }
        if self.format == Format::Json {
            return self
                .ui
                .result(&format!("{}\n", event_json(event, self.simulated)));
        }
        self.draw(event);
        // The line that is drawn over says that a step has started.
        let drawn = self.ui.is_live() && matches!(event.kind, EventKind::StepStarted { .. });
        if let Some(line) = event_line(event, self.several, self.ui.err())
            && !drawn
        {
            self.line(&line);
        }
    }

    fn tick(&mut self, in_flight: &[(FleetName, String, Duration)]) {
        if self.ui.is_live() || self.format == Format::Json {
            return;
        }
        for (fleet, what, since) in in_flight {
            let fleet = if self.several {
                format!("{fleet} ")
            } else {
                String::new()
            };
            let since = pgfleet_render::elapsed(*since);
            self.ui
                .note(&format!("  · {fleet}{what}   still running after {since}"));
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(NOW_AND_THEN)
    }
}
