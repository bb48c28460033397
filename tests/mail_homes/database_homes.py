"""The homes whose servers are in an accounts database: macOS 10.11 to 26.

Each function writes the databases of one generation into `Library/Accounts` of its home.
"""

import datetime
import os
import random

from databases import CALENDARS, CONTACTS, MAIL, Generation, write

KIM = {"ACPropertyFullName": "Kim Doe"}


def path(home, name):
    return os.path.join(home, "Library", "Accounts", name)


def alias(name, *addresses, primary=False, enabled=True):
    return {"DisplayName": name, "EmailAddresses": list(addresses), "IsPrimary": primary, "IsEnabled": enabled}


def mailbox(db, name, address, parent, sends_by, **more):
    """The incoming half, which names the outgoing one."""
    db.add(name, "IMAP", parent, IdentityEmailAddress=address, SendingAccountIdentifier=db.uuid(sends_by),
           PortNumber=993, SSLEnabled=True, SSLIsDirect=True, **more)  # fmt: skip


def unserved(db, name, address, parent):
    """An incoming half that names no outgoing one."""
    db.add(name, "IMAP", parent, IdentityEmailAddress=address, PortNumber=993, SSLEnabled=True)


def icloud_mail(shard, local_part, full_name):
    """What iCloud's account keeps for its mail."""
    return {
        "smtpHostname": f"{shard}-smtp.mail.me.com", "smtpPort": 587, "smtpRequiresSSL": True,
        "imapHostname": f"{shard}-imap.mail.me.com", "imapPort": 993, "imapRequiresSSL": True,
        "EmailAddress": f"{local_part}@icloud.com", "Username": local_part, "FullUserName": full_name,
    }  # fmt: skip


def mac_10_10(home):
    """The database is there already, and knows no outgoing server."""

    def rows(db):
        db.add("google", "Google", user="kim.doe@gmail.com", description="Google", enabled=[MAIL, CALENDARS], **KIM)
        db.add("google-calendars", "CalDAV", "google")
        db.add("icloud", "AppleAccount", user="kim@example.com", description="iCloud", enabled=[MAIL, CONTACTS],
               dataclasses={MAIL: icloud_mail("p06", "kimdoe", "Kim Doe")})  # fmt: skip

    write(path(home, "Accounts3.sqlite"), "10.10", Generation(first_type=4), rows, log="newest")


def mac_10_11(home):
    """Yesterday's server is in the database, today's only in the log."""

    def rows(db):
        db.add("work", "IMAPMail", user="kim@example.com", description="Work", enabled=[MAIL], **KIM)
        aliases = [
            alias("Kim Doe", "kim@example.com", primary=True),
            alias("Kim Doe", "sales@example.com"),
            alias("Kim Doe", "former@example.com", enabled=False),
        ]
        mailbox(db, "work-in", "kim@example.com", "work", "work-out", user="kim", Hostname="imap.example.com",
                EmailAliases=aliases)  # fmt: skip
        db.add("work-out", "SMTP", "work", user="kim", Hostname="old-smtp.example.com", PortNumber=25,
               SSLEnabled=False, AuthenticationScheme="PLAIN", ShouldUseAuthentication=True)  # fmt: skip

    def newer(db):
        db.change("work-out", "Hostname", "smtp.example.com")
        db.change("work-out", "PortNumber", 587)
        db.change("work-out", "SSLEnabled", True)
        db.add("home-out", "SMTP", user="kim@example.net", description="Home", Hostname="smtp.example.net",
               SSLEnabled=True, SSLIsDirect=True)  # fmt: skip
        db.add("home-in", "POP", user="kim@example.net", description="Home", IdentityEmailAddress="kim@example.net",
               SendingAccountIdentifier=db.uuid("home-out"), Hostname="pop.example.net", **KIM)  # fmt: skip

    write(path(home, "Accounts3.sqlite"), "10.11", Generation(), rows, newer)


