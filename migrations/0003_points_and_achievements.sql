-- Points as a ledger: one row for each time some were given or taken. `users.total_points` is their sum.
CREATE TABLE points (
    id        VARCHAR(64)  NOT NULL,
    user_id   VARCHAR(64)  NOT NULL,
    amount    BIGINT       NOT NULL,
    reason    VARCHAR(200) NOT NULL,
    earned_at TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX points_by_user ON points (user_id, earned_at);

-- Each achievement once a person.
CREATE TABLE achievements (
    user_id     VARCHAR(64)  NOT NULL,
    name        VARCHAR(100) NOT NULL,
    achieved_at TIMESTAMP    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (user_id, name),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
