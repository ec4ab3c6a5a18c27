//! x
use super::Scenario;
/// x
pub fn explain(_s: &Scenario) -> String {
    String::new()
}