def mac_10_12(home):
    """Both databases, each with servers: the newer one is in use."""

    def old_rows(db):
        db.add("old", "SMTP", user="old", description="Left behind", Hostname="smtp.old.example.com", PortNumber=25)

    def rows(db):
        db.add("google", "Google", user="kim.doe@gmail.com", description="Google", enabled=[MAIL, CALENDARS], **KIM)
        db.add("google-calendars", "CalDAV", "google", Hostname="caldav.example.com")
        mailbox(db, "google-in", "kim.doe@gmail.com", "google", "google-out", Hostname="imap.gmail.com")
        db.add("google-out", "SMTP", "google", Hostname="smtp.gmail.com", PortNumber=465, SSLEnabled=True,
               SSLIsDirect=True, AuthenticationScheme="XOAUTH2", IdentityEmailAddress="kim.doe@gmail.com",
               ShouldUseAuthentication=True, MaxMessageBytes=35882577)  # fmt: skip
        db.add("corporate", "Exchange", user="CORP\\kim", description="Corporate", enabled=[MAIL, CALENDARS],
               IdentityEmailAddress="kim@corp.example.com", Hostname="ews.corp.example.com", **KIM)  # fmt: skip

    write(path(home, "Accounts3.sqlite"), "10.12-old", Generation(first_type=2), old_rows, log="none")
    write(path(home, "Accounts4.sqlite"), "10.12", Generation(first_type=7, first_account=5), rows, log="empty")


def mac_10_13(home):
    """iCloud, whose server stands with its parent; servers that want no name."""

    def rows(db):
        db.add("icloud", "AppleAccount", user="kim@example.com", description="iCloud", enabled=[MAIL, CONTACTS],
               dataclasses={MAIL: icloud_mail("p42", "kim.doe", "Kim Doe"), CONTACTS: {"url": "https://example.com"}},
               signedIn=datetime.datetime(2017, 9, 25, 12), **KIM)  # fmt: skip
        mailbox(db, "icloud-in", "kim.doe@icloud.com", "icloud", "icloud-out", user="kim.doe")
        db.add("icloud-out", "SMTP", "icloud", user="kim.doe")
        db.add("relay", "SMTP", user="kim", description="Relay", Hostname="relay.example.org", PortNumber=25,
               SSLEnabled=False, ShouldUseAuthentication=False)  # fmt: skip
        db.add("printer", "SMTP", description="Scanner", Hostname="printer.example.net", PortNumber=0)
        db.add("club", "IMAPMail", user="kim", description="Club", enabled=[MAIL], **KIM)
        mailbox(db, "club-in", "kim@example.org", "club", "relay", Hostname="imap.example.org")

    write(path(home, "Accounts4.sqlite"), "10.13", Generation(first_type=11, type_step=3), rows, log="none")


def mac_10_15(home):
    """Tokens, and a server on two ports; the servers of the second are only in the log."""

    def rows(db):
        db.add("icloud", "AppleAccount", user="zoe@example.com", description="iCloud", enabled=[MAIL],
               dataclasses={MAIL: icloud_mail("p11", "zoe.muller", "Zoë Müller")},
               ACPropertyFullName="Zoë Müller")  # fmt: skip
        mailbox(db, "icloud-in", "zoe.muller@icloud.com", "icloud", "icloud-out", AuthenticationScheme="ATOKEN")
        db.add("icloud-out", "SMTP", "icloud", AuthenticationScheme="ATOKEN", ShouldUseAuthentication=True,
               IdentityEmailAddress="zoe.muller@icloud.com")  # fmt: skip
        db.add("yahoo", "Yahoo", user="zoe.muller@yahoo.com", description="Yahoo!", enabled=[MAIL],
               ACPropertyFullName="Zoë Müller")  # fmt: skip
        mailbox(db, "yahoo-in", "zoe.muller@yahoo.com", "yahoo", "yahoo-out", Hostname="imap.mail.yahoo.com")
        db.add("yahoo-out", "SMTP", "yahoo", Hostname="smtp.mail.yahoo.com", PortNumber=465, SSLEnabled=True,
               SSLIsDirect=True, AuthenticationScheme="XOAUTH2", IdentityEmailAddress="zoe.muller@yahoo.com")  # fmt: skip
        db.add("hotmail", "Hotmail", user="zoe.muller@outlook.com", description="Outlook.com", enabled=[MAIL],
               ACPropertyFullName="Zoë Müller")  # fmt: skip
        unserved(db, "hotmail-in", "zoe.muller@outlook.com", "hotmail")

    def newer(db):
        db.add("verein", "IMAPMail", user="zoe", description="Verein", enabled=[MAIL], ACPropertyFullName="Zoë Müller")
        mailbox(db, "verein-in", "zoe@example.org", "verein", "verein-out", Hostname="mail.example.org")
        for name, port in [("verein-out", 587), ("verein-other-out", 2525)]:
            db.add(name, "SMTP", "verein", Hostname="mail.example.org", PortNumber=port, SSLEnabled=True,
                   AuthenticationScheme="CRAM-MD5", ShouldUseAuthentication=True)  # fmt: skip

    write(path(home, "Accounts4.sqlite"), "10.15", Generation(first_type=20, first_account=100), rows, newer)


