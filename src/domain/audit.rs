//! What the audit log says about a change: the action, its object, and details that are no secret.

use serde_json::{Value, json};

use super::closed_set::closed_set;
use super::ids::{DeliveryId, LeadId, ResendJobId, SavedViewId};

closed_set! {
    /// What was done. Stored as the words of the command that does it.
    pub enum Action {
        /// A project was created.
        CreateProject = "project.create",
        /// A project's settings were changed.
        UpdateProject = "project.set",
    /// An API key was created.
        CreateKey = "key.create",
        /// An API key was revoked.
        RevokeKey = "key.revoke",
        /// A token of the management API was created.
        CreateToken = "token.create",
        /// Such a token was revoked.
        RevokeToken = "token.revoke",
        /// A channel was added, or got new credentials.
        AddChannel = "channel.add",
        /// It was set how a channel behaves.
        UpdateChannel = "channel.set",
        /// A platform was told to send here what people write on a channel.
        SetChannelWebhook = "channel.webhook",
        /// A widget was created.
        CreateWidget = "widget.create",
        /// A widget was changed.
        UpdateWidget = "widget.set",
        /// A link without a site was created.
        CreateCampaignLink = "link.create",
        /// Such a link was changed.
        UpdateCampaignLink = "link.set",
        /// Such a link was paused.
        PauseCampaignLink = "link.pause",
        /// A paused link was resumed.
        ResumeCampaignLink = "link.resume",
        /// Such a link was deleted.
        RemoveCampaignLink = "link.delete",
        /// A webhook was added.
        AddWebhook = "webhook.add",
        /// A partner registered the webhook of its key, or changed its URL.
        ConfigureWebhook = "webhook.configure",
        /// A webhook was removed.
        RemoveWebhook = "webhook.remove",
        /// A webhook got other limits.
        LimitWebhook = "webhook.limit",
        /// A webhook was turned on.
        EnableWebhook = "webhook.enable",
        /// A webhook was turned off.
        DisableWebhook = "webhook.disable",
        /// A webhook's name, URL, events, headers or policy was changed.
        UpdateWebhook = "webhook.set",
        /// A webhook was paused.
        PauseWebhook = "webhook.pause",
        /// A paused webhook was resumed.
        ResumeWebhook = "webhook.resume",
        /// What waited for a paused webhook was skipped.
        SkipDeliveries = "delivery.skip",
        /// A webhook got a new secret.
        RotateSecret = "webhook.rotate",
        /// A webhook got another payload template.
        SetTemplate = "template.set",
        /// The payload template of a webhook was removed.
        RemoveTemplate = "template.remove",
        /// A webhook was sent samples.
        TestWebhook = "webhook.test",
        /// Everything of a project that is sealed was sealed with another key.
        RotateSecretKey = "secret-key.rotate",
        /// A project got another lead form.
        SetForm = "form.set",
        /// How a project uses a language model was set.
        SetAgent = "agent.set",
        /// A project got another knowledge text.
        SetKnowledge = "agent.knowledge",
        /// A question of a person's was answered for good, or put aside.
        SettleQuestion = "agent.answer",
        /// A project's retention periods were set.
        SetRetention = "retention.set",
        /// Deliveries were made due again.
        ResendDeliveries = "delivery.resend",
        /// A job began that resends what a filter matches.
        StartResend = "delivery.resend.start",
        /// Such a job was stopped.
        StopResend = "delivery.resend.stop",
        /// Replies were made due again.
        ResendReplies = "reply.resend",
        /// A person got an account.
        CreateUser = "user.create",
        /// A person's account was removed.
        RemoveUser = "user.remove",
        /// A link was made with which a person sets a new password.
        CreateLink = "user.link",
        /// A person signed in.
        SignIn = "user.sign-in",
        /// A person set a password.
        SetPassword = "user.password",
        /// A person turned their second factor on.
        EnableSecondFactor = "user.second-factor.enable",
        /// A person turned their second factor off, or an operator did.
        DisableSecondFactor = "user.second-factor.disable",
        /// A person's sign-in on another browser was ended.
        EndSessions = "user.sessions.end",
        /// Somebody was invited to a project.
        InviteMember = "member.invite",
        /// An invitation was taken back.
        RevokeInvitation = "member.revoke",
        /// A person joined a project.
        AddMember = "member.add",
        /// An operator tried the mail server.
        TestMail = "mail.test",
        /// Of what a person is told by e-mail was set.
        SetAlerts = "alerts.set",
        /// A person got another role.
        ChangeRole = "member.role",
        /// A person left a project, or was removed.
        RemoveMember = "member.remove",
        /// Somebody took a conversation over from the agent.
        TakeOver = "conversation.take-over",
        /// Somebody gave a conversation back to the agent.
        GiveBack = "conversation.give-back",
        /// Somebody wrote to a person.
        Reply = "conversation.reply",
        /// A lead's stage or quality was set.
        RateLead = "lead.rate",
        /// A lead was marked as one of the business's own people, or no more.
        MarkOwnPeople = "lead.own-people",
        /// A field of a lead was changed.
        EditLead = "lead.edit",
        /// A note on a lead was written.
        NoteLead = "lead.note",
        /// A person was erased.
        ErasePerson = "person.erase",
        /// A filter of a list was kept under a name.
        SaveView = "view.save",
        /// Such a view was removed.
        RemoveView = "view.remove",
    }
}

