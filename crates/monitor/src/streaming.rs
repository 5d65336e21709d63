//! Whether a replica streams, from what both ends say. Pure.

use std::time::Duration;

use pgfleet_model::Lag;

use crate::{Estimate, Target};

/// One row of the primary's `pg_stat_replication`. What we may not see is `None`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sender {
    pub(crate) pid: i32,
    pub(crate) application_name: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) replay_lag: Option<Duration>,
    /// When the replica says that it sent its last reply, by its own clock, in seconds.
    pub(crate) reply_time: Option<f64>,
    /// Whether a reply came while we watched, so that `replay_lag` is of now. Only a change tells:
    /// how old a reply is would be the difference of two hosts' clocks.
    pub(crate) replied: bool,
}

impl Sender {
    /// Takes over from the last look what only two looks show.
    pub(crate) fn compare(&mut self, before: &[Sender]) {
        self.replied = before.iter().any(|old| {
            old.pid == self.pid
                && (old.replied || (old.reply_time.is_some() && old.reply_time != self.reply_time))
        });
    }

    fn serves(&self, target: &Target) -> bool {
        self.application_name.as_deref() == Some(target.resource_id.as_str())
            || (self.slot.is_some() && self.slot == target.slot)
    }
}

/// The receiving end, on the replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// There is none.
    Gone,
    /// There is one, and we may not see what it does.
    Hidden,
    /// It is in this state.
    Seen(String),
}

/// The sending end, on the primary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sending<'a> {
    /// The primary sends to this replica.
    To(&'a Sender),
    /// It does not.
    Nothing,
    /// It cannot be told: the primary did not answer, or sends to somebody who may be this replica
    /// under another name.
    Unclear,
}

/// Finds a replica among those that the primary sends to. `fleet` is every replica of the fleet.
pub(crate) fn sending<'a>(senders: &'a [Sender], target: &Target, fleet: &[Target]) -> Sending<'a> {
    if let Some(sender) = senders.iter().find(|sender| sender.serves(target)) {
        return Sending::To(sender);
    }
    let somebody_elses = |sender: &Sender| fleet.iter().any(|other| sender.serves(other));
    if senders.iter().all(somebody_elses) {
        Sending::Nothing
    } else {
        Sending::Unclear
    }
}

/// Whether a replica streams; `None`: not known. `answered` says whether the primary answers.
pub(crate) fn is_streaming(
    receiver: &Receiver,
    sending: Sending<'_>,
    answered: bool,
) -> Option<bool> {
    let seen_there = match receiver {
        Receiver::Gone => return Some(false),
        Receiver::Hidden => None,
        Receiver::Seen(status) => Some(status == "streaming"),
    };
    match sending {
        Sending::Nothing => Some(false),
        Sending::To(Sender {
            state: Some(state), ..
        }) => Some(state == "streaming" && seen_there != Some(false)),
        // A receiver may be frozen, or not have noticed yet that its primary is gone.
        Sending::Unclear if seen_there == Some(true) && !answered => None,
        Sending::To(Sender { state: None, .. }) | Sending::Unclear => seen_there,
    }
}

/// Fills what the ring leaves open with the primary's own figure, where that can be trusted, and
/// otherwise says why nothing is known.
pub(crate) fn refine(
    estimate: &Estimate,
    sending: Sending<'_>,
    streaming: Option<bool>,
    paused: bool,
) -> Lag {
    let why = match &estimate.lag {
        // Whoever is cut off has what was written so far, and would not see the next byte.
        Lag::Known(lag) if lag.is_zero() && streaming == Some(false) => {
            return Lag::Unknown("not streaming from the primary".to_owned());
        }
        Lag::Known(lag) => return Lag::Known(*lag),
        Lag::Unknown(why) => why,
    };
    let Some(at_least) = estimate.at_least else {
        return Lag::Unknown(why.clone());
    };
    if streaming == Some(false) {
        return Lag::Unknown(format!("not streaming from the primary, {why}"));
    }
    if let Sending::To(sender) = sending
        && sender.state.as_deref() == Some("streaming")
        && sender.replied
        && let Some(lag) = sender.replay_lag
        && lag >= at_least
    {
        return Lag::Known(lag);
    }
    if paused {
        return Lag::Unknown(format!("replay is paused, {why}"));
    }
    Lag::Unknown(format!("{why}, as long as it was watched"))
}

#[cfg(test)]
mod tests {
    use pgfleet_model::{Endpoint, ResourceId, Role};

    use super::*;

