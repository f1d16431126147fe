//! From method and path to one closed enum, pure. Everything else that is known about a route stands in the same row of the
//! table, [`super::table`].

use super::schema::Schema;
use super::shape::Shape;
use crate::domain::oauth::OAuthScope;
use hyper::Method;

/// How the caller of a route has to show who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Not at all, and credentials are not even looked at.
    Open,
    /// Not at all, but a browser must send its CSRF token: the sign-in form.
    Csrf,
    /// It may be anonymous; credentials that are sent must be right.
    Optional,
    /// By access token or session.
    Required,
    /// By access token, or by a session whose password was given lately.
    Fresh,
}

/// A parameter of the query string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its name.
    pub name: &'static str,
    /// Its type in the OpenAPI document: `boolean`, `integer` or `string`.
    pub kind: &'static str,
    /// What it is for; also the text of the refusal of a bad integer, as in Quay.
    pub help: &'static str,
}

/// What is expected in a request's body.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    /// Nothing; what is sent is not read.
    None,
    /// JSON, or nothing.
    Optional(&'static Schema),
    /// JSON.
    Required(&'static Schema),
}

/// What is known about a route beside method and path.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Quay's group of operations.
    pub tag: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The scope that an access token needs, as documented; what is really checked is decided by the use case.
    pub scope: Option<OAuthScope>,
    /// The query parameters that are read; others are ignored.
    pub query: &'static [Query],
    /// The body.
    pub payload: Payload,
    /// The status of success.
    pub success: u16,
    /// What comes with it; nothing with 204.
    pub answer: Option<&'static Shape>,
    /// The kind of audit event that a success writes, for those that write one.
    pub audit: Option<&'static str>,
    /// Whether it reads a whole namespace.
    pub long: bool,
    /// Whether a setting can take it away, as if it were not there.
    pub switched: bool,
}

impl Spec {
    /// A route for signed-in callers without body and query that answers 200.
    pub const fn new(tag: &'static str) -> Self {
        let access = Access::Required;
        Self {
            tag,
            access,
            scope: None,
            query: &[],
            payload: Payload::None,
            success: 200,
            answer: None,
            audit: None,
            long: false,
            switched: false,
        }
    }

    /// With another kind of access.
    #[must_use]
    pub const fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// With the scope that an access token needs.
    #[must_use]
    pub const fn scope(mut self, scope: OAuthScope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Reading a whole namespace: only a few such requests are worked on at the same time.
    #[must_use]
    pub const fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Only where a setting does not take it away.
    #[must_use]
    pub const fn switched(mut self) -> Self {
        self.switched = true;
        self
    }

    /// With query parameters.
    #[must_use]
    pub const fn query(mut self, query: &'static [Query]) -> Self {
        self.query = query;
        self
    }

    /// With a body that must be there.
    #[must_use]
    pub const fn body(mut self, schema: &'static Schema) -> Self {
        self.payload = Payload::Required(schema);
        self
    }

    /// With a body that may be left out.
    #[must_use]
    pub const fn optional_body(mut self, schema: &'static Schema) -> Self {
        self.payload = Payload::Optional(schema);
        self
    }

    /// With another status of success.
    #[must_use]
    pub const fn success(mut self, status: u16) -> Self {
        self.success = status;
        self
    }

    /// With what comes with success.
    #[must_use]
    pub const fn answers(mut self, shape: &'static Shape) -> Self {
        self.answer = Some(shape);
        self
    }

    /// With the kind of audit event that a success writes.
    #[must_use]
    pub const fn audit(mut self, kind: &'static str) -> Self {
        self.audit = Some(kind);
        self
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// Quay's name of the operation: the operation id in both API documents, and the metric label.
    pub id: &'static str,
    /// `GET` (which also answers `HEAD`), `PUT`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path below `/api/v1`. `{name}` stands for one segment, `{repository}` for a namespace and the path below it, with
    /// slashes plain or escaped.
    pub template: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Everything else.
    pub spec: Spec,
}

/// Why a request line below `/api/v1` is no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrouted {
    /// There is nothing at this path.
    NotFound,
    /// There is something at this path, but not for this method; these are the ones there are.
    MethodNotAllowed(String),
    /// A browser asks what it may send from another site's page; these are the methods there are.
    Preflight(String),
    /// The path is declared with a slash at its end. The path to go to.
    MissingSlash(String),
}

/// The prefix of all paths.
pub const PREFIX: &str = "/api/v1";

/// How a row turns decoded parameters into a route.
pub(super) struct Entry<R> {
    pub(super) endpoint: &'static Endpoint,
    pub(super) build: fn(&mut std::vec::IntoIter<String>) -> R,
}

/// Finds the row for a method and a path, which starts with [`PREFIX`].
pub(super) fn find<R>(table: &[Entry<R>], method: &Method, path: &str) -> Result<R, Unrouted> {
    let below = path.strip_prefix(PREFIX).ok_or(Unrouted::NotFound)?;
    let (literal, candidates) = matching(table, below);
    // `/repository/acme/app/permissions/user` would be a repository of a strange name as well; the list that lacks its slash
    // is what clients mean by it.
    let (slashed, _) = matching(table, &format!("{below}/"));
    if slashed > literal + 1 {
        return Err(Unrouted::MissingSlash(format!("{path}/")));
    }
    if candidates.is_empty() {
        return Err(Unrouted::NotFound);
    }
    let wanted = if method == Method::HEAD { "GET" } else { method.as_str() };
    let found = candidates.iter().find(|(entry, _)| entry.endpoint.method == wanted);
    if let Some((entry, values)) = found {
        return Ok((entry.build)(&mut values.clone().into_iter()));
    }
    let mut allowed: Vec<_> = candidates.iter().map(|(entry, _)| entry.endpoint.method).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    let allowed = allowed.join(", ");
    Err(if method == Method::OPTIONS {
        Unrouted::Preflight(allowed)
    } else {
        Unrouted::MethodNotAllowed(allowed)
    })
}

/// Rows that fit a path, each with the decoded parameters.
type Fits<'t, R> = Vec<(&'t Entry<R>, Vec<String>)>;

