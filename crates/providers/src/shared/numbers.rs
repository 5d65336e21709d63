//! Counts as plans have them, and as the vendors' clients do.

/// A count as it is sent; plan files hold none that is larger.
pub(crate) fn sent(count: Option<u32>) -> Option<i32> {
    count.and_then(|count| i32::try_from(count).ok())
}

/// A count that came; one below zero is none.
pub(crate) fn seen(count: Option<i32>) -> Option<u32> {
    count.and_then(|count| u32::try_from(count).ok())
}
