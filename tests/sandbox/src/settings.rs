//! Health and the public settings.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Version;
use crate::errors::Reply;

/// `/api/health/`, which needs no login and names no version.
pub(crate) fn health(now: Timestamp) -> Reply {
    Reply::ok(json!({
        "status": true,
        "db_status": true,
        "db_time": 0.002,
        "redis_status": true,
        "redis_time": 0.0005,
        "time": now.as_second(),
    }))
}

/// `settings/public/open/`, which needs no login.
pub(crate) fn open(version: Version) -> Value {
    let mut interface = json!({
        "logo_logout": "/static/img/logo.png",
        "logo_index": "/static/img/logo_text_white.png",
        "login_image": "/static/img/login_image.png",
        "favicon": "/static/img/facio.ico",
        "theme": "classic_green",
        "theme_info": {},
        "footer_content": "",
    });
    match version {
        Version::V3 => {
            interface["login_title"] = json!("JumpServer Open Source Bastion Host");
            json!({
                "XPACK_ENABLED": false,
                "INTERFACE": interface,
                "COUNTRY_CALLING_CODES": [{"name": "China(中国)", "value": "+86"}],
            })
        }
        Version::V4 => {
            interface["login_title"] = json!("JumpServer - An open-source PAM");
            interface["logo_white"] = json!("/static/img/logo_white.png");
            interface["logo_text_white"] = json!("/static/img/logo_text_white.png");
            interface["version"] = json!("");
            json!({
                "XPACK_ENABLED": false,
                "INTERFACE": interface,
                "LANGUAGES": [{"name": "English", "code": "en", "other_codes": ["en"]}],
                "VENDOR": "JumpServer",
            })
        }
    }
}

/// `settings/public/`, for everyone who is logged in.
pub(crate) fn public(version: Version) -> Value {
    let mut settings = open(version);
    settings["SECURITY_VIEW_AUTH_NEED_MFA"] = json!(true);
    settings["SECURITY_MFA_VERIFY_TTL"] = json!(3600);
    settings["XPACK_LICENSE_IS_VALID"] = json!(false);
    settings["CONNECTION_TOKEN_REUSABLE"] = json!(false);
    settings["VAULT_ENABLED"] = json!(false);
    if version == Version::V4 {
        settings["ASSET_PERMISSION_DEFAULT_EXPIRED_DAYS"] = json!(25550);
    }
    settings
}
