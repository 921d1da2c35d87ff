//! Two runs never write at the same time.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jumpgate::jumpserver::{ErrorKind, Lease, Limits, Reader, Settings, Terms};
use jumpgate::naming;
use jumpgate_sandbox::{Fault, NewPermission, PermissionView, Rule, Version};
use serde_json::json;
use uuid::Uuid;

use super::target::{Target, limits, sandboxes};

/// Terms that are over soon.
const SHORT: Terms = Terms { duration: Duration::from_millis(900), wait: Duration::ZERO };

/// A connection whose writes are quick, so that a lease may be short.
async fn quick(target: &Target) -> Reader {
    let limits = Limits { write: Duration::from_millis(300), ..limits() };
    let settings = Settings { limits, ..target.settings() };
    Reader::connect(&settings, target.credentials()).await.expect("a connection")
}

async fn take(
    target: &Target,
    reader: &Reader,
    terms: Terms,
) -> Result<Lease, jumpgate::jumpserver::Error> {
    Lease::take(reader, &target.owner(), &target.prefix(), terms).await
}

/// The lease as JumpServer holds it.
fn stored(target: &Target) -> PermissionView {
    let mut permissions = target.running().permissions().into_iter();
    permissions.find(|permission| permission.name.contains("-lease-")).expect("the lease")
}

