//! Floor 4: what the product does, one verb a file, each to be read from top to bottom.

pub mod add_channel;
pub mod add_webhook;
pub mod configure_webhook;
pub mod count_visit;
pub mod create_key;
pub mod create_project;
pub mod create_widget;
pub mod deliver_event;
pub mod emit_event;
pub mod find_widget;
pub mod keep_aside;
pub mod link_session;
pub mod merge_people;
pub mod open_channel;
pub mod receive_message;
pub mod record_click;
pub mod remove_webhook;
pub mod resend_delivery;
pub mod revoke_key;
pub mod rotate_secret;
pub mod send_message;
pub mod set_form;
pub mod set_webhook_active;
pub mod take_turn;
pub mod test_webhook;
