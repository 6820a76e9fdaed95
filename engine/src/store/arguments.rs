//! Arguments of a statement that takes those of several: each table adds its own columns.

use sqlx::{Arguments as _, Encode, Postgres, Type, error::BoxDynError, postgres::PgArguments};

/// Arguments in the making; the first that cannot be encoded is told at the end.
#[derive(Default)]
pub(crate) struct Arguments {
    list: PgArguments,
    error: Option<BoxDynError>,
}

impl Arguments {
    /// The next argument.
    pub(crate) fn add<'t, T: Encode<'t, Postgres> + Type<Postgres>>(
        &mut self,
        value: T,
    ) -> &mut Self {
        if let Err(error) = self.list.add(value) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// The next argument: one array of what `of` finds in each of `rows`.
    pub(crate) fn column<'t, R, T>(&mut self, rows: &'t [R], of: impl Fn(&'t R) -> T) -> &mut Self
    where
        Vec<T>: Encode<'t, Postgres> + Type<Postgres>,
    {
        self.add(rows.iter().map(of).collect::<Vec<T>>())
    }

    /// All of them, as statements take them.
    pub(crate) fn ready(self) -> sqlx::Result<PgArguments> {
        match self.error {
            None => Ok(self.list),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}
