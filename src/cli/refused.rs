//! Why a call was not answered with what was asked for, in words with what to do.

use std::borrow::Cow;

use crate::http::error::ProblemDetails;

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The API said why.
    #[error("{}", words(.0))]
    Problem(Box<Problem>),
    /// There was no answer, or none that is understood.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// What the API said.
#[derive(Debug)]
pub struct Problem {
    pub status: u16,
    pub detail: String,
    /// Which fields, and why.
    errors: Vec<(String, String)>,
    /// Finds an error of the server in its log.
    id: Option<String>,
    path: String,
}

impl Refused {
    /// Reads an answer that is no success.
    pub fn read(status: u16, body: &[u8], path: &str) -> Self {
        let path = path.to_owned();
        let problem = match serde_json::from_slice::<ProblemDetails>(body) {
            Ok(said) => Problem {
                status,
                errors: said.errors.into_iter().flatten().map(|error| (error.field, error.detail)).collect(),
                detail: said.detail,
                id: said.id,
                path,
            },
            Err(_) => {
                let detail =
                    format!("the answer is {status}, and not Aurix's: does another program stand at that address?");
                Problem { status, detail, errors: Vec::new(), id: None, path }
            }
        };
        Self::Problem(Box::new(problem))
    }

    /// The status of what the API said.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem(problem) => Some(problem.status),
            Self::Failed(_) => None,
        }
    }

    /// The same, and `none` where what was asked for is not there.
    pub fn missing(self, none: impl FnOnce() -> String) -> anyhow::Error {
        match &self {
            Self::Problem(problem)
                if problem.status == 404 && !problem.is_of_project() && !problem.is_unknown_call() =>
            {
                anyhow::Error::msg(none())
            }
            _ => self.into(),
        }
    }

    /// The same, with what to do where that field is refused.
    pub fn hint(self, field: &str, what: &str) -> anyhow::Error {
        match &self {
            Self::Problem(problem) if problem.errors.iter().any(|(name, _)| name == field) => {
                anyhow::anyhow!("{self}: {what}")
            }
            _ => self.into(),
        }
    }

    /// The same, with `more` to do where its state does not allow it.
    pub fn conflict(self, more: impl FnOnce(&str) -> Option<String>) -> anyhow::Error {
        match &self {
            Self::Problem(problem) if problem.status == 409 => match more(&problem.detail) {
                Some(text) => anyhow::Error::msg(text),
                None => self.into(),
            },
            _ => self.into(),
        }
    }
}

impl Problem {
    fn is_of_project(&self) -> bool {
        self.detail.starts_with("There is no such project")
    }

    fn is_unknown_call(&self) -> bool {
        self.detail == "There is nothing at this path."
    }

    fn project(&self) -> Cow<'_, str> {
        let id =
            self.path.split("/projects/").nth(1).and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        percent_encoding::percent_decode_str(id).decode_utf8_lossy()
    }
}

/// How a field of a body is given in the command line; `None` for what is a text of its own.
fn flag(field: &str) -> Option<String> {
    match field {
        "body" | "template" | "text" | "answer" | "fields" | "webhook" | "event" => None,
        "title" => Some("--name".to_owned()),
        "rate_per_second" => Some("--rate".to_owned()),
        "leaves_groups" => Some("--leave-groups".to_owned()),
        "name" => Some("the name".to_owned()),
        "email" => Some("the address".to_owned()),
        "nudge_after_s" => Some("--nudge-after".to_owned()),
        "abandoned_after_s" => Some("--abandoned-after".to_owned()),
        "widget_id" => Some("--widget".to_owned()),
        "channel_id" => Some("--channel".to_owned()),
        "origins" => Some("--origin".to_owned()),
        "headers" => Some("--header".to_owned()),
        "events" => Some("--event".to_owned()),
        "q" => Some("--search".to_owned()),
        "quality_reason" => Some("--reason".to_owned()),
        other => Some(format!("--{}", other.replace('_', "-"))),
    }
}

fn words(problem: &Problem) -> String {
    let detail = &problem.detail;
    match problem.status {
        401 => {
            format!("{detail} `aurix token create` on the server, or the console, makes one; `aurix login` stores it")
        }
        403 => format!("{detail} Use a token that may: the console's API page says what each allows"),
        404 if problem.is_of_project() => {
            format!("there is no project {:?}: `aurix project list` lists the projects", problem.project())
        }
        404 if problem.is_unknown_call() => {
            format!("the server does not know {}: it is older than this program", problem.path)
        }
        422 if !problem.errors.is_empty() => {
            let one = |(field, detail): &(String, String)| match flag(field) {
                Some(flag) => format!("{flag}: {detail}"),
                None => detail.clone(),
            };
            problem.errors.iter().map(one).collect::<Vec<_>>().join("; ")
        }
        500.. => match &problem.id {
            Some(id) => format!("{detail} {id}"),
            None => detail.clone(),
        },
        _ => detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str, path: &str) -> String {
        Refused::read(status, body.as_bytes(), path).to_string()
    }

    fn problem(status: u16, detail: &str) -> String {
        format!(r#"{{"type":"about:blank","title":"x","status":{status},"detail":"{detail}","message":"{detail}"}}"#)
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let unknown = said(401, &problem(401, "This token is unknown."), "/api/v1/projects");
        assert!(unknown.starts_with("This token is unknown. `aurix token create`"), "{unknown}");
        assert!(said(403, &problem(403, "No."), "/").contains("Use a token that may"));
        let project = said(404, &problem(404, "There is no such project, or …"), "/api/v1/projects/a%20b/keys?limit=1");
        assert_eq!(project, "there is no project \"a b\": `aurix project list` lists the projects");
        assert!(said(404, &problem(404, "There is nothing at this path."), "/api/v1/new").contains("older"));
        assert!(said(502, "<html>", "/").contains("not Aurix's"));
        let errors = r#""errors":[{"field":"url","detail":"is bad"},{"field":"template","detail":"line 1"}]"#;
        let invalid = problem(422, "x").replace(r#""message""#, &format!(r#"{errors},"message""#));
        assert_eq!(said(422, &invalid, "/"), "--url: is bad; line 1");
    }

    #[test]
    fn what_is_missing_is_not_the_project_nor_the_call() {
        let missing = |detail: &str| {
            Refused::read(404, problem(404, detail).as_bytes(), "/x").missing(|| "none".to_owned()).to_string()
        };
        assert_eq!(missing("The project has no such webhook."), "none");
        assert_ne!(missing("There is no such project."), "none");
        assert_ne!(missing("There is nothing at this path."), "none");
    }
}
