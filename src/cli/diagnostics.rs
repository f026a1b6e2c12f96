//! `-v`: how things are done, on standard error, for diagnosis. Events and the run log are the contract; this is not.

use std::io::{self, Write};

use tracing_subscriber::filter::LevelFilter;

use crate::storage::Secrets;

/// Starts the diagnosis: `-v` tells what is done, `-vv` everything.
pub fn start(verbose: u8, secrets: &Secrets) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let secrets = secrets.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(move || Masked(secrets.clone()))
        .finish();
    // Only fails where one is set already, which is then in use.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Standard error, with secrets masked; a line comes in one piece.
struct Masked(Secrets);

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(self.0.mask(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