    fn target(name: &str) -> Target {
        Target {
            address: name.parse().unwrap(),
            resource_id: ResourceId::new(format!("food-{name}")),
            role: Role::Replica,
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port: 1,
            },
            slot: Some(format!("slot_{}", name.replace('-', "_"))),
        }
    }

    fn sender(name: &str, state: Option<&str>) -> Sender {
        Sender {
            pid: 1,
            application_name: Some(name.to_owned()),
            slot: None,
            state: state.map(str::to_owned),
            replay_lag: None,
            reply_time: None,
            replied: false,
        }
    }

    fn seen(status: &str) -> Receiver {
        Receiver::Seen(status.to_owned())
    }

    #[test]
    fn replicas_are_recognized_by_name_or_slot_and_doubt_stays_doubt() {
        let fleet = [target("replica-1"), target("replica-2")];
        let one = sender("food-replica-1", Some("streaming"));
        assert_eq!(
            sending(std::slice::from_ref(&one), &fleet[0], &fleet),
            Sending::To(&one)
        );
        assert_eq!(
            sending(std::slice::from_ref(&one), &fleet[1], &fleet),
            Sending::Nothing
        );
        assert_eq!(sending(&[], &fleet[1], &fleet), Sending::Nothing);
        let mut other = sender("walreceiver", None);
        assert_eq!(
            sending(std::slice::from_ref(&other), &fleet[1], &fleet),
            Sending::Unclear
        );
        other.slot = Some("slot_replica_2".to_owned());
        assert_eq!(
            sending(std::slice::from_ref(&other), &fleet[1], &fleet),
            Sending::To(&other)
        );
    }

    #[test]
    fn both_ends_must_agree_that_it_streams() {
        let (yes, catchup) = (sender("x", Some("streaming")), sender("x", Some("catchup")));
        let hidden = sender("x", None);
        let streaming = seen("streaming");
        let cases = [
            (&streaming, Sending::To(&yes), true, Some(true)),
            (&Receiver::Hidden, Sending::To(&yes), true, Some(true)),
            (&Receiver::Gone, Sending::To(&yes), true, Some(false)),
            (&seen("waiting"), Sending::To(&yes), true, Some(false)),
            (&streaming, Sending::To(&catchup), true, Some(false)),
            // Frozen so long that the primary gave up.
            (&streaming, Sending::Nothing, true, Some(false)),
            (&streaming, Sending::To(&hidden), true, Some(true)),
            (&Receiver::Hidden, Sending::To(&hidden), true, None),
            (&streaming, Sending::Unclear, true, Some(true)),
            (&streaming, Sending::Unclear, false, None),
            (&Receiver::Gone, Sending::Unclear, false, Some(false)),
            (&Receiver::Hidden, Sending::Unclear, true, None),
        ];
        for (receiver, sending, answered, wanted) in cases {
            let got = is_streaming(receiver, sending, answered);
            assert_eq!(got, wanted, "{receiver:?} {sending:?} {answered}");
        }
    }

    #[test]
    fn the_primarys_own_figure_counts_only_where_it_can_be_right() {
        let bound = Duration::from_millis(500);
        let open = Estimate {
            bytes: Some(10),
            lag: Lag::Unknown("behind by more than 0.5 s".to_owned()),
            at_least: Some(bound),
        };
        let figure = |state: &str, lag: Option<u64>, replied| Sender {
            replay_lag: lag.map(Duration::from_millis),
            replied,
            ..sender("x", Some(state))
        };
        let refined = |sender: &Sender| refine(&open, Sending::To(sender), Some(true), false);
        let known = Lag::Known(Duration::from_secs(9));
        assert_eq!(refined(&figure("streaming", Some(9000), true)), known);
        for wrong in [
            // A frozen receiver: the figure is from before it froze.
            figure("streaming", Some(9000), false),
            figure("streaming", Some(3), true),
            figure("streaming", None, true),
            figure("catchup", Some(9000), true),
        ] {
            assert!(matches!(refined(&wrong), Lag::Unknown(_)), "{wrong:?}");
        }
        let paused = refine(&open, Sending::Unclear, Some(true), true);
        assert_eq!(
            paused,
            Lag::Unknown("replay is paused, behind by more than 0.5 s".to_owned())
        );
    }

    #[test]
    fn a_reply_counts_once_it_is_seen_to_be_new() {
        let at = |pid, reply_time| Sender {
            pid,
            reply_time,
            ..sender("x", Some("streaming"))
        };
        let mut next = at(1, Some(2.0));
        next.compare(&[at(1, Some(2.0)), at(2, Some(1.0))]);
        assert!(!next.replied);
        next.compare(&[at(1, Some(1.5))]);
        assert!(next.replied);
        let mut last = at(1, Some(2.0));
        last.compare(&[next]);
        assert!(last.replied);
        last.compare(&[at(1, None)]);
        assert!(!last.replied);
    }

    #[test]
    fn whoever_is_cut_off_is_never_at_zero() {
        let zero = Estimate {
            bytes: Some(0),
            lag: Lag::Known(Duration::ZERO),
            at_least: None,
        };
        let cut_off = refine(&zero, Sending::Nothing, Some(false), false);
        assert_eq!(
            cut_off,
            Lag::Unknown("not streaming from the primary".to_owned())
        );
        let fine = refine(&zero, Sending::Unclear, None, false);
        assert_eq!(fine, Lag::Known(Duration::ZERO));
    }
}
