//! Connections that broke, told by the code of the error.

/// SQLSTATE's "transaction resolution unknown".
pub const IN_DOUBT: &str = "08007";

/// The code of what failed after a commit.
pub const COMMITTED: &str = "committed";

/// SQLSTATE's "connection does not exist".
pub(super) const CLOSED: &str = "08003";

/// A complaint about a message of the protocol: the server answers it and goes on.
const PROTOCOL: &str = "08P01";

/// A server that ends its connections: told to, after a crash of another, while it starts
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const SHUTDOWN: [&str; 3] = ["57P01", "57P02", "57P03"];

/// Whether an error of this code ended the connection.
pub fn connection_broke(code: &str) -> bool {
    (code.starts_with("08") && code != PROTOCOL) || SHUTDOWN.contains(&code)
}
