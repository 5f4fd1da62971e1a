//! The settings as help and documents list them.

use clap::Args as _;

use super::Settings;

/// What the settings are about, in the order in which they are listed, with their names.
pub const GROUPS: &[(&str, &[&str])] = &[
    ("Serving", &["listen", "base_url", "trusted_proxies", "drain", "keep_alive", "body_memory", "rate_limits"]),
    ("TLS built in", &["acme_domain", "acme_email", "acme_directory", "acme_ca", "redirect_listen"]),
    ("Data", &["data_dir", "database", "secret_key", "retention"]),
    ("Deliveries", &["allow_networks", "allow_http", "retry_schedule", "lease"]),
    (
        "People and mail",
        &[
            "auth_header",
            "oidc_issuer",
            "oidc_client_id",
            "oidc_client_secret",
            "oidc_domains",
            "smtp_url",
            "mail_from",
        ],
    ),
    (
        "Agent",
        &["lead_silence", "llm_base_url", "llm_model", "llm_api_key", "llm_headers", "llm_extra", "llm_timeout_ms"],
    ),
    ("Log, metrics and traces", &["log", "log_format", "metrics_token", "otlp_endpoint"]),
];

/// A setting as documents show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `listen`
    pub name: String,
    /// `AURIX_LISTEN`
    pub variable: String,
    /// `--listen`
    pub flag: String,
    /// What stands behind it: `HOST:PORT`.
    pub value: String,
    /// What holds where nothing is given, if that is one text.
    pub default: Option<String>,
    /// One sentence.
    pub meaning: String,
}

/// Every setting, in the order in which they are declared: what documents are checked against.
pub fn settings() -> Vec<Setting> {
    let command = Settings::augment_args(clap::Command::new("aurix"));
    let shown = |argument: &clap::Arg| {
        let values = argument.get_value_names().unwrap_or_default();
        Some(Setting {
            name: argument.get_id().to_string(),
            variable: argument.get_env()?.to_string_lossy().into_owned(),
            flag: format!("--{}", argument.get_long()?),
            value: values.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(" "),
            default: argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned()),
            meaning: argument.get_help()?.to_string(),
        })
    };
    command.get_arguments().filter_map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_in_one_group() {
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut declared: Vec<String> = settings().into_iter().map(|setting| setting.name).collect();
        listed.sort_unstable();
        declared.sort_unstable();
        assert_eq!(listed, declared);
    }
}
