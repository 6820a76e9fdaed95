//! A contact is forgotten: nothing that says who it was, or what was said, is left in any table or file.

use crate::support::{ASHA, World, booking, recorder, said, told};
use engine::{
    Enqueued, Keeping,
    archive::{list, read},
    enqueue,
    everlasting::retire,
    fault,
    ops::{
        audit::{self, Deed},
        purge::{self, Wish},
        replay, request,
    },
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::{process::Command, time::Duration};
use uuid::Uuid;

/// What was said, and how the person is named.
const SECRETS: [&str; 4] = [ASHA, "tomorrow at the lake", "Asha", "asha@example.test"];

fn wish(world: &World, contact: Uuid) -> Wish {
    Wish {
        tenant: world.tenant,
        contact,
        instances: Vec::new(),
        cancels_live: false,
        actor: "test".to_owned(),
        reason: Some("they asked".to_owned()),
    }
}

/// Where a text is found, of everything in the database: every row of every table, as text.
async fn found(world: &World, needle: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let rows = format!("select t::text from {table} t where strpos(t::text, $1) > 0");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows))
            .bind(needle)
            .fetch_all(&world.pool)
            .await
            .unwrap();
        found.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    found
}

/// Asha books, halfway; a neighbour as well, who is not forgotten.
async fn talked(world: &World) -> (Uuid, Uuid) {
    world.publish(booking()).await;
    let trigger = json!({ "on": "message", "when": "event.text == 'diary'" });
    world.publish(recorder("diary", &trigger)).await;
    for text in ["book", "tomorrow at the lake"] {
        world.say(ASHA, text).await;
    }
    world.say("255700000002", "book").await;
    world.accept(vec![told("wamid.unknown", "delivered", None)]).await;
    world.rest().await;
    let conversation = world.conversation(ASHA).await;
    let contact = conversation.contact_id;
    sqlx::query("update contact set email = 'asha@example.test' where id = $1")
        .bind(contact)
        .execute(&world.pool)
        .await
        .unwrap();
    let key = request::Key {
        tenant: world.tenant,
        scope: format!("POST /v1/conversations/{}/messages", conversation.id),
        key: "k".to_owned(),
    };
    request::reserve(&world.pool, &key, "digest".to_owned(), world.clock.now()).await.unwrap();
    let deed = Deed {
        tenant: world.tenant,
        actor: "test".to_owned(),
        verb: "note",
        target: "somebody".to_owned(),
        reason: Some(format!("+{ASHA} called")),
        detail: json!({}),
    };
    audit::record(&world.pool, deed).await.unwrap();
    (contact, conversation.foreground_id.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_purged_contact_is_left_and_the_chain_is() {
    let world = World::make().await;
    let (contact, instance) = talked(&world).await;
    let neighbours = found(&world, "255700000002").await.len();
    for secret in SECRETS {
        assert!(!found(&world, secret).await.is_empty(), "{secret} is there to be purged");
    }

    // A look changes nothing; with a live instance it is refused, by name.
    let looked = purge::look(&world.engine, &wish(&world, contact)).await.unwrap();
    assert_eq!((looked.is_done, looked.live.clone()), (false, vec![instance]));
    assert_eq!((looked.rows["contact"], looked.rows["instance"]), (1, 1));
    assert!(looked.rows["message"] >= 4 && looked.rows["history"] >= 4, "{looked:?}");
    let refused = purge::contact(&world.engine, wish(&world, contact)).await.unwrap_err();
    assert!(refused.to_string().contains(&instance.to_string()), "{refused}");
    assert!(!found(&world, ASHA).await.is_empty());

    let digests = "select string_agg(encode(state_digest, 'hex'), ',' order by instance_id, seq) from history";
    let before: String = world.one(digests).await;
    let cancels = Wish { cancels_live: true, ..wish(&world, contact) };
    let purged = purge::contact(&world.engine, cancels.clone()).await.unwrap();
    assert!(purged.is_done, "{purged:?}");
    // A result that comes late is told to what is stored, not to what the owner had in memory.
    let late = Enqueued {
        event_id: None,
        tenant: world.tenant,
        instance,
        conversation: None,
        body: json!({ "type": "message.failed", "code": "1" }).as_object().cloned().unwrap(),
        actor: "test".to_owned(),
    };
    let mut connection = world.pool.acquire().await.unwrap();
    enqueue(&mut connection, late, world.clock.now()).await.unwrap();
    drop(connection);
    world.rest().await;
    for secret in SECRETS.iter().filter(|secret| **secret != "Asha") {
        assert_eq!(found(&world, secret).await, Vec::<String>::new(), "{secret}");
    }
    // The neighbour's provider calls everybody Asha.
    let left = found(&world, "Asha").await;
    assert!(left.iter().all(|row| row.contains("255700000002")), "{left:?}");
    assert_eq!(found(&world, "255700000002").await.len(), neighbours);

    // The chain: every turn that was there has its digest, and nothing is missing between them.
    let after: String = world.one(digests).await;
    let kept = before.split(',').filter(|digest| after.contains(digest)).count();
    assert_eq!(kept, before.split(',').count());
    let replayed = replay::instance(&world.engine, world.tenant, instance, None).await.unwrap();
    assert!(replayed.purged);
    assert_eq!((replayed.divergence, replayed.status), (None, "cancelled"));
    let stands = world.engine.instance(world.tenant, instance).await.unwrap();
    assert_eq!(
        (replayed.state.seq, json!({ "purged": true })),
        (stands.state.seq, Value::clone(&stands.state.context))
    );
    sqlx::raw_sql("delete from history where seq = 2 and event ? 'purged'")
        .execute(&world.pool)
        .await
        .unwrap();
    let broken = replay::instance(&world.engine, world.tenant, instance, None).await.unwrap();
    assert_eq!(broken.divergence.map(|d| d.what), Some("chain"));

    let again = purge::contact(&world.engine, cancels).await;
    assert!(matches!(again, Err(engine::Error::NotFound(_))), "{again:?}");
    let audited =
        "select count(*) from audit where verb = 'contact.purge' and reason = 'they asked'";
    assert_eq!(world.one::<i64>(audited).await, 1);

    // Writing again, the person is somebody new.
    world.accept(vec![said(ASHA, "new", "hello")]).await;
    world.rest().await;
    assert_ne!(world.conversation(ASHA).await.contact_id, contact);
    world.end().await;
}

/// The process that is killed while it purges.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purge_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_PURGE_OF") else { return };
    let id = |name: &str| std::env::var(name).unwrap().parse::<Uuid>().unwrap();
    let tenant = id("PERDURE_TEST_TENANT");
    let world = World::open(name, tenant, Keeping::default()).await;
    let wish = Wish { cancels_live: true, ..wish(&world, id("PERDURE_TEST_CONTACT")) };
    purge::contact(&world.engine, wish).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_was_cut_off_is_gone_on_with() {
    if !cfg!(debug_assertions) {
        return;
    }
    for point in fault::CHORE_POINTS.iter().filter(|point| point.starts_with("purge.")) {
        let world = World::make().await;
        let (contact, _) = talked(&world).await;
        world.engine.shutdown().await;
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "purge::purge_victim", "--nocapture"]);
        victim.env("PERDURE_TEST_PURGE_OF", &world.name);
        victim.env("PERDURE_TEST_TENANT", world.tenant.to_string());
        victim.env("PERDURE_TEST_CONTACT", contact.to_string());
        victim.env("PERDURE_CRASH_AT", format!("{point}:1"));
        assert!(!victim.output().unwrap().status.success(), "{point} was not visited");
        assert!(!found(&world, ASHA).await.is_empty(), "{point}: the contact goes last");

        let next = World::open(world.name.clone(), world.tenant, Keeping::default()).await;
        let cancels = Wish { cancels_live: true, ..wish(&next, contact) };
        assert!(purge::contact(&next.engine, cancels).await.unwrap().is_done, "{point}");
        for secret in [ASHA, "tomorrow at the lake"] {
            assert_eq!(found(&next, secret).await, Vec::<String>::new(), "{point}: {secret}");
        }
        world.conversations.shutdown().await;
        world.pool.close().await;
        next.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_are_written_again_without_a_purged_contact() {
    let folder = std::env::temp_dir().join(format!("perdure-purge-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    let keeping =
        Keeping { retention: Some(Duration::from_secs(3_600)), archive_dir: Some(folder.clone()) };
    let world = World::make_keeping(keeping.clone()).await;
    let (contact, _) = talked(&world).await;
    for phone in [ASHA, "255700000002"] {
        for text in ["monday", "noon"] {
            world.say(phone, text).await;
        }
    }
    world.clock.advance(Duration::from_secs(7_200));
    let retired = retire::retire(&world.pool, &keeping, world.clock.now()).await.unwrap();
    assert_eq!((retired.archived, retired.deleted), (2, 2));
    let told = |text: &'static str| {
        let folder = folder.clone();
        let pool = world.pool.clone();
        let tenant = world.tenant;
        async move {
            let files = list::archives(&pool, tenant, None, 10).await.unwrap().items;
            let mut n = 0;
            for file in files {
                let count = |raw: &[u8], _| {
                    n += usize::from(String::from_utf8_lossy(raw).contains(text));
                    Ok(())
                };
                read::lines(&folder.join(file.file), count).unwrap();
            }
            n
        }
    };
    assert!(told(ASHA).await > 0 && told("tomorrow at the lake").await > 0);
    let neighbours = told("255700000002").await;

    let looked = purge::look(&world.engine, &wish(&world, contact)).await.unwrap();
    assert_eq!(looked.files.len(), 1);
    let purged = purge::contact(&world.engine, wish(&world, contact)).await.unwrap();
    assert!(purged.is_done && purged.files == looked.files);
    assert!(!folder.join(&looked.files[0]).exists());
    assert_eq!((told(ASHA).await, told("tomorrow at the lake").await), (0, 0));
    assert_eq!(told("255700000002").await, neighbours);
    let again = retire::retire(&world.pool, &keeping, world.clock.now()).await.unwrap();
    assert_eq!(again, retire::Retired::default());
    world.end().await;
    std::fs::remove_dir_all(folder).unwrap();
}
