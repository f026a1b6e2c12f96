//! `text`: names and codes made from other texts.

use rhai::Dynamic;
use sha2::{Digest, Sha256};

use super::taken::Taken;
use super::{Accepts, Answer, Call, Form, Function, Key, Namespace, no_types, optional, required};
use crate::error::{Error, Kind};
use crate::event::counted;

/// Letters and digits that nobody takes for one another: no 0, 1, i, l, o.
const CODE_SIGNS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// The longest code.
const LONGEST_CODE: i64 = 1000;

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "text",
    doc: "Names and codes made from other texts.",
    functions: &[
        Function {
            name: "slug",
            form: Form::Function,
            arguments: &[
                required("text", Accepts::Text, "any text"),
                optional(
                    "options",
                    Accepts::Options(&[
                        Key {
                            name: "keep",
                            accepts: Accepts::Text,
                            doc: "signs that stay, besides ASCII letters and digits; `-` if left out",
                        },
                        Key {
                            name: "blank",
                            accepts: Accepts::Text,
                            doc: "what blanks become; `-` if left out",
                        },
                        Key {
                            name: "max",
                            accepts: Accepts::Int,
                            doc: "the most characters; as many as there are if left out",
                        },
                    ]),
                    "what stays and how much of it",
                ),
            ],
            right: None,
            doc: "Makes a plain name of a text: lower case, letters outside ASCII written with those inside (`é` as `e`), everything else dropped.",
            result: "a string, empty if nothing is left",
            errors: "`script` if `max` is negative",
            body: slug,
        },
        Function {
            name: "unique",
            form: Form::Function,
            arguments: &[
                required("name", Accepts::Text, "the wanted name"),
                required(
                    "taken",
                    Accepts::Any,
                    "the names that are taken, from `db::taken`",
                ),
            ],
            right: None,
            doc: "Takes a name, or the first free one of `name_2`, `name_3` …",
            result: "the name it took; it is taken from then on",
            errors: "`script` if `taken` is something else, `database` or `io` if it cannot be looked at",
            body: unique,
        },
        Function {
            name: "random_code",
            form: Form::Function,
            arguments: &[required(
                "length",
                Accepts::Int,
                "how many signs, 1 to 1000",
            )],
            right: None,
            doc: "Makes a code nobody can guess, of small letters and digits that are not taken for one another; about 5 bits a sign.",
            result: "a string",
            errors: "`script` if the length is out of range, `io` if the system has no random numbers",
            body: random_code,
        },
        Function {
            name: "hash",
            form: Form::Function,
            arguments: &[required("text", Accepts::Text, "any text")],
            right: None,
            doc: "The SHA-256 of a text's UTF-8 bytes.",
            result: "64 hex digits",
            errors: "none",
            body: hash,
        },
        Function {
            name: "only",
            form: Form::Function,
            arguments: &[
                required("text", Accepts::Text, "any text"),
                required("signs", Accepts::Text, "the characters it may have"),
            ],
            right: None,
            doc: "Whether a text has no other characters than these.",
            result: "a bool; `true` for an empty text",
            errors: "none",
            body: only,
        },
        Function {
            name: "count",
            form: Form::Function,
            arguments: &[
                required("number", Accepts::Int, "how many"),
                required("noun", Accepts::Text, "what is counted, in the singular"),
            ],
            right: None,
            doc: "Says how many there are: `1 row`, `2 rows`, `3 losses`.",
            result: "a string",
            errors: "none",
            body: count,
        },
    ],
    types: no_types,
};

/// What a slug is made of.
struct Slug<'a> {
    keep: &'a str,
    blank: &'a str,
    max: usize,
}

impl Slug<'_> {
    fn of(&self, text: &str) -> String {
        let mut slug = String::new();
        let mut length = 0;
        let mut put = |part: &str| {
            for character in part.chars() {
                let character = character.to_ascii_lowercase();
                let stays = character.is_ascii_alphanumeric() || self.keep.contains(character);
                if stays && length < self.max {
                    slug.push(character);
                    length += 1;
                }
            }
        };
        for character in text.chars() {
            if character.is_ascii() && !character.is_ascii_whitespace() {
                put(character.encode_utf8(&mut [0; 4]));
            } else if character.is_whitespace() {
                put(self.blank);
            } else if character.is_alphanumeric() {
                // Only letters and digits: a picture's name in words was never meant.
                put(deunicode::deunicode_char(character).unwrap_or("").trim());
            }
        }
        slug
    }
}

