//! `run --capture`: the output goes through us, and nobody who writes or reads it can tell.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Instant;

use crate::run_command::{Bench, WAYS};

const CAPTURE: Option<&[&str]> = Some(&["--capture"]);

/// Fills stdout with a gigabyte that repeats nowhere in step with a pipe.
const GIGABYTE: &str = "import os\n\
    block = bytes(range(251)) * 4001\n\
    left = 1 << 30\n\
    while left:\n\
    \x20   left -= os.write(1, block[:left])";

#[test]
fn a_gigabyte_goes_through_whole_in_little_memory() {
    let bench = Bench::new();
    let mut child = bench.command(CAPTURE, &["python3", "-c", GIGABYTE]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut buffer, mut total, mut sum, mut peak) = (vec![0_u8; 1 << 20], 0_u64, 0_u64, 0_u64);
    loop {
        let length = stdout.read(&mut buffer).unwrap();
        if length == 0 {
            break;
        }
        total += length as u64;
        sum += buffer[..length].chunks(4096).map(|chunk| u64::from(chunk[0])).sum::<u64>();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        peak = peak.max(high.trim().trim_end_matches(" kB").parse().unwrap());
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(total, 1 << 30);
    assert!(sum > 0 && peak < 40 * 1024, "{peak} KiB");
}

#[test]
fn a_reader_who_goes_away_ends_the_command_as_it_would() {
    let bench = Bench::new();
    for way in WAYS {
        let mut child = bench.command(way, &["sh", "-c", "exec yes"]).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 100]).unwrap();
        drop(stdout);
        assert_eq!(child.wait().unwrap().signal(), Some(13), "{way:?}");
    }
}

#[test]
fn a_slow_reader_holds_the_command_up() {
    let bench = Bench::new();
    let world = &bench.site.world;
    let counts = "import os,sys\n\
        n = 0\n\
        while n < 400:\n\
        \x20   os.write(1, bytes(10000)); n += 1; open('count', 'w').write(str(n))";
    let mut child = bench.command(CAPTURE, &["python3", "-c", counts]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1]).unwrap();
    // it comes to rest when the pipes are full: two of 64 KiB and a buffer
    let count = || std::fs::read_to_string(world.path().join("count")).unwrap_or_default();
    let mut last = count();
    for _ in 0..100 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let now = count();
        if !now.is_empty() && now == last {
            break;
        }
        last = now;
    }
    assert!(last.parse::<u64>().unwrap() < 40, "{last}");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert_eq!((rest.len(), child.wait().unwrap().code()), (3_999_999, Some(0)));
}

#[test]
fn what_stays_behind_keeps_its_output_and_nobody_waits_for_it() {
    let bench = Bench::new();
    let world = &bench.site.world;
    let command = "(read x < go; echo late; echo late-error >&2; echo $? > wrote) & echo early; exit 3";
    for way in WAYS {
        for name in ["go", "wrote"] {
            let _ = std::fs::remove_file(world.path().join(name));
        }
        assert!(bench.command(None, &["mkfifo", "go"]).status().unwrap().success());
        let mut child = bench.command(way, &["sh", "-c", command]).spawn().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        // it ends while the other still holds its output
        let begun = Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{way:?}");
        assert!(begun.elapsed().as_secs() < 10, "{way:?}");
        world.write("go-on", "x\n");
        assert!(bench.command(None, &["sh", "-c", "echo x > go"]).status().unwrap().success());
        let (mut out, mut err) = (String::new(), String::new());
        stdout.read_to_string(&mut out).unwrap();
        stderr.read_to_string(&mut err).unwrap();
        assert_eq!((out.as_str(), err.as_str()), ("early\nlate\n", "late-error\n"), "{way:?}");
        assert_eq!(world.read("wrote"), "0\n");
    }
}

#[test]
fn one_that_floods_the_output_for_ever_does_not_hold_us_up() {
    let bench = Bench::new();
    for way in WAYS {
        let mut child = bench.command(way, &["sh", "-c", "yes & echo $!; exit 2"]).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            let mut total = 0_usize;
            while total < 50_000_000 {
                total += stdout.read(&mut buffer).unwrap();
            }
        });
        assert_eq!(child.wait().unwrap().code(), Some(2), "{way:?}");
        // when it is read no more, it ends by SIGPIPE
        reader.join().unwrap();
    }
}

#[test]
fn two_outputs_to_one_place_stay_in_order() {
    let bench = Bench::new();
    let command = "i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
    let seen = WAYS.map(|way| {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut run = bench.command(way, &["sh", "-c", command]);
        run.stdout(Stdio::from(writer.try_clone().unwrap())).stderr(Stdio::from(writer));
        let mut child = run.spawn().unwrap();
        drop(run);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        text
    });
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[test]
fn a_full_disk_under_the_output_ends_the_command_and_is_said() {
    let bench = Bench::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = bench.command(CAPTURE, &["sh", "-c", "exec yes"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.signal(), Some(13));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("could not be passed on to its end"), "{said}");
    assert!(bench.mail().contains("could not be passed on to its end"));
}

#[test]
fn a_full_disk_under_the_messages_ends_nothing_and_is_said() {
    let bench = Bench::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let line = "for i in $(seq 2000); do printf 'message %s\\n' $i >&2; done; echo out; exit 3";
    for way in WAYS {
        let output = bench.command(way, &["bash", "-c", line]).stderr(full()).output().unwrap();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"out\n"[..]), "{way:?}");
    }
    let mail = bench.mail();
    assert!(mail.contains("could not be passed on to its end") && mail.contains("message 2000"), "{mail}");
}

#[test]
fn where_nothing_can_be_kept_the_command_runs_all_the_same() {
    let bench = Bench::new();
    let argv = bench.argv(CAPTURE, &["/bin/sh", "-c", "echo out; exit 3"]);
    let mut all = vec!["sh", "-c", "ulimit -n 8; exec \"$@\"", "sh"];
    all.extend(argv.iter().map(String::as_str));
    let seen = bench.see(None, &all, b"");
    assert_eq!((seen.code, &seen.stdout[..]), (Some(3), &b"out\n"[..]), "{}", seen.text());
    assert!(seen.text().contains("the output could not be kept"), "{}", seen.text());
}

#[test]
fn what_is_still_in_the_pipe_at_the_end_stands_in_the_mail() {
    let bench = Bench::new();
    // more than our own output holds, and less than that and a pipe
    let line = "head -c 100000 /dev/zero | tr '\\0' '\\n'; echo the very last line; exec touch done";
    let mut child = bench.command(CAPTURE, &["sh", "-c", line]).spawn().unwrap();
    let done = bench.site.world.path().join("done");
    while !done.exists() {
        std::thread::yield_now();
    }
    let ended = || {
        let path = format!("/proc/{0}/task/{0}/children", child.id());
        std::fs::read_to_string(path).is_ok_and(|children| children.trim().is_empty())
    };
    while !ended() {
        std::thread::yield_now();
    }
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success() && text.ends_with("the very last line\n"));
    let mail = bench.mail();
    assert!(mail.contains("the very last line"), "{mail}");
}
