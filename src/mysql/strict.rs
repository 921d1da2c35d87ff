//! Whether a server takes hashes of passwords.

use super::error::Error;
use super::facts::{fields, text};
use super::reader::Reader;

/// The plugins that check passwords, when no password may go around them (MariaDB; found by
/// trial on 10.11 and 11.8, and everybody may ask).
const CHECKS: &str = "SELECT PLUGIN_NAME FROM information_schema.PLUGINS \
    WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE' \
    AND @@GLOBAL.strict_password_validation = 1 ORDER BY PLUGIN_NAME";

impl Reader {
    /// The plugins for whose sake the server refuses every hash, and with it every account
    /// that jumpgate would make; none when it takes hashes.
    ///
    /// # Errors
    /// When the server does not answer the question.
    pub async fn refusing_hashes(&mut self) -> Result<Vec<String>, Error> {
        if !self.facts.server.dialect.is_mariadb() {
            return Ok(Vec::new());
        }
        let rows = self.session.rows("tell which plugins check passwords", CHECKS).await?;
        let names = rows.into_iter().filter_map(|row| {
            let [name] = fields(Some(row))?;
            text(name)
        });
        Ok(names.collect())
    }
}
