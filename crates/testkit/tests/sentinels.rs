//! Real sentinels: asked for the master, told to change it, and electing by themselves.

use hermes_testkit::{Sentinels, wait_until};

#[test]
fn the_sentinels_of_the_url_name_the_master() {
    let sentinels = Sentinels::start();
    let addresses: Vec<_> =
        sentinels.sentinels().iter().map(|sentinel| sentinel.address().to_string()).collect();

    assert_eq!(sentinels.url(), format!("redis+sentinel://{}/mymaster", addresses.join(",")));
    for sentinel in sentinels.sentinels() {
        let address = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"]);
        assert_eq!(address.list()[1].text(), sentinels.master().port().to_string());
    }
    sentinels.master().command(&["SET", "k", "v"]);
    let copied = || sentinels.replica().command(&["EXISTS", "k"]).number() == 1;
    wait_until("the replica has it", copied);
}

#[test]
fn a_failover_changes_the_roles_there_and_back() {
    let sentinels = Sentinels::start();
    let (first, second) = (sentinels.master(), sentinels.replica());

    assert_eq!(sentinels.fail_over().port(), second.port());
    assert_eq!(sentinels.master().port(), second.port());
    assert_eq!(sentinels.replica().port(), first.port());

    assert_eq!(sentinels.fail_over().port(), first.port());
    assert!(second.try_command(&["SET", "k", "v"]).is_err_and(|error| error.starts_with("READONLY")));
}

#[test]
fn a_killed_master_is_replaced_and_comes_back_as_a_replica() {
    let sentinels = Sentinels::start();
    let (old, new) = (sentinels.master(), sentinels.replica());

    old.kill();
    sentinels.wait_until_settled();
    assert_eq!(sentinels.master().port(), new.port());
    assert_eq!(new.command(&["SET", "k", "v"]).text(), "OK");

    old.start_again();
    sentinels.wait_until_settled();
    assert_eq!(sentinels.replica().port(), old.port());
    assert_eq!(old.command(&["GET", "k"]).text(), "v");
}

#[test]
fn two_sentinels_of_three_are_enough_to_elect() {
    let sentinels = Sentinels::start();
    let new = sentinels.replica();

    sentinels.sentinels()[0].kill();
    sentinels.master().freeze();
    sentinels.wait_until_settled();

    assert_eq!(sentinels.master().port(), new.port());
}
