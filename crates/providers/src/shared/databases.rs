//! The database of `[primary]`, where the service makes it in a call of its own, after the instance.
//! A note in the primary's tags says that it is still to be made: a run that was ended in between is
//! taken up by it.

use pgfleet_model::{
    Bootstrap, DesiredInstance, Field, FieldChange, ObservedInstance, Role, Settings, Value,
};

/// The tag of the note.
pub(crate) const TAG_PENDING: &str = "pgfleet-pending-database";
/// Changes only: the database, to be made.
const DATABASE: &str = "database";
/// Which database is still to be made on a primary, else [`NONE`].
const PENDING: &str = "pending_database";
/// No database is still to be made.
const NONE: &str = "none";

/// The database that a new primary is to get beside `postgres`, which every server has.
pub(crate) fn wanted(desired: &DesiredInstance) -> Option<&str> {
    named(desired.bootstrap.as_ref()?)
}

fn named(bootstrap: &Bootstrap) -> Option<&str> {
    Some(bootstrap.database.as_str()).filter(|database| *database != "postgres")
}

/// Makes the database, then takes the note off.
pub(crate) fn steps(database: &str) -> [FieldChange; 2] {
    [
        FieldChange {
            field: Field::Setting(DATABASE.to_owned()),
            from: None,
            to: Value::Text(database.to_owned()),
        },
        FieldChange {
            field: Field::Setting(PENDING.to_owned()),
            from: Some(Value::Text(database.to_owned())),
            to: Value::Text(NONE.to_owned()),
        },
    ]
}

/// The steps that a change of the note stands for, if it is one.
pub(crate) fn taken_up(change: &FieldChange) -> Option<[FieldChange; 2]> {
    match (&change.field, &change.from) {
        (field, Some(Value::Text(database))) if is_note(field) => Some(steps(database)),
        _ => None,
    }
}

/// The database that a change makes, if that is what it does.
pub(crate) fn made_by(fields: &[FieldChange]) -> Option<&str> {
    match fields {
        [
            FieldChange {
                field: Field::Setting(name),
                to: Value::Text(database),
                ..
            },
        ] if name == DATABASE => Some(database),
        _ => None,
    }
}

/// Whether a change only takes the note off.
pub(crate) fn is_settled(fields: &[FieldChange]) -> bool {
    matches!(fields, [change] if is_note(&change.field))
}

/// Whether an attribute is the note.
pub(crate) fn is_note(field: &Field) -> bool {
    matches!(field, Field::Setting(name) if name == PENDING)
}

/// Whether an attribute is one of this room's.
pub(crate) fn concerns(field: &Field) -> bool {
    is_note(field) || matches!(field, Field::Setting(name) if name == DATABASE)
}

/// What a live primary's note says, as a setting.
pub(crate) fn observed(note: Option<String>) -> (String, Value) {
    let database = note.unwrap_or_else(|| NONE.to_owned());
    (PENDING.to_owned(), Value::Text(database))
}

/// Whether a live primary's note says that a database is still to be made.
pub(crate) fn is_left(live: &Settings) -> bool {
    let note = live.get(PENDING);
    note.is_some_and(|note| !matches!(note, Value::Text(text) if text == NONE))
}

/// Has the database made that an earlier run has left over, or a run of this plan leaves over.
pub(crate) fn take_up(
    desired: &mut Settings,
    role: Role,
    bootstrap: Option<&Bootstrap>,
    live: Option<&ObservedInstance>,
) {
    let settled = Value::Text(NONE.to_owned());
    let is_left = live.is_some_and(|live| is_left(&live.attributes.settings));
    if role == Role::Primary && (is_left || bootstrap.and_then(named).is_some()) {
        desired.insert(PENDING.to_owned(), settled);
    }
}
