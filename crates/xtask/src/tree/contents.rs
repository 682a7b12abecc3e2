//! What certain trees never contain: an AWS SDK that nobody asked for, and two crates that
//! cost more than they give to a function that only observes.

use crate::failure::Result;
use crate::metadata::Metadata;
use crate::tree::listing::Listing;
use crate::workspace::Workspace;

/// The utilities that most functions carry. With default features they stay small.
const SMALL: &[&str] = &[
    "powertools-logger",
    "powertools-metrics",
    "powertools-tracer",
    "powertools-batch",
];

pub(crate) fn check(workspace: &Workspace, metadata: &Metadata) -> Result<Vec<String>> {
    // Some of a user's crates may be for other platforms than ours: look at all of them.
    let mut small = vec!["--edges", "normal", "--target", "all"];
    for member in metadata
        .members()
        .filter(|member| SMALL.contains(&member.name.as_str()))
    {
        small.extend(["--package", &member.name]);
    }
    let mut complaints = small_tree(&Listing::load(workspace, &small)?);
    // Without --package: the default members, with what their tests need.
    let tests = ["--edges", "normal,build,dev", "--target", "all"];
    complaints.extend(test_tree(&Listing::load(workspace, &tests)?));
    Ok(complaints)
}

fn small_tree(listing: &Listing) -> Vec<String> {
    find(listing, |name| {
        is_aws_sdk(name) || matches!(name, "regex" | "chrono")
    })
    .map(|name| {
        format!(
            "{name} is in the tree of the observing utilities ({}), which with default \
                 features contains no AWS SDK, regex or chrono; \
                 see: cargo tree --target all --invert {name}",
            SMALL.join(", ")
        )
    })
    .collect()
}

fn test_tree(listing: &Listing) -> Vec<String> {
    find(listing, is_aws_sdk)
        .map(|name| {
            format!(
                "{name} is built by plain `cargo test`: no dev-dependency and no default feature \
                 of a default member brings an AWS SDK; \
                 see: cargo tree --edges normal,build,dev --target all --invert {name}"
            )
        })
        .collect()
}

fn is_aws_sdk(name: &str) -> bool {
    name.starts_with("aws-sdk-") || name == "aws-config"
}

fn find(listing: &Listing, unwanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
    listing
        .names()
        .into_iter()
        .filter(move |name| unwanted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(complaints: &[String]) -> Vec<&str> {
        complaints
            .iter()
            .filter_map(|complaint| complaint.split_whitespace().next())
            .collect()
    }

    #[test]
    fn unwanted_crates_of_the_small_tree_are_named() {
        let listing = Listing::read(
            "powertools-logger v0.1.0\naws-config v1.0.0\naws-sdk-dynamodb v1.0.0\n\
             chrono v0.4.0\nregex v1.0.0\nserde v1.0.0\n",
        );
        assert_eq!(
            names(&small_tree(&listing)),
            ["aws-config", "aws-sdk-dynamodb", "chrono", "regex"]
        );
    }

    #[test]
    fn similar_names_are_not_meant() {
        let listing = Listing::read("regex-automata v0.4.0\naws_lambda_events v1.0.0\n");
        assert!(small_tree(&listing).is_empty());
        assert!(test_tree(&listing).is_empty());
    }

    #[test]
    fn sdk_in_the_tests_is_named_but_regex_is_free_there() {
        let listing = Listing::read("aws-sdk-sqs v1.0.0\nregex v1.0.0\n");
        assert_eq!(names(&test_tree(&listing)), ["aws-sdk-sqs"]);
    }
}