fn slug(call: &Call<'_>) -> Answer {
    let options = call.options(1);
    let keep = options.text("keep");
    let blank = options.text("blank");
    let max = match options.int("max") {
        None => usize::MAX,
        Some(max) => usize::try_from(max)
            .map_err(|_| Error::new(Kind::Script, "`max` of `text::slug` is negative"))?,
    };
    let slug = Slug {
        keep: keep.as_deref().unwrap_or("-"),
        blank: blank.as_deref().unwrap_or("-"),
        max,
    };
    Ok(slug.of(&call.text(0)).into())
}

fn unique(call: &Call<'_>) -> Answer {
    let taken = call.handle::<Taken>(1, "what `db::taken` returns")?;
    Ok(taken.unique(call.host, &call.text(0))?.into())
}

fn random_code(call: &Call<'_>) -> Answer {
    let length = call.int(0);
    if !(1..=LONGEST_CODE).contains(&length) {
        return Err(Error::new(
            Kind::Script,
            format!("a code has 1 to {LONGEST_CODE} signs, not {length}"),
        )
        .into());
    }
    let mut code = String::new();
    while (code.len() as i64) < length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::new(
                Kind::Io,
                format!("the system has no random numbers: {error}"),
            )
        })?;
        // A multiple of the number of signs, so that none is likelier than another.
        let fair = (256 / CODE_SIGNS.len()) * CODE_SIGNS.len();
        let signs = bytes
            .into_iter()
            .map(usize::from)
            .filter(|byte| *byte < fair);
        let missing = usize::try_from(length).unwrap_or(0) - code.len();
        code.extend(
            signs
                .take(missing)
                .map(|byte| char::from(CODE_SIGNS[byte % CODE_SIGNS.len()])),
        );
    }
    Ok(code.into())
}

fn hash(call: &Call<'_>) -> Answer {
    Ok(hex::encode(Sha256::digest(call.text(0).as_bytes())).into())
}

fn only(call: &Call<'_>) -> Answer {
    Ok(Dynamic::from(has_only(&call.text(0), &call.text(1))))
}

/// Whether a text has no other characters than these. ASCII signs are looked up in a table: this is asked for each row.
fn has_only(text: &str, signs: &str) -> bool {
    let mut allowed = [false; 128];
    for sign in signs.bytes().filter(u8::is_ascii) {
        allowed[usize::from(sign)] = true;
    }
    text.chars().all(|character| {
        let place = allowed.get(character as usize).copied();
        place.unwrap_or_else(|| signs.contains(character))
    })
}

fn count(call: &Call<'_>) -> Answer {
    Ok(counted(call.int(0), &call.text(1)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn username(text: &str) -> String {
        let slug = Slug {
            keep: "_.-",
            blank: "",
            max: 30,
        };
        slug.of(text)
    }

    #[test]
    fn letters_are_transliterated_and_the_rest_is_dropped() {
        for (text, expected) in [
            ("Ada.Lovelace", "ada.lovelace"),
            ("zoë", "zoe"),
            ("Łukasz-Żak", "lukasz-zak"),
            ("Straße", "strasse"),
            ("e\u{301}va", "eva"),
            ("名前", "mingqian"),
            ("Ωmega", "omega"),
            ("🙂", ""),
            ("+++", ""),
            ("o'brien; drop table", "obriendroptable"),
            ("=1+1", "11"),
            ("٣", "3"),
            ("\0\u{202e}x", "x"),
        ] {
            assert_eq!(username(text), expected, "{text}");
        }
        assert_eq!(username(&"ß".repeat(40)), "s".repeat(30));
    }

    #[test]
    fn signs_are_told_apart_inside_and_outside_ascii() {
        for (text, signs, expected) in [
            ("", "", true),
            ("abc", "cba", true),
            ("abcd", "cba", false),
            ("é", "é", true),
            ("e", "é", false),
            ("é", "e", false),
            ("a\0", "a", false),
            ("\u{e1}", "a", false),
        ] {
            assert_eq!(has_only(text, signs), expected, "{text:?} of {signs:?}");
        }
    }

    #[test]
    fn a_slug_joins_words_where_it_is_told_to() {
        let slug = Slug {
            keep: "-",
            blank: "-",
            max: usize::MAX,
        };
        assert_eq!(slug.of("Hello, wide World!"), "hello-wide-world");
    }
}
