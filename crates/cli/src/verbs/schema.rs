//! `pgfleet schema`.

use pgfleet_render::JsonForm;

use crate::{
    args::{SchemaArgs, SchemaOf},
    exit::Exit,
    ui::Ui,
};

/// Prints a JSON Schema.
pub(super) fn perform(args: &SchemaArgs, ui: Ui) -> Exit {
    let schema = match args.of {
        SchemaOf::PlanFile => pgfleet_spec::schema(),
        SchemaOf::Plan => JsonForm::Plan.schema(),
        SchemaOf::SavedPlan => JsonForm::SavedPlan.schema(),
        SchemaOf::Event => JsonForm::Event.schema(),
        SchemaOf::Status => JsonForm::Status.schema(),
        SchemaOf::Verify => JsonForm::Verify.schema(),
        SchemaOf::Cost => JsonForm::Cost.schema(),
        SchemaOf::Comparison => JsonForm::Comparison.schema(),
        SchemaOf::Prices => JsonForm::Prices.schema(),
    };
    ui.result(&format!("{schema:#}\n"));
    Exit::Done
}
