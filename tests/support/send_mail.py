"""Sends the message on standard input by Python's smtplib; prints OK, or the reply that refused it.

usage: send_mail.py starttls|implicit|plain PORT CA MECHANISM USER SENDER RECIPIENT [MAIL-OPTION...]

MECHANISM is PLAIN, LOGIN, CRAM-MD5 or none; the password is in $PASSWORD. The
tests use it to learn that a server works before the program is tried on it.
"""

import os
import smtplib
import ssl
import sys

NAME = "client.example.test"  # without one, smtplib asks the DNS who we are


def main():
    mode, port, ca, mechanism, user, sender, recipient, *options = sys.argv[1:]
    message = sys.stdin.buffer.read()
    context = ssl.create_default_context(cafile=ca)
    if mode == "implicit":
        session = smtplib.SMTP_SSL("localhost", int(port), NAME, timeout=30, context=context)
    else:
        session = smtplib.SMTP("localhost", int(port), NAME, timeout=30)
    with session:
        if mode == "starttls":
            session.starttls(context=context)
        session.ehlo()
        try:
            if mechanism != "none":
                session.user, session.password = user, os.environ["PASSWORD"]
                authenticate = getattr(session, "auth_" + mechanism.lower().replace("-", "_"))
                session.auth(mechanism, authenticate)
            session.sendmail(sender, recipient, message, mail_options=options)
        except smtplib.SMTPRecipientsRefused as refused:
            [(code, reply)] = refused.recipients.values()
            print(code, reply.decode())
        except smtplib.SMTPResponseException as refused:
            print(refused.smtp_code, refused.smtp_error.decode())
        except smtplib.SMTPNotSupportedError as refused:
            print(refused)  # what is not announced is not tried
        else:
            print("OK")


main()
