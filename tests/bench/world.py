"""What the bench is made of: a folder, a home, certificates, and what was compiled for it."""

import base64
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LOOPBACK = "127.0.0.1"
# names for the server, on this computer and behind the delay; nobody has them (RFC 6761)
NEAR_HOST, FAR_HOST = "mail.bench.test", "far.bench.test"
USER, PASSWORD = "jon", "not-so-secret-words"
SYSTEM_ROOTS = pathlib.Path("/etc/ssl/certs")


class Broken(Exception):
    """Something did not go as it must for the figures to mean anything."""


def say(text):
    print(f"tests/bench/run: {text}", file=sys.stderr, flush=True)


def private_file(path, content):
    """Writes a file that only its owner may read, as the program wants it of its own."""
    data = content if isinstance(content, bytes) else content.encode()
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)
    return path


@dataclasses.dataclass
class Cost:
    """What one run of a program cost: milliseconds, and KiB."""

    wall: float
    cpu: float
    peak: int


class World:
    """A folder with all that is needed; `private` when the namespaces are the bench's own."""

    def __init__(self, folder, binary, private):
        self.folder = pathlib.Path(folder)
        self.binary = str(binary)
        self.private = private
        self.host = NEAR_HOST if private else LOOPBACK
        self.home = self.folder / "home"
        self.home.mkdir(mode=0o700)
        # nothing of whoever runs the bench: SSL_CERT_FILE alone changes every figure
        self.environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        self.made = 0
        self.compile()
        self.make_certificates()
        if private:
            self.own_hosts()
            self.own_roots()

    def fresh(self, name):
        """A path that nobody had before."""
        self.made += 1
        return self.folder / f"{name}-{self.made}"

    def run(self, *command, **more):
        done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **more)
        if done.returncode:
            raise Broken(f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def compile(self):
        self.smtpd = self.folder / "smtpd"
        self.measurer = self.folder / "measure"
        libraries = ["-lssl", "-lcrypto", "-lpthread"]
        self.run("cc", "-O2", "-o", self.smtpd, HERE / "smtpd/smtpd.c", HERE / "smtpd/peer.c", *libraries)
        self.run("cc", "-O2", "-static", "-o", self.measurer, HERE / "measure.c")

    def make_certificates(self):
        """A root, and a certificate of the server under it: RSA of 2048 bits, as most servers have it."""
        self.ca, self.chain, self.key = (self.folder / name for name in ("ca.pem", "server.pem", "server.key"))
        ca_key, request, more = (self.folder / name for name in ("ca.key", "server.csr", "server.ext"))
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
        root = ["-x509", "-days", "30", "-subj", "/CN=backup-notify bench root"]
        self.run(*new, *root, "-keyout", ca_key, "-out", self.ca)
        self.run(*new, "-subj", f"/CN={NEAR_HOST}", "-keyout", self.key, "-out", request)
        names = f"DNS:{NEAR_HOST},DNS:{FAR_HOST},DNS:*.example.com,IP:{LOOPBACK}"
        private_file(more, f"subjectAltName={names}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        sign = ["openssl", "x509", "-req", "-days", "30", "-in", request, "-CA", self.ca, "-CAkey", ca_key]
        self.run(*sign, "-CAcreateserial", "-extfile", more, "-out", self.chain)
        der = self.run("openssl", "x509", "-in", self.chain, "-outform", "DER")
        public = self.run("openssl", "x509", "-in", self.chain, "-noout", "-pubkey")
        spki = base64.b64decode(b"".join(public.splitlines()[1:-1]))
        self.pin = hashlib.sha256(der).hexdigest()
        self.key_pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()

    def own_hosts(self):
        """Names for this mount namespace alone, those of the growth of accounts among them."""
        lines = [f"{LOOPBACK} localhost {NEAR_HOST}", f"192.0.2.1 {FAR_HOST}"]
        self.hosts = private_file(self.folder / "hosts", "\n".join(lines) + "\n")
        os.chmod(self.hosts, 0o644)
        self.run("mount", "--bind", self.hosts, "/etc/hosts")

    def add_host(self, name):
        with open(self.hosts, "a", encoding="ascii") as file:
            file.write(f"{LOOPBACK} {name}\n")

    def own_roots(self):
        """Adds our root to those of the system, as `update-ca-certificates` does, in this mount namespace alone.

        OpenSSL finds it by its hash and GnuTLS and curl in the bundle, and both stay as large as they are."""
        roots = self.folder / "roots"
        shutil.copytree(SYSTEM_ROOTS, roots, symlinks=True)
        shutil.copy(self.ca, roots / "backup-notify-bench.pem")
        digest = self.run("openssl", "x509", "-in", self.ca, "-noout", "-hash").decode().strip()
        (roots / f"{digest}.0").symlink_to("backup-notify-bench.pem")
        bundle = (roots / "ca-certificates.crt").read_bytes()
        (roots / "ca-certificates.crt").unlink()
        (roots / "ca-certificates.crt").write_bytes(bundle + self.ca.read_bytes())
        self.run("mount", "--bind", roots, SYSTEM_ROOTS)

    def measure(self, command, stdin=None, limit=300, codes=(0,)):
        """Runs a program and returns what it cost. What it prints is kept only for when it fails."""
        with open(stdin or os.devnull, "rb") as given, open(self.folder / "said", "wb+") as said:
            reader, writer = os.pipe()
            process = subprocess.Popen(
                [self.measurer, str(writer), str(limit), *command],
                env=self.environment,
                cwd=self.folder,
                stdin=given,
                stdout=said,
                stderr=said,
                pass_fds=[writer],
            )
            os.close(writer)
            with open(reader, encoding="ascii") as told:
                line = told.readline()
            process.wait()
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
        cost = json.loads(line or "{}")
        if cost.get("code") not in codes:
            raise Broken(f"{' '.join(command)[:300]} ended with {cost.get('code')}: {words[-600:] or 'no word'}")
        return Cost(cost["wall"] / 1000, (cost["user"] + cost["system"]) / 1000, cost["peak"])

    def instructions(self, command, stdin=None, codes=(0,)):
        """Counts the instructions of a program: those of its own process, outside the kernel, by callgrind."""
        log = self.fresh("valgrind")
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}"]
        with open(stdin or os.devnull, "rb") as given:
            done = subprocess.run(
                [*valgrind, *command],
                env=self.environment,
                cwd=self.folder,
                stdin=given,
                capture_output=True,
                check=False,
            )
        words = log.read_text(errors="replace")
        log.unlink()
        found = [line.split(":")[1] for line in words.splitlines() if "Collected :" in line]
        if done.returncode not in codes or not found:
            raise Broken(f"{command[0]} under valgrind: {done.stderr.decode(errors='replace')[-400:]}{words[-400:]}")
        return int(found[0])
