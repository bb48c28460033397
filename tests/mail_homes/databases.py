"""Writes Accounts3.sqlite and Accounts4.sqlite as Core Data lays them out.

Only the tables and columns that the facts name are certain; the others are there so that a reader
meets what it does not know. Numbers that Core Data gives out differ in every database.
"""

import os
import plistlib
import shutil
import sqlite3
import tempfile
import uuid
from dataclasses import dataclass, field

import wal
from archiver import archive

MAIL = "com.apple.Dataclass.Mail"
CALENDARS = "com.apple.Dataclass.Calendars"
CONTACTS = "com.apple.Dataclass.Contacts"
DATACLASSES = [CALENDARS, CONTACTS, MAIL, "com.apple.Dataclass.Notes"]

# 2016-09-20 12:00, in seconds since 2001
DATE = 496065600.0

TYPES = [
    "AppleAccount", "AppleID", "Exchange", "Google", "Hotmail", "IMAP", "IMAPMail", "POP", "SMTP", "Yahoo", "aol",
    "CalDAV", "CardDAV", "LDAP",
]  # fmt: skip


@dataclass
class Generation:
    """What differs between the databases of two versions of macOS."""

    entity: int = 2
    first_type: int = 1
    type_step: int = 1
    first_account: int = 1
    columns: list = field(default_factory=list)
    tables: list = field(default_factory=list)


