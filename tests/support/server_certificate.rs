//! Certificates for the real servers, made by the `openssl` program: what a person would type.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Makes a CA of this server's own and the server's certificate: `ca.pem`, `server.pem`, `server.key`.
///
/// A self-signed certificate is its own authority: `ca.pem` is a copy of it then.
pub(crate) fn make_certificates(folder: &Path, self_signed: bool) {
    let config = folder.join("openssl.cnf");
    fs::write(
        &config,
        "[req]\n\
         distinguished_name = name\n\
         [name]\n\
         [ca]\n\
         basicConstraints = critical, CA:true\n\
         keyUsage = critical, keyCertSign, cRLSign\n\
         subjectKeyIdentifier = hash\n\
         [server]\n\
         basicConstraints = critical, CA:false\n\
         keyUsage = critical, digitalSignature\n\
         extendedKeyUsage = serverAuth\n\
         authorityKeyIdentifier = keyid\n\
         subjectAltName = DNS:localhost, IP:127.0.0.1, DNS:smtp.gmail.com\n",
    )
    .expect("a configuration file is written");
    let make = |section: &str, subject: &str, signed_by: &[&str]| {
        let made = Command::new("openssl")
            .current_dir(folder)
            .args(["req", "-x509", "-config"])
            .arg(&config)
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-noenc", "-days", "30", "-extensions", section])
            .args(["-subj", subject])
            .args(["-keyout", &format!("{section}.key")])
            .args(["-out", &format!("{section}.pem")])
            .args(signed_by)
            .output()
            .expect("openssl starts");
        assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    };
    if self_signed {
        make("server", "/CN=localhost", &[]);
        fs::copy(folder.join("server.pem"), folder.join("ca.pem")).expect("a copy of the certificate");
        return;
    }
    make("ca", "/CN=backup-notify test CA", &[]);
    make("server", "/CN=localhost", &["-CA", "ca.pem", "-CAkey", "ca.key"]);
}
