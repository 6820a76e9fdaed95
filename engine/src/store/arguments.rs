//! Arguments of a statement that takes those of several: each table adds its own columns.

use sqlx::{Arguments as _, Encode, Postgres, Type, error::BoxDynError, postgres::PgArguments};

/// Arguments in the making; the first that cannot be encoded is told at the end.
#[derive(Default)]
pub(crate) struct Arguments {
    list: PgArguments,
    error: Option<BoxDynError>,
    form: Form,
}

/// How a statement takes rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// A column is an array.
    #[default]
    Many,
    /// There is at most one row, and a column is a plain value: null if there is none.
    One,
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

    /// How the columns that follow are given.
    pub(crate) fn in_form(&mut self, form: Form) -> &mut Self {
        self.form = form;
        self
    }

    /// The next argument: what `of` finds in each of `rows`, as an array or, in the form of one row, as it is.
    pub(crate) fn column<'t, R, T>(
        &mut self,
        rows: &'t [R],
        of: impl FnMut(&'t R) -> T,
    ) -> &mut Self
    where
        Vec<T>: Encode<'t, Postgres> + Type<Postgres>,
        Option<T>: Encode<'t, Postgres> + Type<Postgres>,
    {
        match self.form {
            Form::Many => self.add(rows.iter().map(of).collect::<Vec<T>>()),
            Form::One => self.add(rows.first().map(of)),
        }
    }

    /// All of them, as statements take them.
    pub(crate) fn ready(self) -> sqlx::Result<PgArguments> {
        match self.error {
            None => Ok(self.list),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}

/// Makes a struct the record of this type of the database, alone and in arrays: its fields are the type's, in their order.
macro_rules! record_type {
    ($record:ty, $name:literal) => {
        impl sqlx::Type<sqlx::Postgres> for $record {
            fn type_info() -> sqlx::postgres::PgTypeInfo {
                sqlx::postgres::PgTypeInfo::with_name($name)
            }
        }

        impl sqlx::postgres::PgHasArrayType for $record {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                sqlx::postgres::PgTypeInfo::array_of($name)
            }
        }
    };
}
pub(crate) use record_type;