class Database:
    """A database that is being filled; `number` of an account is its Z_PK."""

    def __init__(self, path, home, generation):
        self.home = home
        self.generation = generation
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.types = {}
        self.accounts = {}
        self.dataclasses = {}
        self.properties = 0
        for pragma in ["page_size = 4096", "auto_vacuum = 2", "journal_mode = wal", "wal_autocheckpoint = 0"]:
            self.run(f"PRAGMA {pragma}")
        self.create()

    def run(self, statement, *values):
        return self.connection.execute(statement, values)

    def insert(self, table, **row):
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())

    def create(self):
        self.run("BEGIN")
        for statement in schema(self.generation):
            self.run(statement)
        version = {"NSStoreModelVersionIdentifiers": [""], "NSPersistenceFrameworkVersion": 754}
        self.insert("Z_METADATA", Z_VERSION=1, Z_UUID=self.uuid("store"), Z_PLIST=binary_plist(version))
        for number, name in enumerate(DATACLASSES, 1):
            self.dataclasses[name] = number
            self.insert("ZDATACLASS", Z_PK=number, Z_ENT=7, Z_OPT=1, ZNAME=name)
        number = self.generation.first_type
        for name in TYPES:
            self.types[name] = number
            identifier = f"com.apple.account.{name}"
            self.insert("ZACCOUNTTYPE", Z_PK=number, Z_ENT=4, Z_OPT=1, ZIDENTIFIER=identifier,
                        ZACCOUNTTYPEDESCRIPTION=name)  # fmt: skip
            number += self.generation.type_step
        for number, name in enumerate(["Account", "AccountProperty", "AccountType"], self.generation.entity):
            self.insert("Z_PRIMARYKEY", Z_ENT=number, Z_NAME=name, Z_SUPER=0, Z_MAX=100)
        self.run("COMMIT")

    def uuid(self, name):
        """The same for the same name of the same home, for ever."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.{self.home}.example.com")).upper()

    def add(self, name, kind, parent=None, user=None, description=None, dataclasses=None, enabled=(), **properties):
        """Adds an account; `dataclasses` is what stands in ZDATACLASSPROPERTIES."""
        number = self.generation.first_account + 2 * len(self.accounts)
        self.accounts[name] = number
        self.insert(
            "ZACCOUNT", Z_PK=number, Z_ENT=self.generation.entity, Z_OPT=3, ZACTIVE=1, ZAUTHENTICATED=1, ZVISIBLE=1,
            ZACCOUNTTYPE=self.types[kind], ZPARENTACCOUNT=self.accounts.get(parent), ZDATE=DATE,
            ZACCOUNTDESCRIPTION=description, ZAUTHENTICATIONTYPE="parent" if parent else None,
            ZIDENTIFIER=self.uuid(name), ZOWNINGBUNDLEID="com.apple.accountsd", ZUSERNAME=user,
            ZDATACLASSPROPERTIES=None if dataclasses is None else archive(dataclasses),
        )  # fmt: skip
        table, account, dataclass = enabled_names(self.generation)
        for name_of_class in enabled:
            self.insert(table, **{account: number, dataclass: self.dataclasses[name_of_class]})
        for key, value in properties.items():
            self.put(name, key, value)

    def put(self, name, key, value):
        self.put_raw(name, key, archive(value))

    def put_raw(self, name, key, blob):
        """Adds a property whose value is no archive."""
        self.properties += 1
        self.insert("ZACCOUNTPROPERTY", Z_PK=self.properties, Z_ENT=3, Z_OPT=1, ZOWNER=self.accounts[name], ZKEY=key,
                    ZVALUE=blob)  # fmt: skip

    def change(self, name, key, value):
        done = self.run("UPDATE ZACCOUNTPROPERTY SET ZVALUE = ? WHERE ZOWNER = ? AND ZKEY = ?", archive(value),
                        self.accounts[name], key)  # fmt: skip
        assert done.rowcount == 1, (name, key)

    def in_one_go(self, step):
        self.run("BEGIN")
        step(self)
        self.run("COMMIT")

    def checkpoint(self, how):
        busy, _, _ = self.run(f"PRAGMA wal_checkpoint({how})").fetchone()
        assert not busy


def schema(generation):
    more = "".join(f", {column}" for column in generation.columns)
    table, account, dataclass = enabled_names(generation)
    key = "Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER"
    return [
        f"CREATE TABLE ZACCOUNT ({key}, ZACTIVE INTEGER, ZAUTHENTICATED INTEGER, ZSUPPORTSAUTHENTICATION INTEGER, "
        f"ZVISIBLE INTEGER{more}, ZACCOUNTTYPE INTEGER, ZPARENTACCOUNT INTEGER, ZDATE TIMESTAMP, "
        "ZACCOUNTDESCRIPTION VARCHAR, ZAUTHENTICATIONTYPE VARCHAR, ZCREDENTIALTYPE VARCHAR, ZIDENTIFIER VARCHAR, "
        "ZOWNINGBUNDLEID VARCHAR, ZUSERNAME VARCHAR, ZDATACLASSPROPERTIES BLOB)",
        f"CREATE TABLE ZACCOUNTPROPERTY ({key}, ZOWNER INTEGER, ZKEY VARCHAR, ZVALUE BLOB)",
        f"CREATE TABLE ZACCOUNTTYPE ({key}, ZSUPPORTSMULTIPLEACCOUNTS INTEGER, ZVISIBILITY INTEGER, "
        "ZACCOUNTTYPEDESCRIPTION VARCHAR, ZCREDENTIALTYPE VARCHAR, ZIDENTIFIER VARCHAR, ZOWNINGBUNDLEID VARCHAR)",
        f"CREATE TABLE ZDATACLASS ({key}, ZNAME VARCHAR)",
        f"CREATE TABLE ZCREDENTIALITEM ({key}, ZPERSISTENT INTEGER, ZEXPIRATIONDATE TIMESTAMP, "
        "ZACCOUNTIDENTIFIER VARCHAR, ZSERVICENAME VARCHAR)",
        f"CREATE TABLE {table} ({account} INTEGER, {dataclass} INTEGER, PRIMARY KEY ({account}, {dataclass}))",
        "CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR(255), Z_PLIST BLOB)",
        "CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER, Z_MAX INTEGER)",
        "CREATE INDEX ZACCOUNT_ZACCOUNTTYPE_INDEX ON ZACCOUNT (ZACCOUNTTYPE)",
        "CREATE INDEX ZACCOUNTPROPERTY_ZOWNER_INDEX ON ZACCOUNTPROPERTY (ZOWNER)",
        *generation.tables,
    ]


def enabled_names(generation):
    """The table that joins accounts and data classes, and its columns, are named after entity numbers."""
    number = generation.entity
    return f"Z_{number}ENABLEDDATACLASSES", f"Z_{number}ENABLEDACCOUNTS", f"Z_{number + 5}ENABLEDDATACLASSES"


def binary_plist(value):
    return plistlib.dumps(value, fmt=plistlib.FMT_BINARY)


def write(path, home, generation, rows, newer=None, lost=None, log="newest"):
    """Writes a database in the state in which a running accounts daemon leaves it.

    `rows` are written first. What becomes of them depends on `log`:

    - "none": moved into the database, which was closed: no `-wal`
    - "empty": moved into the database; the `-wal` has no bytes
    - "newest": moved into the database; `newer` is only in the `-wal`
    - "reused": the same, but the `-wal` is the old one, written over from its start
    - "all": nothing was ever moved: the `-wal` has it all

    `lost` is a last transaction that was never completed.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "work.sqlite")
        database = Database(work, home, generation)
        database.in_one_go(rows)
        if log in ("none", "empty", "newest"):
            database.checkpoint("TRUNCATE")
        elif log == "reused":
            database.checkpoint("FULL")
        if newer:
            database.in_one_go(newer)
        if lost:
            database.in_one_go(lost)
        if log == "none":
            database.connection.close()
        # a connection that closes would move everything into the database
        copy(work, path, lost is not None)
        database.connection.close()


def copy(work, path, incomplete):
    shutil.copyfile(work, path)
    if not os.path.exists(work + "-wal"):
        return
    with open(work + "-wal", "rb") as file:
        log = file.read()
    if log:
        log = wal.with_fixed_salts(log)
    if incomplete:
        log = wal.without_last_commit(log)
    with open(path + "-wal", "wb") as file:
        file.write(log)
