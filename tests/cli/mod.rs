//! The program as a person or a CI job uses it: the real binary, real files, real signals.

mod committed;
mod damage;
mod disks;
mod github;
mod half_applied;
mod interrupts;
mod json;
mod keeping;
mod kept;
mod kills;
mod leftovers;
mod limits;
mod locks;
mod lost_files;
mod main_job;
mod named;
mod new_files;
mod next_steps;
mod outside;
mod places;
mod plans;
mod postgres;
mod readme;
mod records;
mod screen;
mod sets;
mod settings;
mod together;
mod unmakeable;
mod unsound;
mod usage;
mod views;
mod waits;
mod workflows;
mod wrong;

use crate::harness::databases::Said;
use crate::harness::{Project, sqlx_migrates, wait_until};

/// A project with the shipped migrations applied and this many people, each with two comments and some points.
pub fn with_people(people: u32) -> Project {
    filled(Project::new(), people)
}

/// The same in a project of any engine.
pub fn filled(project: Project, people: u32) -> Project {
    let project = project.with_sample();
    sqlx_migrates(&project).expect("the shipped migrations run");
    let more = project.said(Said {
        sqlite: "",
        postgres: "",
        // Each of the two servers has its own name for it, and reads only what is meant for it.
        mysql: "SET /*M! max_recursive_iterations = 1000000, */ /*!80003 cte_max_recursion_depth = 1000000, */ @many = 1;",
    });
    project.sql(&format!(
        "{more} BEGIN;
         INSERT INTO users (id, privy_id, username, email, referral_code, total_points)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})
             SELECT concat('u', i), concat('cm', i), concat('name', i), concat('mail', i, '@example.org'),
                 concat('ref_', i), i % 7 FROM n;
         INSERT INTO comments (id, user_id, body)
             SELECT concat('a', id), id, concat('First! ', username) FROM users
             UNION ALL SELECT concat('b', id), id, concat('It''s me; again — ', email) FROM users;
         INSERT INTO points (id, user_id, amount, reason)
             SELECT concat('p', id), id, total_points, 'signing up' FROM users;
         INSERT INTO achievements (user_id, name) SELECT id, 'early bird' FROM users WHERE total_points = 6;
         COMMIT;"
    ));
    project
}

/// What a run of the safe migration is given in these tests.
pub const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

/// Gives the project a migration that runs for minutes in its third statement.
pub fn endless(project: &Project) {
    let long = project.said(Said {
        sqlite: "INSERT INTO fine WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000)
                 SELECT count(*) FROM n",
        postgres: "INSERT INTO fine SELECT 1 FROM pg_sleep(600)",
        mysql: "INSERT INTO fine SELECT SLEEP(600)",
    });
    let sql = format!(
        "CREATE TABLE fine (a INTEGER);\nINSERT INTO comments (id, user_id, body) VALUES ('late', 'u1', 'x');\n{long};\n"
    );
    project.file("migrations/0004_endless.sql", sql);
}

/// Waits until the server is at the statement that takes minutes.
pub fn wait_until_it_sleeps(project: &Project) {
    let sleeping = project.said(Said {
        sqlite: "SELECT 1",
        postgres: "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE 'INSERT INTO fine%'",
        mysql: "SELECT count(*) FROM information_schema.processlist
                WHERE db = DATABASE() AND info LIKE 'INSERT INTO fine%'",
    });
    wait_until("the server sleeps", || project.value(sleeping) != "0");
}
