-- Accounts, their sessions, and limits; MySQL 9 and MariaDB 10.11 both take it, and again on top of itself.
-- Texts are compared byte by byte: functions/auth normalises addresses before they come here.
-- All times are UTC.

CREATE TABLE IF NOT EXISTS users (
    id            CHAR(36)     NOT NULL PRIMARY KEY,
    email         VARCHAR(254) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    created       DATETIME     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row for every token that still counts: deleting the row ends the session before its token expires.
CREATE TABLE IF NOT EXISTS sessions (
    id      CHAR(36) NOT NULL PRIMARY KEY,
    user_id CHAR(36) NOT NULL,
    expires DATETIME NOT NULL,
    INDEX sessions_of_user (user_id, expires),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Limits by address or by address and account. The id is a hash of both, so the table has nobody's address.
-- A rate limit is used up to the time `due`; the next attempt of a password is allowed from `due` on.
CREATE TABLE IF NOT EXISTS attempts (
    id       CHAR(64)     NOT NULL PRIMARY KEY,
    failures INT UNSIGNED NOT NULL,
    due      DATETIME(6)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
