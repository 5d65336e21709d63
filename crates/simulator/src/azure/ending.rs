//! Operations that end otherwise than they should.

use super::call::Call;
use super::operation::{Operation, OperationKind, Problem};
use super::steps::{Effect, Step};
use crate::clock::Millis;
use crate::cloud::Ending;

impl Call<'_> {
    /// Makes the operation that this call began end as a script says.
    pub(super) fn end_otherwise(&mut self, ending: &Ending) {
        let Some(id) = self.begun.take() else {
            return;
        };
        let Some(operation) = self.world.operations.get(&id).cloned() else {
            return;
        };
        let own = |step: &Step| step.operation == id;
        match ending {
            Ending::Through(word, seconds) => {
                let pause = seconds.saturating_mul(1000);
                let mut steps: Vec<Step> =
                    self.world.steps.extract_if(.., |step| own(step)).collect();
                let last = steps.iter().map(|step| step.at).max().unwrap_or(self.now);
                for step in &mut steps {
                    if step.at == last {
                        step.at = step.at.saturating_add(pause);
                    }
                }
                self.world.plan(Step {
                    at: last,
                    server: operation.server,
                    operation: id.clone(),
                    effect: Effect::State(word.clone()),
                });
                for step in steps {
                    self.world.plan(step);
                }
            }
            Ending::In(word) => {
                let steps: Vec<Step> = self.world.steps.extract_if(.., |step| own(step)).collect();
                let at = steps.iter().map(|step| step.at).max().unwrap_or(self.now);
                self.fail(&operation, at, word);
            }
        }
    }

    /// The operation fails at its end: with this code, or, where it is the name of a state, in that
    /// state. What was to be made is not there; what was there is as it was.
    fn fail(&mut self, operation: &Operation, at: Millis, word: &str) {
        const STATES: [&str; 4] = ["Disabled", "Inaccessible", "Dropping", "Stopped"];
        let state = STATES.contains(&word);
        let code = if state { "InternalServerError" } else { word };
        let made = matches!(
            operation.kind,
            OperationKind::Create | OperationKind::CreateReplica
        );
        let end = match (state, made) {
            (true, _) => Effect::State(word.to_owned()),
            (false, true) => Effect::Gone,
            (false, false) if operation.before == "Ready" => Effect::Ready { settled: at },
            (false, false) => Effect::State(operation.before.clone()),
        };
        let mut effects = vec![(operation.server.clone(), end)];
        if let Some(source) = &operation.source {
            effects.push((source.clone(), Effect::Ready { settled: at }));
        }
        let problem = Problem {
            code: code.to_owned(),
            message: self.options.failure_message.clone(),
        };
        effects.push((operation.server.clone(), Effect::Over(Some(problem))));
        for (server, effect) in effects {
            self.world.plan(Step {
                at,
                server,
                operation: operation.id.clone(),
                effect,
            });
        }
    }
}
