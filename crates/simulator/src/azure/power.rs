//! Start, stop and restart.

use super::call::Call;
use super::fields::RESTART;
use super::operation::OperationKind;
use super::refusal::{Answer, Outcome, Refusal};
use super::steps::Effect;
use serde_json::Value;

impl Call<'_> {
    pub(super) fn power_of(&mut self, word: &str) -> Outcome<Answer> {
        let key = self.key();
        let server = self.found()?;
        let (replica, location) = (server.source.is_some(), server.location.clone());
        match word {
            "start" if server.state == "Stopped" => {}
            "start" => return Err(not_in_state(&server.name, &server.state, "started")),
            "stop" if replica || self.world.replicas_of(&key).next().is_some() => {
                return Err(Refusal::new(
                    400,
                    "StopNotSupportedWithReplication",
                    "A read replica, or a server that has read replicas, cannot be stopped.",
                ));
            }
            _ => {
                if word == "restart" && !self.asked.body.is_empty() {
                    let body = self.body(&RESTART)?;
                    let failover = body.at("/restartWithFailover").and_then(Value::as_bool);
                    let standby = self.found()?.settings.highly_available();
                    if failover == Some(true) && !standby {
                        return Err(Refusal::new(
                            400,
                            "FailoverNotSupportedWithoutHighAvailability",
                            "A failover needs high availability.",
                        ));
                    }
                }
                self.ready(&key)?;
            }
        }
        let (doing, seconds, end) = match word {
            "start" => ("Starting", self.timing.start, None),
            "stop" => ("Stopping", self.timing.stop, Some("Stopped")),
            _ => ("Restarting", self.timing.restart, None),
        };
        let id = self.begin(OperationKind::Power, &key, None, location);
        self.mark(&key, doing);
        let end = match end {
            Some(word) => Effect::State(word.to_owned()),
            None => Effect::Ready { settled: 0 },
        };
        self.then(
            &id,
            [(seconds, key.clone(), end), (0, key, Effect::Over(None))],
        );
        Ok(self.accepted(&id))
    }
}

fn not_in_state(name: &str, state: &str, done: &str) -> Refusal {
    if state == "Ready" {
        return Refusal::new(
            400,
            "ServerStateNotStopped",
            format!("The server '{name}' is in the state '{state}' and cannot be {done}."),
        );
    }
    Refusal::busy(name)
}
