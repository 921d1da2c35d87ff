//! The decoder of JumpServer's answers against odd ones: no panic, and no error that shows
//! more than a line.

use proptest::prelude::*;
use serde::de::DeserializeOwned;

use super::date;
use super::error::Error;
use super::row::{
    AccountRow, AssetRow, NodeRow, OrganizationRow, PermissionRow, RelationRow, Row, UserRow,
};
use super::spec::SeenAsset;
use super::stored::StoredPermission;
use crate::fuzz::{cases, changed, changes};
use crate::mark::Mark;
use crate::names::Owner;

/// One good row of each list, as both versions give it.
const ROWS: [&str; 9] = [
    r#"{"id":"bd887c4f-7c90-4110-b3fc-da0e9ab54600","name":"jump_app_liwei","labels":["jumpgate:acme"],"accounts":["root","@SPEC"],"protocols":["ssh"],"actions":[{"value":"connect","label":"Connect"}],"comment":null,"users_amount":1,"user_groups_amount":0,"assets_amount":2,"nodes_amount":0,"org_id":"00000000-0000-0000-0000-000000000002","is_active":true,"is_valid":true,"date_start":"2026/11/01 08:00:00 +0800","date_expired":"2027/01/01 07:59:59 +0800"}"#,
    r#"{"id":"bd887c4f-7c90-4110-b3fc-da0e9ab54600","name":"p","labels":[{"id":"43ef1d83-8aa2-453a-b10a-165ddfad8802","name":"jumpgate","value":"acme"}],"users":[{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","name":"x"}],"user_groups":[],"assets":[],"nodes":[],"org_id":"00000000-0000-0000-0000-000000000002","is_active":true,"date_start":"2026-11-01T00:00:00Z","date_expired":"2027-01-01T00:00:00.123456Z"}"#,
    r#"{"id":7,"user":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","user_display":"Carol(carol)","assetpermission":"9eadf5b4-f3f2-40b1-80cf-42a0efe7caf1","assetpermission_display":"x"}"#,
    r#"{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","username":"liwei","name":"李伟","email":"liwei@acme.example","is_active":true,"is_expired":false,"groups":[{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca7","name":"g"}],"labels":[],"comment":"x"}"#,
    r#"{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","name":"orders-prod","address":"10.0.0.1","category":{"value":"database","label":"Database"},"type":{"value":"mysql","label":"MySQL"},"protocols":[{"name":"mysql","port":3306}],"nodes_display":["/Default/payments"],"is_active":true}"#,
    r#"{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","full_value":"/Default/payments/prod"}"#,
    r#"{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","name":"jump_db_liwei_r","username":"jump_db_liwei_r","secret_type":{"value":"password","label":"Password"},"asset":{"id":"4ef4be9f-4e46-4011-8ea3-7cc5a335aca6","name":"orders-prod"},"is_active":true,"labels":["jumpgate:acme"],"comment":"for liwei\njumpgate/1 {\"owner\":\"acme\"}"}"#,
    r#"{"id":"00000000-0000-0000-0000-000000000002","name":"Default","is_root":false}"#,
    r#"{"detail":"You do not have permission to perform this action.","code":"permission_denied"}"#,
];

const PIECES: &[&str] = &[
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "\"\"",
    "[]",
    "{}",
    "[",
    "{",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{1b}[2J",
    "\"id\":\"x\",",
    "\"value\"",
    "0001/01/01 00:00:00 +0000",
    "9999-12-31T23:59:59Z",
    "<html>",
    "\r\n",
    "jumpgate/1 {",
    "[[[[[[[[[[[[[[[[",
];

fn owner() -> Owner {
    "acme".parse().expect("an owner")
}

fn rows<T: DeserializeOwned + Row>(bytes: &[u8]) -> Vec<T> {
    let row: Option<T> = serde_json::from_slice(bytes).ok();
    let keyed = |row: &T| {
        let _ = row.key();
    };
    row.inspect(keyed).into_iter().collect()
}

/// Every decoder on the same bytes.
fn decode(bytes: &[u8]) {
    let owner = owner();
    for row in rows::<PermissionRow>(bytes) {
        drop(StoredPermission::of(row, &owner));
    }
    drop(rows::<RelationRow>(bytes));
    for row in rows::<UserRow>(bytes) {
        drop(row.seen(&owner));
    }
    for row in rows::<AssetRow>(bytes) {
        drop(SeenAsset::from(row));
    }
    drop(rows::<NodeRow>(bytes));
    for row in rows::<AccountRow>(bytes) {
        drop(row.seen(&owner));
    }
    drop(rows::<OrganizationRow>(bytes));
    let text = String::from_utf8_lossy(bytes);
    let _ = date::parse(&text);
    let _ = Mark::parse(&text);
}

/// What is said of an error answer: one line of bounded length.
fn told(status: u16, bytes: &[u8]) -> String {
    let error = Error::of_answer("GET", "/api/v1/users/users/", status, bytes, Some("s3cret"));
    error.to_string()
}

#[test]
fn good_rows_are_decoded() {
    let of = |at: usize| ROWS[at].as_bytes();
    assert_eq!(rows::<PermissionRow>(of(0)).len() + rows::<PermissionRow>(of(1)).len(), 2);
    assert_eq!(rows::<RelationRow>(of(2)).len() + rows::<UserRow>(of(3)).len(), 2);
    assert_eq!(rows::<AssetRow>(of(4)).len() + rows::<NodeRow>(of(5)).len(), 2);
    assert_eq!(rows::<AccountRow>(of(6)).len() + rows::<OrganizationRow>(of(7)).len(), 2);
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn fuzz_answers_of_jumpserver(
        seed in proptest::sample::select(ROWS.to_vec()),
        changes in changes(PIECES),
        status in 100..600_u16,
    ) {
        let bytes = changed(seed.as_bytes(), &changes);
        decode(&bytes);
        let told = told(status, &bytes);
        prop_assert!(told.chars().count() < 1_000, "{told}");
        prop_assert!(!told.chars().any(char::is_control) && !told.contains("s3cret"), "{told:?}");
    }

    #[test]
    fn fuzz_any_bytes_from_jumpserver(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        status in 100..600_u16,
    ) {
        decode(&bytes);
        prop_assert!(told(status, &bytes).chars().count() < 1_000);
    }
}
