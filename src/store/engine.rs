//! What a database engine has to offer, and the values that go in and out of it.

use super::StoreError;
use super::memo::{State, Step};
use crate::domain::caller::AccountId;
use crate::domain::permission::{RepositoryState, Role, TeamRole, Visibility};
use crate::domain::time::Timestamp;
use std::path::Path;

/// What happens to a transaction once its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Keep all of it.
    Commit,
    /// Keep none of it.
    Rollback,
}

/// What a transaction does that may write.
pub type Work<'a> = &'a mut dyn FnMut(&mut dyn Sql) -> Outcome;

/// A database that runs transactions.
pub trait Engine: Send + Sync {
    /// Runs `work` on one consistent view of the data; writing in it is an error.
    fn read(&self, work: &mut dyn FnMut(&mut dyn Sql)) -> Result<(), StoreError>;

    /// Tells the present state of the data, without a transaction: a new one after every commit by whomever, that never comes
    /// again. `None` when that cannot be told cheaply, or before [`Self::maintain`].
    fn state(&self) -> Option<State> {
        None
    }

    /// Runs `work` in a transaction that is alone in writing. `Ok` means that what `work` chose has happened durably.
    fn write(&self, work: Work<'_>) -> Result<(), StoreError>;

    /// As [`Self::write`]. If nobody else's commit lies between the states that `work` found and left, `made` is told them, as
    /// soon as that is certain.
    fn step(&self, work: Work<'_>, made: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
        let _ = made;
        self.write(work)
    }

    /// Writes a consistent copy to a new file.
    fn backup(&self, path: &Path) -> Result<(), StoreError>;

    /// To be called every second or so by a process that serves many requests.
    fn maintain(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Looks at everything that is stored; each text tells of something damaged. Slow.
    fn check(&self) -> Result<Vec<String>, StoreError>;
}

/// Called for each row of a query; `false` ends it.
pub type EachRow<'a> = &'a mut dyn FnMut(&mut Columns<'_>) -> Result<bool, StoreError>;

/// Runs statements inside a transaction.
pub trait Sql {
    /// Runs a query and hands its rows to `each`.
    fn query(
        &mut self,
        statement: &str,
        parameters: &[Value<'_>],
        each: EachRow<'_>,
    ) -> Result<(), StoreError>;

    /// Runs a statement that gives no rows and tells how many it changed.
    fn execute(&mut self, statement: &str, parameters: &[Value<'_>]) -> Result<usize, StoreError>;

    /// Runs several statements without parameters, as migrations hold them.
    fn script(&mut self, statements: &str) -> Result<(), StoreError>;
}

/// No database: notes that it was asked, and refuses.
#[derive(Debug, Default)]
pub(super) struct Unread {
    pub(super) was_asked: bool,
}

impl Unread {
    fn refuse<T>(&mut self) -> Result<T, StoreError> {
        self.was_asked = true;
        Err(StoreError::Unavailable(String::new()))
    }
}

impl Sql for Unread {
    fn query(&mut self, _: &str, _: &[Value<'_>], _: EachRow<'_>) -> Result<(), StoreError> {
        self.refuse()
    }

    fn execute(&mut self, _: &str, _: &[Value<'_>]) -> Result<usize, StoreError> {
        self.refuse()
    }

    fn script(&mut self, _: &str) -> Result<(), StoreError> {
        self.refuse()
    }
}

/// A value that goes into or comes out of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL `NULL`.
    Null,
    /// An integer; truth values are 0 and 1, times are seconds.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

/// An unambiguous encoding of several values, for a MAC over them: each carries its type and length, so that no two
/// lists share an encoding.
pub fn encode(values: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    let mut push = |tag: u8, content: &[u8]| {
        bytes.push(tag);
        bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
        bytes.extend_from_slice(content);
    };
    for value in values {
        match value {
            Value::Null => push(0, &[]),
            Value::Integer(integer) => push(1, &integer.to_be_bytes()),
            Value::Text(text) => push(2, text.as_bytes()),
            Value::Blob(blob) => push(3, blob),
        }
    }
    bytes
}

/// A row of a query, as the engine sees it.
pub trait Row {
    /// The value in a column, counted from 0.
    fn value(&self, column: usize) -> Result<Value<'_>, StoreError>;
}

/// A row that is read from the first column to the last.
pub struct Columns<'r> {
    row: &'r dyn Row,
    statement: &'r str,
    next: usize,
}

impl<'r> Columns<'r> {
    /// Starts at the first column.
    pub fn new(row: &'r dyn Row, statement: &'r str) -> Self {
        Self { row, statement, next: 0 }
    }

    /// The next column's value, which must be of type `T`.
    pub fn take<T: FromValue<'r>>(&mut self) -> Result<T, StoreError> {
        let column = self.next;
        self.next += 1;
        T::from_value(self.row.value(column)?)
            .ok_or_else(|| StoreError::Corrupt { statement: self.statement.to_owned(), column })
    }
}

/// What can be read out of a column; `None` when the column holds something else.
pub trait FromValue<'r>: Sized {
    /// Converts a column's value.
    fn from_value(value: Value<'r>) -> Option<Self>;
}

macro_rules! conversions {
    ($($type:ty: $value:pat => $read:expr, $own:ident => $write:expr;)+) => {$(
        impl<'r> FromValue<'r> for $type {
            fn from_value(value: Value<'r>) -> Option<Self> {
                if let $value = value { $read } else { None }
            }
        }

        impl<'r> From<$type> for Value<'r> {
            fn from($own: $type) -> Self {
                $write
            }
        }
    )+};
}
conversions! {
    i64: Value::Integer(integer) => Some(integer), integer => Self::Integer(integer);
    &'r str: Value::Text(text) => Some(text), text => Self::Text(text);
    &'r [u8]: Value::Blob(bytes) => Some(bytes), bytes => Self::Blob(bytes);
    bool: Value::Integer(truth @ (0 | 1)) => Some(truth == 1), truth => Self::Integer(i64::from(truth));
    AccountId: Value::Integer(id) => Some(Self(id)), id => Self::Integer(id.0);
    Timestamp: Value::Integer(seconds) => Some(Self(seconds)), time => Self::Integer(time.0);
    Role: Value::Text(word) => Self::parse(word), word => Self::Text(word.as_str());
    TeamRole: Value::Text(word) => Self::parse(word), word => Self::Text(word.as_str());
    Visibility: Value::Text(word) => Self::parse(word), word => Self::Text(word.as_str());
    RepositoryState: Value::Text(word) => Self::parse(word), word => Self::Text(word.as_str());
    super::accounts::AccountKind: Value::Text(word) => Self::parse(word), word => Self::Text(word.as_str());
}

impl<'r> FromValue<'r> for String {
    fn from_value(value: Value<'r>) -> Option<Self> {
        <&str>::from_value(value).map(ToOwned::to_owned)
    }
}

impl<'r> FromValue<'r> for Vec<u8> {
    fn from_value(value: Value<'r>) -> Option<Self> {
        <&[u8]>::from_value(value).map(ToOwned::to_owned)
    }
}

impl<'r, T: FromValue<'r>> FromValue<'r> for Option<T> {
    fn from_value(value: Value<'r>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = Option<Result<i64, String>>;

    fn owned() -> impl Strategy<Value = Owned> {
        prop::option::of(prop_oneof![any::<i64>().prop_map(Ok), ".{0,8}".prop_map(Err)])
    }

    fn value(owned: &Owned) -> Value<'_> {
        match owned {
            None => Value::Null,
            Some(Ok(integer)) => Value::Integer(*integer),
            Some(Err(text)) => Value::Text(text),
        }
    }

    proptest! {
        #[test]
        fn different_rows_have_different_encodings(
            one in prop::collection::vec(owned(), 0..4),
            other in prop::collection::vec(owned(), 0..4),
        ) {
            let encoded = |row: &[Owned]| encode(&row.iter().map(value).collect::<Vec<_>>());
            prop_assert_eq!(one == other, encoded(&one) == encoded(&other));
        }
    }
}
