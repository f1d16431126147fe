//! What clients of the API ask beside it, outside of `/api/v1`: where keyless robots and registries' clients get tokens, and how
//! scripts that sign in like a browser come by theirs. Few, and with answers of their own, so each stands here in full.

use super::super::answers::{self, CSRF_TOKEN, DOCUMENT, ERROR, MESSAGE, REGISTRY_ERRORS};
use super::super::route::Query;
use super::super::schema::{Field, Schema, optional, required};
use super::super::shape::{Components, Shape};
use super::{REFUSALS, parameter_of_query};
use serde_json::{Map, Value, json};

/// What lets a caller in.
#[derive(Clone, Copy)]
enum By {
    Nothing,
    /// HTTP Basic, or nothing.
    Password,
    /// HTTP Basic, with the token of an outside issuer as the password.
    Identity,
    Session,
}

struct Operation {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    by: By,
    query: &'static [Query],
    form: &'static [Field],
    answers: &'static [(u16, Option<&'static Shape>)],
}

/// The group of operations that there is only here.
pub(super) const TOKENS: &str = "token";
const TEXT: Schema = Schema::Text(4096);

const fn query(name: &'static str, help: &'static str) -> Query {
    Query { name, kind: "string", help }
}

const SERVICE: &str = "Whom the token is for: `SERVER_HOSTNAME` unless configured otherwise.";
const SCOPE: &str = "What is asked for, as in `repository:acme/app:pull,push`; may be repeated.";
const CLIENT_ID: Field = required("client_id", TEXT, "The application.");
const REDIRECT_URI: Field = required(
    "redirect_uri",
    TEXT,
    "Where the token goes, behind a `#`: the application's own address, or `/oauth/localapp` here.",
);
const OAUTH_SCOPE: Field = required("scope", TEXT, "Scopes of the token, separated by spaces or commas.");
const RESPONSE_TYPE: Field = required("response_type", Schema::Word(&["token"]), "Nothing else is offered.");
const CSRF: Field = optional("_csrf_token", TEXT, "In place of the header.");

