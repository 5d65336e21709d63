//! Plans as the vendors' own commands, for a shell.

use std::{collections::BTreeSet, fmt::Write as _};

use pgfleet_model::{Operation, Step, StepId};
use pgfleet_planner::{FleetPlan, Platform, Word};

/// The calls of a run's plans as a script for `sh`. It stops at the first command that fails, and
/// waits where a later command needs what an earlier one began; it ends when all has come to its
/// end. Secrets are read by the shell from where the plan file says; none is in the text.
///
/// A call that the vendor's tool has no command for stands as a comment.
pub fn plan_shell(plans: &[(&FleetPlan, &dyn Platform)], simulated: bool) -> String {
    let mut out = "#!/bin/sh\nset -eu\n".to_owned();
    if simulated {
        out.push_str("# made from simulated clouds: run it on those, not on real ones\n");
    }
    for (plan, platform) in plans {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n# {}", plan.desired.fleet);
        if plan.steps.is_empty() {
            out.push_str("# nothing to change\n");
        }
        fleet(&mut out, &plan.steps, *platform);
    }
    out
}

fn fleet(out: &mut String, steps: &[Step], platform: &dyn Platform) {
    let mut awaited: BTreeSet<StepId> = BTreeSet::new();
    for step in steps {
        let before = steps.iter().filter(|first| step.after.contains(&first.id));
        wait_for(out, before, platform, &mut awaited);
        let commands = platform.commands(&step.mutation);
        let resource = &step.mutation.resource;
        if commands.is_empty() {
            let deletes = matches!(step.mutation.operation, Operation::Delete { .. });
            let why = if step.mutation.resume && deletes {
                "it is being deleted already".to_owned()
            } else if step.mutation.resume {
                "an earlier run began this".to_owned()
            } else {
                format!("{} has no command for this", platform.kind())
            };
            let _ = writeln!(out, "# {} {resource}: {why}", step.call);
        }
        for words in commands {
            let _ = writeln!(out, "{}", line(&words));
        }
    }
    wait_for(out, steps.iter(), platform, &mut awaited);
}

/// The commands that await these steps, but for those awaited already; each once.
fn wait_for<'a>(
    out: &mut String,
    steps: impl Iterator<Item = &'a Step>,
    platform: &dyn Platform,
    awaited: &mut BTreeSet<StepId>,
) {
    let mut printed: Vec<Vec<Word>> = Vec::new();
    for step in steps.filter(|step| awaited.insert(step.id)) {
        for words in platform.awaiting(&step.mutation) {
            if !printed.contains(&words) {
                let _ = writeln!(out, "{}", line(&words));
                printed.push(words);
            }
        }
    }
}

/// One command; the shell changes nothing in its plain words.
fn line(words: &[Word]) -> String {
    let quoted: Vec<String> = words.iter().map(quote).collect();
    quoted.join(" ")
}

fn quote(word: &Word) -> String {
    match word {
        Word::Plain(word) => plain(word),
        Word::Variable(name) if is_name(name) => format!("\"${name}\""),
        // A variable that the shell itself cannot name.
        Word::Variable(name) => format!("\"$(printenv {})\"", plain(name)),
        Word::Output(words) => format!("\"$({})\"", line(words)),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A path as a word of a command for a shell, which takes it for no flag.
pub fn path_word(path: &std::path::Path) -> String {
    let shown = path.display().to_string();
    if shown.starts_with('-') {
        plain(&format!("./{shown}"))
    } else {
        plain(&shown)
    }
}

fn plain(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else if word.contains('\'') && !word.contains(['"', '$', '`', '\\', '!']) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(word: &Word) -> String {
        let output = std::process::Command::new("sh")
            .args(["-euc", &format!("printf %s {}", quote(word))])
            .env("A_NAME", "from the  environment")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn words_survive_a_shell() {
        for word in [
            "plain",
            "",
            "two words",
            "it's",
            "it's \"so\"",
            "isn't $HOME",
            "$HOME `id` \"x\" \\",
            "a;b&c|d>e",
            "*?[x]~",
        ] {
            assert_eq!(prints(&word.into()), word);
        }
    }

    #[test]
    fn secrets_are_read_by_the_shell() {
        assert_eq!(
            prints(&Word::Variable("A_NAME".into())),
            "from the  environment"
        );
        let nested = Word::Output(vec![
            "echo".into(),
            "a  b".into(),
            Word::Output(vec!["echo".into(), "it's".into()]),
        ]);
        assert_eq!(prints(&nested), "a  b it's");
        assert_eq!(prints(&Word::Variable("A-NAME;id".into())), "");
    }

    #[test]
    fn a_path_with_odd_letters_is_one_word_and_no_flag() {
        let word = |path: &str| path_word(std::path::Path::new(path));
        assert_eq!(word("plans/a.toml"), "plans/a.toml");
        assert_eq!(word("odd folder"), "'odd folder'");
        assert_eq!(word("-out"), "./-out");
    }
}
