//! Templates of a task, through the real program: in the task and in files, right and wrong.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::pages::templates::EXAMPLE;
use crate::support::output::Output;
use crate::support::read_mail::{headers, read_mail};
use crate::support::smtp_server::{Mode, SmtpServer};
use crate::support::world::World;

struct Case {
    world: World,
    server: SmtpServer,
}

impl Case {
    fn new() -> Self {
        Self { world: World::new(), server: SmtpServer::builder().tls(Mode::None).start() }
    }

    /// A task whose e-mail has these keys too.
    fn task(&self, more: &Value) -> PathBuf {
        let mut email = json!({
            "to": "ops@example.test",
            "from": "jon@example.test",
            "account": self.server.account("jon", "none"),
            "tls": { "mode": "none" },
        });
        email.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.world.task(&json!({ "name": NAME, "tool": "rsync", "email": email }))
    }

    fn notify(&self, task: &Path) -> Output {
        let run = json!({
            "exit_code": 23,
            "started": "2026-01-31T02:00:00Z",
            "finished": "2026-01-31T03:05:00Z",
            "files_total": 56789,
            "bytes_copied": 5_234_000_000_u64,
            "errors": [{ "path": NAME, "message": NAME }],
        });
        let report = self.world.write("report.json", run.to_string());
        let run = self.world.command(&["notify", "--report", report.to_str().unwrap()]);
        run.env("TZ", "UTC").task(task).run()
    }

    /// Sends a notice and returns subject, text and HTML of what arrived.
    fn sent(&self, more: &Value) -> (String, String, String) {
        let output = self.notify(&self.task(more));
        output.assert_code(0);
        let mail = read_mail(&self.server.message().message.unwrap());
        let part = |i: usize| mail["parts"][i]["text"].as_str().unwrap().replace("\r\n", "\n");
        (headers(&mail, "Subject")[0].to_owned(), part(0), part(1))
    }
}

/// A name that would do something if anybody read it as a template, a format, a page or a header.
const NAME: &str = "{{ 7 * 7 }} {% raw %} ##Exit Status## %s %(x)s %RESULT% ${HOME} <b>&'\" {# x #}";

#[test]
fn values_are_inert_in_every_part_and_so_is_the_usual_text() {
    for more in [
        json!({}),
        json!({
            "subject": "{{ task.name }}",
            "text": "##Task Name##\n{{ run.errors[0].path }}",
            "html": "<i>{{ task.name }}</i><p title=\"{{ run.errors[0].message }}\">",
        }),
    ] {
        let (subject, text, html) = Case::new().sent(&more);
        let name = NAME.to_owned();
        assert!(subject.contains(&name), "{subject}");
        assert!(text.matches(&name).count() >= 2, "{text}");
        let escaped = NAME
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        let plain = html.replace("&#x27;", "&#39;");
        assert!(plain.matches(&escaped).count() >= 2, "{html}");
        assert!(!html.contains("49") || more == json!({}), "{html}");
    }
}

#[test]
fn filters_and_marks_write_for_people() {
    let case = Case::new();
    let (subject, text, _) = case.sent(&json!({
        "subject": "##Exit Status## at {{ run.finished_at|time('%H:%M') }}",
        "text": "{{ run.files_total|count }} files, {{ run.bytes_copied|bytes }}, {{ run.seconds|duration }}, \
                 {{ run.finished_at|time }}",
    }));
    assert_eq!(subject, "Backup finished with warnings at 03:05");
    assert_eq!(text.trim_end(), "56,789 files, 5.2 GB, 1 h 5 min, Sat 31 Jan 2026, 03:05:00 UTC");
}

#[test]
fn the_lines_of_the_page_work() {
    let example: Value = serde_json::from_str(&format!("{{{EXAMPLE}}}")).unwrap();
    let (subject, text, _) = Case::new().sent(&example);
    assert!(subject.ends_with(": Backup finished with warnings"), "{subject}");
    assert!(text.starts_with("5.2 GB copied by 03:05\n{{ 7 * 7 }}"), "{text}");
}

