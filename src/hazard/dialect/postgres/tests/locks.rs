//! What makes others wait, and what does not.

use super::{check, told};

#[test]
fn locks_are_squawks() {
    check(
        |sql| {
            let mut told = told(sql);
            told.retain(|one| one.contains(": lock-"));
            told
        },
        &[
            (
                "CREATE INDEX i ON t (a)",
                &["CREATE: lock-require-concurrent-index-creation t"],
            ),
            (
                "CREATE INDEX CONCURRENTLY i ON t (a)",
                &["CREATE: lock-ban-concurrent-index-creation-in-transaction t InTransaction"],
            ),
            (
                "DROP INDEX i",
                &[
                    "i: lock-require-concurrent-index-deletion  Index(TableName { schema: None, name: \"i\" })",
                ],
            ),
            (
                "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p",
                &["ADD: lock-adding-foreign-key-constraint t"],
            ),
            (
                "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID",
                &[],
            ),
            (
                "ALTER TABLE t ADD CHECK (a > 0)",
                &["ADD: lock-constraint-missing-not-valid t"],
            ),
            (
                "ALTER TABLE t ADD UNIQUE (a)",
                &["ADD: lock-disallowed-unique-constraint t"],
            ),
            (
                "ALTER TABLE t ADD PRIMARY KEY (a)",
                &["ADD: lock-adding-serial-primary-key-field t"],
            ),
        ],
    );
}

#[test]
fn only_what_makes_others_wait_is_a_lock() {
    check(
        |sql| {
            let mut told = told(sql);
            told.retain(|one| one.contains(": lock-"));
            told
        },
        &[
            ("ALTER TABLE t ADD UNIQUE USING INDEX i", &[]),
            ("ALTER TABLE t ADD a int DEFAULT 5", &[]),
            ("ALTER TABLE t ADD a timestamptz DEFAULT now()", &[]),
            ("ALTER TABLE t ADD a int REFERENCES p", &[]),
            (
                "ALTER TABLE t ADD a float DEFAULT random()",
                &["ADD: lock-adding-field-with-default t"],
            ),
            (
                "ALTER TABLE t ALTER a SET NOT NULL",
                &["ALTER: lock-adding-not-nullable-field t"],
            ),
            (
                "ALTER TABLE t ALTER a TYPE text",
                &[
                    "ALTER: lock-changing-column-type t Retype { column: \"a\", to: \"text\", using: None }",
                ],
            ),
            (
                "ALTER TABLE m DETACH PARTITION m1",
                &["DETACH: lock-require-concurrent-partition-detach m"],
            ),
            ("VACUUM FULL t", &["VACUUM: lock-prefer-repack t"]),
            ("CLUSTER t USING i", &["CLUSTER: lock-prefer-repack t"]),
            (
                "REINDEX TABLE t",
                &["REINDEX: lock-require-concurrent-reindex t"],
            ),
            ("REINDEX TABLE CONCURRENTLY t", &[]),
        ],
    );
}
