//! A person at a terminal: a real pseudo-terminal, on which each answer is typed when its question
//! is there.
//!
//! Python opens it. Its echo is left to the program: so it is seen whether a password would have been
//! shown, and whether the echo comes back.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::output::Output;
use super::run::{Run, give};
use super::world::World;

/// Types answers at a program and writes what the terminal showed; how it ended goes to stderr.
const DRIVER: &str = r"
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time
plan = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    if plan['user']:
        os.setgroups([])
        os.setgid(plan['user'][1])
        os.setuid(plan['user'][0])
    if plan['columns']:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, plan['columns'], 0, 0))
    os.execv(plan['argv'][0], plan['argv'])
shown, seen, problem, answers = b'', 0, None, 0

def read():
    global shown
    ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
    if not ready:
        return None
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        return b''
    shown += piece
    return piece

def echoes():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

def wait(text):
    global seen, problem
    while True:
        at = shown.find(text, seen)
        if at >= 0:
            seen = at + len(text)
            return True
        piece = read()
        if not piece:
            problem = ('the program ended' if piece == b'' else 'nothing came') + ' before ' + repr(text.decode())
            return False

end = time.monotonic() + 20
for step in plan['steps']:
    if not wait(step['wait'].encode()):
        break
    if step.get('secret') == echoes():
        problem = 'the echo is wrong at ' + repr(step['wait'])
        break
    time.sleep(step.get('pause', 0))
    if 'undumpable' in step:
        limits = open('/proc/%d/limits' % pid).read()
        if not re.search('Max core file size +0 +0 ', limits):
            problem = 'core dumps are on: ' + limits
            break
    if 'write' in step:
        with open(step['write'][0], 'w') as file:
            file.write(step['write'][1])
    if 'lock' in step:
        lock = open(step['lock'])
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.write(terminal, step['send'].encode())
        answers += 1
        # until the program waits for it; it does not say so on the terminal
        waits = re.compile('-> FLOCK .* %d ' % pid)
        while not waits.search(open('/proc/locks').read()) and time.monotonic() < end:
            time.sleep(0.001)
        os.kill(pid, signal.SIGINT)
        lock.close()
    elif 'signal' in step:
        os.kill(pid, step['signal'])
    elif 'send' in step:
        os.write(terminal, step['send'].encode())
        answers += step['send'].endswith('\r')
end = time.monotonic() + (1 if problem else 15)
while True:
    piece = read()
    if not piece:
        break
if piece is None:
    problem = problem or 'it does not end'
    os.kill(pid, signal.SIGKILL)
echo = echoes()
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(shown.replace(b'\r\n', b'\n'))
json.dump({'code': code, 'echo': echo, 'answers': answers, 'problem': problem}, sys.stderr)
";

/// What a person is going to type.
pub(crate) struct Conversation<'w> {
    run: Run<'w>,
    argv: Vec<String>,
    steps: Vec<Value>,
    world: &'w World,
    user: Option<(u32, u32)>,
    columns: Option<u16>,
    pause: Duration,
}

/// How a conversation went.
pub(crate) struct Talked {
    pub(crate) output: Output,
    /// Negative: the number of the signal that ended it.
    pub(crate) code: i64,
    /// How many lines were typed.
    pub(crate) answers: u64,
}

impl Talked {
    /// What the terminal showed.
    pub(crate) fn shown(&self) -> &str {
        &self.output.stdout
    }

    pub(crate) fn assert_code(&self, expected: i64) -> &Self {
        if self.code != expected {
            self.output.fail(&format!("expected exit code {expected}"));
        }
        self
    }

    pub(crate) fn assert_shown(&self, text: &str) -> &Self {
        if !self.shown().contains(text) {
            self.output.fail(&format!("expected on the terminal: {text:?}"));
        }
        self
    }
}

impl World {
    /// Begins to plan a conversation with the program under these arguments.
    pub(crate) fn at_a_terminal(&self, arguments: &[&str]) -> Conversation<'_> {
        let script = self.write("driver.py", DRIVER);
        let mut argv = vec![self.binary().to_str().unwrap().to_owned()];
        argv.extend(arguments.iter().map(ToString::to_string));
        let run = self.other_command("python3", &[script.to_str().unwrap()]);
        Conversation {
            run,
            argv,
            steps: Vec::new(),
            world: self,
            user: None,
            columns: None,
            pause: Duration::ZERO,
        }
    }
}

