//! The playground's pages and their files, all of them in the program.

use std::sync::Arc;

use axum::Extension;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Redirect, Response};

use super::{PATH, Playground};
use crate::http::error::{ApiError, Result};

/// What a page may load and do: its own files, nothing inline, framed by itself only.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'self'";

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../assets/playground/", $name))
    };
}

macro_rules! files {
    ($($kind:ident: $($name:literal)*;)*) => {
        /// Every file that is not a page: name, content type, text.
        const FILES: &[(&str, &str, &str)] = &[$($(($name, $kind, file!($name)),)*)*];
    };
}

files! {
    CSS: "base.css" "listener.css" "phone.css" "playground.css" "shop.css";
    JAVASCRIPT: "bot.js" "campaigns.js" "chat.js" "deliveries.js" "dom.js" "feed.js" "journey.js" "json.js" "lead.js" "messages.js"
        "panes.js" "person.js" "phone.js" "playground.js" "screen.js" "suggestions.js";
    SVG: "icon.svg";
}

/// `GET /playground`. Under another name of this machine the panes would be of different origins: the visitor is
/// redirected to the one that the links have.
pub(super) async fn index(Extension(playground): Extension<Arc<Playground>>, headers: HeaderMap) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    if host != playground.host() {
        return Redirect::temporary(&format!("{}{PATH}", playground.stage.base_url)).into_response();
    }
    page(&playground, file!("index.html"))
}

/// `GET /playground/shop`
pub(super) async fn shop(Extension(playground): Extension<Arc<Playground>>) -> Response {
    page(&playground, file!("shop.html"))
}

/// `GET /playground/shop/prices`
pub(super) async fn prices(Extension(playground): Extension<Arc<Playground>>) -> Response {
    page(&playground, file!("prices.html"))
}

/// `GET /playground/phone`: nothing is open.
pub(super) async fn phone(Extension(playground): Extension<Arc<Playground>>) -> Response {
    page(&playground, file!("phone.html"))
}

/// `GET /playground/phone/{number}?text=…`: the chat with that number, the text ready to be sent.
pub(super) async fn chat(
    Extension(playground): Extension<Arc<Playground>>,
    Path(number): Path<String>,
) -> Result<Response> {
    if number != playground.stage.number.bare() {
        return Err(ApiError::NotFound(format!("The playground's only number is {}.", playground.stage.number.bare())));
    }
    Ok(page(&playground, file!("chat.html")))
}

/// `GET /playground/phone/telegram/{bot}?start=…`: the chat with the bot, the reference in its start button.
pub(super) async fn bot_chat(
    Extension(playground): Extension<Arc<Playground>>,
    Path(bot): Path<String>,
) -> Result<Response> {
    if bot != playground.stage.bot.username {
        return Err(ApiError::NotFound(format!("The playground's only bot is {}.", playground.stage.bot.username)));
    }
    Ok(page(&playground, file!("chat.html")))
}

/// `GET /playground/assets/{file}`
pub(super) async fn asset(Path(file): Path<String>) -> Result<Response> {
    let (_, content_type, text) = FILES
        .iter()
        .find(|(name, ..)| *name == file)
        .ok_or_else(|| ApiError::NotFound("The playground has no such file.".to_owned()))?;
    Ok((common("no-cache", content_type), *text).into_response())
}

fn page(playground: &Playground, text: &str) -> Response {
    let stage = &playground.stage;
    let ids = [
        ("{{widget_id}}", &stage.widget_id),
        ("{{bot_widget_id}}", &stage.bot.widget_id),
        ("{{chat_widget_id}}", &stage.chat.widget_id),
    ];
    let text = ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id));
    (common("no-store", "text/html; charset=utf-8"), [("content-security-policy", POLICY)], text).into_response()
}

fn common(cache: &'static str, content_type: &'static str) -> [(&'static str, &'static str); 4] {
    [
        ("content-type", content_type),
        ("cache-control", cache),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGES: [&str; 5] = ["index.html", "shop.html", "prices.html", "phone.html", "chat.html"];

    #[test]
    fn every_file_of_the_folder_is_in_the_program_and_every_link_leads_to_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playground");
        let there: BTreeSet<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let served: BTreeSet<String> = FILES.iter().map(|(name, ..)| *name).chain(PAGES).map(str::to_owned).collect();
        assert_eq!(there, served);
        for name in PAGES {
            let text = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
            for link in text.split("/playground/assets/").skip(1) {
                let file = link.split('"').next().unwrap();
                assert!(FILES.iter().any(|(name, ..)| *name == file), "{name} asks for {file}");
            }
        }
    }

    #[test]
    fn no_page_has_anything_inline_that_its_policy_forbids() {
        for text in
            [file!("index.html"), file!("shop.html"), file!("prices.html"), file!("phone.html"), file!("chat.html")]
        {
            assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="));
            assert!(text.split("<script").skip(1).all(|script| script.split('>').next().unwrap().contains("src=")));
            assert!(!text.contains("http://") && !text.contains("https://"), "nothing comes from elsewhere");
        }
    }
}
