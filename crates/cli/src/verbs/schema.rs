//! `pgfleet schema`.

use crate::{exit::Exit, ui::Ui};

/// Prints the JSON Schema of plan files.
pub(super) fn perform(ui: Ui) -> Exit {
    ui.result(&format!("{:#}\n", pgfleet_spec::schema()));
    Exit::Done
}
