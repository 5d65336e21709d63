//! A plan as the vendor's own commands, for a shell.

use std::fmt::Write as _;

use pgfleet_planner::{FleetPlan, Platform};

/// The calls of one fleet's plan as commands that a person could type, in an order that works. A
/// call that the vendor's tool has no command for stands as a comment.
pub fn plan_shell(plan: &FleetPlan, platform: &dyn Platform) -> String {
    let mut out = format!("# {}\n", plan.desired.fleet);
    if plan.steps.is_empty() {
        out.push_str("# nothing to change\n");
    }
    for step in &plan.steps {
        let resource = &step.mutation.resource;
        // Writing to a string cannot fail.
        let _ = match platform.command(&step.mutation) {
            Some(words) => writeln!(out, "{}", line(&words)),
            None => writeln!(
                out,
                "# {} {}: {} has no command for this",
                step.call,
                resource,
                platform.kind()
            ),
        };
    }
    out
}

/// One command; the shell changes nothing in its words.
fn line(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    quoted.join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for word in [
            "plain",
            "",
            "two words",
            "it's",
            "$HOME `id` \"x\" \\",
            "a;b&c|d>e",
            "*?[x]~",
        ] {
            let script = format!("printf %s {}", quote(word));
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
