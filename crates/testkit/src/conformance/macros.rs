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
            }
            ttl {
                an_entry_ends_with_its_ttl
                an_entry_may_have_a_ttl_of_its_own
                a_hit_does_not_prolong_a_life
                jitter_only_shortens
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
                    loaders_in_tasks_may_ask_for_other_entries
                    a_loader_in_a_task_that_asks_for_its_own_result_computes
                    runtimes_one_after_another_use_one_cache
                    runtimes_at_once_use_one_cache
                    threads_and_tasks_wait_for_each_other
                    blocking_verbs_work_within_a_runtime
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

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn every_story_is_told() {
        let lists = include_str!("macros.rs");
        for layer in ["behaviour"] {
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