#[test]
fn a_template_in_a_file_is_read_beside_the_task() {
    let case = Case::new();
    case.world.write("mail.txt", "Dear Kim,\n{{ run.headline }}\n");
    case.world.write("mail.html", "<h1>{{ run.headline }}</h1>");
    let (_, text, html) =
        case.sent(&json!({ "text": { "file": "mail.txt" }, "html": { "file": "mail.html" } }));
    assert_eq!(text.trim_end(), "Dear Kim,\nBackup finished with warnings");
    assert_eq!(html.trim_end(), "<h1>Backup finished with warnings</h1>");
}

/// Every kind of fault, and where it stands.
const FAULTS: [(&str, &str); 8] = [
    (
        "ok\n {{ run.exitcode }}",
        "line 2, column 5: unknown name \"run.exitcode\"; did you mean \"run.exit_code\"?",
    ),
    ("{{ host", "line 1, column 4: syntax error"),
    ("a\n{% if host %}", "line 2, column "),
    ("{{ host|shout }}", "line 1, column 9: unknown filter"),
    ("##Computer Name##", "line 1, column 1: unknown mark \"##Computer Name##\""),
    ("{% include 'x' %}", "line 1, column 4: syntax error: unknown statement include"),
    (
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "line 1, column 13: invalid operation: recursion limit",
    ),
    ("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "too much work"),
];

#[test]
fn faults_are_found_by_check_with_line_and_column_and_cost_no_notice() {
    for (source, said) in FAULTS {
        for in_files in [false, true] {
            let case = Case::new();
            let file = case.world.write("mail.txt", source);
            let template = if in_files { json!({ "file": "mail.txt" }) } else { json!(source) };
            let task = case.task(&json!({ "text": template, "html": template }));
            let which = if in_files { file.to_str().unwrap() } else { "text" };
            let check = case.world.command(&["check", "--offline"]).task(&task).run();
            check.assert_code(65).assert_stderr_has(&format!("the template \"{which}\": "));
            check.assert_stderr_has(said);
            assert!(case.server.sessions().is_empty());

            let output = case.notify(&task);
            output.assert_code(0).assert_stderr_has(said).assert_stderr_has("the usual text is used");
            let mail = read_mail(&case.server.message().message.unwrap());
            let text = mail["parts"][0]["text"].as_str().unwrap();
            assert!(text.starts_with("Backup finished with warnings: "), "{text}");
            let place = said.split(':').next().unwrap();
            assert!(text.contains("Please note:") && text.contains(place), "{text}");
        }
    }
}

/// It is right for the sample, and fails for this run.
#[test]
fn a_template_that_fails_with_the_facts_of_the_night_costs_no_notice() {
    let case = Case::new();
    let (subject, text, html) = case.sent(&json!({
        "subject": "{{ run.files_copied / 2 }}",
        "text": "{{ run.snapshot.name }}",
        "html": "{{ run.message|upper }}{{ run.files_copied + 1 }}",
    }));
    assert!(subject.starts_with("Backup finished with warnings: "), "{subject}");
    for shown in [&text, &html] {
        assert!(shown.contains("failed and the standard"), "{shown}");
        assert!(shown.contains("line 1, column "), "{shown}");
    }
}

#[test]
fn a_file_that_is_gone_or_no_text_costs_no_notice_either() {
    let case = Case::new();
    let task = case.task(&json!({ "text": { "file": "mail.txt" } }));
    case.world.command(&["check", "--offline"]).task(&task).run().assert_code(66);
    case.notify(&task).assert_code(0).assert_stderr_has("mail.txt");
    fs::write(case.world.path().join("mail.txt"), b"caf\xe9").unwrap();
    case.world.command(&["check", "--offline"]).task(&task).run().assert_code(65);
    case.notify(&task).assert_code(0).assert_stderr_has("is not UTF-8");
    assert_eq!(case.server.messages().len(), 2);
}
