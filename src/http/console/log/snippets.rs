//! How a receiver checks the signature of a delivery, in six languages. The code is in `docs/verify`, where the documentation has it
//! from too, and where a test runs it.

/// A language, and a function that says whether a request is ours.
pub struct Snippet {
    /// `Python`
    pub language: &'static str,
    /// For its element.
    pub id: &'static str,
    /// The code.
    pub code: &'static str,
}

/// All of them.
pub const SNIPPETS: [Snippet; 6] = [
    Snippet {
        language: "Python",
        id: "check-python",
        code: include_str!("../../../../docs/verify/verify.py").trim_ascii_end(),
    },
    Snippet {
        language: "Node",
        id: "check-node",
        code: include_str!("../../../../docs/verify/verify.js").trim_ascii_end(),
    },
    Snippet {
        language: "PHP",
        id: "check-php",
        code: include_str!("../../../../docs/verify/verify.php").trim_ascii_end(),
    },
    Snippet {
        language: "Go",
        id: "check-go",
        code: include_str!("../../../../docs/verify/verify.go").trim_ascii_end(),
    },
    Snippet {
        language: "Ruby",
        id: "check-ruby",
        code: include_str!("../../../../docs/verify/verify.rb").trim_ascii_end(),
    },
    Snippet {
        language: "Java",
        id: "check-java",
        code: include_str!("../../../../docs/verify/Verify.java").trim_ascii_end(),
    },
];
