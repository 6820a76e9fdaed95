//! Channels and connections, and what stands in their rows.

use crate::support::{World, whatsapp};
use engine::{Channels, ConnectionNew, Error, Keyring};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;
use workflows::step::Secret;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saying_it_twice_changes_nothing_and_more_adds() {
    let world = World::make_deaf().await;
    let again = world.channels.upsert(whatsapp(world.tenant, "900001")).await.unwrap();
    assert_eq!(again.id, world.channel.id);
    let mut changed = whatsapp(world.tenant, "900001");
    changed.name = "Other".to_owned();
    changed.secrets = BTreeMap::from([("app_secret".to_owned(), Secret::new("rotated"))]);
    world.channels.upsert(changed).await.unwrap();
    for named in [world.channel.id.to_string(), "900001".to_owned()] {
        let found = world.channels.channel_for_webhook("whatsapp", &named).await.unwrap();
        assert_eq!((found.id, found.name.as_str()), (world.channel.id, "Other"));
        assert_eq!(found.secret("app_secret"), Some("rotated"));
        assert_eq!(found.secret("verify_token"), Some("plain-verify_token"));
        assert_eq!(found.secret("nothing"), None);
    }
    assert_eq!(world.channels.list(world.tenant).await.unwrap().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_do_not_see_each_other() {
    let world = World::make_deaf().await;
    let other = Uuid::now_v7();
    let stolen = world.channels.upsert(whatsapp(other, "900001")).await;
    assert!(matches!(stolen, Err(Error::Conflict(_))));
    let seen = world.channels.get(other, world.channel.id).await;
    assert!(matches!(seen, Err(Error::NotFound(_))));
    assert!(world.channels.list(other).await.unwrap().is_empty());
    for (kind, named) in
        [("twilio", "900001"), ("whatsapp", "900009"), ("twilio", &world.channel.id.to_string())]
    {
        let found = world.channels.channel_for_webhook(kind, named).await;
        assert!(matches!(found, Err(Error::NotFound(_))), "{kind} {named}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_hold_no_credential() {
    let world = World::make_deaf().await;
    let new = ConnectionNew {
        tenant: world.tenant,
        name: "crm".to_owned(),
        provider: "hubspot".to_owned(),
        base_url: "https://api.test".to_owned(),
        settings: json!({}),
        token: Some(Secret::new("plain-token")),
    };
    let made = world.channels.upsert_connection(new.clone()).await.unwrap();
    // Without a credential the stored one stays.
    let kept =
        world.channels.upsert_connection(ConnectionNew { token: None, ..new }).await.unwrap();
    assert_eq!((kept.id, kept.account.token.unwrap().reveal()), (made.id, "plain-token"));
    for table in [
        "select row_to_json(t)::text from channel t",
        "select row_to_json(t)::text from connection t",
    ] {
        let row: String = world.one(table).await;
        assert!(!row.contains("plain") && !row.contains("706c61696e"), "{row}");
    }
    let dump: String =
        world.one("select encode(string_agg(secrets, ''), 'escape') from channel").await;
    assert!(!dump.contains("plain"));
    // Under another key everything but the credentials can be read.
    let blind = Channels::new(world.pool.clone(), Keyring::generate().unwrap());
    let channel = blind.by_account("whatsapp", "900001").await.unwrap();
    assert_eq!((channel.id, channel.secrets.len()), (world.channel.id, 0));
    assert!(blind.connection(world.tenant, "crm").await.unwrap().account.token.is_none());
    world.end().await;
}
