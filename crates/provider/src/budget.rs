//! How many calls a run may still repeat. Pure.

use crate::{ErrorKind, Retry};

/// A bucket of tokens that repetitions are paid from, as the standard retry mode of the AWS SDKs
/// has it: a platform that answers fills it again, one that is down is left alone soon, however
/// many instances wait for it.
///
/// One bucket serves all that a run asks of one platform in one region. The pauses between
/// repetitions are [`Backoff`](crate::Backoff)'s.
///
/// ```
/// use pgfleet_provider::{ErrorKind, Retry, RetryBudget};
///
/// let mut budget = RetryBudget::default();
/// assert!(budget.spend(ErrorKind::Throttled, Retry::Backoff));
/// budget.succeeded(true);
/// assert_eq!(budget, RetryBudget::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryBudget {
    tokens: u32,
}

/// What a bucket holds at first and at most. This, the prices and the refund are those of the AWS
/// SDKs (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>).
const MOST: u32 = 500;
/// What a repetition costs: a hundred of them in a row, none of which helped, empty the bucket.
const REPETITION: u32 = 5;
/// What a repetition costs where no answer came.
const UNANSWERED: u32 = 10;
/// What a first attempt that succeeds gives back.
const SUCCESS: u32 = 1;

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: MOST }
    }
}

impl RetryBudget {
    /// Pays for one repetition after this error; false where too few tokens are left.
    ///
    /// A busy instance costs nothing: the platform is well, and waiting is all there is to do.
    pub fn spend(&mut self, kind: ErrorKind, retry: Retry) -> bool {
        let cost = match (kind, retry) {
            (_, Retry::Never) => return false,
            (ErrorKind::Busy, _) => 0,
            (ErrorKind::Unreachable, _) => UNANSWERED,
            _ => REPETITION,
        };
        match self.tokens.checked_sub(cost) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// A call succeeded: a repetition gives back what one costs, a first attempt a little.
    pub fn succeeded(&mut self, repeated: bool) {
        let back = if repeated { REPETITION } else { SUCCESS };
        self.tokens = self.tokens.saturating_add(back).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(budget: &mut RetryBudget, kind: ErrorKind) -> u32 {
        let mut paid = 0;
        while budget.spend(kind, Retry::Backoff) {
            paid += 1;
            assert!(paid <= MOST);
        }
        paid
    }

    #[test]
    fn a_hundred_repetitions_in_vain_are_all_and_half_as_many_without_an_answer() {
        assert_eq!(
            spend(&mut RetryBudget::default(), ErrorKind::Throttled),
            100
        );
        assert_eq!(
            spend(&mut RetryBudget::default(), ErrorKind::Unreachable),
            50
        );
    }

    #[test]
    fn a_repetition_that_helped_costs_nothing_in_the_end() {
        let mut budget = RetryBudget::default();
        for _ in 0..1_000 {
            assert!(budget.spend(ErrorKind::Throttled, Retry::Backoff));
            budget.succeeded(true);
        }
        assert_eq!(budget, RetryBudget::default());
    }

    #[test]
    fn successes_fill_an_empty_bucket_and_never_more_than_full() {
        let mut budget = RetryBudget::default();
        spend(&mut budget, ErrorKind::Throttled);
        for _ in 0..5 {
            assert!(!budget.spend(ErrorKind::Throttled, Retry::Backoff));
            budget.succeeded(false);
        }
        assert_eq!(spend(&mut budget, ErrorKind::Throttled), 1);
        (0..10 * MOST).for_each(|_| budget.succeeded(false));
        assert_eq!(budget, RetryBudget::default());
    }

    #[test]
    fn a_refusal_is_never_paid_for_and_a_busy_instance_for_nothing() {
        let mut budget = RetryBudget::default();
        assert!(!budget.spend(ErrorKind::Refused, Retry::Never));
        for _ in 0..10 * MOST {
            assert!(budget.spend(ErrorKind::Busy, Retry::Backoff));
        }
        assert_eq!(budget, RetryBudget::default());
    }
}
