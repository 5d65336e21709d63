//! Columns that line up, and paragraphs that fit.

use crate::Paint;

/// The width that everything is made to fit where it can.
pub(crate) const WIDTH: usize = 80;

/// Rows of cells with their columns lined up, two blanks between them, nothing after the last.
/// Cells are measured in characters and must not be painted yet.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The lines, in the order of the rows. Columns that are empty in every row take no room.
    pub(crate) fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                line.push_str(cell);
                let gap = width.saturating_sub(cell.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// A name and what is to be known of it at once, on further lines where one has no room for all.
pub(crate) fn heading(name: &str, pieces: &[String], paint: Paint) -> String {
    let mut out = paint.strong(name);
    let mut width = name.chars().count();
    for piece in pieces {
        let length = piece.chars().count();
        let gap = if width + 3 + length <= WIDTH {
            "   "
        } else {
            "\n  "
        };
        width = if gap.starts_with('\n') { 2 } else { width + 3 } + length;
        out.push_str(gap);
        out.push_str(piece);
    }
    out.push('\n');
    out
}

/// A paragraph broken at blanks to fit beside an indentation; words that are too long stand alone.
pub(crate) fn wrap(text: &str, indent: usize) -> Vec<String> {
    let room = WIDTH.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The paragraph with its first line behind `lead` and the others below its text.
pub(crate) fn hanging(lead: &str, text: &str) -> String {
    let indent = lead.chars().count();
    let mut out = String::new();
    for (number, line) in wrap(text, indent).iter().enumerate() {
        if number == 0 {
            out.push_str(lead);
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_vanish() {
        let mut table = Table::default();
        table.row(["primary", "", "127.0.0.1:5440", "x"]);
        table.row(["replica-1", "", "127.0.0.1:5441"]);
        assert_eq!(
            table.lines(),
            ["primary    127.0.0.1:5440  x", "replica-1  127.0.0.1:5441"]
        );
    }

    #[test]
    fn a_heading_goes_on_below_where_it_has_no_room() {
        let plain = Paint::new(false);
        let place = "azure eastus2".to_owned();
        let account = format!(
            "account 00000000-0000-0000-0000-000000000001/{}",
            "g".repeat(24)
        );
        let count = "3 instances as planned".to_owned();
        let short = heading("truck", &[place.clone(), count.clone()], plain);
        assert_eq!(short, "truck   azure eastus2   3 instances as planned\n");
        let long = heading(
            "truck",
            &[place.clone(), account.clone(), count.clone()],
            plain,
        );
        assert_eq!(long, format!("truck   {place}\n  {account}\n  {count}\n"));
        assert!(
            long.lines().all(|line| line.chars().count() <= WIDTH),
            "{long}"
        );
    }

    #[test]
    fn paragraphs_fit() {
        let text = "word ".repeat(60);
        assert!(
            hanging("  note  ", &text)
                .lines()
                .all(|line| line.chars().count() <= WIDTH)
        );
    }
}
