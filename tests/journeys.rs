//! What a customer, an admin and ops live through, over HTTP, against the real binary, a real Postgres and the simulator.

use perdure_tests::{Booking, World, appointment};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_books_and_is_reminded_the_day_before() -> anyhow::Result<()> {
    let mut world = World::start(None).await?;
    let customer = Booking::by("255700000001");
    let booked = customer.book(&mut world).await?;
    assert!(booked.texts.last().unwrap().contains("Done!"), "{booked:#?}");
    let slack = world.ledger("slack").await?;
    assert_eq!(slack.iter().filter(|call| call["effect"] == json!(true)).count(), 1);
    // The engine is away when the reminder falls due, and is started after that.
    let instance = customer.instance(&world).await?;
    let timers = instance["timers"].as_array().unwrap().clone();
    assert_eq!(timers.len(), 1, "{instance}");
    let due: chrono::DateTime<chrono::Utc> = timers[0]["due"].as_str().unwrap().parse()?;
    assert_eq!(due, appointment() - chrono::TimeDelta::days(1));
    let minutes = (due - chrono::Utc::now()).num_minutes() + 2;
    world.restart_later(&format!("{minutes}m"))?;
    world
        .until("the reminder", async |world: &mut World| {
            let calls = world.ledger("whatsapp").await?;
            let template = calls.iter().find(|call| call["body"]["type"] == "template");
            Ok(template
                .map(|call| assert_eq!(call["body"]["template"]["name"], "appointment_reminder")))
        })
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_customer_is_nudged_once_and_then_let_go() -> anyhow::Result<()> {
    let mut world = World::start(None).await?;
    let customer = Booking::by("255700000002");
    customer.say(&world, json!({ "text": "book" })).await?;
    customer.hears(&mut world, "What would you like to book").await?;
    customer.reaches(&mut world, "service.wait").await?;
    world.restart_later("31m")?;
    customer.hears(&mut world, "Still there?").await?;
    customer.reaches(&mut world, "service-nudge.wait").await?;
    world.restart_later("62m")?;
    let ended = world
        .until("the end", async |world: &mut World| {
            let Ok(instance) = customer.instance(world).await else { return Ok(None) };
            Ok((instance["status"] == "completed").then_some(instance))
        })
        .await?;
    assert_eq!(ended["output"]["status"], "abandoned", "{ended}");
    let nudges = world.conversation("255700000002").await?;
    let nudges = nudges
        .iter()
        .filter(|item| item["text"].as_str().is_some_and(|t| t.contains("Still there?")));
    assert_eq!(nudges.count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_webhook_twice_changes_nothing() -> anyhow::Result<()> {
    let mut world = World::start(None).await?;
    let customer = Booking::by("255700000003");
    let act = json!({ "text": "book", "id": "wamid.SAME" });
    customer.say(&world, act.clone()).await?;
    customer.hears(&mut world, "What would you like to book").await?;
    let before = customer.reaches(&mut world, "service.wait").await?;
    for _ in 0..20 {
        customer.say(&world, act.clone()).await?;
    }
    // A later message of another customer is routed after all of them.
    let other = Booking::by("255700000004");
    other.say(&world, json!({ "text": "book" })).await?;
    other.hears(&mut world, "What would you like to book").await?;
    let after = customer.instance(&world).await?;
    assert_eq!(before["seq"], after["seq"]);
    assert_eq!(before["configuration"], after["configuration"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_fails_parks_the_instance_and_a_retry_goes_on() -> anyhow::Result<()> {
    let mut world = World::start(None).await?;
    let refusal = json!([{ "provider": "slack", "path": "chat.postMessage", "times": 1, "mode": "status",
        "status": 200, "body": {"ok": false, "error": "channel_not_found"} }]);
    world.simulate("/_sim/faults", &refusal).await?;
    let customer = Booking::by("255700000005");
    for (act, answer) in [
        (json!({ "text": "book" }), "What would you like to book"),
        (json!({ "button": "haircut" }), "Which day and time"),
        (json!({ "text": appointment().format("%Y-%m-%d at %H:%M").to_string() }), "What name"),
        (json!({ "text": "Ana" }), "e-mail"),
        (json!({ "text": "ana@example.com" }), "Shall I book it"),
    ] {
        customer.say(&world, act).await?;
        customer.hears(&mut world, answer).await?;
    }
    customer.say(&world, json!({ "button": "yes" })).await?;
    let stuck = world
        .until("the incident", async |world: &mut World| {
            let instance = customer.instance(world).await?;
            Ok((instance["status"] == "stuck").then_some(instance))
        })
        .await?;
    assert_eq!(stuck["incident"]["code"], "step-failed", "{stuck}");
    let id = stuck["id"].as_str().unwrap();
    let explained = world.get(&format!("/v1/instances/{id}/explain")).await?;
    assert!(explained["summary"].as_str().unwrap().contains("channel_not_found"), "{explained}");
    world
        .post(&format!("/v1/instances/{id}/retry"), &json!({ "reason": "invited the bot" }))
        .await?;
    customer.hears(&mut world, "Done!").await?;
    customer.reaches(&mut world, "until-day-before").await?;
    Ok(())
}
