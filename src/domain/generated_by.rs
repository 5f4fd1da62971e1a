//! Who worded a message that goes out.

use super::closed_set::closed_set;

closed_set! {
    /// Who worded an outgoing message.
    pub enum GeneratedBy {
        /// The built-in agent, in the sentences of its packs and the form.
        BuiltIn = "built_in",
        /// A language model had a part in it: it answered a question, or found what is asked about.
        Model = "model",
        /// Somebody of the business.
        Person = "person",
    }
}
