"""Tells what damaged files say to another reader than ours: Python's.

    says.py FOLDER

FOLDER holds numbered folders, each with one file, and its `-wal` where it has one. Prints a JSON
list, one entry each in the order of the numbers: whether the file can be read at all, and every
value in it as text.
"""

import json
import os
import plistlib
import sqlite3
import sys

from archiver import unarchive

TABLES = {
    "ZACCOUNT": ("ZACCOUNTDESCRIPTION", "ZUSERNAME", "ZIDENTIFIER", "ZACCOUNTTYPE", "ZPARENTACCOUNT", "ZACTIVE"),
    "ZACCOUNTTYPE": ("Z_PK", "ZIDENTIFIER"),
    "ZACCOUNTPROPERTY": ("ZOWNER", "ZKEY"),
}
ARCHIVES = ("SELECT ZVALUE FROM ZACCOUNTPROPERTY", "SELECT ZDATACLASSPROPERTIES FROM ZACCOUNT")


def leaves(value):
    if isinstance(value, dict):
        for key, entry in value.items():
            yield str(key)
            yield from leaves(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from leaves(entry)
    else:
        yield str(value)


def plist(path):
    with open(path, "rb") as file:
        yield from leaves(plistlib.load(file))


def database(path):
    connection = sqlite3.connect(path)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        for table, columns in TABLES.items():
            for row in connection.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                yield from leaves(row)
        for query in ARCHIVES:
            for (blob,) in connection.execute(query):
                yield from archive(blob)
    finally:
        connection.close()


def archive(blob):
    try:
        yield from leaves(unarchive(blob))
    except Exception:  # a value that is no archive says nothing but itself
        yield repr(blob)


def told(folder):
    (path,) = [os.path.join(folder, name) for name in os.listdir(folder) if not name.endswith("-wal")]
    read = plist if path.endswith(".plist") else database
    try:
        return {"reads": True, "leaves": list(read(path))}
    except Exception as error:  # whatever Python thinks of it
        return {"reads": False, "leaves": [], "error": str(error)}


def main(folder):
    numbers = sorted(os.listdir(folder), key=int)
    json.dump([told(os.path.join(folder, number)) for number in numbers], sys.stdout)


main(*sys.argv[1:])
