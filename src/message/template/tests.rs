use super::{NAMES, Part, check, render};
use crate::message::notice::Notice;
use crate::message::redact::Redactor;
use crate::message::samples::{World, error};

fn notice(world: &World) -> Notice {
    Notice::of(&world.story(), &Redactor::new(&[]))
}

fn said(source: &str, world: &World) -> String {
    render(source, Part::Text, &notice(world)).unwrap()
}

#[test]
fn every_name_exists_whether_its_fact_is_known_or_not() {
    for name in NAMES {
        let source = format!("{{{{ {name} }}}}");
        check(&source).unwrap();
        said(&source, &World::failed());
        let bare = said(&source, &World::bare("Home"));
        assert!(name == "task" || name == "run" || !bare.contains("none"), "{name}: {bare}");
    }
}

#[test]
fn facts_can_be_asked_for_before_they_are_used() {
    let source = "{{ host }}: {% if run.exit_code is none %}no code{% else %}{{ run.exit_code }}{% endif %}\
                  {% for e in run.errors %} {{ e.path or '-' }}={{ e.message }}{% endfor %} \
                  {{ run.bytes_copied|filesizeformat }} {{ run.files_total|thousands }}";
    assert_eq!(said(source, &World::bare("Home")), "atlas.example.com: no code  ");
    let full = said(source, &World::failed());
    assert!(full.starts_with("atlas.example.com: 12 /Users/jon/Library/Mail=Operation"), "{full}");
    assert!(full.ends_with("-=connection unexpectedly closed 5.2 GB 56,789"), "{full}");
}

#[test]
fn a_value_is_never_expanded_again() {
    let mut world = World::bare("##Exit Status## {{ host }} {% raw %} ##Task Name##");
    world.run.facts.errors = vec![error(None, "{{ 7 * 7 }}")];
    assert_eq!(
        said("##Task Name##|{{ run.errors[0].message }}|##Exit Status##", &world),
        "##Exit Status## {{ host }} {% raw %} ##Task Name##|{{ 7 * 7 }}|Backup finished"
    );
}

/// The zone of the notice is that of the sample: Berlin.
#[test]
fn filters_write_bytes_counts_durations_and_times_for_people() {
    for (source, shown) in [
        ("{{ run.bytes_copied|bytes }} {{ run.bytes_copied|filesizeformat }}", "5.2 GB 5.2 GB"),
        ("{{ run.files_total|count }} {{ run.files_total|thousands }}", "56,789 56,789"),
        ("{{ run.errors|count }} {{ run.errors|length }}", "3 3"),
        ("{{ run.seconds }} {{ run.seconds|duration }} {{ 90|duration }}", "4364 1 h 12 min 1 min 30 s"),
        ("{{ run.finished_at|time }}", "Sat 22 Nov 2025, 04:12:45 CET"),
        ("{{ run.started_at|time('%H:%M') }} {{ now_at|time('%F') }}", "03:00 2025-11-22"),
        ("{{ now }}", "Sat 22 Nov 2025, 04:12:46 CET"),
        ("{{ (now_at - run.started_at)|duration }}", "1 h 12 min"),
    ] {
        check(source).unwrap();
        assert_eq!(said(source, &World::failed()), shown, "{source}");
    }
    let bare = World::bare("Home");
    let missing = "{{ run.bytes_copied|bytes }}{{ run.files_total|count }}{{ run.seconds|duration }}\
                   {{ run.started_at|time }}{{ run.finished_at|time('%H') }}";
    assert_eq!(said(missing, &bare), "");
    for (source, why) in [
        ("{{ host|bytes }}", "expected a whole number"),
        ("{{ run.duration|duration }}", "expected a number of seconds"),
        ("{{ run.started|time }}", "a name that ends in _at"),
        ("{{ (0 - 5)|duration }}", "negative"),
        ("{{ now_at|time('%!') }}", "the format of a time"),
        ("{{ 99999999999999|time }}", "out of range"),
    ] {
        let fault = check(source).unwrap_err();
        assert!(fault.message.contains(why) && fault.column.is_some(), "{source}: {fault}");
    }
}

#[test]
fn every_filter_that_is_documented_exists() {
    for (name, about) in super::FILTERS {
        let source = format!("{{{{ {}|{name} }}}}", if name == "time" { "now_at" } else { "5" });
        assert!(check(&source).is_ok() && !about.is_empty(), "{name}");
    }
}

#[test]
fn faults_stand_where_the_person_wrote_them() {
    for (source, line, column) in [
        ("{{ run.exitcode }}", 1, 4),
        ("##Task Name## ##Exit Status##\n  ##Task Name## {{ nme }}", 2, 20),
        ("run.exitcode\nä {{ host }} {{ run.exitcode }}", 2, 17),
        ("{# nme #} {{ name_of }}{{ nme }}{{ enme }}", 1, 14),
        ("ä ##Computer Name##", 1, 3),
        ("{{ host }}\n {{ 1 + }}", 2, 9),
        ("##Exit Status## {{ host|shout }}", 1, 25),
        ("##Task Name##\n{{ 1 // 0 }}", 2, 4),
    ] {
        let fault = check(source).unwrap_err();
        assert_eq!((fault.line, fault.column), (line, Some(column)), "{source}: {fault}");
    }
}

#[test]
fn a_template_cannot_call_itself() {
    for source in [
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ self.body() }}",
        "{% block a %}{{ self.a() }}{% endblock %}",
    ] {
        assert!(check(source).is_err(), "{source}");
        assert!(render(source, Part::Text, &notice(&World::failed())).is_err(), "{source}");
    }
}

#[test]
fn only_the_html_part_is_escaped() {
    let world = World::bare("<b>&");
    assert_eq!(said("{{ task.name }}", &world), "<b>&");
    assert_eq!(render("<i>{{ task.name }}", Part::Html, &notice(&world)).unwrap(), "<i>&lt;b&gt;&amp;");
    assert_eq!(render("<i>##Task Name##", Part::Html, &notice(&world)).unwrap(), "<i>&lt;b&gt;&amp;");
}

#[test]
fn faults_have_a_place_and_a_remedy() {
    let fault = check("ok\n{{ run.exitcode }}").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "line 2, column 4: unknown name \"run.exitcode\"; did you mean \"run.exit_code\"?"
    );
    assert_eq!(check("{% if false %}{{ nme }}{% endif %}").unwrap_err().message, "unknown name \"nme\"");
    assert_eq!(check("a\n\n{{ host").unwrap_err().line, 3);
    assert!(check("{{ host|shout }}").unwrap_err().message.contains("shout"));
    assert_eq!(check("{{ host }}\n  {{ 1 // 0 }}").unwrap_err().line, 2);
    for reaching_out in ["{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}"] {
        assert!(check(reaching_out).is_err(), "{reaching_out}");
    }
    assert!(render("{{ nobody }}", Part::Text, &notice(&World::failed())).is_err());
}

#[test]
fn work_and_output_are_bounded() {
    for endless in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(20000) %}{{ 'x' * 100 }}{% endfor %}",
        "{{ 'x' * 2000000 }}",
        "{{ ('x' * 100000) * 100000 }}",
    ] {
        let fault = check(endless).unwrap_err();
        assert!(
            fault.message.contains("too much work") || fault.message.contains("1 MiB"),
            "{endless}: {fault}"
        );
    }
    assert!(check(&"{% if host %}".repeat(5_000)).is_err(), "deep nesting is no stack overflow");
    assert!(check(&format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000))).is_err());
}
