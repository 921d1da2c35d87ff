//! Kinds that have a stable code or word, and texts about them: one row each.

/// Makes an enum of kinds from a head that names the columns and from one row a variant. Each
/// column becomes a method; the first one is the kind's stable code or word, which it is shown as
/// and serialized as.
macro_rules! kinds {
    (
        $(#[$about:meta])*
        $name:ident {
            $(#[$stable:meta])* $code:ident;
            $($(#[$told:meta])* $column:ident: $type:ty;)*
        }
        $($(#[$doc:meta])* $variant:ident = $text:literal $(, $value:expr)*;)*
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        struct Row {
            $($column: $type,)*
        }

        impl Row {
            fn of($($column: $type),*) -> Self {
                Self { $($column),* }
            }
        }

        impl $name {
            /// All of them, in the order of their rows.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            $(#[$stable])*
            pub fn $code(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn row(self) -> Row {
                match self { $(Self::$variant => Row::of($($value),*),)* }
            }

            $(
                $(#[$told])*
                pub fn $column(self) -> $type {
                    self.row().$column
                }
            )*
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.$code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.$code())
            }
        }
    };
}

pub(crate) use kinds;
