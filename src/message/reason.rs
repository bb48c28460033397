//! Why a backup ended as it did: the one sentence at the top of a notice.

use crate::message::human;
use crate::message::notice::{Notice, Problem};
use crate::run::Outcome;
use crate::tools::Meaning;

impl Notice {
    /// Says why, in one sentence: what the run says; what its exit code says, when that explains the end;
    /// its first error; or else what the exit code says, however little.
    pub(crate) fn reason(&self) -> Option<String> {
        if self.test {
            return Some(
                "This is a test: no backup has run. Notices of this task will reach you the same way."
                    .to_owned(),
            );
        }
        self.message
            .clone()
            .or_else(|| self.by_code(|meaning| meaning.telling && meaning.outcome != Outcome::Success))
            .or_else(|| self.errors.first().map(Problem::sentence))
            .or_else(|| self.by_code(|_| true))
    }

    /// Tells whether the reason is the first error.
    pub(super) fn first_error_is_reason(&self) -> bool {
        let first = self.errors.first().map(Problem::sentence);
        !self.test && self.message.is_none() && first.is_some() && self.reason() == first
    }

    /// Says how many errors there are besides the reason: a message is one of them, what a code means is none.
    pub(super) fn besides(&self) -> String {
        let is_error = self.test || self.message.is_some() || self.first_error_is_reason();
        let errors = |count: u64| if count == 1 { "error" } else { "errors" };
        match self.error_count().saturating_sub(u64::from(is_error)) {
            0 => String::new(),
            more if is_error => format!(" (and {} more {})", human::count(more), errors(more)),
            all => format!(" ({} {})", human::count(all), errors(all)),
        }
    }

    /// Says what the exit code says, when it says what is asked for; a success needs no explanation.
    fn by_code(&self, wanted: fn(&Meaning) -> bool) -> Option<String> {
        let code = self.exit_code.filter(|code| *code != 0 && self.outcome != Outcome::Success);
        code.and(self.meaning.as_ref())
            .filter(|meaning| wanted(meaning))
            .map(|meaning| meaning.sentence.clone())
    }

    /// Shows the exit code and what it means.
    pub(super) fn exit_code_in_words(&self) -> Option<String> {
        let code = self.exit_code?;
        // without a program there is nothing to know about a code, but for signals; and what stands at the
        // top is not said twice
        let said = self.reason();
        let words = self.meaning.as_ref().filter(|meaning| {
            code != 0
                && (meaning.telling || self.tool.is_some())
                && said.as_ref().is_none_or(|said| *said != meaning.sentence)
        });
        Some(words.map_or_else(|| code.to_string(), |meaning| format!("{code} ({})", meaning.words())))
    }
}

#[cfg(test)]
mod tests {
    use crate::message::notice::Notice;
    use crate::message::redact::Redactor;
    use crate::message::samples::{World, error};
    use crate::run::Outcome;
    use crate::tools::Tool;

    /// Reason and row of a run that ended so.
    fn said(
        tool: Option<Tool>,
        outcome: Outcome,
        code: i32,
        errors: usize,
    ) -> (Option<String>, Option<String>) {
        let mut world = World::bare("Home");
        world.task.tool = tool;
        (world.run.outcome, world.run.facts.exit_code) = (outcome, Some(code));
        world.run.facts.errors = vec![error(Some("/a"), "no"); errors];
        let notice = Notice::of(&world.story(), &Redactor::new(&[]));
        (notice.reason().map(|reason| reason + &notice.besides()), notice.exit_code_in_words())
    }

    #[test]
    fn a_telling_code_goes_before_the_errors_and_a_vague_one_behind_them() {
        use Outcome::{Error, Success, Warning};
        let reason =
            |tool, outcome, code, errors| said(Some(tool), outcome, code, errors).0.unwrap_or_default();
        let sentence = "rsync 24: some source files vanished before they could be copied";
        assert_eq!(reason(Tool::Rsync, Warning, 24, 0), sentence);
        assert_eq!(reason(Tool::Rsync, Warning, 24, 1), format!("{sentence} (1 error)"));
        assert_eq!(reason(Tool::Rsync, Warning, 24, 3), format!("{sentence} (3 errors)"));
        assert_eq!(reason(Tool::Rsync, Warning, 23, 2), "/a: no (and 1 more error)");
        assert_eq!(reason(Tool::Tar, Error, 2, 0), "tar 2: a fatal error");
        // a success that its report contradicts, and one that is none for the task
        assert_eq!(reason(Tool::Rclone, Error, 9, 1), "/a: no");
        assert_eq!(reason(Tool::Duplicati, Warning, 1, 0), "duplicati 1: finished, and nothing had changed");
        assert_eq!(reason(Tool::Rsync, Success, 24, 0), "");
        assert_eq!(reason(Tool::Rsync, Error, 0, 0), "");
    }

    #[test]
    fn the_row_of_a_code_has_its_meaning_unless_that_stands_at_the_top() {
        let row = |tool, code, message: Option<&str>| {
            let mut world = World::bare("Home");
            world.task.tool = tool;
            (world.run.outcome, world.run.facts.exit_code) = (Outcome::Error, Some(code));
            world.run.facts.message = message.map(str::to_owned);
            Notice::of(&world.story(), &Redactor::new(&[])).exit_code_in_words().unwrap()
        };
        let message = Some("the disk was not there");
        let locked = "11 (the repository is locked by another process)";
        assert_eq!(row(Some(Tool::Restic), 11, message), locked);
        assert_eq!(row(Some(Tool::Restic), 11, None), "11");
        assert_eq!(row(Some(Tool::Restic), 0, message), "0");
        assert_eq!(row(None, 7, message), "7");
        assert_eq!(row(None, 130, message), "130 (was ended by SIGINT, signal 2)");
    }
}
