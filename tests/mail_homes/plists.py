"""The homes whose servers are in a property list: macOS 10.5 to 10.10.

Each function returns the settings of one generation: the spelling of flags and ports is that of its
time. Names and hosts are made up.
"""


def delivery(host, user=None, name=None, **more):
    """An outgoing server; what is not known is not there."""
    entry = {"AccountType": "SMTPAccount", "AccountName": name, "Hostname": host, "Username": user, **more}
    return {key: value for key, value in entry.items() if value is not None}


def incoming(kind, name, addresses=(), full_name=None, smtp=None, **more):
    entry = {"AccountType": kind, "AccountName": name, "FullUserName": full_name, "SMTPIdentifier": smtp, **more}
    if addresses:
        entry["EmailAddresses"] = list(addresses)
    return {key: value for key, value in entry.items() if value is not None}


def local():
    return incoming("LocalAccount", "On My Mac", AccountPath="~/Library/Mail/Mailboxes", uniqueId="1")


def rss():
    return incoming("RSSAccount", "RSS", AccountPath="~/Library/Mail/RSS", uniqueId="2")


def interface():
    """What com.apple.mail.plist holds on today's systems: no account at all."""
    return {
        "AddressDisplayMode": 3,
        "DisableInlineAttachmentViewing": False,
        "NSWindow Frame Main Window": "0 60 1280 700 0 0 1440 877 ",
        "MailSections": [{"Name": "Favorites", "Expanded": True}],
        "PlayMailSounds": "NO",
    }


