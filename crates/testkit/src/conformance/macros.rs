//! The lists of all stories, and the tests that are made of them.
//! Knows only their names; a test sees to it that it knows all of them.

/// Makes a test of each story of behaviour, for a [`Place`](crate::conformance::Place).
///
/// The expression is evaluated once for each test. Put it into a module, whose name then says in which place a story failed:
///
/// ```
/// mod memory {
///     use hermes_testkit::{behaviour, conformance::Place};
///
///     behaviour!(Place::private(|builder| builder.url("memory://")));
/// }
/// ```
#[macro_export]
macro_rules! behaviour {
    ($place:expr) => {
        mod behaviour {
            #[allow(unused_imports, reason = "the subject may need them")]
            use super::*;

            $crate::__stories! { behaviour, $place,
                verbs {
                    a_value_is_computed_once
                    a_look_computes_nothing
                    a_set_puts_a_value_in
                    a_set_replaces_what_is_there
                    an_invalidation_takes_one_entry_out
                    an_invalidation_finds_an_entry_whatever_its_tags
                    an_invalidation_of_nothing_is_no_error
                }
                results {
                    only_an_ok_is_kept
                    an_err_leaves_the_key_free
                    both_kinds_of_option_are_kept
                    what_has_no_ttl_is_not_kept
                    what_was_not_kept_once_may_be_kept_the_next_time
                    a_set_without_a_ttl_is_refused
                    another_type_under_the_same_name_is_a_miss
                    another_type_under_the_same_name_is_replaced
                }
                ttl {
                    an_entry_ends_with_its_ttl
                    an_entry_may_have_a_ttl_of_its_own
                    a_hit_does_not_prolong_a_life
                    jitter_only_shortens
                    jitter_may_be_less_than_a_percent
                    an_entry_ends_in_real_time_too
                }
                clean {
                    a_clean_drops_the_entries_with_the_tag_and_no_others
                    a_clean_of_several_tags_drops_what_has_any_of_them
                    a_clean_of_no_tags_drops_nothing
                    clean_all_drops_everything
                    what_is_kept_after_a_clean_stays
                    tags_have_no_order_and_no_copies
                    who_computes_under_other_tags_misses
                    an_entry_may_have_many_tags
                }
                odd {
                    names_may_be_any_text
                    tags_may_be_any_text
                    all_odd_tags_at_once_are_one_entrys
                }
                values {
                    numbers_come_back
                    texts_come_back
                    bytes_come_back
                    nothing_much_comes_back
                    collections_come_back
                    large_values_come_back
                }
                races {
                    an_invalidate_while_the_loader_runs_is_not_lost
                    a_clean_while_the_loader_runs_is_not_lost
                    a_clean_all_while_the_loader_runs_is_not_lost
                    a_clean_of_other_tags_while_the_loader_runs_costs_nothing
                    who_asks_after_an_invalidation_gets_a_new_value
                    who_waits_after_an_invalidation_waits_for_the_new_leader
                    a_set_while_the_loader_runs_is_not_overwritten
                    a_set_that_is_invalidated_does_not_come_back
                    an_invalidation_in_another_cache_of_the_place_is_not_lost
                }
                flights {
                    threads_that_ask_at_once_share_one_computation
                    computations_of_other_keys_do_not_wait
                    a_leader_that_fails_hands_over
                    a_leader_that_panics_hands_over
                    a_key_is_free_after_a_panic
                    a_crowd_does_not_fail_one_after_the_other
                    a_value_that_may_not_be_kept_is_for_all_who_wait
                    two_caches_of_a_place_share_one_computation
                }
                dump {
                    a_new_cache_lists_nothing
                    an_entry_is_listed_with_key_tags_ttl_and_size
                    every_entry_is_listed_once
                    what_was_cleaned_or_invalidated_is_not_listed
                    what_expired_is_not_listed
                    what_is_being_computed_is_not_listed
                }
                explain {
                    a_hit_is_explained_by_the_rest_of_its_life
                    what_was_never_stored_or_was_invalidated_is_absent
                    the_tags_that_were_cleaned_are_named
                    an_entry_past_its_ttl_has_expired
                    an_entry_of_other_tags_or_another_type_is_told_apart
                    who_computes_is_told
                    an_explanation_foretells_the_next_call
                    a_leader_that_is_waited_for_no_more_is_told
                    an_explanation_changes_nothing
                }
                neighbours {
                    neighbours_have_entries_of_their_own
                    neighbours_clean_and_invalidate_nothing_of_each_other
                    caches_of_one_namespace_have_the_same_entries
                    caches_of_one_namespace_see_each_others_invalidations
                    private_places_share_nothing
                    a_clone_is_the_same_cache
                }
                stats {
                    hits_misses_and_computations_add_up
                    to_look_is_no_hit_and_to_set_no_computation
                    who_waits_is_counted
                    a_value_that_was_invalidated_before_it_was_stored_is_counted
                }
            }
            $crate::__when_macros! {
                mod functions {
                    #[allow(unused_imports, reason = "the subject may need them")]
                    use super::*;

                    $crate::__stories! { behaviour, $place,
                        functions {
                            a_refresh_computes_and_replaces_what_is_there
                            an_err_of_a_refresh_leaves_what_is_there
                            a_refresh_fences_a_leader_under_way
                            who_asks_while_a_refresh_runs_waits_for_it_or_hits
                            an_invalidation_while_a_refresh_runs_is_not_lost
                            a_value_may_say_how_long_it_lives
                            a_value_without_a_ttl_is_not_kept
                            a_refresh_to_a_value_that_is_not_kept_drops_what_was_there
                            a_value_that_is_refused_is_for_all_who_wait
                            what_is_skipped_makes_no_other_entry
                        }
                    }
                }
            }
            $crate::__tests! { behaviour, $place,
                recursion {
                    a_loader_may_ask_for_other_entries
                    a_loader_that_asks_for_its_own_result_computes
                    two_loaders_that_ask_for_each_other_compute
                    a_loader_may_set_and_invalidate_other_entries
                }
            }
            $crate::__when_async! {
                $crate::__tests! { behaviour, $place,
                    tasks {
                        tasks_that_ask_at_once_share_one_computation
                        a_task_that_is_dropped_hands_over
                        a_future_that_is_dropped_while_it_waits_leaves_the_others
                        a_task_that_is_not_driven_on_holds_up_no_other
                        loaders_in_tasks_may_ask_for_other_entries
                        a_loader_in_a_task_that_asks_for_its_own_result_computes
                        a_loader_that_asks_for_its_own_result_as_it_is_dropped_computes
                        runtimes_one_after_another_use_one_cache
                        runtimes_at_once_use_one_cache
                        threads_and_tasks_wait_for_each_other
                        blocking_verbs_work_within_a_runtime
                    }
                }
            }
        }
    };
}

