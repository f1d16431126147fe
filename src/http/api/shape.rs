//! What an answer looks like, as the OpenAPI document tells it: closed, so that a member that is not told of, or one that is
//! missing, is an error. The tests hold every answer they get against it.

use serde_json::{Map, Value, json};

/// The form of a JSON value in an answer.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A time as in e-mail headers: `Fri, 10 May 2024 15:11:00 -0000`.
    Date,
    /// A time as in ISO 8601: `2024-05-10T15:11:00Z`.
    Instant,
    /// A UUID.
    Uuid,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `null`.
    Null,
    /// An object with any members.
    Object,
    /// An object whose members, whatever their names, have this form.
    Map(&'static Shape),
    /// An array of these.
    Array(&'static Shape),
    /// One of these.
    Either(&'static [Shape]),
    /// An object with these members and no others.
    Record(&'static Record),
}

/// An object that has a name of its own in the document.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Its name; two records never share one.
    pub name: &'static str,
    /// Its members.
    pub members: &'static [Member],
}

/// A member of a [`Record`].
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub shape: Shape,
    /// When it is there, for one that is not always.
    pub when: Option<&'static str>,
}

/// A member that is always there.
pub const fn has(name: &'static str, shape: Shape) -> Member {
    Member { name, shape, when: None }
}

/// A member that is there sometimes.
pub const fn may(name: &'static str, shape: Shape, when: &'static str) -> Member {
    Member { name, shape, when: Some(when) }
}

/// Gathers the records of a document.
pub type Components = Map<String, Value>;

const DATE: &str = r"^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} -0000$";

impl Shape {
    /// The shape as JSON Schema; records in it are put into `components`, and referred to.
    pub fn document(&self, components: &mut Components) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
            Self::Date => json!({ "type": "string", "pattern": DATE }),
            Self::Instant => json!({ "type": "string", "format": "date-time" }),
            Self::Uuid => json!({ "type": "string", "format": "uuid" }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Integer => json!({ "type": "integer" }),
            Self::Number => json!({ "type": "number" }),
            Self::Null => json!({ "type": "null" }),
            Self::Object => json!({ "type": "object" }),
            Self::Map(each) => {
                json!({ "type": "object", "additionalProperties": each.document(components) })
            }
            Self::Array(each) => json!({ "type": "array", "items": each.document(components) }),
            Self::Either(shapes) => Self::any_of(shapes, components),
            Self::Record(record) => {
                if !components.contains_key(record.name) {
                    let document = record.document(components);
                    components.insert(record.name.to_owned(), document);
                }
                json!({ "$ref": format!("#/components/schemas/{}", record.name) })
            }
        }
    }

    /// A single type that may be `null` is written as a list of two types, everything else in full.
    fn any_of(shapes: &[Self], components: &mut Components) -> Value {
        let documents: Vec<_> = shapes.iter().map(|shape| shape.document(components)).collect();
        if let ([Value::Object(document), _], [_, Self::Null]) = (documents.as_slice(), shapes)
            && let Some(kind) = document.get("type")
        {
            let mut nullable = document.clone();
            nullable.insert("type".to_owned(), json!([kind, "null"]));
            return nullable.into();
        }
        json!({ "anyOf": documents })
    }
}

impl Record {
    fn document(&self, components: &mut Components) -> Value {
        let properties: Map<_, _> = self
            .members
            .iter()
            .map(|member| {
                let mut shape = member.shape.document(components);
                if let (Some(shape), Some(when)) = (shape.as_object_mut(), member.when) {
                    shape.insert("description".to_owned(), json!(when));
                }
                (member.name.to_owned(), shape)
            })
            .collect();
        let required: Vec<_> =
            self.members.iter().filter(|member| member.when.is_none()).map(|member| member.name).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: Shape = Shape::Record(&Record { name: "Leaf", members: &[has("name", Shape::Text)] });
    const TREE: Shape = Shape::Record(&Record {
        name: "Tree",
        members: &[
            has("leaves", Shape::Array(&LEAF)),
            has("seen", Shape::Either(&[Shape::Date, Shape::Null])),
            may("best", Shape::Either(&[LEAF, Shape::Null]), "With sun."),
        ],
    });

    #[test]
    fn records_are_closed_and_told_once_by_name() {
        let mut components = Components::new();
        assert_eq!(TREE.document(&mut components), json!({ "$ref": "#/components/schemas/Tree" }));
        assert_eq!(components.keys().collect::<Vec<_>>(), ["Leaf", "Tree"]);
        let tree = &components["Tree"];
        assert_eq!(tree["required"], json!(["leaves", "seen"]));
        assert_eq!(tree["additionalProperties"], false);
        assert_eq!(tree["properties"]["leaves"]["items"]["$ref"], "#/components/schemas/Leaf");
    }

    #[test]
    fn what_may_be_null_says_so_as_openapi_31_does() {
        let mut components = Components::new();
        TREE.document(&mut components);
        let members = &components["Tree"]["properties"];
        assert_eq!(members["seen"]["type"], json!(["string", "null"]));
        let leaf = json!({ "$ref": "#/components/schemas/Leaf" });
        assert_eq!(members["best"]["anyOf"], json!([leaf, { "type": "null" }]));
        assert_eq!(members["best"]["description"], "With sun.");
    }
}
