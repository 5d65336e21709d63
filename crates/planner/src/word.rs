//! Words of a command for a shell.

use pgfleet_model::PasswordSource;

/// One word of a command. A secret is never among them: where one is needed, the word says where
/// the shell reads it.
///
/// ```
/// use pgfleet_planner::Word;
/// let words: Vec<Word> = vec!["aws".into(), "--password".into(), Word::Variable("SECRET".into())];
/// assert_eq!(words[0], Word::Plain("aws".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The word itself; the shell changes nothing in it.
    Plain(String),
    /// What an environment variable holds.
    Variable(String),
    /// What a command prints, without the line breaks at its end.
    Output(Vec<Word>),
}

impl From<&str> for Word {
    fn from(word: &str) -> Self {
        Self::Plain(word.to_owned())
    }
}

impl From<String> for Word {
    fn from(word: String) -> Self {
        Self::Plain(word)
    }
}

impl From<&PasswordSource> for Word {
    fn from(source: &PasswordSource) -> Self {
        match source {
            PasswordSource::Env(name) => Self::Variable(name.clone()),
            PasswordSource::File(path) => {
                Self::Output(vec!["cat".into(), path.display().to_string().into()])
            }
            PasswordSource::Command(words) => {
                Self::Output(words.iter().cloned().map(Self::Plain).collect())
            }
        }
    }
}
