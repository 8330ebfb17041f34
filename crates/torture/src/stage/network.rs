//! What a network does, by a proxy before each server.
//! How it does it, the proxy knows.

use std::{ops::Range, time::Duration};

use hermes_testkit::Proxy;

use super::Fault;
use crate::clock::{Dice, pass};

/// Longer and shorter than what a cache waits for an answer.
pub(super) const A_MOMENT: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(700);

const DELAY: Range<Duration> = Duration::from_millis(1)..Duration::from_millis(200);

/// What happens to the way to one of these servers at a time.
pub(super) fn faults(proxies: &[Proxy]) -> Vec<Fault<'_>> {
    let one = |name, inflict: fn(&Proxy, &mut Dice)| {
        Fault::new(name, move |dice: &mut Dice| inflict(dice.pick(proxies), dice))
    };
    vec![
        one("cut", |proxy, _| proxy.cut()),
        // What was sent before the cut arrives after it.
        one("late", |proxy, dice| {
            proxy.stall();
            pass(dice.span(A_MOMENT));
            proxy.cut_clients();
            pass(dice.span(A_MOMENT));
            proxy.resume();
        }),
        one("half-open", |proxy, _| proxy.abandon()),
        one("stall", |proxy, dice| {
            proxy.stall();
            pass(dice.span(A_MOMENT));
            proxy.resume();
        }),
        one("stall-answers", |proxy, dice| {
            proxy.stall_answers();
            pass(dice.span(A_MOMENT));
            proxy.resume();
        }),
        one("delay", |proxy, dice| {
            proxy.delay(dice.span(DELAY));
            pass(dice.span(A_MOMENT));
            proxy.delay(Duration::ZERO);
        }),
        one("refuse", |proxy, dice| {
            proxy.refuse();
            proxy.cut();
            pass(dice.span(A_MOMENT));
            proxy.accept_again();
        }),
        one("garble", |proxy, dice| {
            proxy.garble();
            pass(dice.span(A_MOMENT));
            proxy.stop_garbling();
        }),
    ]
}
