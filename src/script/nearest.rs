//! "Did you mean": the name a person most likely wanted.

/// The candidate nearest to `word`, if one is near enough to be meant: a third of its letters may differ, at least one.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The hint "did you mean `…`?", if there is something to mean.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let names = ["execute", "query", "rows"];
        assert_eq!(nearest("execut", names), Some("execute"));
        assert_eq!(nearest("qeury", names), Some("query"));
        assert_eq!(nearest("restore", names), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn the_form_of_a_flag_and_of_a_key_are_near() {
        assert_eq!(nearest("Scratch_url", ["scratch-url"]), Some("scratch-url"));
    }
}
