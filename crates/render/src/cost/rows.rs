//! Instances of one kind in one row, and columns of figures.

use pgfleet_model::{Address, GroupName};

/// Addresses in a row: `replica-1`, or `replica-1 to 3` for those that follow each other and look
/// the same.
#[derive(Debug)]
pub(crate) struct Span {
    first: Address,
    last: Address,
    /// How many.
    pub(crate) count: usize,
}

impl Span {
    pub(crate) fn words(&self) -> String {
        match &self.last {
            Address::Replica { number, .. } if self.count > 1 => {
                format!("{} to {number}", self.first)
            }
            _ => self.first.to_string(),
        }
    }
}

/// Groups neighbours of one group that look the same.
pub(super) fn spans<T: PartialEq>(rows: impl Iterator<Item = (Address, T)>) -> Vec<(Span, T)> {
    let mut spans: Vec<(Span, T)> = Vec::new();
    for (address, shown) in rows {
        match spans.last_mut() {
            Some((span, same)) if *same == shown && follows(&span.last, &address) => {
                span.last = address;
                span.count += 1;
            }
            _ => spans.push((
                Span {
                    first: address.clone(),
                    last: address,
                    count: 1,
                },
                shown,
            )),
        }
    }
    spans
}

fn follows(before: &Address, after: &Address) -> bool {
    let parts = |address: &Address| -> Option<(Option<GroupName>, u32)> {
        match address {
            Address::Primary => None,
            Address::Replica { group, number } => Some((group.clone(), number.get())),
        }
    };
    match (parts(before), parts(after)) {
        (Some((a, from)), Some((b, to))) => a == b && from.checked_add(1) == Some(to),
        _ => false,
    }
}

/// Cells of one column with their right ends below each other.
pub(super) fn right(cells: &mut [String]) {
    let width = cells
        .iter()
        .map(|cell| cell.chars().count())
        .max()
        .unwrap_or(0);
    for cell in cells {
        let gap = width.saturating_sub(cell.chars().count());
        cell.insert_str(0, &" ".repeat(gap));
    }
}

/// A text that fits, its end left out where it does not.
pub(super) fn fit(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A text that fits, its beginning left out where it does not: numbers stand at the end.
pub(super) fn fit_end(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let left_out = length.saturating_sub(room.saturating_sub(1));
    let kept: String = text.chars().skip(left_out).collect();
    format!("…{kept}")
}
