//! What letters say that are not about attention.

use crate::domain::account::Role;
use crate::smtp::{Draft, Letter};

/// Invites somebody to a project.
pub fn invitation(base_url: &str, project: &str, (by, role): (&str, Role), link: &str) -> Letter {
    let mut draft = Draft::new(&format!("You are invited to {project}"));
    draft.paragraph(&format!("{by} invites you to the project {project} on {base_url}, as {}.", role.as_str()));
    draft.link("Join", link);
    draft.paragraph("The link is good once, and for a week.");
    draft.letter("If you do not know what this is about, ignore it: nothing happens then.")
}

/// Has a link with which a person sets a new password.
pub fn new_password(base_url: &str, link: &str) -> Letter {
    let mut draft = Draft::new("A new password for Aurix");
    draft.paragraph(&format!("Somebody asked for a new password for your account on {base_url}."));
    draft.link("Set a password", link);
    draft.paragraph("The link is good once, and for a day. Your second factor stays as it is.");
    draft.letter("If it was not you, ignore this: your password stays as it is.")
}

/// Shows an operator that mail arrives.
pub(super) fn test(base_url: &str) -> Letter {
    let mut draft = Draft::new("Mail from Aurix arrives");
    draft.paragraph(&format!("You tried the mail server of {base_url}. It works."));
    draft.link("Instance", &format!("{base_url}/instance"));
    draft.letter("You get this because you pressed Send a test.")
}
