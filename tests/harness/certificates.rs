//! Certificates for servers that offer TLS, made by `openssl` once for all tests: an authority, a server's certificate by
//! it for `localhost` and 127.0.0.1, a client's, and an authority that signed nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::guard::{Unprivileged, must};

/// Where they are.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// All of them.
    pub fn get() -> &'static Certificates {
        static MADE: OnceLock<Certificates> = OnceLock::new();
        MADE.get_or_init(Certificates::make)
    }

    fn make() -> Certificates {
        let folder = tempfile::Builder::new()
            .prefix("dbscript-test-certificates-")
            .tempdir()
            .expect("the system's temporary folder is writable");
        let made = Certificates { folder };
        for authority in ["ca", "other-ca"] {
            must(
                made.openssl("req")
                    .args([
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1",
                    ])
                    .args(["-nodes", "-days", "2", "-subj", &format!("/CN={authority}")])
                    .args(["-keyout", &format!("{authority}.key")])
                    .args(["-out", &format!("{authority}.pem")]),
            );
        }
        made.sign(
            "server",
            "/CN=localhost",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        );
        made.sign(
            "client",
            "/CN=with_certificate",
            "extendedKeyUsage=clientAuth",
        );
        made
    }

    fn openssl(&self, what: &str) -> Command {
        let mut command = Command::new("openssl");
        command.arg(what).current_dir(self.folder.path());
        command
    }

    fn sign(&self, name: &str, subject: &str, extension: &str) {
        must(
            self.openssl("req")
                .args([
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                ])
                .args(["-subj", subject, "-keyout", &format!("{name}.key")])
                .args(["-out", &format!("{name}.csr")]),
        );
        let extensions = self.folder.path().join("extensions");
        std::fs::write(
            &extensions,
            format!("basicConstraints=CA:FALSE\n{extension}\n"),
        )
        .expect("the folder was just made");
        must(
            self.openssl("x509")
                .args(["-req", "-days", "2", "-in", &format!("{name}.csr")])
                .args(["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"])
                .args(["-extfile", "extensions", "-out", &format!("{name}.pem")]),
        );
    }

    /// One of `ca.pem`, `other-ca.pem`, `client.pem`, `client.key`.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Copies for a server's user: the authority, its certificate and its key.
    pub fn lend(&self, folder: &Path, user: &Unprivileged) -> [String; 3] {
        ["ca.pem", "server.pem", "server.key"].map(|name| {
            let copy: PathBuf = folder.join(name);
            std::fs::copy(self.folder.path().join(name), &copy).expect("the folder was just made");
            user.own(&copy);
            copy.display().to_string()
        })
    }
}