impl Conversation<'_> {
    /// Types this line once that is shown.
    pub(crate) fn answer(self, question: &str, line: &str) -> Self {
        self.typed(question, &format!("{line}\r"), false)
    }

    /// Takes the default of a question.
    pub(crate) fn default(self, question: &str) -> Self {
        self.answer(question, "")
    }

    /// Types a password; the echo has to be off by then.
    pub(crate) fn secret(self, question: &str, secret: &str) -> Self {
        self.typed(question, &format!("{secret}\r"), true)
    }

    /// Takes so long to find the next answer, as people do.
    pub(crate) fn later(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Types a key, such as Ctrl-C, instead of an answer.
    pub(crate) fn key(self, question: &str, key: &str, secret: bool) -> Self {
        self.typed(question, key, secret)
    }

    fn typed(mut self, question: &str, send: &str, secret: bool) -> Self {
        let pause = std::mem::take(&mut self.pause).as_secs_f32();
        self.steps.push(json!({ "wait": question, "send": send, "secret": secret, "pause": pause }));
        self
    }

    /// Waits until this is shown, and types nothing.
    pub(crate) fn sees(mut self, text: &str) -> Self {
        self.steps.push(json!({ "wait": text }));
        self
    }

    /// Leaves a question without an answer.
    pub(crate) fn silence(mut self, question: &str, secret: bool) -> Self {
        self.steps.push(json!({ "wait": question, "secret": secret }));
        self
    }

    /// Finds core dumps switched off once this is shown.
    pub(crate) fn undumpable(mut self, text: &str) -> Self {
        self.steps.push(json!({ "wait": text, "undumpable": true }));
        self
    }

    /// Sends a signal instead of an answer.
    pub(crate) fn signal(mut self, question: &str, signal: i32, secret: bool) -> Self {
        self.steps.push(json!({ "wait": question, "signal": signal, "secret": secret }));
        self
    }

    /// Types this line while another process holds this lock, and Ctrl-C as soon as the program waits for it.
    pub(crate) fn interrupted_at_lock(mut self, question: &str, line: &str, lock: &Path) -> Self {
        let send = format!("{line}\r");
        self.steps.push(json!({ "wait": question, "send": send, "secret": false, "lock": lock }));
        self
    }

    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.run = self.run.env(key, value);
        self
    }

    /// Has the conversation at a terminal with so many columns.
    pub(crate) fn columns(mut self, columns: u16) -> Self {
        self.columns = Some(columns);
        self
    }

    /// Writes a file between a question and this answer.
    pub(crate) fn meanwhile(mut self, question: &str, path: &Path, contents: &str, line: &str) -> Self {
        self.steps.push(json!({
            "wait": question, "send": format!("{line}\r"), "secret": false, "write": [path, contents],
        }));
        self
    }

    /// Has the conversation as this user, to whom the world is given first. Only root can.
    #[allow(clippy::wrong_self_convention, reason = "reads as a sentence, like the others")]
    pub(crate) fn as_user(mut self, uid: u32, gid: u32) -> Self {
        // the build may be in a folder that the user cannot enter
        let copy = self.world.path().join("program");
        std::fs::copy(&self.argv[0], &copy).unwrap();
        copy.to_str().unwrap().clone_into(&mut self.argv[0]);
        give(self.world.path(), uid, gid);
        self.user = Some((uid, gid));
        self
    }

    /// Has the conversation, to its end, and finds the echo on.
    pub(crate) fn run(self) -> Talked {
        self.run_while(|| ())
    }

    /// The same; `look` is called once it has begun, and may take its time.
    pub(crate) fn run_while(self, look: impl FnOnce()) -> Talked {
        let plan =
            json!({ "argv": self.argv, "steps": self.steps, "user": self.user, "columns": self.columns });
        let output = self.run.stdin(plan.to_string()).run_while(|_| look());
        let end: Value =
            serde_json::from_str(&output.stderr).unwrap_or_else(|_| output.fail("the driver broke"));
        if let Some(problem) = end["problem"].as_str() {
            output.fail(problem);
        }
        if end["echo"] != true {
            output.fail("the echo of the terminal is off");
        }
        let (code, answers) = (end["code"].as_i64().unwrap(), end["answers"].as_u64().unwrap());
        Talked { output, code, answers }
    }
}