/// Makes a test of each story of commands, for a [`Candidate`](crate::conformance::Candidate).
///
/// The expression is evaluated once for each test. Put it into a module, whose name then says which backend failed:
///
/// ```
/// mod model {
///     use hermes_testkit::{ModelBackend, commands, conformance::Candidate};
///
///     commands!(Candidate::new(ModelBackend::new()));
/// }
/// ```
#[macro_export]
macro_rules! commands {
    ($candidate:expr) => {
        mod commands {
            #[allow(unused_imports, reason = "the subject may need them")]
            use super::*;

            $crate::__stories! { commands, $candidate,
                fetch {
                    nothing_is_there_at_first
                    to_look_takes_no_lease
                    every_purpose_is_told_entry_and_versions
                    who_follows_is_told_who_holds_the_lease
                    who_reads_while_another_computes_wins_nothing
                    absent_versions_are_told_among_those_that_are_there
                    keys_of_other_names_are_apart
                }
                acquire {
                    the_versions_that_it_brings_are_used_where_there_are_none
                    versions_that_are_there_are_kept
                    who_wins_holds_the_token_that_it_brought
                    a_polite_one_leaves_anothers_lease
                    a_forced_one_takes_anothers_lease
                    a_forced_one_takes_a_lease_that_nobody_has
                    a_lease_of_the_same_tags_whose_versions_are_gone_is_taken_over
                    a_lease_of_other_tags_is_not_taken_over
                    the_word_that_waiting_is_of_no_use_stays
                    the_versions_are_created_whoever_has_the_lease
                    the_entry_is_told_and_left
                    leases_of_other_keys_are_apart
                }
                commit {
                    who_holds_the_lease_stores_and_drops_it
                    the_entry_comes_back_as_it_was
                    values_are_of_any_size
                    the_entry_of_before_is_replaced
                    who_has_no_lease_stores_nothing
                    who_has_another_token_stores_nothing_and_leaves_the_lease
                    who_was_overtaken_stores_nothing
                    a_lease_is_good_for_one_commit
                    who_was_invalidated_meanwhile_stores_nothing
                    the_word_that_waiting_is_of_no_use_is_nobodys_lease
                    versions_that_were_cleaned_meanwhile_stay_absent
                }
                release {
                    the_lease_is_free_again
                    word_may_be_left_in_its_place
                    who_does_not_hold_the_lease_releases_nothing
                    who_lost_the_lease_leaves_no_word
                    the_word_is_not_released_by_who_left_it
                    the_entry_and_the_versions_stay
                }
                renew {
                    who_holds_the_lease_keeps_it
                    who_does_not_hold_the_lease_renews_nothing
                    a_lease_that_was_lost_is_not_taken_again
                    a_lease_that_was_taken_over_is_not_taken_back
                    the_word_that_waiting_is_of_no_use_is_not_renewed
                }
                forget {
                    an_invalidate_deletes_entry_and_lease
                    an_invalidate_deletes_the_word_that_waiting_is_of_no_use
                    an_invalidate_leaves_other_keys
                    a_clean_deletes_the_versions_that_it_names
                    a_clean_leaves_entries_and_leases_to_their_versions
                    a_version_is_new_after_a_clean
                    a_clean_of_what_is_not_there_is_done
                    a_clean_leaves_other_buckets
                    a_clean_leaves_other_namespaces
                }
                lives {
                    an_entry_ends
                    an_entry_may_live_for_a_century
                    a_lease_ends
                    a_lease_lives_as_long_as_the_last_renewal_says
                    the_word_that_waiting_is_of_no_use_ends
                    a_version_ends
                    an_acquire_prolongs_the_life_of_versions
                    an_acquire_does_not_shorten_the_life_of_versions
                    a_commit_prolongs_the_life_of_versions
                    a_commit_does_not_shorten_the_life_of_versions
                }
                list {
                    nothing_is_listed_at_first
                    entries_and_versions_are_listed_under_their_names
                    what_is_listed_can_be_read
                    what_was_deleted_is_not_listed
                    many_are_listed_once_each
                    other_namespaces_are_not_listed
                }
                batches {
                    no_command_has_no_answer
                    answers_come_in_the_order_of_the_commands
                    commands_of_all_kinds_go_together
                    a_clean_of_every_bucket_reaches_every_key
                    buckets_never_change
                }
                garbage {
                    an_entry_that_cannot_be_read_is_none
                    an_entry_that_was_cut_off_is_none
                    a_lease_that_cannot_be_read_is_waited_for_by_nobody
                    a_version_that_cannot_be_read_is_absent_and_made_anew
                    garbage_is_invalidated_and_cleaned_like_everything_else
                    garbage_in_a_namespace_does_not_keep_it_from_being_listed
                }
            }
        }
    };
}

