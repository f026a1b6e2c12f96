-- People who signed up with Privy. `dbscript run restore-users` fills this table from an export.
--
-- These files run unchanged on SQLite, PostgreSQL and MariaDB. No way to number rows is common to the three, so keys are
-- text that the application makes, such as a UUID or cuid.
CREATE TABLE users (
    id              VARCHAR(64)  NOT NULL,
    privy_id        VARCHAR(255) NOT NULL,
    username        VARCHAR(64)  NOT NULL,
    email           VARCHAR(320),
    solana_wallet   VARCHAR(44),
    embedded_wallet VARCHAR(44),
    referral_code   VARCHAR(255) NOT NULL,
    total_points    BIGINT       NOT NULL DEFAULT 0,
    created_at      TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (id),
    UNIQUE (privy_id),
    UNIQUE (username),
    UNIQUE (referral_code)
);
