//! Files and folders to specs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Diagnostic, SourceFile, Spec, code, duplicates,
    parse::{Draft, draft},
    redact,
    text::{LineIndex, quote},
};

/// The largest plan file, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Reads plan files: those named, and of folders every `*.toml` and `*.json` directly in them by
/// name, but for hidden ones. A file that is named twice is read once.
///
/// # Errors
///
/// Everything that is wrong with any of the files, file by file; never an empty list. That
/// includes what is wrong only with them together: one fleet name in two files, one identifier
/// for two instances.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Spec>, Vec<Diagnostic>> {
    let mut files = Files::default();
    for path in paths {
        files.add(path);
    }
    let drafts: Vec<Result<Draft, Box<Diagnostic>>> = files
        .list
        .into_iter()
        .map(|found| {
            let path = found?;
            let source = read(&path)?;
            let base = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            Ok(draft(Arc::new(source), base.unwrap_or(Path::new("."))))
        })
        .collect();

    // By the position of the file, so that all of one file's problems stand together.
    let mut problems: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
    let mut specs = Vec::new();
    let mut fleets: HashMap<String, String> = HashMap::new();
    for (position, draft) in drafts.into_iter().enumerate() {
        let draft = match draft {
            Ok(draft) => draft,
            Err(diagnostic) => {
                problems.entry(position).or_default().push(*diagnostic);
                continue;
            }
        };
        if let Some(twice) = same_fleet(&draft, &mut fleets) {
            problems.entry(position).or_default().push(twice);
        }
        match draft.result {
            Ok(spec) => specs.push((position, spec)),
            Err(list) => problems.entry(position).or_default().extend(list),
        }
    }
    let all: Vec<&Spec> = specs.iter().map(|(_, spec)| spec).collect();
    for (index, found) in duplicates::check(&all) {
        // Fleets of one name share every derived identifier; the name has been reported.
        let position = specs[index].0;
        let list = problems.entry(position).or_default();
        if !list.iter().any(|other| other.code == code::DUPLICATE_FLEET) {
            list.push(found);
        }
    }
    problems.retain(|_, list| !list.is_empty());
    if problems.is_empty() {
        return Ok(specs.into_iter().map(|(_, spec)| spec).collect());
    }
    for list in problems.values_mut() {
        // The one without a place counts the rest and stays the last.
        list.sort_by_key(|found| found.place.as_ref().map_or(usize::MAX, |at| at.span.start));
    }
    Err(problems.into_values().flatten().collect())
}

fn same_fleet(draft: &Draft, fleets: &mut HashMap<String, String>) -> Option<Diagnostic> {
    let (name, place) = draft.fleet.as_ref()?;
    let Some(first) = fleets.get(name) else {
        fleets.insert(name.clone(), draft.source.name.clone());
        return None;
    };
    Some(Diagnostic {
        code: code::DUPLICATE_FLEET,
        message: format!("the fleet {} is declared in {first} already", quote(name)),
        label: "second file with this name".to_owned(),
        remedy: "one file is one fleet: rename this one, or leave one of the files out".to_owned(),
        source: draft.source.clone(),
        place: Some(place.clone()),
    })
}

/// The files of a command line, in its order.
#[derive(Default)]
struct Files {
    list: Vec<Result<PathBuf, Box<Diagnostic>>>,
    seen: BTreeSet<PathBuf>,
}

impl Files {
    fn add(&mut self, path: &Path) {
        if !path.is_dir() {
            self.file(path.to_owned());
            return;
        }
        let found = match plans_in(path) {
            Ok(found) => found,
            Err(error) => {
                self.list.push(Err(unreadable(path, &error)));
                return;
            }
        };
        if found.is_empty() {
            self.list.push(Err(about_file(
                code::NO_PLANS,
                path,
                format!("the folder {} holds no plans", path.display()),
                "name a folder with *.toml or *.json files directly in it, or a file",
            )));
        }
        for path in found {
            self.file(path);
        }
    }

    fn file(&mut self, path: PathBuf) {
        let known = path.canonicalize().unwrap_or_else(|_| path.clone());
        if self.seen.insert(known) {
            self.list.push(Ok(path));
        }
    }
}

fn plans_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let is_plan = path
            .extension()
            .is_some_and(|ext| ext == "toml" || ext == "json");
        // Hidden files are tools' own, such as the state of simulated clouds.
        let is_hidden = path
            .file_name()
            .is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if is_plan && !is_hidden && !path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<SourceFile, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(about_file(
            code::TOO_LARGE,
            path,
            format!("{} is larger than 16 MiB", path.display()),
            "a plan is a few kilobytes; is this the right file?",
        ));
    }
    let name = path.display().to_string();
    String::from_utf8(bytes)
        .map(|text| SourceFile {
            name: name.clone(),
            text,
        })
        .map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            // The bad byte becomes a replacement character, so that it can be pointed at.
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let place = LineIndex::new(&text).place(&text, at..at + '\u{fffd}'.len_utf8());
            let text = redact::mask(&text, &redact::guess(&text));
            Box::new(Diagnostic {
                code: code::NOT_UTF8,
                message: "the file is not UTF-8 text".to_owned(),
                label: "first byte that is not".to_owned(),
                remedy: "save the file as UTF-8".to_owned(),
                source: Arc::new(SourceFile { name, text }),
                place: Some(place),
            })
        })
}

fn unreadable(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    let shown = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        let message = format!("there is no file {shown}");
        return about_file(code::MISSING_FILE, path, message, "correct the path");
    }
    about_file(
        code::UNREADABLE_FILE,
        path,
        format!("cannot read {shown}: {error}"),
        "see to it that you may read it",
    )
}

fn about_file(code: &'static str, path: &Path, message: String, remedy: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code,
        message,
        label: String::new(),
        remedy: remedy.to_owned(),
        source: Arc::new(SourceFile {
            name: path.display().to_string(),
            text: String::new(),
        }),
        place: None,
    })
}
