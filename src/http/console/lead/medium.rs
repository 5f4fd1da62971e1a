//! `GET …/leads/{lead}/media/{message}`: a picture, a sound or a file that a person sent. It is a stranger's: a browser is to save it, and
//! to run nothing of it.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use crate::domain::ids::{LeadId, MessageId};
use crate::engines::Engines;
use crate::http::console::who::Member;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::store::media;

/// Characters of a file's name that are given.
const NAME_CHARS_MAX: usize = 100;

pub async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, lead, message)): Path<(String, LeadId, MessageId)>,
) -> Result<Response> {
    if member.sees_masked() {
        return Err(no_such_path().await);
    }
    let project = member.project.id;
    let found = engines.core.db.read(async move |conn| Ok(media::find(conn, project, lead, message).await?)).await?;
    let Some(medium) = found else { return Err(no_such_path().await) };
    let headers = [
        (CONTENT_TYPE, medium.media_type),
        (CONTENT_DISPOSITION, disposition(medium.filename.as_deref())),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (CACHE_CONTROL, "private, max-age=3600".to_owned()),
    ];
    Ok((headers, medium.content).into_response())
}

/// RFC 6266: the name as UTF-8 in percent-encoding, in which nothing ends a header or a string.
fn disposition(filename: Option<&str>) -> String {
    let plain: String = filename
        .unwrap_or("file")
        .chars()
        .map(|letter| if letter.is_control() || matches!(letter, '/' | '\\') { '_' } else { letter })
        .take(NAME_CHARS_MAX)
        .collect();
    let name: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    format!("attachment; filename*=UTF-8''{}", name.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(disposition(Some("Café 1.pdf")), "attachment; filename*=UTF-8''Caf%C3%A9%201.pdf");
        assert_eq!(disposition(Some("../a\"\r\nx: y")), "attachment; filename*=UTF-8''.._a%22__x%3A%20y");
        assert_eq!(disposition(None), "attachment; filename*=UTF-8''file");
    }
}
