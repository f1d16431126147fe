-- What dockpass keeps, as it is after the last migration (SQLite >= 3.51.3).
--
-- Times are seconds since 1970-01-01T00:00:00Z. Ids are never reused (AUTOINCREMENT), so a name that is deleted and
-- created again is a new subject. `mac` columns hold a keyed MAC over the table's name and the row's deciding
-- columns: a row that was altered or moved without the key is treated as if it were not there, never as a grant.

-- One row of facts about the database itself: 'schema_version', 'row_key' (which key the macs are made with).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Users, organizations and robots. Users and organizations are namespaces; a robot belongs to one.
CREATE TABLE account (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('user', 'organization', 'robot')),
    name       TEXT NOT NULL UNIQUE,                -- robots: namespace+short
    owner_id   INTEGER REFERENCES account (id) ON DELETE CASCADE,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    email      TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    mac        BLOB NOT NULL,                       -- id, kind, name, owner_id, enabled
    CHECK ((kind = 'robot') = (owner_id IS NOT NULL))
) STRICT;
CREATE INDEX account_by_owner ON account (owner_id, name) WHERE owner_id IS NOT NULL;
CREATE INDEX account_by_kind ON account (kind, name);

-- When an account last logged in. In a table of its own, whose rows are small: many are written at a time, and what is
-- written is pages.
CREATE TABLE last_login (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL
) STRICT;

-- Passwords of users, as argon2id PHC strings.
CREATE TABLE password (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    mac        BLOB NOT NULL                        -- account_id, hash
) STRICT;

-- Free text about robots; nothing here decides anything.
CREATE TABLE robot (
    account_id  INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    description TEXT NOT NULL,
    metadata    TEXT NOT NULL                       -- a JSON object
) STRICT;

-- A robot's secret. Regeneration replaces the row. Found by the number of the row itself: in a table WITHOUT ROWID, rows as
-- long as these make a deep tree, and every login of a robot goes down it.
CREATE TABLE robot_secret (
    robot_id   INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    hash       TEXT NOT NULL,                       -- argon2id PHC string: the durable truth
    verifier   BLOB,                                -- key id and HMAC of robot id, generation and secret
    sealed     BLOB,                                -- encrypted copy, only while ROBOT_TOKEN_DISPLAY is `always`
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    mac        BLOB NOT NULL                        -- robot_id, generation, hash, expires_at
) STRICT;

-- External identities that may act as a robot. What is taken away and given again is another row.
CREATE TABLE robot_federation (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    robot_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    audience TEXT NOT NULL,
    position INTEGER NOT NULL,
    mac      BLOB NOT NULL,                         -- id, robot_id, issuer, subject, audience
    UNIQUE (robot_id, issuer, subject)
) STRICT;

CREATE TABLE team (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('member', 'creator', 'admin')),
    description     TEXT NOT NULL,
    mac             BLOB NOT NULL,                  -- id, organization_id, role
    UNIQUE (organization_id, name)
) STRICT;

