//! Servers that write the names of tables in small letters (`lower_case_table_names`), and sets of those that do not.

use super::client;
use crate::contract::{number, rows};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, timestamps};

/// A database that tells letters apart with these tables, and one that does not; and a project with a set of the first.
async fn moved(sql: &str) -> Option<(Fresh, Project)> {
    let from = Fresh::new(Database::Mysql).await?;
    let into = Fresh::with_small_letters(Database::Mysql).await?;
    let mut session = from.session().await;
    if number(&mut session, "SELECT @@lower_case_table_names").await != 0 {
        return None;
    }
    client(from.url(), sql);
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", from.url())
        .go();
    Some((into, project))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_with_capitals_goes_into_a_server_of_small_letters() {
    let Some((into, project)) = moved(
        "CREATE TABLE Users (Id INT AUTO_INCREMENT PRIMARY KEY, Name VARCHAR(20));
         CREATE TABLE Comments (id INT PRIMARY KEY, user_id INT, FOREIGN KEY (user_id) REFERENCES Users (Id));
         CREATE TRIGGER Noted AFTER INSERT ON Comments FOR EACH ROW SET @x = 1;
         CREATE VIEW Names AS SELECT Name FROM Users;
         INSERT INTO Users VALUES (7, 'a'), (41, 'b'); INSERT INTO Comments VALUES (1, 7);",
    )
    .await
    else {
        return;
    };
    let set = timestamps(&project).remove(0);
    let restore = |words: &[&str]| {
        let words = [&["run", "restore", "--yes", "--from", &set], words].concat();
        project.dbscript(&words).env("DATABASE_URL", into.url())
    };
    restore(&["--plan"]).go();
    restore(&[]).stderr_has("in small letters").go();
    client(
        into.url(),
        "INSERT INTO Users (Name) VALUES ('c'); DELETE FROM comments;",
    );
    // Once more over what is there, and then only the rows of one.
    restore(&[]).go();
    let mut session = into.session().await;
    let triggers = "SELECT 1 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";
    assert_eq!(rows(&mut session, triggers).await.len(), 1);
    client(
        into.url(),
        "DROP TRIGGER Noted; DELETE FROM comments; INSERT INTO users VALUES (99, 'd')",
    );
    restore(&["--tables", "Comments"]).go();
    assert_eq!(
        number(&mut session, "SELECT COUNT(*) FROM comments").await,
        1
    );
    assert_eq!(number(&mut session, "SELECT MAX(id) FROM users").await, 99);
    assert_eq!(number(&mut session, "SELECT COUNT(*) FROM names").await, 3);
    let next = "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'users'";
    assert_eq!(number(&mut session, next).await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_one_to_the_server_are_refused_before_anything_changes() {
    let Some((into, project)) = moved(
        "CREATE TABLE Users (id INT PRIMARY KEY); CREATE TABLE other (id INT PRIMARY KEY);
         CREATE TABLE users (id INT PRIMARY KEY); CREATE VIEW Other AS SELECT * FROM users;",
    )
    .await
    else {
        return;
    };
    client(into.url(), "CREATE TABLE there (id INT)");
    let set = timestamps(&project).remove(0);
    for word in ["--plan", "--yes"] {
        project
            .dbscript(&["run", "restore", "--from", &set, word])
            .env("DATABASE_URL", into.url())
            .status(3)
            .stderr_has("`Users` and `users`")
            .stderr_has("`Other` and `other`")
            .stderr_has("lower_case_table_names")
            .go();
    }
    assert_eq!(timestamps(&project).len(), 1, "nothing began");
    let mut session = into.session().await;
    assert_eq!(number(&mut session, "SELECT COUNT(*) FROM there").await, 0);
}
