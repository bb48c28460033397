"""Writes home folders as Apple Mail leaves them, one for each generation of macOS.

    generate.py FOLDER all                      every home, as FOLDER/10.5 and so on
    generate.py FOLDER 10.12                    one of them
    generate.py FOLDER wal                      one whose newest port is only in the write-ahead log
    generate.py FOLDER many 10000 xml|binary    one with so many accounts in one property list
    generate.py FOLDER server HOST PORT USER ADDRESS NAME
                                                one whose database has this server alone, with implicit TLS

Python's plistlib and sqlite3 share no code with the program under test. Every run writes the same
bytes and the same times (only the version of SQLite shows in a database). All people, hosts and
addresses are made up; the facts behind each file are in the issue that asked for the readers.
"""

import os
import plistlib
import sys

import database_homes
import plists

XML = plistlib.FMT_XML
BINARY = plistlib.FMT_BINARY

PREFERENCES = "Library/Preferences/com.apple.mail.plist"
CONTAINER = "Library/Containers/com.apple.mail/Data"
V2 = "Library/Mail/V2/MailData/Accounts.plist"

# 2020-02-02 20:20:20 UTC
TIME = 1580674820


class Home:
    def __init__(self, path):
        self.path = path

    def folder(self, *names):
        for name in names:
            os.makedirs(os.path.join(self.path, name), mode=0o700, exist_ok=True)

    def plist(self, name, document, form):
        self.folder(os.path.dirname(name))
        with open(os.path.join(self.path, name), "wb") as file:
            plistlib.dump(document, file, fmt=form)

    def upgraded(self, *versions):
        """A Mac that came up from 10.7: its folders, the settings left behind, and today's, without accounts."""
        self.folder("Library/Accounts", *(f"Library/Mail/{version}/MailData" for version in versions))
        self.plist(V2, plists.left_behind(5), XML)
        self.interface()

    def interface(self):
        self.plist(PREFERENCES, plists.interface(), BINARY)
        self.plist(f"{CONTAINER}/{PREFERENCES}", plists.interface(), BINARY)

    def settle(self):
        """Gives everything the same time and lets nobody else in."""
        for folder, _, files in os.walk(self.path, topdown=False):
            for name in files:
                file = os.path.join(folder, name)
                os.chmod(file, 0o600)
                os.utime(file, (TIME, TIME))
            os.chmod(folder, 0o700)
            os.utime(folder, (TIME, TIME))


def mac_10_5(home):
    home.folder("Library/Mail/Mailboxes", "Library/Mail/IMAP-kim@imap.example.com")
    home.plist(PREFERENCES, plists.mac_10_5(), XML)


def mac_10_6(home):
    home.folder("Library/Mail/Mailboxes")
    # the other spelling: only a disk that tells them apart shows the difference
    home.plist("Library/Preferences/com.apple.Mail.plist", plists.mac_10_6(), BINARY)


def mac_10_7(home):
    home.plist(V2, plists.mac_10_7(), XML)
    home.plist(PREFERENCES, plists.left_behind(3), BINARY)


def mac_10_8(home):
    home.plist(f"{CONTAINER}/{V2}", plists.mac_10_8(), BINARY)
    home.plist(PREFERENCES, plists.left_behind(3), XML)
    home.plist(f"{CONTAINER}/{PREFERENCES}", plists.interface(), BINARY)


def mac_10_9(home):
    home.folder("Library/Accounts")
    home.plist(V2, plists.mac_10_9(), BINARY)
    home.interface()


def mac_10_10(home):
    home.folder("Library/Accounts")
    home.plist(V2, plists.mac_10_10(), XML)
    home.interface()
    database_homes.mac_10_10(home.path)


def with_database(write, *versions):
    def make(home):
        home.upgraded(*versions)
        write(home.path)

    return make


def wal(home):
    home.folder("Library/Accounts")
    database_homes.only_in_the_log(home.path)


def many(count, form):
    def make(home):
        # a list without its mailboxes is the other shape that real files have
        home.plist(V2, plists.many(count, with_mailboxes=form == XML), form)

    return make


def server(host, port, user, address, name):
    def make(home):
        home.folder("Library/Accounts")
        database_homes.one_server(home.path, host, int(port), user, address, name)

    return make


HOMES = {
    "10.5": mac_10_5,
    "10.6": mac_10_6,
    "10.7": mac_10_7,
    "10.8": mac_10_8,
    "10.9": mac_10_9,
    "10.10": mac_10_10,
    "10.11": with_database(database_homes.mac_10_11, "V3"),
    "10.12": with_database(database_homes.mac_10_12, "V3", "V4"),
    "10.13": with_database(database_homes.mac_10_13, "V4", "V5"),
    "10.15": with_database(database_homes.mac_10_15, "V5", "V6", "V7"),
    "12": with_database(database_homes.mac_12, "V7", "V9"),
    "14": with_database(database_homes.mac_14, "V9", "V10"),
    "15": with_database(database_homes.mac_15, "V9", "V10"),
    "26": with_database(database_homes.mac_26, "V10"),
}


def write(folder, name, make):
    home = Home(os.path.join(folder, name))
    os.makedirs(home.path, mode=0o700)
    make(home)
    home.settle()


def main(folder, what, *more):
    if what == "all":
        for name, make in HOMES.items():
            write(folder, name, make)
    elif what == "wal":
        write(folder, "wal", wal)
    elif what == "many":
        count, form = more
        write(folder, "many", many(int(count), {"xml": XML, "binary": BINARY}[form]))
    elif what == "server":
        write(folder, "server", server(*more))
    else:
        write(folder, what, HOMES[what])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
