//! Start, stop and restart.

use super::call::Call;
use super::fields::RESTART;
use super::operation::OperationKind;
use super::refusal::{Answer, Outcome, Refusal};
use super::steps::Effect;
use serde_json::Value;

impl Call<'_> {
    pub(super) fn power_of(&mut self, word: &str) -> Outcome<Answer> {
        match word {
            "start" => self.start(),
            "stop" => self.stop(),
            _ => self.restart(),
        }
    }

    fn start(&mut self) -> Outcome<Answer> {
        let server = self.found()?;
        match server.state.as_str() {
            "Stopped" => {
                let ready = Effect::Ready { settled: 0 };
                self.work_on_power("Starting", self.timing.start, vec![ready])
            }
            "Ready" => Err(Refusal::new(
                400,
                "ServerStateNotStopped",
                format!("The server '{}' is not stopped.", server.name),
            )),
            _ => Err(Refusal::busy(&server.name)),
        }
    }

    fn stop(&mut self) -> Outcome<Answer> {
        let (key, server) = (self.key(), self.found()?);
        if server.source.is_some() || self.world.replicas_of(&key).next().is_some() {
            return Err(Refusal::new(
                400,
                "StopNotSupportedWithReplication",
                "A read replica, or a server that has read replicas, cannot be stopped.",
            ));
        }
        self.ready(&key)?;
        let stopped = Effect::State("Stopped".to_owned());
        self.work_on_power("Stopping", self.timing.stop, vec![stopped])
    }

    /// A restart, or a failover: then primary and standby change places.
    fn restart(&mut self) -> Outcome<Answer> {
        let mut failover = false;
        if !self.asked.body.is_empty() {
            let body = self.body(&RESTART)?;
            let wanted = body.at("/restartWithFailover").and_then(Value::as_bool);
            failover = wanted.unwrap_or(false);
        }
        let key = self.key();
        let server = self.ready(&key)?;
        if failover && !server.settings.highly_available() {
            return Err(Refusal::new(
                400,
                "FailoverNotSupportedWithoutHighAvailability",
                "A failover needs high availability.",
            ));
        }
        let mut effects = Vec::new();
        if failover && server.settings.availability == "ZoneRedundant" {
            effects.push(Effect::FailedOver);
        }
        effects.push(Effect::Ready { settled: 0 });
        self.work_on_power("Restarting", self.timing.restart, effects)
    }

    /// Begins an operation that ends with these effects.
    fn work_on_power(
        &mut self,
        doing: &str,
        seconds: u64,
        mut effects: Vec<Effect>,
    ) -> Outcome<Answer> {
        effects.push(Effect::Over(None));
        let key = self.key();
        let location = self.found()?.location.clone();
        let id = self.begin(OperationKind::Power, &key, None, location);
        self.mark(&key, doing);
        let steps: Vec<_> = effects
            .into_iter()
            .enumerate()
            .map(|(at, effect)| (if at == 0 { seconds } else { 0 }, key.clone(), effect))
            .collect();
        self.then(&id, steps);
        Ok(self.accepted(&id))
    }
}
