//! The binary under test, built once.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// The binary in `PGFLEET_BIN`, or `pgfleet` as the sources are now, in the profile of the tests.
pub(crate) fn pgfleet() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match env::var_os("PGFLEET_BIN") {
        Some(path) => path.into(),
        None => once_a_run(),
    })
}

/// cargo-nextest starts a process for each test; the first one of a run builds for all.
fn once_a_run() -> PathBuf {
    let exe = env::current_exe().unwrap();
    // target/PROFILE/deps/TEST
    let profile = exe.ancestors().nth(2).unwrap();
    let Ok(run) = env::var("NEXTEST_RUN_ID") else {
        return build(profile);
    };
    let note = profile.join("pgfleet-tests.built");
    let noted = fs::read_to_string(&note).unwrap_or_default();
    if let Some((of, path)) = noted.split_once('\n')
        && of == run
    {
        return path.into();
    }
    let path = build(profile);
    let draft = profile.join(format!("pgfleet-tests.built.{}", std::process::id()));
    fs::write(&draft, format!("{run}\n{}", path.display())).unwrap();
    fs::rename(draft, note).unwrap();
    path
}

fn build(profile: &Path) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let name = match profile.file_name().unwrap().to_string_lossy() {
        name if name == "debug" => "dev".to_owned(),
        name => name.into_owned(),
    };
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--package", "pgfleet", "--profile"])
        .arg(name)
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .arg("--message-format=json-render-diagnostics")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "pgfleet does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "pgfleet")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("cargo names no binary"))
}
