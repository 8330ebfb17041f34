//! Wrong input is refused at the word that is wrong; unusual input that is right compiles.
//! After a change of a message: `TRYBUILD=overwrite cargo test -p hermescache-macros --test ui`, and read the diff.

#[test]
fn wrong_input_points_at_the_right_token() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/*.rs");
    tests.pass("tests/ui/pass/*.rs");
}
