#!/bin/sh
# Makes the certificates that rcgen cannot, and what OpenSSL says of each; run in this folder.
# The keys are thrown away. Made once: a new run changes every file.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# one NAME DAYS SUBJECT HASH EXTENSIONS KEY-OPTIONS...
one() {
    name=$1 days=$2 subject=$3 hash=$4 extensions=$5
    shift 5
    printf '[req]\ndistinguished_name=dn\nstring_mask=%s\n[dn]\n[ext]\n%b' "${mask:-utf8only}" "$extensions" >"$work/c"
    openssl genpkey -out "$work/$name.key" "$@" 2>/dev/null
    # shellcheck disable=SC2086 # words
    openssl req -x509 -new -config "$work/c" -extensions ext -utf8 -key "$work/$name.key" -days "$days" \
        -subj "$subject" $hash ${serial:+-set_serial $serial} -out "$name.pem"
}
rsa() { printf '%s' "-algorithm RSA -pkeyopt rsa_keygen_bits:$1"; }
ec="-algorithm EC -pkeyopt group:P-256"
san='subjectAltName=DNS:mail.test\n'

# shellcheck disable=SC2046,SC2086 # words
{
    one rsa-1024 36500 /CN=mail.test -sha256 "$san" $(rsa 1024)
    one rsa-2048 36500 "/C=DE/O=Example, Inc. \+ <\"Co\">;/OU=#1/CN=mail.test" -sha384 \
        "$san"'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' $(rsa 2048)
    one sha1 36500 /CN=mail.test -sha1 "$san" $ec
    one md5 36500 /CN=mail.test -md5 "$san" $(rsa 2048)
    one rsa-pss 36500 /CN=mail.test "-sha256 -sigopt rsa_padding_mode:pss" "$san" $(rsa 2048)
    one rsa-pss-key 36500 /CN=mail.test -sha512 "$san" -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
    one p521 36500 /CN=mail.test -sha512 "$san" -algorithm EC -pkeyopt group:P-521
    one ed448 36500 /CN=mail.test "" "$san" -algorithm ED448
    one clients 36500 /CN=mail.test -sha256 "$san"'extendedKeyUsage=clientAuth,emailProtection\n' $ec
    one any-purpose 36500 /CN=mail.test -sha256 "$san"'extendedKeyUsage=anyExtendedKeyUsage\n' $ec
    one common-name 36500 /O=Example/CN=mail.test -sha256 '' $ec
    one many-names 36500 /CN=ignored.test -sha256 \
        'subjectAltName=DNS:mail.test,DNS:*.mail.test,IP:192.0.2.7,IP:2001:db8::7,email:a@mail.test,URI:https://u.test/,otherName:1.2.3.4;UTF8:x,dirName:dn2,DNS:xn--bcher-kva.test,DNS:*.test,DNS:*.*.wild.test\n[dn2]\nCN=inside\n' $ec
    one address-only 36500 /CN=mail.test -sha256 'subjectAltName=IP:192.0.2.7\n' $ec
    one utf8-name 36500 "/O=Bücher/CN=büro.test" -sha256 '' $ec
    mask=default one latin1-name 36500 "/O=Bücher/CN=büro.test" -sha256 '' $ec
    serial=0x7fffffffffffffffffffffffffffffffffffffffffffffffff one long-serial 36500 /CN=mail.test -sha256 "$san" $ec
    one never-ends 2912000 /CN=mail.test -sha256 "$san" $ec
}
for certificate in *.pem; do
    {
        openssl x509 -in "$certificate" -noout -nameopt RFC2253,-esc_msb,utf8 -subject -issuer -dates -dateopt iso_8601 \
            -fingerprint -sha256
        printf 'spki='
        openssl x509 -in "$certificate" -noout -pubkey | openssl pkey -pubin -outform der | openssl sha256 -r
        openssl x509 -in "$certificate" -noout -text | sed -n 's/^ *\(Signature Algorithm\|Public-Key\|Hash Algorithm\): */\1=/p' | sort -u
        for host in mail.test a.mail.test a.b.mail.test MAIL.TEST xn--bcher-kva.test other.test ignored.test a.test \
            a.b.wild.test büro.test; do
            openssl x509 -in "$certificate" -noout -checkhost "$host"
        done
        for ip in 192.0.2.7 2001:db8::7 192.0.2.8; do
            openssl x509 -in "$certificate" -noout -checkip "$ip"
        done
    } >"${certificate%.pem}.txt"
done
