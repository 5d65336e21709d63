//! Saved plans as files: written by `plan --out`, applied by `apply`.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use pgfleet_planner::{FleetPlan, SavedFleet, SavedPlan, SavedPlanError, SavedPlanFile, sha256};
use pgfleet_render::path_word;
use pgfleet_spec::{Diagnostic, SourceFile, Spec};

use crate::{
    accounts::Accounts,
    args::SimulateFlag,
    exit::Exit,
    file::write_whole,
    run::{Fleet, Run},
    ui::Ui,
};

/// The largest saved plan that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Writes the plans of a run, whose accounts are known, for its owner's eyes only, all of it or
/// nothing.
pub(crate) fn save(path: &Path, run: &Run, plans: Vec<FleetPlan>) -> Result<(), String> {
    let fleets = run.fleets.iter().zip(plans);
    let fleets = fleets.map(|(Fleet { spec, account, .. }, plan)| {
        let file = plan_file(spec)?;
        Ok(SavedFleet::new(plan, file, account, spec.in_window))
    });
    let saved = SavedPlan {
        pgfleet: version().to_owned(),
        simulated: run.is_simulated(),
        fleets: fleets.collect::<Result<_, String>>()?,
    };
    write_whole(path, |out| saved.write(out))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Refuses a place for a saved plan where no file can be, or in which it would take the place of what the
/// run is made from.
pub(crate) fn refuse_place(
    out: &Path,
    run: &Run,
    simulate: &SimulateFlag,
    ui: Ui,
) -> Result<(), Exit> {
    let folder = out.parent().filter(|folder| *folder != Path::new(""));
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let what = format!(
            "--out {}: there is no folder {}",
            out.display(),
            folder.display()
        );
        ui.problem(&what, "make the folder first, or name another file");
        return Err(Exit::Usage);
    }
    let specs = run.fleets.iter().map(|fleet| &fleet.spec.source.name);
    let state = simulate.file();
    let mut taken = specs.map(Path::new).chain(state.map(PathBuf::as_path));
    let Some(taken) = taken.find(|taken| is_same_file(taken, out)) else {
        return Ok(());
    };
    let what = format!(
        "--out {} would overwrite {}",
        out.display(),
        taken.display()
    );
    ui.problem(&what, "name another file for the saved plan");
    Err(Exit::Usage)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// What is kept of the plan file, as it was when it was planned.
fn plan_file(spec: &Spec) -> Result<SavedPlanFile, String> {
    let path = PathBuf::from(&spec.source.name);
    let told = |error: io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(told)?;
    let is_as_planned = text == spec.source.text || {
        // What was planned holds no password, which the file may.
        let loaded = pgfleet_spec::load(std::slice::from_ref(&path));
        loaded.is_ok_and(|specs| specs.iter().all(|now| now.source.text == spec.source.text))
    };
    if !is_as_planned {
        let shown = path.display();
        return Err(format!(
            "{shown} has changed while it was planned; plan anew"
        ));
    }
    Ok(SavedPlanFile {
        path: std::path::absolute(&path).map_err(told)?,
        digest: sha256(text.as_bytes()),
        has_secrets: spec.source.text != text.trim_start_matches('\u{feff}'),
        text: spec.source.text.clone(),
    })
}

/// The saved plan among what `apply` was given. `Ok(None)`: these are plan files.
pub(crate) fn find(paths: &[PathBuf], ui: Ui) -> Result<Option<(&Path, SavedPlan)>, Exit> {
    let texts = paths.iter().map(|path| Some((path, read(path)?)));
    let Some((path, text)) = texts
        .flatten()
        .find(|(_, text)| SavedPlan::is_meant_by(text))
    else {
        return Ok(None);
    };
    if paths.len() > 1 {
        ui.problem(
            &format!("{} is a saved plan, and there are others", path.display()),
            "give one saved plan, alone",
        );
        return Err(Exit::Usage);
    }
    match SavedPlan::from_text(&text) {
        Ok(saved) => Ok(Some((path, saved))),
        // It speaks of saved plans and is none: a plan file, or what is wrong with it as one.
        Err(SavedPlanError::Other) => Ok(None),
        Err(error) => {
            ui.problem(&format!("{} {error}", path.display()), "");
            Err(Exit::Usage)
        }
    }
}

/// The name of a file that is a saved plan, among those with problems as plan files.
pub(crate) fn mistaken(problems: &[Diagnostic]) -> Option<&str> {
    let mut sources = problems.iter().map(|problem| &problem.source);
    let is_saved = |source: &&Arc<SourceFile>| SavedPlan::is_meant_by(&source.text);
    sources.find(is_saved).map(|source| source.name.as_str())
}

/// The text of a file that may be a saved plan.
fn read(path: &Path) -> Option<String> {
    let file = fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    if text.starts_with('\u{feff}') {
        // Editors put it before what they save.
        text.drain(..'\u{feff}'.len_utf8());
    }
    Some(text)
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A saved plan with providers to carry it out. Every problem has been told when this fails.
pub(crate) async fn open(
    path: &Path,
    saved: &SavedPlan,
    simulate: &SimulateFlag,
    ui: Ui,
) -> Result<Run, Exit> {
    let (shown, word) = (path.display(), path_word(path));
    match (saved.simulated, simulate.file()) {
        (true, None) => {
            ui.problem(
                &format!("{shown} was planned on simulated clouds"),
                &format!(
                    "`pgfleet apply {word} --simulate` applies it there (--simulate=FILE where it was \
                     planned so); for real clouds, plan again without --simulate"
                ),
            );
            return Err(Exit::Stale);
        }
        (false, Some(_)) => {
            ui.problem(
                &format!("{shown} was not planned on simulated clouds"),
                &format!(
                    "`pgfleet apply {word}` applies it where it was planned; for simulated clouds, plan \
                     again with --simulate"
                ),
            );
            return Err(Exit::Stale);
        }
        _ => {}
    }
    let mut stale = Vec::new();
    if saved.pgfleet != version() {
        stale.push(format!(
            "it was made by pgfleet {}, this is {}",
            saved.pgfleet,
            version()
        ));
    }
    let mut specs = Vec::new();
    for fleet in &saved.fleets {
        match spec_of(&fleet.plan_file) {
            Ok(spec) => specs.push(spec),
            Err(NoSpec::Stale(why)) => stale.push(why),
            Err(NoSpec::Wrong(why)) => {
                ui.problem(&why, "");
                return Err(Exit::Usage);
            }
        }
    }
    if !stale.is_empty() {
        return Err(refuse(&stale, ui));
    }
    let run = Run::serve(specs, simulate, Accounts::Saved, ui).await?;
    for Fleet { spec, account, .. } in &run.fleets {
        let mut saved = saved.fleets.iter();
        let saved = saved.find(|saved| saved.desired.fleet == spec.fleet);
        if let Some(SavedFleet { account: was, .. }) = saved
            && account != was
        {
            let told = |account: &str| match account {
                "" => "an account that nobody tells".to_owned(),
                account => account.to_owned(),
            };
            let (fleet, was, is) = (&spec.fleet, told(was), told(account));
            stale.push(format!("{fleet} was planned in {was}, this is {is}"));
        }
    }
    if stale.is_empty() {
        Ok(run)
    } else {
        Err(refuse(&stale, ui))
    }
}

/// Why a saved plan's own plan file cannot be had.
enum NoSpec {
    /// It has changed since.
    Stale(String),
    /// It cannot be read, or is needed and gone.
    Wrong(String),
}

/// The plan file that a saved plan was made from: itself where it is still there, else as it was
/// saved.
fn spec_of(saved: &SavedPlanFile) -> Result<Spec, NoSpec> {
    let shown = saved.path.display();
    let damaged = || NoSpec::Wrong(format!("the plan saved of {shown} is damaged"));
    match fs::read(&saved.path) {
        Ok(bytes) if sha256(&bytes) != saved.digest => {
            Err(NoSpec::Stale(format!("{shown} has changed")))
        }
        Ok(_) => pgfleet_spec::load(std::slice::from_ref(&saved.path))
            .ok()
            .and_then(|specs| specs.into_iter().next())
            .ok_or_else(damaged),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(NoSpec::Wrong(format!("{shown}: {error}")))
        }
        Err(_) if saved.has_secrets => Err(NoSpec::Wrong(format!(
            "{shown} is gone, and it holds a password that no saved plan repeats; put it back"
        ))),
        Err(_) => {
            let source = SourceFile {
                name: saved.path.display().to_string(),
                text: saved.text.clone(),
            };
            let base = saved.path.parent().unwrap_or(Path::new("/"));
            pgfleet_spec::parse(Arc::new(source), base).map_err(|_| damaged())
        }
    }
}

/// Says why a saved plan no longer fits.
pub(crate) fn refuse(why: &[String], ui: Ui) -> Exit {
    let message = format!("the saved plan no longer fits: {}", why.join("; "));
    ui.problem(&message, "look at what has changed, and plan anew");
    Exit::Stale
}