def mac_10_5():
    return {
        "AccountsVersion": 2,
        "DeliveryAccounts": [
            delivery("smtp.example.com", "kim", "Work", PortNumber="587", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN", uniqueId="11"),
            # the name of somebody who used to sign in, and no longer does
            delivery("relay.example.org", "kim", PortNumber="25", SSLEnabled="NO", ShouldUseAuthentication="NO",
                     uniqueId="12"),
        ],
        "MailAccounts": [
            local(),
            rss(),
            incoming("IMAPAccount", "Work", ["kim@example.com", "sales@example.com"], "Kim Doe", "smtp.example.com:kim",
                     Hostname="imap.example.com", Username="kim", PortNumber="993", SSLEnabled="YES", uniqueId="13"),
            incoming("POPAccount", "Club", ["kim@example.org"], "Kim Doe", "relay.example.org:kim",
                     Hostname="pop.example.org", Username="kim", PortNumber="110", SSLEnabled="NO", uniqueId="14"),
            incoming("iToolsAccount", ".Mac", ["kimdoe@mac.com"], "Kim Doe", Username="kimdoe", uniqueId="15"),
        ],
    }  # fmt: skip


def mac_10_6():
    return {
        "AccountsVersion": 3,
        "DeliveryAccounts": [
            delivery("smtp.example.net", "kim@example.net", "Home", PortNumber="465", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="", SecurityLayerType=3,
                     MaxMessageBytes=52428800),
            delivery("smtp.example.org", "jan", "Klub żeglarski", PortNumber="2525", UseDefaultPorts="YES",
                     SSLEnabled="YES", ShouldUseAuthentication="YES", AuthenticationScheme="CRAM-MD5"),
            delivery("mail.example.com", "kim", "Mistyped", PortNumber="99999", SSLEnabled="NO",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN"),
            delivery("exchange.example.org", "EXAMPLE\\kim", "Office", PortNumber="25", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="NTLM"),
            delivery("intranet.example.com", None, "Intranet", PortNumber="25", ShouldUseAuthentication="YES"),
            {"AccountType": "FaxAccount", "AccountName": "Fax", "Hostname": "fax.example.com", "Username": "kim"},
        ],
        "MailAccounts": [
            local(),
            incoming("IMAPAccount", "Home", ["kim@example.net"], "Kim Doe", "smtp.example.net:kim@example.net",
                     Hostname="imap.example.net", Username="kim@example.net"),
            incoming("POPAccount", "Klub", ["jan@example.org"], "Jan Nowák", "smtp.example.org:jan",
                     Hostname="pop.example.org", Username="jan"),
            incoming("ExchangeIMAPAccount", "Office", ["kim.doe@example.org"], "Kim Doe",
                     "exchange.example.org:EXAMPLE\\kim", Hostname="exchange.example.org", Username="EXAMPLE\\kim"),
            # somebody who never typed a name
            incoming("IMAPAccount", "Intranet", ["kim@intranet.example.com"], None, "intranet.example.com",
                     Hostname="intranet.example.com", Username="kim"),
            # receives only
            incoming("POPAccount", "Archive", ["archive@example.net"], "Kim Doe", Hostname="pop.example.net",
                     Username="archive"),
        ],
    }  # fmt: skip


def mac_10_7():
    return {
        "AccountsVersion": 4,
        "DeliveryAccounts": [
            delivery("smtp.example.com", "zoe", "Büro", PortNumber="587", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN",
                     CanonicalEmailAddress="zoe@example.com", ConfigureDynamically="YES"),
            delivery("smtp.example.com", "zoe", "Büro, von unterwegs", PortNumber="2525", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN"),
            delivery("mail.example.org", "zoe", "Verein", PortNumber="587", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="LOGIN"),
            # once more, and in clear
            delivery("Mail.Example.ORG", "zoe", "Verein", PortNumber="587", ShouldUseAuthentication="YES"),
        ],
        "MailAccounts": [
            local(),
            rss(),
            incoming("IMAPAccount", "Büro", ["zoe@example.com", "zoe.mueller@example.com", "zoe@example.com"],
                     "Zoë Müller", "smtp.example.com:zoe", Hostname="imap.example.com", Username="zoe"),
            incoming("IMAPAccount", "Verein", ["zoe@example.org"], "Zoë Müller", "mail.example.org:zoe",
                     Hostname="mail.example.org", Username="zoe"),
            incoming("iToolsAccount", "MobileMe", ["zoe.muller@me.com"], "Zoë Müller", Username="zoe.muller"),
        ],
    }  # fmt: skip


def left_behind(version):
    """Settings of a Mac that has since been upgraded: nobody uses this server any more."""
    return {
        "AccountsVersion": version,
        "DeliveryAccounts": [
            delivery("smtp.old.example.com", "old", "Left behind", PortNumber="25", SSLEnabled="NO",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN"),
        ],
        "MailAccounts": [
            local(),
            incoming("POPAccount", "Left behind", ["old@example.com"], "Old Name", "smtp.old.example.com:old",
                     Hostname="pop.old.example.com", Username="old"),
        ],
    }  # fmt: skip


def mac_10_8():
    return {
        "AccountsVersion": 5,
        "DeliveryAccounts": [
            delivery("smtp.example.net", "zoe@example.net", "Zuhause", PortNumber="0", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme=""),
            delivery("smtp.gmail.com", "zoe.muller", "Gmail", PortNumber="587", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN", SecurityLayerType=2),
            # twice, first in clear
            delivery("mail.example.org", "zoe", "Verein", PortNumber="587", ShouldUseAuthentication="YES",
                     AuthenticationScheme="PLAIN"),
            delivery("mail.example.org", "zoe", "Verein", PortNumber="587", SSLEnabled="YES",
                     ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN"),
        ],
        "MailAccounts": [
            local(),
            incoming("IMAPAccount", "Zuhause", ["zoe@example.net"], "Zoë Müller", "smtp.example.net:zoe@example.net",
                     Hostname="imap.example.net", Username="zoe@example.net"),
            incoming("IMAPAccount", "Gmail", ["zoe.muller@gmail.com"], "Zoë Müller", "smtp.gmail.com:zoe.muller",
                     Hostname="imap.gmail.com", Username="zoe.muller"),
            incoming("AosImapAccount", "iCloud", ["zoe@icloud.com", "zoe@me.com"], "Zoë Müller", Username="zoe",
                     ParentACAccountIdentifier="5D3B6C1E-0000-4000-8000-000000000108"),
            incoming("POPAccount", "Verein", ["zoe@example.org"], "Zoë Müller", "mail.example.org:zoe",
                     Hostname="mail.example.org", Username="zoe"),
        ],
    }  # fmt: skip


def mac_10_9():
    return {
        "AccountsVersion": 6,
        "DeliveryAccounts": [
            delivery("smtp.gmail.com", "kim.doe@gmail.com", "Gmail", PortNumber=465, SSLEnabled=True,
                     ShouldUseAuthentication=True, AuthenticationScheme="XOAUTH2"),
            delivery("smtp.example.com", "kim", "Work", SSLEnabled=True, ShouldUseAuthentication=True,
                     AuthenticationScheme="PLAIN", ConfigureDynamically=True, UserAllowsInsecureAuthentication=False),
            delivery("SMTP.example.com", "kim", "Work", PortNumber=587, SSLEnabled=True, ShouldUseAuthentication=True,
                     AuthenticationScheme="PLAIN"),
            delivery("kerberos.example.org", "kim@EXAMPLE.ORG", "Campus", PortNumber=587, SSLEnabled=True,
                     ShouldUseAuthentication=True, AuthenticationScheme="GSSAPI"),
            delivery("smtp.example.net", "kim", "Mistyped", PortNumber=70000, SSLEnabled=1, ShouldUseAuthentication=1),
            delivery("printer.example.net", None, "Scanner", PortNumber=25),
        ],
        "MailAccounts": [
            local(),
            incoming("IMAPAccount", "Gmail", ["kim.doe@gmail.com"], "Kim Doe", "smtp.gmail.com:kim.doe@gmail.com",
                     Hostname="imap.gmail.com", Username="kim.doe@gmail.com", PortNumber=993, SSLEnabled=True),
            incoming("IMAPAccount", "Work", ["kim@example.com"], "Kim Doe", "smtp.example.com:kim",
                     Hostname="imap.example.com", Username="kim"),
            incoming("IMAPAccount", "Support", ["support@example.com"], "Support", "SMTP.example.com:kim",
                     Hostname="imap.example.com", Username="support"),
            incoming("EWSAccount", "Corporate", ["kim@corp.example.com"], "Kim Doe", Hostname="ews.corp.example.com",
                     Username="CORP\\kim"),
        ],
    }  # fmt: skip


def mac_10_10():
    """Accounts that Internet Accounts manages: links to servers that are not stored (DeliveryAccounts is missing)."""
    return {
        "AccountsVersion": 6,
        "MailAccounts": [
            local(),
            incoming("IMAPAccount", "Google", ["kim.doe@gmail.com"], "Kim Doe", "smtp.gmail.com:kim.doe",
                     Hostname="imap.gmail.com", Username="kim.doe", PortNumber=993, SSLEnabled=True,
                     ParentACAccountIdentifier="5D3B6C1E-0000-4000-8000-000000001001"),
            incoming("IMAPAccount", "Own domain", ["kim@example.com"], "Kim Doe", "mail.example.com:kim",
                     Hostname="mail.example.com", Username="kim", PortNumber=993, SSLEnabled=True,
                     ParentACAccountIdentifier="5D3B6C1E-0000-4000-8000-000000001002"),
            incoming("IMAPAccount", "Fastmail", ["kim@fastmail.com"], "Kim Doe", "smtp.fastmail.com:kim@fastmail.com",
                     Hostname="imap.fastmail.com", Username="kim@fastmail.com"),
            # a second mailbox that sends through the first one's server
            incoming("IMAPAccount", "Club", ["club@example.org"], "The Club", "smtp.fastmail.com:kim@fastmail.com",
                     Hostname="imap.example.org", Username="club"),
            incoming("AosImapAccount", "iCloud", ["kimdoe@icloud.com"], "Kim Doe", Username="kimdoe",
                     ParentACAccountIdentifier="5D3B6C1E-0000-4000-8000-000000001003"),
            incoming("POPAccount", "Archive", ["archive@example.net"], "Kim Doe", Hostname="pop.example.net",
                     Username="archive"),
        ],
    }  # fmt: skip


def many(count, with_mailboxes):
    """So many accounts that whatever is done once for each pair of them shows."""
    numbers = [f"{number:05}" for number in range(count)]
    document = {
        "AccountsVersion": 5,
        "DeliveryAccounts": [
            delivery(f"smtp-{number}.example.com", f"user-{number}", f"Account {number}", PortNumber="587",
                     SSLEnabled="YES", ShouldUseAuthentication="YES", AuthenticationScheme="PLAIN", uniqueId=number)
            for number in numbers
        ],
    }  # fmt: skip
    if with_mailboxes:
        document["MailAccounts"] = [
            incoming("IMAPAccount", f"Account {number}", [f"user-{number}@example.com"], f"User {number}",
                     f"smtp-{number}.example.com:user-{number}", Hostname="imap.example.com",
                     Username=f"user-{number}")
            for number in numbers
        ]  # fmt: skip
    return document