def mac_12(home):
    """Providers without a server of their own, one server entered twice, and faults."""

    def rows(db):
        db.add("google", "Google", user="kim.doe@gmail.com", description="Google", enabled=[MAIL, CALENDARS], **KIM)
        unserved(db, "google-in", "kim.doe@gmail.com", "google")
        db.add("calendars", "Google", user="calendars@gmail.com", description="Calendars only", enabled=[CALENDARS])
        db.add("icloud", "AppleAccount", user="kim@example.com", description="iCloud", enabled=[CONTACTS],
               dataclasses={MAIL: {}, CONTACTS: {"url": "https://example.com"}})  # fmt: skip
        for name, address, host in [
            ("work", "kim@example.com", "smtp.example.com"),
            ("support", "support@example.com", "SMTP.Example.com"),
        ]:
            db.add(name, "IMAPMail", user=address, description="Work", enabled=[MAIL], **KIM)
            mailbox(db, f"{name}-in", address, name, f"{name}-out", Hostname="imap.example.com")
            db.add(f"{name}-out", "SMTP", name, user="kim", Hostname=host, PortNumber=587, SSLEnabled=True,
                   AuthenticationScheme="PLAIN", ShouldUseAuthentication=True)  # fmt: skip
        db.add("office", "SMTP", user="EXAMPLE\\kim", description="Office", Hostname="exchange.example.org",
               PortNumber=587, SSLEnabled=True, AuthenticationScheme="NTLM")  # fmt: skip
        db.add("mistyped", "SMTP", user="kim", description="Mistyped", Hostname="mail.example.net", PortNumber=70000,
               SSLEnabled=True, AuthenticationScheme="PLAIN")  # fmt: skip

    generation = Generation(first_type=3, type_step=2, columns=["ZMODIFICATIONID VARCHAR"])
    write(path(home, "Accounts4.sqlite"), "12", generation, rows, log="empty")


def mac_14(home):
    """iCloud with other addresses, a second one without a server; the log has been used before."""

    def rows(db):
        db.add("icloud", "AppleAccount", user="hanako@example.com", description="iCloud", enabled=[MAIL],
               dataclasses={MAIL: icloud_mail("p101", "hanako.yamada", "山田 花子")},
               ACPropertyFullName="山田 花子", certificate=noise(10_000))  # fmt: skip
        aliases = [
            alias("山田 花子", "hanako@example.jp", "hanako@example.org"),
            alias("山田 花子", "hanako.yamada@icloud.com", primary=True),
            alias("山田 花子", "secret@example.org", enabled=False),
        ]
        mailbox(db, "icloud-in", "hanako.yamada@icloud.com", "icloud", "icloud-out", EmailAliases=aliases)
        db.add("icloud-out", "SMTP", "icloud", IdentityEmailAddress="hanako.yamada@icloud.com",
               AuthenticationScheme="ATOKEN")  # fmt: skip
        db.add("family", "AppleAccount", user="family@example.com", description="家族", enabled=[MAIL],
               dataclasses={MAIL: icloud_mail("p102", "yamada.family", "山田家")}, ACPropertyFullName="山田家")  # fmt: skip
        db.add("aol", "aol", user="hanako@aol.com", description="AOL", enabled=[MAIL],
               ACPropertyFullName="山田 花子")  # fmt: skip
        mailbox(db, "aol-in", "hanako@aol.com", "aol", "aol-out", Hostname="imap.aol.com")
        db.add("aol-out", "SMTP", "aol", Hostname="smtp.aol.com", PortNumber=25, SSLEnabled=False)

    def newer(db):
        # the password is an app-specific one now, and the server is called what it should be
        db.change("icloud-out", "AuthenticationScheme", "PLAIN")
        db.change("aol-out", "PortNumber", 465)
        db.change("aol-out", "SSLEnabled", True)

    columns = ["ZMODIFICATIONID VARCHAR", "ZLASTMODIFIED TIMESTAMP"]
    generation = Generation(first_type=30, first_account=7, columns=columns)
    write(path(home, "Accounts4.sqlite"), "14", generation, rows, newer, log="reused")


