//! JSON that is text already, on its way into a `jsonb` column.

use serde::Serialize;
use sqlx::{
    Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo},
    types::Json,
};

/// The version of `jsonb` that Postgres takes.
const VERSION: u8 = 1;

/// A JSON text. Whoever makes one has it from a serializer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JsonText<'a>(pub(crate) &'a [u8]);

impl JsonText<'_> {
    pub(crate) const NULL: JsonText<'static> = JsonText(b"null");
}

impl Type<Postgres> for JsonText<'_> {
    fn type_info() -> PgTypeInfo {
        <Json<()> as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for JsonText<'_> {
    fn array_type_info() -> PgTypeInfo {
        <Json<()> as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for JsonText<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.push(VERSION);
        buffer.extend_from_slice(self.0);
        Ok(IsNull::No)
    }
}

/// Writes a value behind what `texts` has. Whatever a turn makes can be written as JSON: it was made of JSON.
pub(crate) fn push<T: Serialize + ?Sized>(texts: &mut Vec<u8>, value: &T) {
    let before = texts.len();
    if serde_json::to_writer(&mut *texts, value).is_err() {
        texts.truncate(before);
        texts.extend_from_slice(JsonText::NULL.0);
    }
}

/// The text of a value.
pub(crate) fn text<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut text = Vec::new();
    push(&mut text, value);
    text
}
