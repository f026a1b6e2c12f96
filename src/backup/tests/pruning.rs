//! Pruning sets: what stands for the database stays.

use super::*;

fn named(label: &str) -> CreateOptions {
    CreateOptions {
        label: Some(label.to_owned()),
        ..CreateOptions::default()
    }
}

async fn kept(house: &House, count: usize) -> Vec<Timestamp> {
    let plan = PrunePlan::keep_last(&house.store(), count, &[], &house.sink)
        .await
        .expect("a plan");
    plan.apply().expect("removed");
    let listing = house.store().list().expect("a listing");
    listing.sets.iter().map(|entry| entry.timestamp).collect()
}

#[tokio::test]
async fn a_safety_backup_or_one_of_some_tables_does_not_push_out_a_real_one() {
    let house = House::with_sample().await;
    let oldest = house.backup_with(&named(SAFETY_LABEL)).await.timestamp();
    house.backup().await;
    let real = house.backup().await.timestamp();
    let safety = house.backup_with(&named(SAFETY_LABEL)).await.timestamp();
    let partial = house
        .backup_with(&CreateOptions {
            tables: tables(&["users"]),
            ..CreateOptions::default()
        })
        .await
        .timestamp();
    let kept = kept(&house, 1).await;
    assert_eq!(kept, [partial, safety, real]);
    assert!(!kept.contains(&oldest));
}

#[tokio::test]
async fn the_sets_of_another_database_do_not_count() {
    let house = House::with_sample().await;
    let mine = house.backup().await.timestamp();
    std::fs::copy(house.path().join("app.db"), house.path().join("other.db")).expect("copied");
    let other = create(
        &house.target_named("other.db"),
        &house.store(),
        &CreateOptions::default(),
        &house.sink,
    )
    .await
    .expect("a backup");
    assert_eq!(kept(&house, 1).await, [other.set.timestamp(), mine]);
}

#[tokio::test]
async fn a_set_whose_hash_is_wrong_does_not_push_out_a_sound_one() {
    let house = House::with_sample().await;
    let sound = house.backup().await.timestamp();
    let broken = house.backup().await;
    let file = broken.path(&broken.summary().tables[0].file);
    let mut bytes = std::fs::read(&file).expect("rows");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    assert_eq!(kept(&house, 1).await, [broken.timestamp(), sound]);
}

#[tokio::test]
async fn what_somebody_else_has_removed_meanwhile_is_no_error() {
    let house = House::with_sample().await;
    house.backup().await;
    let newest = house.backup().await.timestamp();
    let store = house.store();
    let (one, other) = (
        PrunePlan::keep_last(&store, 1, &[], &house.sink).await,
        PrunePlan::keep_last(&store, 1, &[], &house.sink).await,
    );
    one.expect("a plan").apply().expect("removed");
    other.expect("a plan").apply().expect("gone already");
    assert_eq!(kept(&house, 1).await, [newest]);
}

#[tokio::test]
async fn a_set_that_is_needed_stays_however_old_it_is() {
    let house = House::with_sample().await;
    let needed = house.backup().await.timestamp();
    house.backup().await;
    let newest = house.backup().await.timestamp();
    let held = [(needed.to_string(), "somebody needs it".to_owned())];
    let plan = PrunePlan::keep_last(&house.store(), 1, &held, &house.sink).await;
    let plan = plan.expect("a plan");
    plan.apply().expect("removed");
    assert_eq!(plan.held, held);
    assert_eq!(kept(&house, 2).await, [newest, needed]);
}
