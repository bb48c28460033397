"""The programs that are compared, and how each is told to send the same message."""

import dataclasses
import json
import pathlib
import shutil
import typing

from waiting import make_outbox
from world import PASSWORD, USER, Broken, private_file

SENDER = "jon@example.com"


@dataclasses.dataclass
class Message:
    """A message as files, with the line ends that each program wants; `how` backup-notify comes to send it."""

    how: str  # "notify", "log" or "outbox"
    crlf: pathlib.Path
    lf: pathlib.Path


@dataclasses.dataclass
class Job:
    """One message on its way to one server."""

    tls: str  # "none", "starttls" or "implicit"
    trust: str  # "none", "ca", "pin" or "system"
    host: str
    port: int
    recipients: list
    message: Message
    # where backup-notify finds the account, when it is one of Mail's: its id and the home folder
    account: str = None
    mail_home: typing.Optional[pathlib.Path] = None


@dataclasses.dataclass
class Call:
    """How a program is called; `prepare` comes before each call and is not measured."""

    command: list
    stdin: typing.Optional[pathlib.Path] = None
    prepare: typing.Callable = lambda: None


def addresses(count):
    return [f"ops{number}@example.com" for number in range(count)]


# What the notice says: with it, the message has some 3 kB.
WORDS = "Nothing was copied, because the disk of the backup was not there when the time had come for it. "
TEXT = "{{ run.headline }}: {{ run.message }}\n\n" + WORDS * 10
HTML = "<p><b>{{ run.headline }}</b>: {{ run.message }}</p><p>" + WORDS * 10 + "</p>"
# what `notify` says of the run, to which this is the answer
FACTS = ["--status", "error", "--message", "the disk at /mnt/backup is not there"]


def task_for(world, job, log=False, **more):
    """Writes a task file for a job, and returns its path."""
    tls = {"mode": job.tls}
    rules = {"ca": f"ca-file:{world.ca}", "pin": f"pin:sha256:{world.pin}", "system": "system"}
    if job.tls != "none":
        tls["trust"] = rules[job.trust]
    else:
        tls["allow_cleartext_password"] = True
    password = world.folder / "password"
    if not password.exists():
        private_file(password, PASSWORD + "\n")
    email = {
        "to": job.recipients,
        "from": SENDER,
        "account": job.account or {"host": job.host, "port": job.port, "user": USER},
        "password": {"file": str(password)},
        "tls": tls,
        "text": TEXT,
        "html": HTML,
    }
    if log:
        email["attach_log"] = "error"
    if job.mail_home:
        more["mail_home"] = str(job.mail_home)
    document = {"name": "Nightly home backup", "email": email, "deadline": "1h", **more}
    return private_file(world.fresh("task"), json.dumps(document))


def backup_notify(world, job):
    if job.message.how == "outbox":
        folder = world.fresh("waiting")
        task = task_for(world, job, outbox={"folder": str(folder), "max_size": "10GiB"})
        content = job.message.crlf.read_bytes()

        def prepare():
            shutil.rmtree(folder, ignore_errors=True)
            make_outbox(folder, task, job.recipients, [lambda *_: content])

        return Call([world.binary, "outbox", "send", "--outbox", str(folder)], prepare=prepare)
    log = job.message.how == "log"
    command = [world.binary, "notify", "--task", str(task_for(world, job, log)), *FACTS]
    return Call(command + ["--log", str(world.folder / "backup.log")] * log)


def msmtp_settings(world, job):
    lines = [f"host {job.host}", f"port {job.port}", f"from {SENDER}", "auth plain", f"user {USER}"]
    lines += [f"password {PASSWORD}", f"tls {'off' if job.tls == 'none' else 'on'}"]
    if job.tls != "none":
        lines.append(f"tls_starttls {'on' if job.tls == 'starttls' else 'off'}")
        trust = {"ca": f"tls_trust_file {world.ca}", "system": "tls_trust_file system"}
        lines.append(trust.get(job.trust, f"tls_fingerprint {bytes.fromhex(world.pin).hex(':')}"))
    return "\n".join(["account default", *lines]) + "\n"


def msmtp(world, job):
    settings = private_file(world.fresh("msmtprc"), msmtp_settings(world, job))
    return Call(["msmtp", "-C", str(settings), "--", *job.recipients], job.message.lf)


def curl(world, job):
    scheme = "smtps" if job.tls == "implicit" else "smtp"
    command = ["curl", "-q", "--silent", "--show-error", "--url", f"{scheme}://{job.host}:{job.port}"]
    command += ["--user", f"{USER}:{PASSWORD}", "--upload-file", str(job.message.crlf), "--mail-from", SENDER]
    for recipient in job.recipients:
        command += ["--mail-rcpt", recipient]
    command += ["--ssl-reqd"] * (job.tls == "starttls")
    trust = {"ca": ["--cacert", str(world.ca)], "pin": ["--insecure", "--pinnedpubkey", f"sha256//{world.key_pin}"]}
    return Call(command + trust.get(job.trust, []))


def swaks(world, job):
    # it has no pins
    if job.trust == "pin":
        return None
    command = ["swaks", "--pipeline", "--silent", "3", "--server", job.host, "--port", str(job.port)]
    command += ["--from", SENDER, "--to", ",".join(job.recipients), "--data", f"@{job.message.lf}"]
    command += ["--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD]
    if job.tls != "none":
        command += ["--tls" if job.tls == "starttls" else "--tls-on-connect", "--tls-verify"]
        command += ["--tls-ca-path", str(world.ca)] if job.trust == "ca" else []
    return Call(command)


PROGRAMS = {"backup-notify": backup_notify, "msmtp": msmtp, "curl": curl, "swaks": swaks}


def run(world, server, call, job, messages=1):
    """Lets a program send, and makes sure that the server has got what was sent."""
    call.prepare()
    cost = world.measure(call.command, call.stdin)
    got = server.connections(messages)
    if any(one["mode"] != job.tls for one in got):
        raise Broken(f"{call.command[0]} used {got[0]['mode']} in place of {job.tls}")
    if sum(one["recipients"] for one in got) != messages * len(job.recipients):
        raise Broken(f"{call.command[0]} named other recipients: {got}")
    return cost, got
