//! The file of refreshed prices: read whole or not at all, replaced whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use pgfleet_pricing::Catalog;

use crate::ui::Ui;

/// The largest file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// Where refreshed prices lie: `PGFLEET_PRICES`, or `pgfleet/prices.txt` in the user's data folder.
/// `None` where there is no home folder.
pub(crate) fn path() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if let Some(path) = set("PGFLEET_PRICES") {
        return Some(path.into());
    }
    let data = set("XDG_DATA_HOME").map(PathBuf::from);
    let home = || set("HOME").map(|home| Path::new(&home).join(".local/share"));
    let data = data.filter(|path| path.is_absolute()).or_else(home)?;
    Some(data.join("pgfleet/prices.txt"))
}

/// The refreshed prices. A file that is no catalog is told of, with its place, and not used.
pub(crate) fn load(ui: Ui) -> Option<Catalog> {
    let path = path()?;
    match read(&path) {
        Ok(catalog) => catalog,
        Err(problem) => {
            ui.note(&format!(
                "warning: {}: {problem}; the prices in the program are used. \
                 `pgfleet prices refresh` writes the file anew",
                path.display()
            ));
            None
        }
    }
}

/// Whether there is no such file. Users without a home have one that is no folder, as `/dev/null`.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The file's catalog; `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Catalog>, String> {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if !about.is_file() {
        return Err("not a file".to_owned());
    }
    if about.len() > MAX_BYTES {
        return Err(format!("line 1: the file is larger than {MAX_BYTES} bytes"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let lines = before
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n');
        format!("line {}: not UTF-8 text", lines.count() + 1)
    })?;
    let catalog = Catalog::parse(&text).map_err(|error| error.to_string())?;
    Ok(Some(catalog))
}

/// Puts a catalog in the place of the file. Whoever reads meanwhile sees the old one or the new one.
pub(super) fn write(path: &Path, catalog: &Catalog) -> Result<(), String> {
    let text = catalog.prices_text();
    // What could not be read again must not replace what can.
    Catalog::parse(&text).map_err(|error| format!("the new catalog is not whole: {error}"))?;
    let shown = path.display();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let replace = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        let draft = folder.join(name);
        let written = fill(&draft, &text).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written?;
        File::open(folder)?.sync_all()
    };
    replace().map_err(|error| format!("{shown} cannot be written: {error}"))
}

fn fill(draft: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