/// What was changed, by the id that people see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A project, by its UUID.
    Project(String),
    /// An API key, by its UUID.
    Key(String),
    /// A token of the management API, by its UUID.
    Token(String),
    /// A channel, by its id at the platform.
    Channel(String),
    /// A widget, by the id in its tag.
    Widget(String),
    /// A link without a site, by the end of its address.
    Link(String),
    /// A webhook, by its UUID.
    Webhook(String),
    /// A delivery.
    Delivery(DeliveryId),
    /// A job that resends deliveries.
    Resend(ResendJobId),
    /// A reply, by its UUID.
    Reply(String),
    /// All failed replies of a project.
    Replies,
    /// A person, by their e-mail address.
    User(String),
    /// A lead.
    Lead(LeadId),
    /// A filter that is kept.
    View(SavedViewId),
}

impl Object {
    /// The object's kind, as it is stored.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Key(_) => "key",
            Self::Token(_) => "token",
            Self::Channel(_) => "channel",
            Self::Widget(_) => "widget",
            Self::Link(_) => "link",
            Self::Webhook(_) => "webhook",
            Self::Delivery(_) => "delivery",
            Self::Resend(_) => "resend",
            Self::Reply(_) | Self::Replies => "reply",
            Self::User(_) => "user",
            Self::Lead(_) => "lead",
            Self::View(_) => "view",
        }
    }

    /// The object's id, as it is stored.
    pub fn id(&self) -> String {
        match self {
            Self::Project(id) | Self::Key(id) | Self::Channel(id) | Self::Widget(id) | Self::Webhook(id) => id.clone(),
            Self::Delivery(id) => id.to_string(),
            Self::Lead(id) => id.to_string(),
            Self::View(id) => id.to_string(),
            Self::Resend(id) => id.to_string(),
            Self::Reply(id) | Self::User(id) | Self::Link(id) | Self::Token(id) => id.clone(),
            Self::Replies => "failed".to_owned(),
        }
    }
}

/// A change, for the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What was done.
    pub action: Action,
    /// What was changed.
    pub object: Object,
    /// A small JSON object. It never holds a secret, nor what may carry one: of a URL only the origin, of headers the names.
    pub detail: Value,
}

impl Change {
    /// A change without details.
    pub fn new(action: Action, object: Object) -> Self {
        Self { action, object, detail: json!({}) }
    }

    /// The change with these details.
    pub fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}
