"""Reads the homes back with Python alone, and prints as JSON what is in them.

    check.py HOME...

Ends with an error when a property list does not parse, a database is not whole, or a value is no
archive. Databases are opened as copies, once with their log and once without.
"""

import json
import os
import plistlib
import shutil
import sqlite3
import sys
import tempfile

import wal
from archiver import unarchive

SERVERS = """
    SELECT ZACCOUNT.Z_PK FROM ZACCOUNT JOIN ZACCOUNTTYPE ON ZACCOUNT.ZACCOUNTTYPE = ZACCOUNTTYPE.Z_PK
    WHERE ZACCOUNTTYPE.ZIDENTIFIER = 'com.apple.account.SMTP' ORDER BY ZACCOUNT.Z_PK
"""


def files(home):
    for folder, _, names in sorted(os.walk(home)):
        for name in sorted(names):
            yield os.path.join(folder, name)


def plist(path):
    with open(path, "rb") as file:
        document = plistlib.load(file)
    servers = document.get("DeliveryAccounts")
    return {
        "servers": None if servers is None else [[entry.get("Hostname"), entry.get("PortNumber")] for entry in servers],
        "mailboxes": len(document.get("MailAccounts", [])),
    }


def database(path, with_log):
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        if with_log and os.path.exists(path + "-wal"):
            shutil.copy(path + "-wal", folder)
        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), path
        try:
            return [server(connection, number) for (number,) in connection.execute(SERVERS)]
        except sqlite3.OperationalError as error:
            return str(error)
        finally:
            connection.close()


def server(connection, number):
    rows = connection.execute("SELECT ZKEY, ZVALUE FROM ZACCOUNTPROPERTY WHERE ZOWNER = ?", (number,))
    properties = {key: unarchive(value) for key, value in rows if key != "Opaque"}
    return [properties.get("Hostname"), properties.get("PortNumber")]


def log(path):
    if not os.path.exists(path + "-wal"):
        return None
    with open(path + "-wal", "rb") as file:
        content = file.read()
    _, frames = wal.frames(content) if content else (None, [])
    return {"frames": len(frames), "left over": sum(frame[2] != wal.SALTS for frame in frames)}


def told(path):
    if path.endswith(".plist"):
        return plist(path)
    return {"with log": database(path, True), "without": database(path, False), "log": log(path)}


def main(homes):
    for home in homes:
        report = {
            os.path.relpath(path, home): told(path) for path in files(home) if path.endswith((".plist", ".sqlite"))
        }
        print(json.dumps({home: report}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
