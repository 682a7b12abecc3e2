//! What is never shown.

use powertools_logger::{Secret, append_keys, fields, json};
use serde::Serialize;
use serde_json::json as value;

use crate::support::{builder, invoked, line, logged, only};

#[test]
fn the_usual_credentials_are_hidden_wherever_they_stand() {
    let secrets = value!({
        "authorization": "s3cret", "Cookie": "s3cret", "SET_COOKIE": "s3cret",
        "x-api-key": {"deep": "s3cret"}, "kept": "shown",
    });
    let output = invoked(builder().keys(&secrets), async || {
        append_keys(&value!({"appended": [secrets]}));
        tracing::info!(
            authorization = "s3cret",
            cookie = 5,
            set_cookie = ?Some("s3cret"),
            x_api_key = %"s3cret",
            json = ?json(&secrets),
            all = ?fields(&value!({"X-API-KEY": "s3cret"})),
            "hello"
        );
    });
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    let line = only(&output);
    for hidden in [
        "authorization",
        "Cookie",
        "SET_COOKIE",
        "x-api-key",
        "cookie",
        "set_cookie",
        "x_api_key",
        "X-API-KEY",
    ] {
        assert_eq!(line[hidden], "***", "{hidden}");
    }
    assert_eq!(line["kept"], "shown");
    assert_eq!(line["json"]["x-api-key"], "***");
    assert_eq!(line["appended"][0]["authorization"], "***");
}

#[test]
fn names_of_ones_own_are_hidden_in_any_case_and_with_either_dash() {
    let listed = builder()
        .redact(["card-number"])
        .redact(["iban".to_owned()]);
    let output = logged(listed, |_| {
        tracing::info!(
            card_number = "s3cret",
            IBAN = "s3cret",
            cardNumber = "shown",
            cookie = "s3cret"
        );
    });
    let line = only(&output);
    assert_eq!(line["card_number"], "***");
    assert_eq!(line["IBAN"], "***");
    assert_eq!(line["cookie"], "***");
    assert_eq!(line["cardNumber"], "shown");
}

#[test]
fn a_value_that_is_hidden_is_not_even_looked_at() {
    struct Never;
    impl Serialize for Never {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("looked at")
        }
    }
    #[derive(Serialize)]
    struct Login {
        user: &'static str,
        cookie: Never,
    }
    let line = line(|| {
        let login = Login {
            user: "ada",
            cookie: Never,
        };
        tracing::info!(login = ?json(&login), all = ?fields(&login));
    });
    assert_eq!(line["login"], value!({"user": "ada", "cookie": "***"}));
    assert_eq!(line["cookie"], "***");
}

#[test]
fn a_secret_does_not_print_itself_whatever_its_name() {
    #[derive(Debug, Serialize)]
    struct Login {
        user: &'static str,
        password: Secret<&'static str>,
    }
    let login = Login {
        user: "ada",
        password: Secret::new("s3cret"),
    };
    let output = invoked(builder(), async || {
        append_keys(&login);
        tracing::info!(
            debug = ?login,
            json = ?json(&login),
            bare = ?login.password,
            "{:?}", login.password
        );
    });
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    let line = only(&output);
    assert_eq!(line["message"], "***");
    assert_eq!(line["bare"], "***");
    assert_eq!(line["password"], "***");
    assert_eq!(line["json"], value!({"user": "ada", "password": "***"}));
    assert_eq!(line["debug"], "Login { user: \"ada\", password: *** }");
    assert_eq!(*login.password.expose(), "s3cret");
}

#[test]
fn the_debug_of_a_struct_is_one_text_and_only_its_secrets_are_hidden() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by Debug")]
    struct Request {
        cookie: &'static str,
    }
    let line = line(|| tracing::info!(request = ?Request { cookie: "shown" }));
    assert_eq!(line["request"], "Request { cookie: \"shown\" }");
}

#[test]
fn the_keys_of_the_line_can_be_on_the_list_too() {
    let listed = builder().redact(["function_arn", "correlation_id", "exception"]);
    let output = invoked(listed, async || {
        powertools_logger::set_correlation_id("s3cret");
        tracing::error!(error = &std::fmt::Error as &dyn std::error::Error, "hello");
    });
    let line = only(&output);
    assert_eq!(line["function_arn"], "***");
    assert_eq!(line["correlation_id"], "***");
    assert_eq!(line["exception"], "***");
}

#[derive(Debug, Serialize)]
struct Card {
    card_number: &'static str,
    cookie: &'static str,
}

const CARD: Card = Card {
    card_number: "n4242",
    cookie: "s3cret",
};

#[test]
fn a_helper_within_text_hides_the_names_on_the_list_of_the_logger() {
    /// Formats a helper while it is serialized.
    struct Wrapped;
    impl Serialize for Wrapped {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("in {}", json(&CARD)))
        }
    }
    #[derive(Debug)]
    struct Refused;
    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "refused {}", json(&CARD))
        }
    }
    impl std::error::Error for Refused {}

    let output = logged(builder().redact(["card_number"]), |_| {
        let error: &dyn std::error::Error = &Refused;
        tracing::info!(
            some = ?Some(fields(&CARD)),
            two = ?(json(&CARD), json(&CARD)),
            within = ?json(&Wrapped),
            error,
            "charging {}", json(&CARD)
        );
        tracing::info!(error);
        // Where no line is written, the list is not known.
        let shown = format!("{:?}", json(&CARD));
        assert_eq!(shown, r#"{"card_number":"n4242","cookie":"***"}"#);
    });
    assert!(!output.text().contains("n4242"), "{}", output.text());
    assert!(!output.text().contains("s3cret"), "{}", output.text());
    let hidden = r#"{"card_number":"***","cookie":"***"}"#;
    let [line, of_error] = output.json().try_into().unwrap();
    assert_eq!(line["message"], format!("charging {hidden}"));
    assert_eq!(line["some"], format!("Some({hidden})"));
    assert_eq!(line["two"], format!("({hidden}, {hidden})"));
    assert_eq!(line["within"], format!("in {hidden}"));
    assert_eq!(line["exception"], format!("Refused: refused {hidden}"));
    assert_eq!(of_error["message"], format!("refused {hidden}"));
}
