CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE last_login (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL
) STRICT;
CREATE TABLE password (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    hash       TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    mac        BLOB NOT NULL                        -- account_id, hash
) STRICT;
CREATE TABLE robot (
    account_id  INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    description TEXT NOT NULL,
    metadata    TEXT NOT NULL                       -- a JSON object
) STRICT;
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
CREATE TABLE repository_permission (
    account_id    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    role          TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    mac           BLOB NOT NULL,                    -- account_id, repository_id, role
    PRIMARY KEY (account_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_permission_by_repository ON repository_permission (repository_id);
CREATE TABLE team_permission (
    team_id       INTEGER NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    role          TEXT NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    mac           BLOB NOT NULL,                    -- team_id, repository_id, role
    PRIMARY KEY (team_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_permission_by_repository ON team_permission (repository_id);
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
CREATE TABLE namespace_setting (
    account_id            INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    invoice_email         INTEGER NOT NULL CHECK (invoice_email IN (0, 1)),
    invoice_email_address TEXT,
    tag_expiration        INTEGER NOT NULL          -- seconds that deleted tags are kept
) STRICT;
CREATE TABLE retired_name (
    name  TEXT PRIMARY KEY,                         -- a namespace, or namespace/repository
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX retired_name_by_end ON retired_name (until);
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
INSERT INTO account VALUES (1, 'user', 'alice', NULL, 1, 'alice@example.com', 1795500000, X'3E5A5B164DCD6EC2B76781E4C741DB78');
INSERT INTO account VALUES (2, 'organization', 'acme', NULL, 1, NULL, 1795500000, X'CF509C1ACDA425FB4121337F9FD3F38C');
INSERT INTO account VALUES (3, 'organization', 'off', NULL, 0, NULL, 1795500000, X'A2F67A7F3880C26400FBE5DD63A26BEE');
INSERT INTO account VALUES (4, 'robot', 'acme+ci', 2, 1, NULL, 1795500000, X'1B64022C82AE70F3CCFBCD9A2BD54E67');
INSERT INTO account VALUES (5, 'robot', 'acme+member', 2, 1, NULL, 1795500000, X'2D43E8489FDE66535B179A0894BE19FA');
INSERT INTO account VALUES (7, 'robot', 'acme+turned', 2, 1, NULL, 1795500000, X'D2AAE4F138230B70192619FD6C80393D');
INSERT INTO account VALUES (8, 'robot', 'off+ci', 3, 1, NULL, 1795500000, X'F1FCB65B7870785D2E135507681015C8');
INSERT INTO audit_event VALUES (1, 1795500000, 'user_create', 1, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"username":"alice"}');
INSERT INTO audit_event VALUES (10, 1795500000, 'create_repo', 2, 4, NULL, NULL, 'cli:test', NULL, NULL, '{"repo":"later","namespace":"acme"}');
INSERT INTO audit_event VALUES (11, 1795500000, 'create_robot', 2, NULL, 4, NULL, 'cli:test', NULL, NULL, '{"robot":"ci","description":"","unstructured_metadata":{}}');
INSERT INTO audit_event VALUES (12, 1795500000, 'create_robot', 2, NULL, 5, NULL, 'cli:test', NULL, NULL, '{"robot":"member","description":"","unstructured_metadata":{}}');
INSERT INTO audit_event VALUES (13, 1795500000, 'create_robot', 2, NULL, 6, NULL, 'cli:test', NULL, NULL, '{"robot":"gone","description":"","unstructured_metadata":{}}');
INSERT INTO audit_event VALUES (14, 1795500000, 'create_robot', 2, NULL, 7, NULL, 'cli:test', NULL, NULL, '{"robot":"turned","description":"","unstructured_metadata":{}}');
INSERT INTO audit_event VALUES (15, 1795500000, 'create_robot', 3, NULL, 8, NULL, 'cli:test', NULL, NULL, '{"robot":"ci","description":"","unstructured_metadata":{}}');
INSERT INTO audit_event VALUES (16, 1795500000, 'change_repo_permission', 2, 1, 4, NULL, 'cli:test', NULL, NULL, '{"username":"acme+ci","repo":"app","namespace":"acme","role":"write"}');
INSERT INTO audit_event VALUES (17, 1795500000, 'change_repo_permission', 2, 1, 7, NULL, 'cli:test', NULL, NULL, '{"username":"acme+turned","repo":"app","namespace":"acme","role":"admin"}');
INSERT INTO audit_event VALUES (18, 1795500000, 'change_repo_permission', 2, 2, NULL, NULL, 'cli:test', NULL, NULL, '{"team":"devs","repo":"base","namespace":"acme","role":"admin"}');
INSERT INTO audit_event VALUES (19, 1795500000, 'org_add_team_member', 2, NULL, 5, NULL, 'cli:test', NULL, NULL, '{"member":"acme+member","team":"devs"}');
INSERT INTO audit_event VALUES (2, 1795500000, 'org_create', 2, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"namespace":"acme"}');
INSERT INTO audit_event VALUES (20, 1795500000, 'delete_robot', 2, NULL, 6, NULL, 'cli:test', NULL, NULL, '{"robot":"gone"}');
INSERT INTO audit_event VALUES (21, 1795500000, 'delete_repo', 2, 3, NULL, NULL, 'cli:test', NULL, NULL, '{"repo":"gone","namespace":"acme"}');
INSERT INTO audit_event VALUES (22, 1795500000, 'regenerate_robot_token', 2, NULL, 7, NULL, 'cli:test', NULL, NULL, '{"robot":"turned"}');
INSERT INTO audit_event VALUES (23, 1795500000, 'user_disable', 3, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"namespace":"off"}');
INSERT INTO audit_event VALUES (3, 1795500000, 'org_create', 3, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"namespace":"off"}');
INSERT INTO audit_event VALUES (4, 1795500000, 'org_add_team_member', 2, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"member":"alice","team":"owners"}');
INSERT INTO audit_event VALUES (5, 1795500000, 'org_create_team', 2, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"team":"devs"}');
INSERT INTO audit_event VALUES (6, 1795500000, 'create_repo', 2, 1, NULL, NULL, 'cli:test', NULL, NULL, '{"repo":"app","namespace":"acme"}');
INSERT INTO audit_event VALUES (7, 1795500000, 'create_repo', 2, 2, NULL, NULL, 'cli:test', NULL, NULL, '{"repo":"base","namespace":"acme"}');
INSERT INTO audit_event VALUES (8, 1795500000, 'create_repo', 2, 3, NULL, NULL, 'cli:test', NULL, NULL, '{"repo":"gone","namespace":"acme"}');
INSERT INTO audit_event VALUES (9, 1795500000, 'create_prototype_permission', 2, NULL, NULL, NULL, 'cli:test', NULL, NULL, '{"prototypeid":"ff90b860-1c5b-4c6c-b0ce-495ddfd60ce7","role":"write","activating_username":null,"delegate_team":"devs"}');
INSERT INTO default_permission VALUES (1, 'ff90b860-1c5b-4c6c-b0ce-495ddfd60ce7', 2, NULL, NULL, 3, 'write', X'8561AB14A07F9F7B436EA6C2D308DAA3');
INSERT INTO meta VALUES ('row_key', 'a4bab70c');
INSERT INTO meta VALUES ('schema_version', '1');
INSERT INTO password VALUES (1, '$argon2id$v=19$m=19456,t=2,p=1$zTIDLcZRUBudJx2pF2ctWA$mSwwD+UcSfSeZGJu5HC0NRa+sEJUSXg+SDcF5bmjpQA', 1795500000, X'6F92F14665355E931A02ADDEB8860566');
INSERT INTO repository VALUES (1, 2, 'app', 'private', 'NORMAL', NULL, '', 1795500000, X'16B95594DC515765880271F39A7865C8');
INSERT INTO repository VALUES (2, 2, 'base', 'public', 'NORMAL', NULL, '', 1795500000, X'BF2C9EF4CFA58D4CE3FA6D4806DDADAA');
INSERT INTO repository VALUES (4, 2, 'later', 'private', 'NORMAL', NULL, '', 1795500000, X'81C3F66C6AFE5F48F4212C8536EC3F8C');
INSERT INTO repository_permission VALUES (4, 1, 'write', X'464A1ED617E22CED6C0EF65504313D25');
INSERT INTO repository_permission VALUES (7, 1, 'admin', X'62375D373BEE4CDDAFECC4BCC7FFB2A2');
INSERT INTO retired_name VALUES ('acme/gone', 1795500360);
INSERT INTO robot VALUES (4, '', '{}');
INSERT INTO robot VALUES (5, '', '{}');
INSERT INTO robot VALUES (7, '', '{}');
INSERT INTO robot VALUES (8, '', '{}');
INSERT INTO robot_secret VALUES (4, 1, '$argon2id$v=19$m=7168,t=5,p=1$yV9VzaoHeutAnEsJ1ELMYQ$R1reabPURPGXUsFGkWnVOQofSJjGBZ4LfJgZsboK+CQ', X'A4BAB70CF941592062509F23CA5EE511839EB8351E0D121332EECF5E10F44AF84404B5F2', X'1ACE73D0EC4A7FDDA74AF70E82D3E7B9F8D6BD0AA8D2B6A312B9852F7A8BAB51BBDA12814D80F9ABE8DDA78653319A91F11A1B3956336E264B39DCCDF2D374B5F5A97A6252732D911F8883D71B7F7D68467A83962D60D86B18E2ABBE18F4A22E', 1795500000, NULL, X'B038EBFA4542AFE2616FAE7617F8B659');
INSERT INTO robot_secret VALUES (5, 1, '$argon2id$v=19$m=7168,t=5,p=1$5vRhNYVtp0ArwQ67D1HSkg$qd9YYuOE3jsceCWquwgsUpWOKbaujBu1DT5EGIkXfhw', X'A4BAB70CE10B99EAE86866768AB02EE32E7FEAAA5B41BF8D450D32FB183EEC194FE8E3F4', X'1ACE73D013CD652823A1DD380E48F4C4861DAA668040A7ED9DFFA57B157C2418A72139D0167DF51796E99CCCD1462D9E8DB5EEC4F2225D2DFBF3138BD11D5E74EC43F6B778409B0D87343F148B16A5EE98217D4609BCBB8BE0A2683C68AE2355', 1795500000, NULL, X'C27BA232EF4A732262ECE15E76607293');
INSERT INTO robot_secret VALUES (7, 2, '$argon2id$v=19$m=7168,t=5,p=1$E0DIfsTtnCselSRJL28s6Q$ztAfe+kx6/kTPFLUzRe8D0jZjGRL5xzncy7RS0sg9uM', X'A4BAB70C1F512A44D70CF8B5448AC113559D3A1978FE05DED423DF09B3EF747FD9C3B730', X'1ACE73D00EFDB04F9D5554A2C247164BAC92A42E35566E91AE5CBC69B026CD9E794F30C1A4D78F7A89F4F66288032B92E4E9C130946E6369020C20B13355F5EAB313587F73E5CD06CCD9FE05D63187CA628C5B87C3DB5E37C63A22F0D5CBCEFC', 1795500000, NULL, X'01A52CBBE54634320E6D9FFBA23B40FE');
INSERT INTO robot_secret VALUES (8, 1, '$argon2id$v=19$m=7168,t=5,p=1$6LOF2RpGsbW4H1Ec1lgLpQ$jYdKUr7UaUULl3RBLiWiRt4pLU844HzGWgay9WPWRWk', X'A4BAB70CDDCE6332AF57E0DCDE5A7F9786E45C14FE4344D0188FAC7A3A14D0A23D5C5086', X'1ACE73D065FD143A8D3EF8D38250EC1447652914774FCE54B202E2D36162A10ADEA812E57691EE80C38C9133291A5865ABDD6F0ED705FD4E467004F85F207A1788FDC3BF6EA6D0CECEDE38CDDAD7457A2E13B8FE25B4CD1E5B25A4BE7E96C8E5', 1795500000, NULL, X'9B5A288E7D93DA87067B20CBEF3D4698');
INSERT INTO sqlite_sequence VALUES ('account', 8);
INSERT INTO sqlite_sequence VALUES ('audit_event', 23);
INSERT INTO sqlite_sequence VALUES ('default_permission', 1);
INSERT INTO sqlite_sequence VALUES ('repository', 4);
INSERT INTO sqlite_sequence VALUES ('team', 3);
INSERT INTO team VALUES (1, 2, 'owners', 'admin', '', X'D7237A207727D60E5BFC593D8CA17C57');
INSERT INTO team VALUES (2, 3, 'owners', 'admin', '', X'C9DD782CB844ABA49A3AC06E7C175C98');
INSERT INTO team VALUES (3, 2, 'devs', 'member', '', X'E85A9CD4231CEB0ACBA5E14DB5BC1B7A');
INSERT INTO team_member VALUES (1, 1, X'B2CFD772FD6323A59FB7964F79EE5EB9');
INSERT INTO team_member VALUES (5, 3, X'D41419906B6499BB622CBA807AEBAFCD');
INSERT INTO team_permission VALUES (3, 2, 'admin', X'591383FB08DE0A205A604B27F86DCDCB');
INSERT INTO team_permission VALUES (3, 4, 'write', X'B244C8BF7D51212BEF0630CE98828888');