def mac_15(home):
    """iCloud alone: today's database has no server, and the one that an upgrade left behind is not Mail's any more."""

    def rows(db):
        known = icloud_mail("p140", "kim.doe", "Kim Doe")
        for key in ["smtpHostname", "smtpPort", "smtpRequiresSSL"]:
            del known[key]
        db.add("icloud", "AppleAccount", user="kim@example.com", description="iCloud", enabled=[MAIL, CONTACTS],
               dataclasses={MAIL: known, CONTACTS: {"url": "https://example.com"}}, **KIM)  # fmt: skip
        unserved(db, "icloud-in", "kim.doe@icloud.com", "icloud")
        db.add("family", "AppleAccount", user="family@example.com", description="Family", enabled=[MAIL],
               dataclasses={MAIL: {}}, ACPropertyFullName="The Does")  # fmt: skip
        unserved(db, "family-in", "the.does@icloud.com", "family")

    write(path(home, "Accounts4.sqlite"), "15", Generation(first_type=40, type_step=2), rows, log="none")


def mac_26(home):
    """What is newer than the facts: columns, tables, entity numbers, value types; all of it in the log."""

    def rows(db):
        db.add("fastmail", "IMAPMail", user="kim@fastmail.com", description="Fastmail", enabled=[MAIL], **KIM)
        mailbox(db, "fastmail-in", "kim@fastmail.com", "fastmail", "fastmail-out", Hostname="imap.fastmail.com")
        # numbers as text, flags as numbers, and what is no archive under a key that nobody knows
        db.add("fastmail-out", "SMTP", "fastmail", Hostname="smtp.fastmail.com", PortNumber="465", SSLEnabled=1,
               SSLIsDirect=1, ShouldUseAuthentication=1, AuthenticationScheme="")  # fmt: skip
        db.put_raw("fastmail-out", "Opaque", b"\x00\x01opaque")
        db.add("outlook", "Hotmail", user="kim.doe@outlook.com", description="Outlook", enabled=[MAIL], **KIM)
        mailbox(db, "outlook-in", "kim.doe@outlook.com", "outlook", "outlook-out", Hostname="outlook.office365.com")
        db.add("outlook-out", "SMTP", "outlook", Hostname="smtp-mail.outlook.com", PortNumber=587, SSLEnabled=True,
               AuthenticationScheme="XOAUTH2", IdentityEmailAddress="kim.doe@outlook.com")  # fmt: skip
        db.add("corporate", "Exchange", user="kim@corp.example.com", description="Corporate", enabled=[MAIL], **KIM)
        db.add("oddity", "SMTP", user="kim", description="Oddity", Hostname="smtp.example.org", PortNumber=587,
               SSLEnabled=True, AuthenticationScheme="SCRAM-SHA-256")  # fmt: skip
        db.insert("ZSYNCSTATE", Z_PK=1, Z_ENT=9, Z_OPT=1, ZACCOUNT=db.accounts["outlook"], ZTOKEN=noise(300))

    generation = Generation(
        entity=3,
        first_type=101,
        type_step=5,
        first_account=1000,
        columns=["ZMODIFICATIONID VARCHAR", "ZLASTMODIFIED TIMESTAMP", "ZPROTECTION BLOB", "ZRANK FLOAT"],
        tables=[
            "CREATE TABLE ZSYNCSTATE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACCOUNT INTEGER, "
            "ZTOKEN BLOB)",
            "CREATE TABLE Z_MODELCACHE (Z_CONTENT BLOB)",
        ],
    )
    write(path(home, "Accounts4.sqlite"), "26", generation, rows, log="all")


def only_in_the_log(home):
    """One server on three ports, one after the other: the second is the last that was committed."""

    def rows(db):
        db.add("work", "SMTP", user="kim", description="Work", Hostname="smtp.example.com", PortNumber=25,
               SSLEnabled=True, AuthenticationScheme="PLAIN")  # fmt: skip

    def newer(db):
        db.change("work", "PortNumber", 587)

    def lost(db):
        db.change("work", "PortNumber", 2525)

    write(path(home, "Accounts4.sqlite"), "wal", Generation(), rows, newer, lost)


def one_server(home, host, port, user, address, name):
    """One server with implicit TLS, and the mailbox that sends through it."""

    def rows(db):
        db.add("only", "IMAPMail", user=user, description="Only", enabled=[MAIL], ACPropertyFullName=name)
        mailbox(db, "only-in", address, "only", "only-out", Hostname=host)
        db.add("only-out", "SMTP", "only", user=user, Hostname=host, PortNumber=port, SSLEnabled=True,
               SSLIsDirect=True, AuthenticationScheme="PLAIN", ShouldUseAuthentication=True)  # fmt: skip

    write(path(home, "Accounts4.sqlite"), "server", Generation(), rows)


def noise(length):
    """Bytes that mean nothing, and are always the same."""
    return random.Random(length).randbytes(length)
