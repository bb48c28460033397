"""Tells what damaged files say to another reader than ours: Python's.

    says.py FOLDER

FOLDER holds numbered folders, each with a folder `damaged` and a folder `sound`: one file in each,
and its `-wal` where it has one. Prints a JSON list, one entry each in the order of the numbers:

- `reads`: whether the damaged file can be read, and finds itself whole
- `same_keys`: whether its keys are those of the sound file, as a multiset: the keys of dictionaries,
  those of properties, and the identifiers of types
- `changed`: whether any of its values is not one of the sound file's
- `values`: every one of its values, as text
"""

import json
import os
import plistlib
import sqlite3
import sys
from collections import Counter

from archiver import unarchive

# the columns that are values, and those that tell what a value is
TABLES = {
    "ZACCOUNT": (
        ("Z_PK", "ZACCOUNTDESCRIPTION", "ZUSERNAME", "ZIDENTIFIER", "ZACCOUNTTYPE", "ZPARENTACCOUNT", "ZACTIVE"),
        (),
    ),
    "ZACCOUNTTYPE": (("Z_PK",), ("ZIDENTIFIER",)),
    "ZACCOUNTPROPERTY": (("Z_PK", "ZOWNER"), ("ZKEY",)),
}
ARCHIVES = ("SELECT ZVALUE FROM ZACCOUNTPROPERTY", "SELECT ZDATACLASSPROPERTIES FROM ZACCOUNT")


class Said:
    """What one file says."""

    def __init__(self):
        self.keys = Counter()
        self.values = Counter()

    def take(self, value):
        if isinstance(value, dict):
            for key, entry in value.items():
                self.keys[str(key)] += 1
                self.take(entry)
        elif isinstance(value, (list, tuple)):
            for entry in value:
                self.take(entry)
        else:
            self.values[str(value)] += 1

    def plist(self, path):
        with open(path, "rb") as file:
            self.take(plistlib.load(file))

    def database(self, path):
        connection = sqlite3.connect(path)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            for table, (values, keys) in TABLES.items():
                self.table(connection, table, values, keys)
            for query in ARCHIVES:
                for (blob,) in connection.execute(query):
                    self.archive(blob)
        finally:
            connection.close()

    def table(self, connection, table, values, keys):
        for row in connection.execute(f"SELECT {', '.join(values + keys)} FROM {table}"):
            self.take(row[: len(values)])
            self.keys.update(str(key) for key in row[len(values) :])
        told = connection.execute(f"PRAGMA quick_check({table})").fetchall()
        if told != [("ok",)]:
            raise ValueError(f"{table} is not whole: {told}")

    def archive(self, blob):
        try:
            self.take(unarchive(blob))
        except Exception:  # a value that is no archive says nothing but itself
            self.take(repr(blob))


def said(folder):
    (path,) = [os.path.join(folder, name) for name in os.listdir(folder) if not name.endswith("-wal")]
    result = Said()
    if path.endswith(".plist"):
        result.plist(path)
    else:
        result.database(path)
    return result


def told(folder):
    sound = said(os.path.join(folder, "sound"))
    try:
        damaged = said(os.path.join(folder, "damaged"))
    except Exception as error:  # whatever Python thinks of it
        return {"reads": False, "same_keys": False, "changed": False, "values": [], "error": str(error)}
    return {
        "reads": True,
        "same_keys": damaged.keys == sound.keys,
        "changed": bool(damaged.values - sound.values),
        "values": list(damaged.values),
    }


def main(folder):
    numbers = sorted(os.listdir(folder), key=int)
    json.dump([told(os.path.join(folder, number)) for number in numbers], sys.stdout)


main(*sys.argv[1:])
