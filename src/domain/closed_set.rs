//! Closed sets: enums whose members have a word each, in tables, on the wire and in commands.

/// Declares an enum with `ALL` of its members, the word of each (`as_str`), and the member of a word (`parse`).
macro_rules! closed_set {
    ($(#[$meta:meta])* pub enum $set:ident { $($(#[$doc:meta])* $name:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $set {
            $($(#[$doc])* $name),*
        }

        impl $set {
            /// Every member, in the order of their declaration.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$name),*];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),*
                }
            }

            /// The member of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use closed_set;

#[cfg(test)]
mod tests {
    closed_set! {
        /// For the test.
        pub enum Size {
            /// One.
            Small = "small",
            /// Two.
            Large = "large",
        }
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        assert_eq!(Size::ALL.map(Size::as_str), ["small", "large"]);
        assert_eq!([Size::parse("large"), Size::parse("Large"), Size::parse("")], [Some(Size::Large), None, None]);
    }
}
