//! The seven things a permission may allow.

use serde_json::{Value, json};

use crate::Version;

/// Names in the order of their bits, with their labels.
const ACTIONS: [(&str, &str); 7] = [
    ("connect", "Connect (All protocols)"),
    ("upload", "Upload (RDP, SFTP)"),
    ("download", "Download (RDP, SFTP)"),
    ("copy", "Copy (RDP, VNC)"),
    ("paste", "Paste (RDP, VNC)"),
    ("delete", "Delete (SFTP)"),
    ("share", "Share (SSH)"),
];

/// Every action.
pub(crate) const ALL: u8 = 0b111_1111;
/// Connecting alone.
pub(crate) const CONNECT: u8 = 1;

/// Reads `["connect"]`, `["all"]` or `[{"value": "connect"}]`; the error is the
/// server's message.
pub(crate) fn read(value: &Value) -> Result<u8, String> {
    let Some(items) = value.as_array() else {
        return Err("Invalid data type, should be list".to_owned());
    };
    let mut bits = 0;
    for item in items {
        let name = item.get("value").unwrap_or(item).as_str().unwrap_or_default();
        if name == "all" {
            bits |= ALL;
            continue;
        }
        match ACTIONS.iter().position(|(known, _)| *known == name) {
            Some(bit) => bits |= 1 << bit,
            None => {
                let shown = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                return Err(format!("Invalid choice: {shown}"));
            }
        }
    }
    Ok(bits)
}

/// The names of the bits.
pub(crate) fn names(bits: u8) -> Vec<&'static str> {
    ACTIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, (name, _))| *name)
        .collect()
}

/// The read shape, `[{"value", "label"}]`.
pub(crate) fn write(bits: u8, version: Version) -> Value {
    ACTIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, (value, label))| {
            let label = match (version, *value) {
                (Version::V4, "share") => SHARE_V4,
                _ => label,
            };
            json!({"value": value, "label": label})
        })
        .collect()
}

/// Version 4 names the share action otherwise.
const SHARE_V4: &str = "Share (Web SSH, Web RDP, Web VNC)";
