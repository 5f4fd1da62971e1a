//! What holds for any input to each parser of what strangers send. The targets of this folder ask it of libFuzzer's inputs; `tests/it/fuzz.rs`
//! asks it of some in every run of the tests, so that what is written here is compiled there.

pub mod agent_read;
pub mod attribution_url;
pub mod date_query;
pub mod form_file;
pub mod forwarding_headers;
pub mod llm_answer;
pub mod phone_number;
pub mod platform_response;
pub mod receiver_response;
pub mod references;
pub mod request_fields;
pub mod request_head;
pub mod settings;
pub mod signature_header;
pub mod telegram_body;
pub mod whatsapp_body;