/// The rows whose template fits best, that is with the most literal segments, and how many these are. Several rows differ in
/// their method only.
fn matching<'t, R>(table: &'t [Entry<R>], below: &str) -> (usize, Fits<'t, R>) {
    let path: Vec<&str> = below.split('/').collect();
    let mut best = 0;
    let mut found = Vec::new();
    for entry in table {
        let template = entry.endpoint.template;
        let literal = template.split('/').filter(|segment| !segment.starts_with('{')).count();
        if literal < best {
            continue;
        }
        if let Some(values) = values(template, &path) {
            if literal > best {
                best = literal;
                found.clear();
            }
            found.push((entry, values));
        }
    }
    (best, found)
}

/// The decoded parameters of a path that fits a template.
fn values(template: &str, path: &[&str]) -> Option<Vec<String>> {
    let template: Vec<&str> = template.split('/').collect();
    let repository = template.iter().position(|segment| *segment == "{repository}");
    let Some(at) = repository else {
        return single(&template, path);
    };
    let tail = template.len() - at - 1;
    let end = path.len().checked_sub(tail).filter(|end| *end > at)?;
    let mut values = single(template.get(..at)?, path.get(..at)?)?;
    let parts: Option<Vec<String>> = path.get(at..end)?.iter().map(|segment| parameter(segment)).collect();
    // A namespace alone is no repository: `/repository/{namespace}/logs` is a repository called `logs`.
    let repository = parts?.join("/");
    if !repository.contains('/') {
        return None;
    }
    values.push(repository);
    values.extend(single(template.get(at + 1..)?, path.get(end..)?)?);
    Some(values)
}

fn single(template: &[&str], path: &[&str]) -> Option<Vec<String>> {
    if template.len() != path.len() {
        return None;
    }
    let mut values = Vec::new();
    for (wanted, given) in template.iter().zip(path) {
        if wanted.starts_with('{') {
            values.push(parameter(given)?);
        } else if wanted != given {
            return None;
        }
    }
    Some(values)
}

/// A path segment with its percent escapes decoded, once. `+` is itself here: robots' names hold one.
fn parameter(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
            u8::try_from(digit()? << 4 | digit()?).ok()?
        } else {
            byte
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// Turns rows into the enum of routes, its parser, its table and the call of its handler. A row reads
/// `/// Summary.` then `Variant "operationId" METHOD "/template" (parameters) => handler, spec;`.
macro_rules! routes {
    ($(
        #[doc = $summary:literal]
        $Variant:ident $id:literal $method:ident $template:literal ($($parameter:ident),*) => $handler:path, $spec:expr;
    )+) => {
        /// What a request to the REST API is for, with its decoded path parameters.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the fields are the parameters of the path, named as in it")]
        pub enum ApiRoute {
            $(#[doc = $summary] $Variant { $($parameter: String),* },)+
        }

        const TABLE: &[super::route::Entry<ApiRoute>] = &[$({
            const ENDPOINT: Endpoint = Endpoint {
                id: $id,
                method: stringify!($method),
                template: $template,
                summary: $summary.trim_ascii(),
                spec: $spec,
            };
            super::route::Entry {
                endpoint: &ENDPOINT,
                build: |values| {
                    let _ = &values;
                    ApiRoute::$Variant { $($parameter: values.next().unwrap_or_default()),* }
                },
            }
        }),+];

        impl ApiRoute {
            /// Reads method and path, which starts with `/api/v1`.
            pub fn parse(method: &hyper::Method, path: &str) -> Result<Self, super::route::Unrouted> {
                super::route::find(TABLE, method, path)
            }

            /// Every row, in the order of the table.
            pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
                TABLE.iter().map(|entry| entry.endpoint)
            }

            /// The route's row.
            pub fn endpoint(&self) -> &'static Endpoint {
                match self {
                    $(Self::$Variant { .. } => {
                        const ENDPOINT: Endpoint = Endpoint {
                            id: $id,
                            method: stringify!($method),
                            template: $template,
                            summary: $summary.trim_ascii(),
                            spec: $spec,
                        };
                        &ENDPOINT
                    })+
                }
            }

            /// Carries the request out.
            pub(super) fn handle(&self, call: &super::call::Call) -> super::call::Answer {
                match self {
                    $(Self::$Variant { $($parameter),* } => $handler(call $(, $parameter)*),)+
                }
            }
        }

        #[cfg(test)]
        /// The parameters of each row as the handler gets them.
        pub(super) const PARAMETERS: &[(&str, &[&str])] = &[$(($template, &[$(stringify!($parameter)),*])),+];
    };
}
pub(super) use routes;
