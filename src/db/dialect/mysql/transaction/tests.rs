//! What a commit is told as.

use super::*;

#[test]
fn locks_that_stay_after_a_commit_are_not_told_as_a_commit_that_failed() {
    let refused = || {
        Err::<(), Error>(Error::Statement {
            source: EngineError {
                code: "HY000".to_owned(),
                message: "no".to_owned(),
            },
        })
    };
    let told = after_commit(refused(), "its tables could not be given back to others");
    assert!(
        matches!(&told, Err(Error::Committed { message }) if message.contains("it is committed, but its tables"))
    );
    assert!(after_commit(Err::<(), Error>(Error::Closed), "that").is_ok());
    assert!(after_commit(Ok(()), "that").is_ok());
}
