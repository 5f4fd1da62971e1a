//! Requests that are not well-formed get a 4xx with the reason, on either engine, and no row.

use aurix::net::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::TestApp;

/// The status code and the text of the response to a request that is written out.
async fn raw(app: &TestApp, request: &str) -> (u16, String) {
    let address = app.base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.expect("it responds and closes");
    let response = String::from_utf8(response).expect("text");
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, response)
}

both_engines! {
    async fn a_path_with_a_nul_names_nothing(app: &TestApp) {
        let project = app.project().await;
        let key = format!("Bearer {}", app.key(&project, "topkee").await);
        let headers = [("content-type", "application/json"), ("authorization", key.as_str())];
        for (method, path) in [
            (Method::GET, "/c/%00"),
            (Method::POST, "/c/x%00"),
            (Method::OPTIONS, "/c/%00"),
            (Method::GET, "/channels/whatsapp/%00/webhook"),
            (Method::POST, "/channels/whatsapp/%00/webhook"),
            (Method::GET, "/integrations/topkee%00/leads"),
            (Method::GET, "/%00"),
        ] {
            let response = app.send(method.clone(), path, &headers, "{}").await;
            assert_eq!(response.status(), 404, "{method} {path}");
            assert_eq!(response.header("content-type"), "application/problem+json");
            assert_eq!(response.json()["detail"], "There is nothing at this path.");
        }
        assert_eq!(app.get("/c/%2500", &[]).await.status(), 404, "the text %00 is no NUL, and no widget");
        let widget = format!("/c/{}%00", project.widget_id);
        assert_eq!(app.get(&widget, &[]).await.status(), 404, "and is not the widget before it");
    }

    async fn an_offset_beyond_every_row_is_an_empty_list(app: &TestApp) {
        let project = app.project().await;
        app.click(&project, "").await;
        for service in ["external", "topkee"] {
            let key = format!("Bearer {}", app.key(&project, service).await);
            for list in ["leads", "attribution"] {
                for query in ["offset=9223372036854775807", "offset=9223372036854775807&limit=10000", "offset=9223372036854765807&limit=10000"] {
                    let path = format!("/integrations/{service}/{list}?{query}");
                    let response = app.get(&path, &[("authorization", &key)]).await;
                    assert_eq!(response.status(), 200, "{path}");
                    assert_eq!(response.json()["data"].as_array().map(Vec::len), Some(0), "{path}");
                }
                let path = format!("/integrations/{service}/{list}?offset=9223372036854775808");
                assert_eq!(app.get(&path, &[("authorization", &key)]).await.status(), 422, "{path}");
            }
        }
    }

    async fn a_request_names_one_host(app: &TestApp) {
        for (hosts, status) in [
            ("", 400),
            ("host: a.example\r\nhost: b.example\r\n", 400),
            ("host: a.example, b.example\r\n", 400),
            ("host: a.example/path\r\n", 400),
            ("host: a.example\r\n", 200),
        ] {
            let (seen, response) = raw(app, &format!("GET /healthz HTTP/1.1\r\n{hosts}connection: close\r\n\r\n")).await;
            assert_eq!(seen, status, "{hosts:?}: {response}");
            assert_eq!(response.contains("application/problem+json"), status == 400, "{response}");
        }
        assert_eq!(raw(app, "GET /healthz HTTP/1.0\r\n\r\n").await.0, 200);
    }
}