#[tokio::test(flavor = "multi_thread")]
async fn o32_of_two_at_once_exactly_one_wins_and_the_other_is_told_who() {
    Target::each(|target| async move {
        let (first, second) = (target.reader().await, target.reader().await);
        for _ in 0..3 {
            let terms = Terms::default();
            let (a, b) = tokio::join!(take(&target, &first, terms), take(&target, &second, terms));
            let (winner, loser) = match (a, b) {
                (Ok(winner), Err(error)) | (Err(error), Ok(winner)) => (winner, error),
                (Ok(_), Ok(_)) => panic!("both hold it"),
                (Err(a), Err(b)) => panic!("nobody holds it: {a}; {b}"),
            };
            assert_eq!(loser.kind, ErrorKind::Held, "{loser}");
            let text = loser.to_string();
            assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
            assert!(text.contains("since 20"), "{text}");
            winner.release().await.expect("it ends");
        }
        // One after the other: each lease has a later number.
        let lease = take(&target, &first, Terms::default()).await.expect("it is free");
        assert!(lease.number() > 3);
        let error = take(&target, &second, Terms::default()).await.err().expect("it is held");
        assert_eq!(error.kind, ErrorKind::Held);
        lease.release().await.expect("it ends");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_run_is_waited_for() {
    for target in sandboxes().await {
        let (first, second) = (target.reader().await, target.reader().await);
        let lease = target.lease(&first).await;
        let patient = Terms { wait: Duration::from_secs(30), ..Terms::default() };
        let (owner, prefix) = (target.owner(), target.prefix());
        let waiting =
            tokio::spawn(async move { Lease::take(&second, &owner, &prefix, patient).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        lease.release().await.expect("it ends");
        let next = waiting.await.expect("no panic").expect("its turn has come");
        next.release().await.expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o32_a_dead_holder_is_replaced_after_its_end() {
    for target in sandboxes().await {
        let reader = quick(&target).await;
        let dead = take(&target, &reader, SHORT).await.expect("it is free");
        let number = dead.number();
        // Killed: it renews nothing and gives nothing back.
        drop(dead);
        let error = take(&target, &reader, SHORT).await.err().expect("its end has not come");
        assert_eq!(error.kind, ErrorKind::Held);
        target.running().set_clock_offset(SignedDuration::from_secs(60));
        let later = quick(&target).await;
        let next = take(&target, &later, SHORT).await.expect("the dead one's end has passed");
        assert_eq!(next.number(), number + 1);
        let names: Vec<String> = target
            .running()
            .permissions()
            .into_iter()
            .map(|permission| permission.name)
            .filter(|name| name.contains("-lease-"))
            .collect();
        assert_eq!(names, [format!("jumptest-lease-{}-{}", target.owner(), number + 1)]);
        next.release().await.expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_while_it_is_held() {
    for target in sandboxes().await {
        let reader = quick(&target).await;
        let lease = take(&target, &reader, SHORT).await.expect("it is free");
        let writer = lease.writer();
        let end = || stored(&target).date_expired;
        let first = end();
        tokio::time::sleep(SHORT.duration * 2).await;
        writer.delete_permission(Uuid::new_v4()).await.expect("it may still write");
        // Other runs look at the end that JumpServer holds.
        for _ in 0..1_000 {
            if end() > first {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(end() > first, "JumpServer holds the old end");
        lease.release().await.expect("it ends");
        let error = writer.delete_permission(Uuid::new_v4()).await.expect_err("it was given back");
        assert_eq!(error.kind, ErrorKind::LeaseLost, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_refuses_when_its_lease_has_run_out() {
    for target in sandboxes().await {
        let reader = quick(&target).await;
        let lease = take(&target, &reader, SHORT).await.expect("it is free");
        let writer = lease.writer();
        let renewals = Rule::on("PATCH", "perms/asset-permissions/");
        target.running().fault(renewals, Fault::answer(500, json!({ "error": "no" })));
        tokio::time::sleep(SHORT.duration).await;
        target.running().clear_requests();
        let error = writer.delete_permission(Uuid::new_v4()).await.expect_err("it is over");
        assert_eq!(error.kind, ErrorKind::LeaseLost, "{error}");
        let error = writer.delete_account(Uuid::new_v4()).await.expect_err("it is over");
        assert_eq!(error.kind, ErrorKind::LeaseLost, "{error}");
        let requests = target.running().requests();
        assert!(requests.iter().all(|request| request.method != "DELETE"), "nothing is sent");
        assert!(lease.release().await.is_err(), "the server fails");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_after_a_wait_in_which_the_lease_ran_out() {
    for target in sandboxes().await {
        let limits = Limits { write: Duration::from_millis(300), parallel: 1, ..limits() };
        let settings = Settings { limits, ..target.settings() };
        let reader = Reader::connect(&settings, target.credentials()).await.expect("a connection");
        let lease = take(&target, &reader, SHORT).await.expect("it is free");
        let writer = lease.writer();
        target.running().clear_requests();
        // One slow read takes the only place until the lease has ended, and the renewal and
        // the write wait for it.
        let slow = Rule::on("GET", "users/").times(1);
        target.running().fault(slow, Fault::Delay(SHORT.duration * 2));
        let owner = target.owner();
        let (_, written) = tokio::join!(reader.users(&owner, None), async {
            tokio::time::sleep(SHORT.duration / 9).await;
            writer.delete_permission(Uuid::new_v4()).await
        });
        let error = written.expect_err("it is over");
        assert_eq!(error.kind, ErrorKind::LeaseLost, "{error}");
        tokio::time::sleep(SHORT.duration / 3).await;
        let requests = target.running().requests();
        let written = requests.iter().filter(|request| request.method != "GET");
        assert_eq!(written.count(), 0, "neither the write nor the renewal: {requests:?}");
        lease.release().await.expect("its end is set back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_not_sent_again_after_the_lease_ran_out() {
    for target in sandboxes().await {
        let reader = quick(&target).await;
        let lease = take(&target, &reader, SHORT).await.expect("it is free");
        target.running().clear_requests();
        let later = vec![("Retry-After".to_owned(), "1".to_owned())];
        let busy = Fault::Answer { status: 429, body: json!({}), headers: later };
        target.running().fault(Rule::on("PATCH", "perms/asset-permissions/").times(1), busy);
        tokio::time::sleep(SHORT.duration * 2).await;
        let requests = target.running().requests();
        let renewals = requests.iter().filter(|request| request.method == "PATCH");
        assert_eq!(renewals.count(), 1, "{requests:?}");
        lease.release().await.expect("its end is set back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_another_hand_removed_ends_the_writing() {
    for target in sandboxes().await {
        let reader = quick(&target).await;
        let lease = take(&target, &reader, SHORT).await.expect("it is free");
        let writer = lease.writer();
        let own = stored(&target);
        target.running().delete_permission(own.id);
        tokio::time::sleep(SHORT.duration / 2).await;
        let error = writer.delete_permission(Uuid::new_v4()).await.expect_err("it is lost");
        assert_eq!(error.kind, ErrorKind::LeaseLost);
        assert!(error.to_string().contains("another run replaced it"), "{error}");
        lease.release().await.expect("there is nothing to end");
    }
}

/// While a run was about to make lease 1, another one made it, gave it back, and made the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_another_run_has_passed_by_is_given_up() {
    for version in [Version::V3, Version::V4] {
        let target = Arc::new(Target::sandbox(version).await);
        let reader = target.reader().await;
        let (owner, org) = (target.owner(), reader.organization().id.to_string());
        let name = naming::lease(&target.prefix(), &owner, 2);
        let rival = NewPermission {
            id: Some(naming::lease_id(&owner, &org, 2)),
            name: name.clone(),
            date_expired: Some(target.running().now() + SignedDuration::from_mins(5)),
            inactive: true,
            ..NewPermission::default()
        };
        let other = Arc::clone(&target);
        target.running().on_request(move |request| {
            if request.method == "POST" && other.running().permission(&name).is_none() {
                other.running().add_permission(rival.clone());
            }
            None
        });
        let error = take(&target, &reader, Terms::default()).await.err().expect("another has it");
        target.running().clear_faults();
        assert_eq!(error.kind, ErrorKind::Held, "{error}");
        let left: Vec<String> =
            target.running().permissions().into_iter().map(|row| row.name).collect();
        assert_eq!(left, [naming::lease(&target.prefix(), &owner, 2)], "the other one's stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_answer_was_lost_is_still_ours() {
    for target in sandboxes().await {
        let reader = target.reader().await;
        let create = Rule::on("POST", "perms/asset-permissions/").times(1);
        target.running().fault(create, Fault::DropAfter);
        let lease = take(&target, &reader, Terms::default()).await.expect("it is ours");
        assert_eq!(lease.number(), 1);
        lease.release().await.expect("it ends");
    }
}

#[tokio::test]
async fn a_lease_shorter_than_a_write_is_refused() {
    let target = Target::sandbox(Version::V4).await;
    let reader = target.reader().await;
    let error = take(&target, &reader, SHORT).await.err().expect("a write may take longer");
    assert_eq!(error.kind, ErrorKind::Settings);
}

/// Both passed the server's check of names and ids, and its database refused the second.
#[tokio::test]
async fn the_loser_of_a_race_in_the_database_is_told_who_won() {
    for target in sandboxes().await {
        let (first, second) = (target.reader().await, target.reader().await);
        let winner = target.lease(&first).await;
        // The second looked before the first had made its lease.
        let none = json!({"count": 0, "next": null, "previous": null, "results": []});
        target.running().fault(Rule::on("GET", "search=").times(1), Fault::answer(200, none));
        let refused = Fault::answer(500, json!({"error": "Server internal error"}));
        target.running().fault(Rule::on("POST", "asset-permissions/").times(1), refused);
        let error = take(&target, &second, Terms::default()).await.err().expect("it is held");
        assert_eq!(error.kind, ErrorKind::Held, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        winner.release().await.expect("it ends");
        // Where nothing explains it, it is the server's failure.
        let broken = Fault::answer(500, json!({"error": "Server internal error"}));
        target.running().fault(Rule::on("POST", "asset-permissions/").times(1), broken);
        let error = take(&target, &second, Terms::default()).await.err().expect("it failed");
        assert_eq!(error.kind, ErrorKind::Server, "{error}");
    }
}
