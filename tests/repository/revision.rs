//! Which revision a build says it has, whoever builds it.

#[path = "../../build/revision.rs"]
mod told;

use self::told::{VARIABLE, revision};

const NOTED: &str = "{\n  \"git\": {\n    \"sha1\": \"24a9e41f24a9e41f24a9e41f24a9e41f24a9e41f\",\n    \"dirty\": true\n  },\n  \"path_in_vcs\": \"\"\n}";

#[test]
fn the_packager_knows_best_then_the_crate_then_git() {
    let git = || Some("0123456789ab".to_owned());
    for (said, noted, told) in [
        (Some("1.2-3"), Some(NOTED), "1.2-3"),
        (None, Some(NOTED), "24a9e41f24a9"),
        (Some(" "), Some(NOTED), "24a9e41f24a9"),
        (Some("two\nlines"), None, "0123456789ab"),
        (None, None, "0123456789ab"),
        // A crate never speaks for the repository that it was unpacked in.
        (None, Some("{}"), "unknown"),
        (None, Some("{\"git\": {\"sha1\": \"bears\"}}"), "unknown"),
    ] {
        assert_eq!(revision(said, noted, git), told, "{said:?} {noted:?}");
    }
    assert_eq!(revision(None, None, || None), "unknown");
}

#[test]
fn the_variable_is_told_to_packagers() {
    let told = crate::read("docs/operations.md");
    assert!(told.contains(VARIABLE));
}