/// Makes two tests of each story: one with blocking verbs, one in tasks.
#[doc(hidden)]
#[macro_export]
macro_rules! __stories {
    ($layer:ident, $subject:expr, $($rooms:tt)*) => {
        $crate::__tests! { $layer, $subject, $($rooms)* }
        $crate::__when_async! {
            mod in_tasks {
                #[allow(unused_imports, reason = "the subject may need them")]
                use super::*;

                $crate::__tests! { $layer, ($subject).in_tasks(), $($rooms)* }
            }
        }
    };
}

/// Makes one test of each story.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($layer:ident, $subject:expr, $($room:ident { $($story:ident)* })*) => {
        $($(
            #[test]
            fn $story() {
                $crate::conformance::$layer::$room::$story(&$subject);
            }
        )*)*
    };
}

/// Keeps what is about tasks where there are async verbs.
#[cfg(feature = "async")]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_async {
    ($($item:tt)*) => { $($item)* };
}

/// Drops what is about tasks where there are no async verbs.
#[cfg(not(feature = "async"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_async {
    ($($item:tt)*) => {};
}

/// Keeps what is about cached functions where there are any.
#[cfg(feature = "macros")]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_macros {
    ($($item:tt)*) => { $($item)* };
}

/// Drops what is about cached functions where there are none.
#[cfg(not(feature = "macros"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_macros {
    ($($item:tt)*) => {};
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn every_story_is_told() {
        let lists = include_str!("macros.rs");
        for layer in ["behaviour", "commands"] {
            let folder = format!("{}/src/conformance/{layer}", env!("CARGO_MANIFEST_DIR"));
            for room in fs::read_dir(folder).unwrap() {
                let room = fs::read_to_string(room.unwrap().path()).unwrap();
                let stories = room.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
                for story in stories {
                    assert!(lists.lines().any(|line| line.trim() == story), "{story} is not in the list");
                }
            }
        }
    }
}
