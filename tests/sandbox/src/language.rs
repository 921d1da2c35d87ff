//! Messages in the language of the installation.

use serde_json::Value;

use crate::Version;
use crate::http::Call;

/// Messages and how they read in Chinese.
const CHINESE: &[(&str, &str)] = &[
    ("Authentication credentials were not provided.", "身份认证信息未提供。"),
    ("Invalid token.", "认证令牌无效。"),
    ("User inactive or deleted.", "用户未激活或者已删除。"),
    ("You do not have permission to perform this action.", "您没有执行该操作的权限。"),
    ("This field is required.", "该字段是必填项。"),
    ("This field may not be blank.", "该字段不能为空。"),
    ("This field may not be null.", "该字段不能为 null。"),
    ("This field must be unique.", "该字段必须唯一。"),
];

/// Puts the messages of an error in Chinese where the client did not ask for another
/// language: version 3 is Chinese unless asked otherwise, version 4 was set to English.
pub(crate) fn translate(call: &Call, body: &mut Value) {
    let asked = call.header("accept-language").unwrap_or_default();
    let chinese = asked.starts_with("zh") || (asked.is_empty() && call.version == Version::V3);
    if chinese {
        walk(body);
    }
}

fn walk(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((_, chinese)) = CHINESE.iter().find(|(english, _)| english == text) {
                (*chinese).clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::Object(object) => object.values_mut().for_each(walk),
        _ => {}
    }
}
