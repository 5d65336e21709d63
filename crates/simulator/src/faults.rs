//! Faults on demand: which request they hit, and what they do to it.

use crate::cloud::{Asked, CloudName};
use serde::{Deserialize, Serialize};

/// A fault, and the requests that it waits for. Conditions that are left out hold for every
/// request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// The cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<CloudName>,
    /// The action, such as `CreateDBInstance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The identifier that the request names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The region of AWS, the project of Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The first fitting request that it hits, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many fitting requests it hits; 0: all that follow.
    #[serde(default = "one")]
    pub count: u64,
    /// What it does.
    pub effect: FaultEffect,
}

fn one() -> u64 {
    1
}

/// What a fault does to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum FaultEffect {
    /// Answers with an error; nothing takes effect.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// The error's message.
        #[serde(default)]
        message: String,
    },
    /// Answers with an error although the request took effect.
    ErrorAfter {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// The error's message.
        #[serde(default)]
        message: String,
    },
    /// Answers that there were too many requests; nothing takes effect.
    Throttle,
    /// Answers that the credential has expired; nothing takes effect.
    ExpiredToken,
    /// The connection is reset before anything takes effect.
    Reset,
    /// The request takes effect, and the connection closes without an answer.
    LoseAnswer,
    /// Never answers; nothing takes effect.
    Hang,
    /// Takes effect, and never answers.
    HangAfter,
    /// Waits before it takes effect.
    Slow {
        /// Real milliseconds.
        milliseconds: u64,
    },
    /// Takes effect; the answer's second half is missing.
    Truncate,
    /// Takes effect; the answer is neither XML nor JSON.
    Malformed,
    /// The work that the request begins ends in this status, such as `incompatible-network`.
    EndIn {
        /// The status.
        word: String,
    },
    /// The work that the request begins passes through this status before its end.
    PassThrough {
        /// The status.
        word: String,
        /// For how long, in simulated seconds.
        seconds: u64,
    },
}

impl Fault {
    /// A fault that hits the next request, whatever it is.
    pub fn new(effect: FaultEffect) -> Self {
        Self {
            cloud: None,
            action: None,
            identifier: None,
            region: None,
            nth: 1,
            count: 1,
            effect,
        }
    }

    /// Only requests to this cloud.
    #[must_use]
    pub fn in_cloud(mut self, cloud: CloudName) -> Self {
        self.cloud = Some(cloud);
        self
    }

    /// Only requests of this action.
    #[must_use]
    pub fn on(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Only requests that name this identifier.
    #[must_use]
    pub fn of(mut self, identifier: impl Into<String>) -> Self {
        self.identifier = Some(identifier.into());
        self
    }

    /// Only requests to this region.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Waits for the nth fitting request, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = nth;
        self
    }

    /// Hits so many fitting requests; 0: all that follow.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }
}

impl Fault {
    fn fits(&self, name: CloudName, asked: &Asked) -> bool {
        let Self {
            cloud,
            action,
            identifier,
            region,
            nth: _,
            count: _,
            effect: _,
        } = self;
        let wants = |condition: &Option<String>, given: Option<&str>| {
            condition.is_none() || condition.as_deref() == given
        };
        cloud.is_none_or(|wanted| wanted == name)
            && wants(action, Some(&asked.action))
            && wants(identifier, asked.identifier.as_deref())
            && wants(region, Some(&asked.place))
    }
}

/// A fault that waits, with the number of fitting requests so far.
#[derive(Clone, Debug)]
struct Armed {
    fault: Fault,
    seen: u64,
}

/// All faults that wait, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
}

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.armed.push(Armed { fault, seen: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.armed.iter().map(|armed| armed.fault.clone()).collect()
    }

    /// The fault that hits this request: the oldest that fits. All that fit count it.
    pub(crate) fn hit(&mut self, cloud: CloudName, asked: &Asked) -> Option<FaultEffect> {
        let mut hit = None;
        for Armed { fault, seen } in &mut self.armed {
            if fault.fits(cloud, asked) {
                *seen += 1;
                if *seen >= fault.nth.max(1) && hit.is_none() {
                    hit = Some(fault.effect.clone());
                }
            }
        }
        self.armed.retain(|Armed { fault, seen }| {
            fault.count == 0 || *seen < fault.nth.max(1).saturating_add(fault.count - 1)
        });
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Credential;

    #[test]
    fn a_fault_hits_from_the_nth_fitting_request_on_as_often_as_told() {
        let mut faults = Faults::default();
        faults.arm(Fault::new(FaultEffect::Throttle).on("A").nth(2).times(2));
        let asked = |action: &str| Asked {
            action: action.to_owned(),
            identifier: None,
            place: "r".to_owned(),
            credential: Credential(String::new()),
        };
        let hits: Vec<bool> = ["A", "B", "A", "A", "A"]
            .iter()
            .map(|action| faults.hit(CloudName::Aws, &asked(action)).is_some())
            .collect();
        assert_eq!(hits, [false, false, true, true, false]);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_is_read_from_json() {
        let text =
            r#"{"action": "CreateDBInstance", "effect": {"kind": "slow", "milliseconds": 5}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(
            fault,
            Fault::new(FaultEffect::Slow { milliseconds: 5 }).on("CreateDBInstance")
        );
        let wrong = r#"{"effect": {"kind": "slow", "milliseconds": 5}, "what": 1}"#;
        assert!(serde_json::from_str::<Fault>(wrong).is_err());
    }
}
