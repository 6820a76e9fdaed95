//! What outlives an instance, over HTTP: a purge that is asked for twice, archives that are named, numbers about ageing.

use crate::world::{World, waiting};
use api::auth::Role;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_contact_is_purged_only_when_it_is_said() {
    let world = World::make().await;
    let admin = world.user(Role::Admin).await;
    let contact = Uuid::now_v7();
    sqlx::query(
        "insert into contact (tenant_id, id, name, phone) values ($1, $2, 'Asha', '255700000001')",
    )
    .bind(world.tenant)
    .bind(contact)
    .execute(&world.pool)
    .await
    .unwrap();
    admin.publish(&waiting()).await;
    let instance =
        admin.start(json!({"definition": "waiting", "input": {"phone": "255700000001"}})).await;
    let path = format!("/v1/contacts/{contact}/purge");
    let named = json!([instance]);
    // (body, status, what the answer says)
    let cases = [
        (json!({}), 200, "\"contact\":1"),
        (json!({"dry_run": true, "instances": named}), 200, &*instance),
        (json!({"dry_run": false, "instances": named}), 422, "cancel them first"),
        (json!({"dry_run": "no"}), 422, "dry_run"),
        (
            json!({"dry_run": false, "cancel_live": true, "instances": named, "reason": "GDPR"}),
            200,
            "\"is_done\":true",
        ),
        (json!({"dry_run": false}), 404, "not found"),
    ];
    for (body, status, wanted) in cases {
        let got = admin.post(&path, &body).await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
        assert!(got.text.contains(wanted), "{body}: {}", got.text);
    }
    let shown = admin.get(&format!("/v1/instances/{instance}")).await.wants(200);
    assert_eq!(
        (&shown["status"], &shown["context"]),
        (&json!("cancelled"), &json!({"purged": true}))
    );
    let replayed = admin.post(&format!("/v1/instances/{instance}/replay"), &json!({})).await;
    let replayed = replayed.wants(200);
    assert_eq!((&replayed["purged"], &replayed["divergence"]), (&json!(true), &Value::Null));
    let scenario = admin.get(&format!("/v1/instances/{instance}/scenario")).await;
    assert!(scenario.status == 422 && scenario.text.contains("purged"), "{}", scenario.text);
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit where verb = 'contact.purge' and reason = 'GDPR'",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(audited, 1);
    world.end().await;
}

#[tokio::test]
async fn what_is_in_an_archive_is_said_to_be() {
    let world = World::make().await;
    let viewer = world.user(Role::Viewer).await;
    let gone = Uuid::now_v7();
    sqlx::query(
        "with file as (insert into archive (tenant_id, id, file, status, instances, turns, bytes, sha256, made_at)
           values ($1, $2, 'a/2026-01/b.jsonl.zst', 'settled', 1, 2, 3, '', now()))
         insert into archived (tenant_id, instance_id, archive_id, definition, first_seq, last_seq, is_over)
         values ($1, $2, $2, 'waiting', 1, 2, true)",
    )
    .bind(world.tenant)
    .bind(gone)
    .execute(&world.pool)
    .await
    .unwrap();
    let told = viewer.get(&format!("/v1/instances/{gone}/history")).await;
    assert_eq!(told.status, 404);
    assert!(told.text.contains("perdure archive restore") && told.text.contains("b.jsonl.zst"));
    let other = viewer.get(&format!("/v1/instances/{}/history", Uuid::now_v7())).await;
    assert!(other.status == 404 && !other.text.contains("archive"), "{}", other.text);
    world.end().await;
}

#[tokio::test]
async fn metrics_tell_how_the_database_ages() {
    let world = World::make().await;
    let text = world.nobody().get("/metrics").await.text;
    for line in [
        "perdure_history_stray_turns 0",
        "perdure_history_months_ahead 3",
        "perdure_archives_open 0",
        "perdure_chore_failed{chore=\"retention\"} 0",
        "perdure_prepared_age_seconds 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    for table in ["instance", "inbox", "step", "timer", "message", "shard"] {
        assert!(text.contains(&format!("perdure_table_hot_ratio{{table=\"{table}\"}}")), "{table}");
    }
    world.end().await;
}
