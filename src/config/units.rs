//! Units.
/// placeholder
#[derive(Debug, Clone, PartialEq)]
pub struct Hours; // replaced by the config work