CREATE TABLE team_member (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    team_id    INTEGER NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    mac        BLOB NOT NULL,                       -- account_id, team_id
    PRIMARY KEY (account_id, team_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_member_by_team ON team_member (team_id);

CREATE TABLE repository (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,                  -- the path below the namespace
    visibility      TEXT NOT NULL CHECK (visibility IN ('public', 'private')),
    state           TEXT NOT NULL CHECK (state IN ('NORMAL', 'READ_ONLY', 'MIRROR')),
    mirror_robot_id INTEGER REFERENCES account (id) ON DELETE RESTRICT,
    description     TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    mac             BLOB NOT NULL,                  -- id, namespace_id, name, visibility, state, mirror_robot_id
    UNIQUE (namespace_id, name)
) STRICT;
CREATE INDEX repository_by_mirror_robot ON repository (mirror_robot_id) WHERE mirror_robot_id IS NOT NULL;
CREATE INDEX repository_by_visibility ON repository (visibility, id);

-- Grants to users and robots.
CREATE TABLE repository_permission (
    account_id    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    role          TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    mac           BLOB NOT NULL,                    -- account_id, repository_id, role
    PRIMARY KEY (account_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_permission_by_repository ON repository_permission (repository_id);

-- Grants to teams.
CREATE TABLE team_permission (
    team_id       INTEGER NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    role          TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    mac           BLOB NOT NULL,                    -- team_id, repository_id, role
    PRIMARY KEY (team_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_permission_by_repository ON team_permission (repository_id);

-- Grants that a repository gets when it is created in an organization (Quay's "prototypes").
CREATE TABLE default_permission (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid                  TEXT NOT NULL UNIQUE,
    organization_id       INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    activating_account_id INTEGER REFERENCES account (id) ON DELETE CASCADE,  -- NULL: whoever creates it
    delegate_account_id   INTEGER REFERENCES account (id) ON DELETE CASCADE,
    delegate_team_id      INTEGER REFERENCES team (id) ON DELETE CASCADE,
    role                  TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    mac                   BLOB NOT NULL,            -- uuid, organization_id, the three subjects, role
    CHECK ((delegate_account_id IS NULL) <> (delegate_team_id IS NULL))
) STRICT;
CREATE INDEX default_permission_by_organization ON default_permission (organization_id);
CREATE INDEX default_permission_by_activating ON default_permission (activating_account_id);
CREATE INDEX default_permission_by_delegate ON default_permission (delegate_account_id);
CREATE INDEX default_permission_by_team ON default_permission (delegate_team_id);

CREATE TABLE oauth_application (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client_id       TEXT NOT NULL UNIQUE,
    client_secret   BLOB NOT NULL,                  -- sealed: Quay shows it again
    name            TEXT NOT NULL,
    redirect_uri    TEXT NOT NULL,
    application_uri TEXT NOT NULL,
    description     TEXT NOT NULL,
    avatar_email    TEXT,
    created_at      INTEGER NOT NULL,
    mac             BLOB NOT NULL                   -- id, organization_id, client_id, client_secret, redirect_uri
) STRICT;
CREATE INDEX oauth_application_by_organization ON oauth_application (organization_id);

-- OAuth access tokens: found by their first 20 characters, compared by a keyed digest of the whole.
CREATE TABLE oauth_token (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid             TEXT NOT NULL UNIQUE,
    application_id   INTEGER REFERENCES oauth_application (id) ON DELETE CASCADE,  -- NULL: made for the first user
    account_id       INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_by       TEXT NOT NULL,
    name             TEXT NOT NULL,
    lookup           TEXT NOT NULL UNIQUE,
    digest           BLOB NOT NULL,
    scope            TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    last_accessed_at INTEGER,
    mac              BLOB NOT NULL                  -- uuid, application_id, account_id, lookup, digest, scope, expires_at
) STRICT;
CREATE INDEX oauth_token_by_application ON oauth_token (application_id);
CREATE INDEX oauth_token_by_account ON oauth_token (account_id);
CREATE INDEX oauth_token_by_expiry ON oauth_token (expires_at);

-- Authorizations of an application that an administrator assigned to a user, who takes each up once: until then there is no token.
CREATE TABLE oauth_assignment (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid           TEXT NOT NULL UNIQUE,
    application_id INTEGER NOT NULL REFERENCES oauth_application (id) ON DELETE CASCADE,
    account_id     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    redirect_uri   TEXT NOT NULL,
    scope          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    mac            BLOB NOT NULL                    -- uuid, application_id, account_id, redirect_uri, scope
) STRICT;
CREATE INDEX oauth_assignment_by_application ON oauth_assignment (application_id);
CREATE INDEX oauth_assignment_by_account ON oauth_assignment (account_id, id);

-- Application-specific tokens (user name `$app`): act as their user at the token endpoint.
CREATE TABLE app_token (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid             TEXT NOT NULL UNIQUE,
    account_id       INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    title            TEXT NOT NULL,
    lookup           TEXT NOT NULL UNIQUE,
    digest           BLOB NOT NULL,
    sealed           BLOB,                          -- as robot_secret.sealed: Quay shows it again
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    last_accessed_at INTEGER,
    mac              BLOB NOT NULL                  -- uuid, account_id, lookup, digest, expires_at
) STRICT;
CREATE INDEX app_token_by_account ON app_token (account_id);
CREATE INDEX app_token_by_expiry ON app_token (expires_at) WHERE expires_at IS NOT NULL;

-- Browser sessions, by a digest of the cookie.
CREATE TABLE session (
    digest           BLOB PRIMARY KEY,
    account_id       INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at       INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,              -- when the password was last given: "fresh login"
    expires_at       INTEGER NOT NULL,
    mac              BLOB NOT NULL                  -- every column
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_account ON session (account_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- What clients of Quay set on a namespace and read back. Nothing is decided by it.
CREATE TABLE namespace_setting (
    account_id            INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    invoice_email         INTEGER NOT NULL CHECK (invoice_email IN (0, 1)),
    invoice_email_address TEXT,
    tag_expiration        INTEGER NOT NULL          -- seconds that deleted tags are kept
) STRICT;

-- Names that were given up, until no token that was issued under them can still be valid.
CREATE TABLE retired_name (
    name  TEXT PRIMARY KEY,                         -- a namespace, or namespace/repository
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX retired_name_by_end ON retired_name (until);

-- Who did what. Ids without references: an event outlives what it tells of.
CREATE TABLE audit_event (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    at             INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    namespace_id   INTEGER,
    repository_id  INTEGER,
    robot_id       INTEGER,                         -- the robot that the event is about, for its activity page
    performer_id   INTEGER,
    performer      TEXT,
    address        TEXT,
    request_id     TEXT,
    metadata       TEXT NOT NULL                    -- a JSON object
) STRICT;
CREATE INDEX audit_event_by_time ON audit_event (at);
CREATE INDEX audit_event_by_namespace ON audit_event (namespace_id, id);
CREATE INDEX audit_event_by_repository ON audit_event (repository_id, id) WHERE repository_id IS NOT NULL;
CREATE INDEX audit_event_by_robot ON audit_event (robot_id, id) WHERE robot_id IS NOT NULL;
CREATE INDEX audit_event_by_performer ON audit_event (performer_id, id);
