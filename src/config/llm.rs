//! The language model, where there is one.

use std::time::Duration;

use secrecy::SecretString;

use super::{InvalidSetting, Settings, checked, credential, given};
use crate::llm::Endpoint;

/// Milliseconds that the model may take for a turn.
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 100..=15_000;

/// The model, where its address and its name are given.
pub(super) fn llm_endpoint(settings: &Settings) -> Result<Option<Endpoint>, InvalidSetting> {
    let wrong = |setting, problem: String| InvalidSetting { setting, problem };
    let missing = |setting, beside: &str| wrong(setting, format!("has to be set beside {beside}"));
    let (url, model) = (given(settings.llm_base_url.as_deref()), given(settings.llm_model.as_deref()));
    let (url, model) = match (url, model) {
        (Some(url), Some(model)) => (url, model),
        (Some(_), None) => return Err(missing("AURIX_LLM_MODEL", "AURIX_LLM_BASE_URL")),
        (None, _) => {
            let others = [
                ("AURIX_LLM_MODEL", &settings.llm_model),
                ("AURIX_LLM_API_KEY", &settings.llm_api_key),
                ("AURIX_LLM_HEADERS", &settings.llm_headers),
                ("AURIX_LLM_EXTRA", &settings.llm_extra),
                ("AURIX_LLM_TIMEOUT_MS", &settings.llm_timeout_ms),
            ];
            let other = others.into_iter().find(|(_, text)| given(text.as_deref()).is_some());
            return match other {
                Some((name, _)) => Err(missing("AURIX_LLM_BASE_URL", name)),
                None => Ok(None),
            };
        }
    };
    let mut endpoint = Endpoint::new(url, model).map_err(|error| wrong("AURIX_LLM_BASE_URL", error.to_string()))?;
    if let Some(key) = checked("AURIX_LLM_API_KEY", settings.llm_api_key.as_deref(), api_key)? {
        endpoint = endpoint.with_api_key(key);
    }
    if let Some(headers) = checked("AURIX_LLM_HEADERS", settings.llm_headers.as_deref(), credential)? {
        endpoint = endpoint.with_headers(&headers).map_err(|error| wrong("AURIX_LLM_HEADERS", error.to_string()))?;
    }
    if let Some(extra) = given(settings.llm_extra.as_deref()) {
        let refused = |error: String| wrong("AURIX_LLM_EXTRA", error.replace(['\r', '\n'], " "));
        endpoint = endpoint.with_extra(extra).map_err(|error| refused(error.to_string()))?;
    }
    if let Some(timeout) = checked("AURIX_LLM_TIMEOUT_MS", settings.llm_timeout_ms.as_deref(), timeout)? {
        endpoint.timeout = timeout;
    }
    Ok(Some(endpoint))
}

fn api_key(text: &str) -> Result<SecretString, String> {
    let key = credential(text)?;
    if key.is_empty() || key.chars().any(|letter| letter.is_control() || !letter.is_ascii()) {
        return Err("this is no key that HTTP can carry: copy it again, without line breaks".to_owned());
    }
    Ok(SecretString::from(key))
}

fn timeout(text: &str) -> Result<Duration, String> {
    let (least, most) = (TIMEOUT_MS.start(), TIMEOUT_MS.end());
    let ms = text.parse().ok().filter(|ms| TIMEOUT_MS.contains(ms));
    let ms = ms.ok_or_else(|| format!("{text:?} is no number of milliseconds from {least} to {most}"))?;
    Ok(Duration::from_millis(ms))
}
