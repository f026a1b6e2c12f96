//! Database files that a restore makes.

use super::*;

#[tokio::test]
async fn a_restore_into_a_new_file_leaves_alone_what_another_one_left_beside_it() {
    let house = House::with_sample().await;
    house.backup().await;
    let options = RestoreOptions {
        create: Creation::Anywhere,
        ..RestoreOptions::default()
    };
    let other = house.target_named("other.db");
    let (store, left) = (house.store(), house.path().join("other.db-journal"));
    let plan = restore::plan(&store, "latest", &other, &options, &house.sink).await;
    let plan = plan.expect("a plan");
    std::fs::write(&left, "of another file").expect("writable");
    // Planned, and done as planned before it lay there.
    let again = restore::plan(&store, "latest", &other, &options, &house.sink).await;
    let done = restore(&plan, &house.log(), &house.sink).await;
    for error in [again.map(|_| ()), done.map(|_| ())] {
        let error = error.expect_err("refused");
        assert!(
            error.chain().contains("other.db-journal"),
            "{}",
            error.chain()
        );
        assert_eq!(error.kind, Kind::Connect);
    }
    let kept = std::fs::read_to_string(&left).expect("it stays");
    assert_eq!(kept, "of another file");
    assert!(!house.path().join("other.db").exists());
}

#[tokio::test]
async fn a_file_that_comes_between_the_plan_and_the_restore_is_not_taken_for_a_lost_one() {
    let house = House::with_sample().await;
    house.backup().await;
    let options = RestoreOptions {
        create: Creation::Anywhere,
        ..RestoreOptions::default()
    };
    let other = house.target_named("other.db");
    let plan = restore::plan(&house.store(), "latest", &other, &options, &house.sink).await;
    let path = house.path().join("other.db");
    std::fs::copy(house.path().join("app.db"), &path).expect("copied");
    let before = std::fs::read(&path).expect("readable");
    let error = restore(&plan.expect("a plan"), &house.log(), &house.sink).await;
    let error = error.expect_err("it is another program's");
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.chain().contains("meanwhile"), "{}", error.chain());
    assert!(std::fs::read(&path).expect("it stays") == before);
}