const OPERATIONS: &[Operation] = &[
    Operation {
        id: "exchangeRobotToken",
        method: "get",
        path: "/oauth2/federation/robot/token",
        tag: TOKENS,
        summary: "Exchanges a token of an outside issuer for one that a robot logs in with for an hour.",
        by: By::Identity,
        query: &[],
        form: &[],
        answers: &[
            (200, Some(&answers::ROBOT_TOKEN)),
            (400, Some(&MESSAGE)),
            (401, Some(&answers::PLAIN_ERROR)),
            (405, Some(&REGISTRY_ERRORS)),
            (429, Some(&MESSAGE)),
            (503, Some(&MESSAGE)),
        ],
    },
    Operation {
        id: "getRegistryToken",
        method: "get",
        path: "/v2/auth",
        tag: TOKENS,
        summary: "Issues a token that registries take; also at `/token`.",
        by: By::Password,
        query: &[
            query("service", SERVICE),
            query("scope", SCOPE),
            query("account", "Not looked at."),
            query("client_id", "Not looked at."),
            query("offline_token", "`true` asks for a refresh token as well."),
        ],
        form: &[],
        answers: &[
            (200, Some(&answers::REGISTRY_TOKEN)),
            (400, Some(&REGISTRY_ERRORS)),
            (401, Some(&REGISTRY_ERRORS)),
            (405, Some(&REGISTRY_ERRORS)),
            (429, Some(&REGISTRY_ERRORS)),
            (431, Some(&REGISTRY_ERRORS)),
            (503, Some(&REGISTRY_ERRORS)),
        ],
    },
    Operation {
        id: "postRegistryToken",
        method: "post",
        path: "/v2/auth",
        tag: TOKENS,
        summary: "Issues a token that registries take, in the OAuth 2 form of the distribution specification; also at `/token`.",
        by: By::Nothing,
        query: &[],
        form: &[
            required(
                "grant_type",
                Schema::Word(&["password", "refresh_token"]),
                "How the caller shows who it is.",
            ),
            optional("username", TEXT, "With `password`."),
            optional("password", TEXT, "With `password`."),
            optional("refresh_token", TEXT, "With `refresh_token`."),
            optional("service", TEXT, SERVICE),
            optional("scope", TEXT, SCOPE),
            optional("client_id", TEXT, "Not looked at."),
            optional("access_type", TEXT, "`offline` asks for a refresh token as well."),
        ],
        answers: &[
            (200, Some(&answers::REGISTRY_TOKEN)),
            (400, Some(&REGISTRY_ERRORS)),
            (401, Some(&REGISTRY_ERRORS)),
            (405, Some(&REGISTRY_ERRORS)),
            (408, Some(&REGISTRY_ERRORS)),
            (413, Some(&REGISTRY_ERRORS)),
            (415, Some(&REGISTRY_ERRORS)),
            (429, Some(&REGISTRY_ERRORS)),
            (431, Some(&REGISTRY_ERRORS)),
            (503, Some(&REGISTRY_ERRORS)),
        ],
    },
    Operation {
        id: "getConfig",
        method: "get",
        path: "/config",
        tag: "discovery",
        summary: "Tells front ends what is configured.",
        by: By::Nothing,
        query: &[],
        form: &[],
        answers: &[(200, Some(&DOCUMENT)), (405, Some(&REGISTRY_ERRORS))],
    },
    Operation {
        id: "getCsrfToken",
        method: "get",
        path: "/csrf_token",
        tag: "discovery",
        summary: "Begins a browser's session, or tells its CSRF token again.",
        by: By::Nothing,
        query: &[],
        form: &[],
        answers: &[(200, Some(&CSRF_TOKEN)), (405, Some(&REGISTRY_ERRORS))],
    },
    Operation {
        id: "authorizeApplication",
        method: "post",
        path: "/oauth/authorizeapp",
        tag: "user",
        summary: "Lets an application act for whoever is signed in; the redirect brings it the access token.",
        by: By::Session,
        query: &[],
        form: &[
            CLIENT_ID,
            REDIRECT_URI,
            OAUTH_SCOPE,
            RESPONSE_TYPE,
            optional("assignment_uuid", TEXT, "What an administrator assigned and this takes up."),
            optional("state", TEXT, "Put into the address that is redirected to, with the scope."),
            CSRF,
        ],
        answers: OF_FORMS,
    },
    Operation {
        id: "assignUserToApplication",
        method: "post",
        path: "/oauth/authorize/assignuser",
        tag: "organization",
        summary: "Lets a user take up an authorization of an organization's application.",
        by: By::Session,
        query: &[],
        form: &[
            required("username", TEXT, "The user."),
            CLIENT_ID,
            REDIRECT_URI,
            OAUTH_SCOPE,
            RESPONSE_TYPE,
            optional("format", TEXT, "`json` asks for an answer in place of the redirect."),
            CSRF,
        ],
        answers: OF_FORMS,
    },
];

/// What the two forms of the implicit flow answer.
const OF_FORMS: &[(u16, Option<&Shape>)] = &[
    (200, Some(&MESSAGE)),
    (302, None),
    (400, Some(&ERROR)),
    (401, Some(&ERROR)),
    (403, Some(&ERROR)),
    (404, Some(&ERROR)),
    (405, Some(&REGISTRY_ERRORS)),
    (408, Some(&ERROR)),
    (413, Some(&ERROR)),
    (415, Some(&ERROR)),
    (503, Some(&ERROR)),
];

/// Puts the operations at their addresses.
pub(super) fn insert(paths: &mut Map<String, Value>, schemas: &mut Components) {
    for operation in OPERATIONS {
        let item = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_owned(), operation.document(schemas));
        }
    }
}

impl Operation {
    fn document(&self, schemas: &mut Components) -> Value {
        let responses: Map<_, _> = self
            .answers
            .iter()
            .map(|(status, shape)| {
                let why = REFUSALS.iter().find(|(refusal, _)| refusal == status);
                let mut response = json!({ "description": why.map_or("Done.", |(_, why)| why) });
                if let (Some(shape), Some(members)) = (shape, response.as_object_mut()) {
                    let content = json!({ "application/json": { "schema": shape.document(schemas) } });
                    members.insert("content".to_owned(), content);
                }
                (status.to_string(), response)
            })
            .collect();
        let security = match self.by {
            By::Nothing => json!([{}]),
            By::Password => json!([{}, { "password": [] }]),
            By::Identity => json!([{ "identity": [] }]),
            By::Session => json!([{ "session": [], "csrf": [] }]),
        };
        let mut document = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag],
            "servers": [{ "url": "/" }],
            "parameters": self.query.iter().map(parameter_of_query).collect::<Vec<_>>(),
            "security": security,
            "responses": responses,
        });
        if let (Some(members), false) = (document.as_object_mut(), self.form.is_empty()) {
            let schema = Schema::Record(self.form).document();
            let content = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
            members.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        }
        document
    }
}
