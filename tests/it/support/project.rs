//! A project as an operator sets it up: channel, widget, keys, webhooks.

use aurix::domain::delivery::Policy;
use aurix::domain::ids::ProjectId;
use aurix::domain::widget::Look;
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::create_key::create_key;
use aurix::projects::create_project::{NewProject, create_project};
use aurix::projects::create_widget::{NewWidget, create_widget};

use super::whatsapp::{APP_SECRET, VERIFY_TOKEN};
use super::{HttpResponse, Receiver, TestApp, WhatsApp, operator};

/// A project with a WhatsApp channel and a widget.
pub struct Project {
    pub id: ProjectId,
    pub public_id: String,
    pub phone_number_id: String,
    pub widget_id: String,
    pub whatsapp: WhatsApp,
}

impl TestApp {
    pub async fn project(&self) -> Project {
        self.project_named("A shop", "791163770738681").await
    }

    pub async fn project_named(&self, name: &str, phone_number_id: &str) -> Project {
        let whatsapp = WhatsApp::start().await;
        let new = NewProject {
            name: name.to_owned(),
            region: "SG".to_owned(),
            time_zone: "Asia/Singapore".to_owned(),
            ..NewProject::default()
        };
        let project = create_project(&self.core, &operator(), new).await.expect("a project");
        let channel = WhatsAppChannel {
            phone_number_id: phone_number_id.to_owned(),
            number: "+6512345678".to_owned(),
            access_token: "token".to_owned(),
            app_secret: APP_SECRET.to_owned(),
            verify_token: VERIFY_TOKEN.to_owned(),
            api_base: Some(whatsapp.api_base.clone()),
            link_base: None,
        };
        add_whatsapp_channel(&self.core, &operator(), project.id, channel).await.expect("a channel");
        let widget_id = self.widget(project.id, phone_number_id, &[]).await;
        Project {
            id: project.id,
            public_id: project.public_id,
            phone_number_id: phone_number_id.to_owned(),
            widget_id,
            whatsapp,
        }
    }

    pub async fn widget(&self, project: ProjectId, channel_id: &str, origins: &[&str]) -> String {
        let new = NewWidget {
            channel_id: channel_id.to_owned(),
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            greeting: Some("Hello!".to_owned()),
            look: Look::default(),
        };
        create_widget(&self.core, &operator(), project, new).await.expect("a widget").public_id
    }

    /// An API key of the service.
    pub async fn key(&self, project: &Project, service: &str) -> String {
        create_key(&self.core, &operator(), project.id, service.to_owned()).await.expect("a key").key
    }

    /// A webhook as made in the console, for all events.
    pub async fn webhook(&self, project: &Project, receiver: &Receiver) -> String {
        self.webhook_with(project, receiver, Policy::Retry).await
    }

    pub async fn webhook_with(&self, project: &Project, receiver: &Receiver, policy: Policy) -> String {
        let new = NewWebhook { url: receiver.url.clone(), policy, ..NewWebhook::default() };
        add_webhook(&self.core, &operator(), project.id, new).await.expect("a webhook").secret
    }

    /// A click of the project's button; `query` is what the widget adds to the link.
    pub async fn click(&self, project: &Project, query: &str) -> HttpResponse {
        let headers = [("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36")];
        self.get(&format!("/c/{}?{query}", project.widget_id), &headers).await
    }
}
