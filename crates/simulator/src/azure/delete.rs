//! DELETE of a server.

use super::call::Call;
use super::operation::{OperationKind, Status};
use super::refusal::{Answer, Outcome, Refusal};
use super::render::BROKEN;
use super::steps::Effect;

impl Call<'_> {
    pub(super) fn delete(&mut self) -> Outcome<Answer> {
        let key = self.key();
        let Some(server) = self.world.servers.get(&key) else {
            return Ok(Answer::empty(204));
        };
        if server.state == "Dropping" {
            return self.dropping(&key);
        }
        let (source, name) = (server.source.clone(), server.name.clone());
        let replicas = self.world.replicas_of(&key).count();
        if replicas > 0 {
            return Err(Refusal::new(
                400,
                "CannotDeleteServerWithReplicas",
                format!(
                    "The server '{name}' has {replicas} read replicas. Delete the read replicas \
                     before the primary server."
                ),
            ));
        }
        let resting =
            ["Stopped", "Disabled", "Inaccessible", BROKEN].contains(&server.state.as_str());
        if !resting && !server.is_settled(self.now) {
            return Err(Refusal::busy(&name));
        }
        if let Some(source) = &source {
            self.ready(source)?;
        }
        // The service names the region as people write it here.
        let location = self.found()?.location.clone();
        let region = self.options.region(&location);
        let location = region.map_or(location, |region| region.display_name);
        let id = self.begin(OperationKind::Delete, &key, source.clone(), location);
        self.mark(&key, "Dropping");
        let seconds = self.timing.delete;
        let mut steps = vec![(seconds, key.clone(), Effect::Gone)];
        if let Some(source) = source {
            self.mark(&source, "Updating");
            steps.push((0, source, Effect::Ready { settled: 0 }));
        }
        steps.push((0, key, Effect::Over(None)));
        self.then(&id, steps);
        Ok(self.accepted(&id))
    }

    /// It is being deleted already: the same operation once more.
    fn dropping(&self, key: &str) -> Outcome<Answer> {
        let running = self.world.operations.values().find(|operation| {
            operation.server == key
                && operation.kind == OperationKind::Delete
                && operation.status == Status::InProgress
        });
        match running {
            Some(operation) => {
                let mut answer = self.accepted(&operation.id);
                answer.effect = false;
                Ok(answer)
            }
            None => Err(Refusal::busy(&self.asked.server)),
        }
    }
}
