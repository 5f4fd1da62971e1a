//! Errors in the format that the caller asks for: a page for a browser, JSON for a program.

use aurix::net::Method;

use crate::support::TestApp;

const BROWSER: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8");

both_engines! {
    async fn a_browser_is_shown_errors_as_a_page(app: &TestApp) {
        for (path, text) in [
            ("/c/nobody%3Cscript%3E", "There is no widget &quot;nobody&lt;script&gt;&quot;: check the tag on the site."),
            ("/settings", "There is nothing at this path."),
        ] {
            let response = app.get(path, &[BROWSER]).await;
            assert_eq!(response.status(), 404);
            assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(response.header("vary"), "accept");
            assert!(response.header("content-security-policy").starts_with("default-src 'none'"));
            let page = response.text();
            assert!(page.contains("<h1>Not Found</h1>") && page.contains(text), "{page}");
            assert!(page.ends_with("</html>\n"), "whole, whatever length the JSON had: {page}");
        }
        let response = app.send(Method::POST, "/widget.js", &[BROWSER], "").await;
        assert_eq!((response.status(), response.header("allow")), (405, "GET,HEAD"));
        assert!(response.text().contains("<h1>Method Not Allowed</h1>"));
    }

    async fn a_program_is_sent_errors_as_json(app: &TestApp) {
        let key = ("authorization", "Bearer unknown");
        for (path, headers, status) in [
            ("/c/nobody", &[][..], 404),
            ("/c/nobody", &[("accept", "*/*")], 404),
            ("/settings", &[("accept", "application/json")], 404),
            ("/integrations/external/leads", &[("accept", "*/*")], 401),
            ("/integrations/external/leads", &[BROWSER, key], 401),
        ] {
            let response = app.get(path, headers).await;
            assert_eq!(response.status(), status, "{path} {headers:?}");
            assert_eq!(response.header("content-type"), "application/problem+json", "{path} {headers:?}");
            assert_eq!(response.json()["status"], status, "{path} {headers:?}");
        }
        let response = app.get("/settings", &[]).await;
        assert_eq!(
            response.text(),
            concat!(
                r#"{"type":"about:blank","title":"Not Found","status":404,"#,
                r#""detail":"There is nothing at this path.","message":"There is nothing at this path."}"#
            )
        );
    }
}
