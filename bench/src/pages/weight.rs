//! What a page weighs with the files that it loads, and how many elements it has.

use std::collections::{BTreeMap, BTreeSet};

use super::browser::{Browser, Encoding};

/// Files that pages load, each with its bytes as they come.
#[derive(Default)]
pub struct Files(BTreeMap<String, u64>);

impl Files {
    /// The bytes of the files that a page loads, with those that its stylesheets load.
    pub async fn of(&mut self, browser: &mut Browser, html: &str) -> anyhow::Result<u64> {
        let mut waiting: Vec<String> = paths(html, "").into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            if !self.0.contains_key(&path) {
                let got = browser.get(&path, Encoding::Compressed).await?;
                self.0.insert(path.clone(), got.body.len() as u64);
            }
            if path.ends_with(".css") {
                let plain = browser.get(&path, Encoding::Plain).await?;
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                waiting.extend(paths(&String::from_utf8_lossy(&plain.body), folder));
            }
        }
        Ok(seen.iter().filter_map(|path| self.0.get(path)).sum())
    }
}

/// The addresses of files in a text: absolute ones, and behind `url(` those of a folder.
fn paths(text: &str, folder: &str) -> BTreeSet<String> {
    let end = |rest: &str| rest.find(['"', '\'', ')', '#', ' ', '<']).map_or(rest.len(), |end| end);
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("/assets/") {
        found.insert(text[at..at + end(&text[at..])].to_owned());
    }
    for (at, start) in text.match_indices("url(").filter(|_| !folder.is_empty()) {
        let rest = text[at + start.len()..].trim_start_matches(['"', '\'']);
        let name = &rest[..end(rest)];
        if !name.contains(':') && !name.starts_with('/') && !name.is_empty() {
            found.insert(format!("{folder}/{}", name.trim_start_matches("./")));
        }
    }
    found
}

/// How many elements a page has.
pub fn elements(html: &str) -> u64 {
    html.split('<').skip(1).filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic())).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_and_files_found() {
        assert_eq!(elements("<!doctype html><p class=\"a\">Hi <b>you</b> <br></p>\n"), 3);
        let html = r##"<link href="/assets/1/a.css"><svg><use href="/assets/1/i.svg#x"/></svg>"##;
        assert_eq!(paths(html, ""), BTreeSet::from(["/assets/1/a.css".to_owned(), "/assets/1/i.svg".to_owned()]));
        let css = "@font-face { src: url('./f.woff2') } i { background: url(data:x) }";
        assert_eq!(paths(css, "/assets/1"), BTreeSet::from(["/assets/1/f.woff2".to_owned()]));
    }
}
