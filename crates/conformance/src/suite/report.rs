//! What ran, what was not supported, and what is wrong.

use std::fmt;

/// How a case ended that found nothing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It ran, and all was right.
    Ran,
    /// The provider does not declare it, and refuses it by these words.
    NotSupported(String),
    /// The subject could not bring the case about, for this reason. Nothing is known.
    NotRun(String),
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    /// Its name.
    pub name: &'static str,
    /// How it ended; the error says what is wrong.
    pub result: Result<Verdict, String>,
}

/// A whole run of the suite. Its `Display` is a line for each case and the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whose.
    pub subject: String,
    /// The cases in the order in which they ran.
    pub cases: Vec<CaseReport>,
}

impl Report {
    pub(super) fn new(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            cases: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: &'static str, result: Result<Verdict, String>) {
        self.cases.push(CaseReport { name, result });
    }

    /// Whether something ran and nothing is wrong. Cases that were not run do not count as right or
    /// wrong.
    pub fn is_passed(&self) -> bool {
        !self.ran().is_empty() && self.cases.iter().all(|case| case.result.is_ok())
    }

    /// The names of the cases that ran.
    pub fn ran(&self) -> Vec<&'static str> {
        self.named(|result| *result == Ok(Verdict::Ran))
    }

    /// The names of the cases that the provider does not support and refuses.
    pub fn not_supported(&self) -> Vec<&'static str> {
        self.named(|result| matches!(result, Ok(Verdict::NotSupported(_))))
    }

    /// The names of the cases that the subject could not bring about.
    pub fn not_run(&self) -> Vec<&'static str> {
        self.named(|result| matches!(result, Ok(Verdict::NotRun(_))))
    }

    /// The names of the cases in which something is wrong.
    pub fn failed(&self) -> Vec<&'static str> {
        self.named(Result::is_err)
    }

    fn named(&self, wanted: impl Fn(&Result<Verdict, String>) -> bool) -> Vec<&'static str> {
        let cases = self.cases.iter().filter(|case| wanted(&case.result));
        cases.map(|case| case.name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conformance of {}", self.subject)?;
        for CaseReport { name, result } in &self.cases {
            let (word, why) = match result {
                Ok(Verdict::Ran) => ("ran", ""),
                Ok(Verdict::NotSupported(why)) => ("not supported", why.as_str()),
                Ok(Verdict::NotRun(why)) => ("NOT RUN", why.as_str()),
                Err(why) => ("FAILED", why.as_str()),
            };
            let line = format!("  {name:30} {word:14} {why}");
            writeln!(f, "{}", line.trim_end())?;
        }
        write!(
            f,
            "{} ran, {} not supported, {} not run, {} failed",
            self.ran().len(),
            self.not_supported().len(),
            self.not_run().len(),
            self.failed().len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_shown_and_not_counted_as_passed() {
        let mut report = Report::new("nobody");
        assert!(!report.is_passed());
        report.add("two", Ok(Verdict::NotRun("no hands".into())));
        assert!(!report.is_passed(), "nothing ran");
        report.add("one", Ok(Verdict::Ran));
        report.add("three", Ok(Verdict::NotSupported("nobody/three".into())));
        assert!(report.is_passed());
        let text = report.to_string();
        assert!(
            text.ends_with("1 ran, 1 not supported, 1 not run, 0 failed"),
            "{text}"
        );
        assert!(text.contains("NOT RUN        no hands"), "{text}");
        report.add("four", Err("wrong".into()));
        assert!(!report.is_passed());
        assert_eq!(report.failed(), ["four"]);
    }
}
