//! What the page says of a message that cannot be sent: tries, the outbox, signals.

use super::page::Page;

/// How much a task says of the outbox.
pub(super) const KEY: &str = "true, the path of a folder, or an object. See WHEN IT CANNOT BE SENT.";

pub(super) const SEND: &str = "For each message its task file is read and checked anew, so a password, a pin, a host or a sender that was wrong \
     and has been put right is put right for what waits, too. It waits for another process that is sending from the same \
     outbox. Ten minutes are its time, unless `--deadline` says otherwise; the rest waits on. The code is 0 when nothing that \
     was wanted waits any more, else that of the most serious cause; 75 also for a message that another process has in hand, and \
     65 where one was set aside.";

pub(super) const LIST: &str = "It takes no lock and changes nothing. With `--json`: see RESULT FOR PROGRAMS.";

pub(super) const REMOVE: &str = "Without a terminal `--all` needs `--yes`. A message that another process is sending just now is not removed.";

pub(super) fn describe(page: &mut Page) {
    page.subsection("Another try");
    page.text(
        "What may pass is tried again by `notify`, `run` and `overdue`, after pauses of about 1, 2, 4, 8 \
         … seconds until the deadline, so a hook takes up to a minute while the server is away (`deadline` in the task or \
         `--deadline` makes that shorter; with an outbox 15s are plenty): a server that cannot be reached or breaks off, TLS that is interrupted, and every \
         reply that begins with 4. A recipient who has the message is not sent it again. A refusal for good, a wrong \
         password and a certificate that is not accepted are told at once. `test-email` and `check` show the first \
         failure.",
    );
    page.subsection("The outbox");
    page.text(
        "With `outbox` in the task (or `--outbox` ‹DIR›) every e-mail is kept in a folder before anything \
         is sent, and removed when a server has said 250 to it. So it outlasts the network, the deadline, a kill, and a \
         power cut. What waits is sent by each later `notify`, also one that has nothing of its own to tell, by `run` and \
         `overdue`, and by `backup-notify outbox send`: the own message first, then the oldest, over one connection for \
         each account, until the deadline. What a server has refused for good goes after the others. Without `outbox` \
         nothing is kept anywhere.",
    );
    page.code("{\n  \"name\": \"Nightly home backup\",\n  \"outbox\": true,\n  \"deadline\": \"15s\"\n}");
    page.text(
        "`true` is the folder `~/.local/state/backup-notify/outbox` of whoever runs the program (macOS: `~/Library/Application \
         Support/backup-notify/outbox`). A folder that is named is made when the one above it is there, and otherwise \
         not: in the place of a disk that is missing nothing is made. `check` says whether the outbox can be used, and makes \
         nothing. A line of a crontab sends what waits without a backup (of another folder with `--outbox` ‹DIR›):",
    );
    page.code("*/15 * * * * backup-notify outbox send --quiet");
    page.text(
        "A task from standard input or from flags alone has no file that could be read again, and cannot use an outbox. \
         Where the flags of a hook override the task (`--account`, `--tls-trust` and so on), they hold for what waits of \
         the same task whenever that hook runs again; `outbox send` goes by the task file alone. A sender given with \
         `--from` stays.",
    );
    page.text(
        "What waits belongs to the path of its task file. When that was moved or renamed, this sends it by the new one, \
         and has it belong to that from then on; other messages are sent by it only when they are named:",
    );
    page.code("backup-notify outbox send --task home");
    page.text(
        "Where an outbox cannot be used, a notice is sent all the same; the message and standard error say that it was not \
         kept. One that could be neither kept nor sent is lost, and the code is 74 where it would be 75. From an outbox in which \
         nothing can be written nothing is sent: it could not be removed.",
    );
    page.text(
        "A message says at its top when it was written and why it comes late; its date and Message-ID are those of the first \
         day. The exit code of a run still names the cause (75, 76, 77 …), with `queued` as the status. What becomes of \
         older messages changes nothing about the code of `notify`; it is told on standard error. A recipient whom the \
         server refuses for good (5xx at RCPT) gets no later try, and when nobody is left the message is given up. One with an address in another script waits (code \
         69) for a server that takes it (SMTPUTF8).",
    );
    page.subsection("Limits");
    page.text(
        "`max_age` (30d), `max_count` (10000) and `max_size` (1GiB) of the task. When there is too much, the oldest \
         good news go first, then warnings, then failures. A message that is too old by its own task is given up \
         only after it has failed once more, and again a day later: a clock that is wrong loses nothing in between. Each that \
         is given up is named on standard error. Where tasks share a folder, the smallest count and size hold for all.",
    );
    page.subsection("Twice");
    page.text(
        "A message can arrive twice in one case: all of it was handed over, and then the connection, the deadline or \
         the power went before the server's 250 was read and the message was removed. Nobody can know then whether \
         the server has it (RFC 5321, section 4.2.5), and twice is better than never. It has the same Message-ID, by which many \
         servers and mail programs drop the second one. Where nothing is kept such a message is tried once more.",
    );
    page.text(
        "A server that offers CHUNKING and PIPELINING (RFC 3030, RFC 2920) gets a message under 64 KiB along with the          commands before it, which saves a round trip: the time of that doubt begins with those commands then, and not with          the final dot. A server that offers CHUNKING and does not know BDAT after all gets the message once, over          another connection, in the usual way.",
    );
    page.text(
        "The folder is its owner's alone (0700). It holds a pair of files for each message (‹id›`.eml`, ‹id›`.json`), \
         `key` and `lock`. There is neither a password nor a server in it. Every pair is sealed with the key: what was \
         made by others, copied from another outbox or damaged is moved to `aside` and never sent, and nothing that it \
         names is opened. When the key is lost nothing is touched and nothing sent; the program says what to type. If you \
         restore an old outbox from a backup, its messages are sent again.",
    );
}

pub(super) fn signals(page: &mut Page) {
    page.text(
        "SIGTERM, SIGINT and SIGHUP end `notify`, `overdue`, `check`, `test-email` and `outbox send`: what is waited for ends \
         as at the deadline, programs that were started are killed, results are printed, and the reason is said. The answer to a \
         message that was handed over is waited for half a second more; without one it may or may not have been delivered, and the program says so. The code is 75 where something was not delivered \
         for that, else as always; 0 with `--hook`, unless the task or a report was still being read from standard input. What waits in the outbox stays there. A second signal, or two seconds \
         that did not suffice, end the program at once, with one line and the same code. What is ignored when the program \
         starts (`nohup`) stays ignored. For `run` see RUNNING A COMMAND.",
    );
}

pub(super) fn results(page: &mut Page) {
    page.text("`outbox list` prints an object of its own:");
    page.item(
        "`folder`, `messages`, `damaged`, `complete`",
        "The folder; one object for each message: `id`, `message_id`, `task` (the file), `name`, `subject`, `outcome`, \
         `queued` (when it was kept), `attempts`, `tried` (when last), `last_error`, `last_code`, `recipients` (who has not \
         got it) and `size` in bytes; objects with `path` and `reason`; whether all are listed.",
    );
    page.text("So do `outbox send` and `outbox remove`:");
    page.item(
        "`folder`, `messages`, `sent`, `waiting`, `given_up`, `set_aside`, `exit_code`",
        "Of `send`. Each message that was tried has `id`, `message_id`, `task`, `subject`, `status`, `exit_code`, `detail`, \
         `hint` and `recipients`.",
    );
    page.item("`folder`, `removed`, `busy`, `errors`, `exit_code`", "Of `remove`: ids, ids, and sentences.");
}
