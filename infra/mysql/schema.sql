-- Accounts, their sessions, and limits; MySQL 9 and MariaDB 10.11 both take it, and again on top of itself.
-- Texts are compared byte by byte: functions/auth normalises addresses before they come here.
-- All times are UTC.

CREATE TABLE IF NOT EXISTS users (
    id            CHAR(36)     NOT NULL PRIMARY KEY,
    email         VARCHAR(254) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    created       DATETIME     NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row for every login, browser session and API token that still counts: deleting the row ends it at once. `id` is the
-- `jti` of its JWTs, which upload and download look up.
CREATE TABLE IF NOT EXISTS sessions (
    id      CHAR(36) NOT NULL PRIMARY KEY,
    user_id CHAR(36) NOT NULL,
    expires DATETIME NOT NULL,
    INDEX sessions_of_user (user_id, expires),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- What came after 0.1.0. `kind` is login (a JWT of an hour), browser (a cookie) or token (an API token); the last two have a
-- secret, of which only the SHA-256 is stored. MySQL has no ADD COLUMN IF NOT EXISTS.
SET @statement = IF(
    EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'sessions' AND column_name = 'secret_hash'
    ),
    'DO 0',
    'ALTER TABLE sessions
        ADD COLUMN kind        VARCHAR(7)   NOT NULL DEFAULT ''login'',
        ADD COLUMN secret_hash CHAR(64)     NULL UNIQUE,
        ADD COLUMN scope       VARCHAR(5)   NOT NULL DEFAULT ''write'',
        ADD COLUMN name        VARCHAR(100) NULL,
        ADD COLUMN device      VARCHAR(200) NULL,
        ADD COLUMN address     VARCHAR(64)  NULL,
        ADD COLUMN created     DATETIME     NULL,
        ADD COLUMN last_seen   DATETIME     NULL'
);
PREPARE statement FROM @statement;
EXECUTE statement;
DEALLOCATE PREPARE statement;

-- Whether somebody has proved to read the mails of the address. Accounts of 0.1.0 count as verified.
SET @statement = IF(
    EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'users' AND column_name = 'verified'
    ),
    'DO 0',
    'ALTER TABLE users ADD COLUMN verified BOOLEAN NOT NULL DEFAULT TRUE'
);
PREPARE statement FROM @statement;
EXECUTE statement;
DEALLOCATE PREPARE statement;

-- Registrations and new passwords that wait for a proof: the link or the code of a letter, of which the store has hashes.
CREATE TABLE IF NOT EXISTS proofs (
    id            CHAR(36)     NOT NULL PRIMARY KEY,
    kind          VARCHAR(8)   NOT NULL,
    email         VARCHAR(254) NOT NULL,
    password_hash VARCHAR(255) NULL,
    link_hash     CHAR(64)     NOT NULL UNIQUE,
    code_hash     VARCHAR(255) NOT NULL,
    tries         INT UNSIGNED NOT NULL,
    expires       DATETIME     NOT NULL,
    INDEX proofs_of_address (email, expires)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The outbox: functions/shared/letters.py. link and code are there only until the letter is sent.
CREATE TABLE IF NOT EXISTS letters (
    id      CHAR(36)     NOT NULL PRIMARY KEY,
    kind    VARCHAR(8)   NOT NULL,
    email   VARCHAR(254) NOT NULL,
    link    VARCHAR(64)  NOT NULL,
    code    VARCHAR(8)   NOT NULL,
    created DATETIME     NOT NULL,
    due     DATETIME(6)  NOT NULL,
    expires DATETIME     NOT NULL,
    tries   INT UNSIGNED NOT NULL,
    outcome VARCHAR(8)   NULL,
    INDEX letters_due (outcome, due)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Limits by address or by address and account. The id is a hash of both, so the table has nobody's address.
-- A rate limit is used up to the time `due`; the next attempt of a password is allowed from `due` on.
CREATE TABLE IF NOT EXISTS attempts (
    id       CHAR(64)     NOT NULL PRIMARY KEY,
    failures INT UNSIGNED NOT NULL,
    due      DATETIME(6)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
