//! Which command runs.

use super::elsewhere::{Elsewhere, Place};
use super::output::Output;
use super::{
    Command, actor, agent, attention, audit, backup, channel, delivery, doctor, event, export, form, key, lead, link,
    listen, llm, login, member, move_database, project, ready, reply, retention, secret_key, settings, shells, token,
    trigger, user, webhook, widget,
};
use crate::config::Config;
use crate::metrics::Metrics;

/// Runs a command, with what was said of where it works.
pub async fn perform(
    command: Command,
    (elsewhere, config): (Elsewhere, Config),
    metrics: Metrics,
    output: &Output,
) -> anyhow::Result<()> {
    // These need no data, wherever it is.
    let command = match command {
        Command::Login(login) => return login::login(login, &elsewhere, output).await,
        Command::Logout => return login::logout(&elsewhere, output),
        Command::Profile(command) => return login::run(command, output),
        Command::Settings => return settings::show(output),
        Command::Completions(of) => return shells::complete(&of),
        Command::Man(to) => return shells::write_manual(&to, output),
        other => other,
    };
    let place = Place::new(elsewhere, config);
    match command {
        Command::Project(command) => project::run(command, place, output).await,
        Command::Listen(arguments) => listen::run(arguments, place, output).await,
        Command::Trigger(arguments) => trigger::run(arguments, place, output).await,
        Command::Retention(command) => retention::run(command, place, output).await,
        Command::Key(command) => key::run(command, place, output).await,
        Command::Token(command) => token::run(command, place, output).await,
        Command::Channel(command) => channel::run(command, place, output).await,
        Command::Widget(command) => widget::run(command, place, output).await,
        Command::Link(command) => link::run(command, place, output).await,
        Command::Form(command) => form::run(command, place, output).await,
        Command::Agent(command) => agent::run(command, place, output).await,
        Command::Webhook(command) => webhook::run(command, place, output).await,
        Command::Delivery(command) => delivery::run(command, place, output).await,
        Command::Reply(command) => reply::run(command, place, output).await,
        Command::Attention(command) => attention::run(command, place, output).await,
        Command::Audit(command) => audit::run(command, place, output).await,
        Command::Lead(command) => lead::run(command, place, output).await,
        Command::Event(command) => event::run(command, place, output).await,
        Command::Export(command) => export::run(command, place, output).await,
        Command::Member(command) => member::run(command, place, output).await,
        of_machine => execute_here(of_machine, place, metrics, output).await,
    }
}

/// What is about the machine itself.
async fn execute_here(command: Command, place: Place, metrics: Metrics, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Serve => crate::serve::run(place.here("serve")?, metrics).await,
        Command::Demo { empty } => crate::demo::run(place.here("demo")?, &actor(), empty).await,
        Command::Doctor(doctor) => doctor::run(doctor, place.here("doctor")?, output).await,
        Command::Ready(arguments) => ready::run(arguments, place.here("ready")?, output).await,
        Command::Llm(command) => llm::run(command, place.here("llm")?, output).await,
        Command::SecretKey(command) => secret_key::run(command, place.here("secret-key")?, output).await,
        Command::Backup(arguments) => backup::make(arguments, place.here("backup")?, output).await,
        Command::Restore(arguments) => backup::put_back(arguments, place.here("restore")?, output).await,
        Command::Move(arguments) => move_database::run(arguments, place.here("move")?, output).await,
        Command::User(command) => user::run(command, place.here("user")?, output).await,
        _ => unreachable!("every other command was taken before"),
    }
}
