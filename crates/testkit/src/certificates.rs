//! Certificates for one server on this machine, made by the program `openssl`.
//! Who shows and who checks them is not known here.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The files of a server and of the authority that vouches for it, for 127.0.0.1 and localhost.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Where they are in a folder, once they are [made](Self::make).
    pub(crate) fn within(folder: &Path) -> Self {
        Self {
            authority: folder.join("ca.crt"),
            certificate: folder.join("server.crt"),
            key: folder.join("server.key"),
        }
    }

    pub(crate) fn make(folder: &Path) -> Self {
        sign(folder, "ca", &["-subj", "/CN=hermes-testkit"]);
        // An authority of its own: clients refuse a server that vouches for itself.
        let by_authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=localhost"];
        let for_server = [
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ];
        sign(folder, "server", &[&by_authority[..], &for_server].concat());
        Self::within(folder)
    }
}

/// Makes a key and a certificate for it.
fn sign(folder: &Path, name: &str, how: &[&str]) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]);
    openssl.args(["-days", "2", "-keyout", &key, "-out", &certificate]).args(how);
    let made = openssl.current_dir(folder).stdin(Stdio::null()).output();
    let made = made.unwrap_or_else(|error| panic!("running openssl: {error}"));
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}
