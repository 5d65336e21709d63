//! Exit codes, and which one speaks for several fleets.

use std::process::ExitCode;

use pgfleet_model::Outcome;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to change.
    Done,
    /// Failed; nothing took effect.
    Failed,
    /// `plan --detailed-exitcode`: changes are pending or in flight.
    Pending,
    /// Refused by a check, a policy or protection.
    Refused,
    /// A saved plan does not fit what runs, or who asks.
    Stale,
    /// Failed after something took effect.
    FailedPartly,
    /// Stopped while work is unfinished.
    Stopped,
    /// Verification failed.
    Unhealthy,
    /// The command line or a plan file is wrong.
    Usage,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Refused => 3,
            Self::Stale => 4,
            Self::FailedPartly => 5,
            Self::Stopped => 6,
            Self::Unhealthy => 7,
            Self::Usage => 64,
        }
    }

    /// How a command ended, in words, where it failed before there was anything to show.
    pub(crate) fn without_result(self) -> Option<&'static str> {
        match self {
            Self::Done | Self::Pending => None,
            Self::Failed => Some("failed, nothing was changed"),
            Self::Refused => Some("refused"),
            Self::Stale => Some("the saved plan no longer fits"),
            Self::FailedPartly => Some("failed half-way"),
            Self::Stopped => Some("stopped"),
            Self::Unhealthy => Some("not healthy"),
            Self::Usage => Some("not begun: the command or a file is wrong"),
        }
    }

    /// The one that speaks for all: the first that applies of 64, 4, 3, 6, 5, 1, and the rest.
    pub(crate) fn of_all(exits: impl IntoIterator<Item = Self>) -> Self {
        let rank = |exit: &Self| match exit {
            Self::Usage => 8,
            Self::Stale => 7,
            Self::Refused => 6,
            Self::Stopped => 5,
            Self::FailedPartly => 4,
            Self::Failed => 3,
            Self::Unhealthy => 2,
            Self::Pending => 1,
            Self::Done => 0,
        };
        exits.into_iter().max_by_key(rank).unwrap_or(Self::Done)
    }
}

/// How a run over several fleets ended. Where a fleet failed, what counts is whether anything of the
/// whole run took effect: 1 promises that nothing did.
impl FromIterator<(Outcome, bool)> for Exit {
    fn from_iter<T: IntoIterator<Item = (Outcome, bool)>>(fleets: T) -> Self {
        let mut any = false;
        let exits = fleets.into_iter().map(|(outcome, took_effect)| {
            any |= took_effect;
            Self::from(outcome)
        });
        match Self::of_all(exits) {
            Self::Failed if any => Self::FailedPartly,
            exit => exit,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Failed => Self::Failed,
            Outcome::FailedPartly => Self::FailedPartly,
            Outcome::Stopped => Self::Stopped,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_speaks_for_all() {
        let of = |exits: &[Exit]| Exit::of_all(exits.iter().copied()).code();
        assert_eq!(of(&[]), 0);
        // The contract's order, with those that only one verb has behind it.
        let order = [
            Exit::Usage,
            Exit::Stale,
            Exit::Refused,
            Exit::Stopped,
            Exit::FailedPartly,
            Exit::Failed,
            Exit::Unhealthy,
            Exit::Pending,
            Exit::Done,
        ];
        assert_eq!(order.map(Exit::code), [64, 4, 3, 6, 5, 1, 7, 2, 0]);
        for (rank, graver) in order.into_iter().enumerate() {
            for milder in &order[rank..] {
                assert_eq!(of(&[graver, *milder]), graver.code());
                assert_eq!(of(&[*milder, graver, *milder]), graver.code());
            }
        }
    }

    #[test]
    fn a_failure_is_half_way_as_soon_as_anything_of_the_run_took_effect() {
        let of = |fleets: &[(Outcome, bool)]| fleets.iter().copied().collect::<Exit>().code();
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[(Outcome::Done, true), (Outcome::Done, false)]), 0);
        assert_eq!(of(&[(Outcome::Failed, false), (Outcome::Done, false)]), 1);
        assert_eq!(of(&[(Outcome::Failed, false), (Outcome::Done, true)]), 5);
        assert_eq!(of(&[(Outcome::FailedPartly, true)]), 5);
        assert_eq!(of(&[(Outcome::Failed, false), (Outcome::Stopped, true)]), 6);
    }
}
