use super::*;

#[test]
fn json_text_becomes_its_value() {
    for (text, value) in [
        (
            r#"{"a": [1, 2.5, "x", null, true]}"#,
            json!({"a": [1, 2.5, "x", null, true]}),
        ),
        (" 3\n", json!(3)),
        ("1.7976931348623157e308", json!(f64::MAX)),
        // One bit off without serde_json's float_roundtrip
        (
            "90.57314538041905",
            json!("90.57314538041905".parse::<f64>().unwrap()),
        ),
        (
            "123456789012345678901234567890",
            json!(123_456_789_012_345_680_000_000_000_000.0),
        ),
    ] {
        assert_eq!(search("powertools_json(@)", &json!(text)).unwrap(), value);
    }
}

#[test]
fn text_that_is_no_json_is_an_error() {
    for text in [
        "",
        " ",
        "{'a':1}",
        "{\"a\":1,}",
        "1 2",
        "NaN",
        "[Infinity]",
        r#""\ud800""#,
    ] {
        for expression in [
            "powertools_json(@)",
            "powertools_json(@).a",
            "powertools_json(@)[0]",
        ] {
            // A part that is not wanted is only checked for syntax
            if expression.ends_with(".a") && text.contains("ud800") {
                continue;
            }
            assert_eq!(code(expression, &json!(text)), "bad_json", "{text}");
        }
    }
}

#[test]
fn json_text_may_nest_127_times() {
    let text = |times: usize| json!("[".repeat(times) + &"]".repeat(times));
    assert!(search("powertools_json(@)", &text(127)).is_ok());
    assert_eq!(code("powertools_json(@)", &text(128)), "bad_json");
}

#[test]
fn member_of_json_text_is_what_the_whole_value_has() {
    let data =
        json!(r#"{"a": {"b": 1, "c": {"d": [1, {"e": "x"}]}}, "a2": 2, "n": null, "s": "t"}"#);
    let whole = search("powertools_json(@)", &data).unwrap();
    for names in [
        "a",
        "a.b",
        "a.c.d",
        "a.c.d.e",
        "a2",
        "n",
        "n.x",
        "s",
        "s.x",
        "missing",
        "a.missing.x",
    ] {
        let part = search(&format!("powertools_json(@).{names}"), &data).unwrap();
        assert_eq!(part, search(names, &whole).unwrap(), "{names}");
    }
}

#[test]
fn last_of_two_members_of_a_name_counts() {
    let data = json!(r#"{"a": {"b": 1}, "a": {"c": 2}}"#);
    assert_eq!(
        search("powertools_json(@).a.b", &data).unwrap(),
        Value::Null
    );
    assert_eq!(search("powertools_json(@).a.c", &data).unwrap(), json!(2));
}

#[test]
fn rest_of_the_text_is_checked_for_syntax() {
    for text in [
        r#"{"a": 1, "b": }"#,
        r#"{"a": 1} x"#,
        r#"{"a": 1"#,
        r#"[1, }"#,
    ] {
        assert_eq!(
            code("powertools_json(@).a", &json!(text)),
            "bad_json",
            "{text}"
        );
    }
}

#[test]
fn null_is_refused_where_text_is_wanted() {
    for function in ["json", "base64", "base64_gzip"] {
        for data in [
            json!({}),
            json!({"body": null}),
            json!({"body": 1}),
            json!({"body": []}),
        ] {
            for rest in ["", ".a"] {
                let text = format!("powertools_{function}(body){rest}");
                assert_eq!(code(&text, &data), "argument_type", "{text}");
            }
        }
    }
    let records = json!({"Records": [{"body": "{}"}, {}]});
    assert_eq!(
        code("Records[*].powertools_json(body)", &records),
        "argument_type"
    );
}

#[test]
fn missing_bodies_can_be_guarded_and_left_out() {
    let guarded = search("body && powertools_json(body)", &json!({})).unwrap();
    assert_eq!(guarded, Value::Null);
    let records = json!({"Records": [{"body": "1"}, {}]});
    let found = search("Records[?body].powertools_json(body)", &records).unwrap();
    assert_eq!(found, json!([1]));
}

#[test]
fn base64_follows_pythons_rule() {
    for (text, wanted) in [
        ("", Some("")),
        ("aGVsbG8=", Some("hello")),
        ("aMOpbGxvIOKYgw==", Some("héllo ☃")),
        ("aGVs\nbG8 =!", Some("hello")),
        ("aG_Vs-bG8=", Some("hello")),
        ("aGVsbG8=aGVs", Some("hello")),
        ("aGVsbG9=", Some("hello")),
        ("=aGVs", Some("hel")),
        ("a=GVs", Some("hel")),
        ("aG=Vs", Some("hel")),
        ("a===GVs", Some("hel")),
        ("aA=a=", Some("h\u{6}")),
        ("aA=!=", Some("h")),
        ("aA=aaaA=", None),
        ("====", Some("")),
        ("aGVsbG8", None),
        ("aA=", None),
        ("a", None),
        ("a===", None),
        ("é===", None),
    ] {
        let found = search("powertools_base64(@)", &json!(text));
        match wanted {
            Some(wanted) => assert_eq!(found.unwrap(), json!(wanted), "{text}"),
            None => assert_eq!(found.unwrap_err().code(), "bad_base64", "{text}"),
        }
    }
}

#[test]
fn decoded_bytes_must_be_text() {
    assert_eq!(code("powertools_base64(@)", &json!("//4=")), "bad_utf8");
    assert_eq!(gunzip(&gzip(b"\xff\xfe")).unwrap_err().code(), "bad_utf8");
}

#[test]
fn all_members_of_a_gzip_file_are_joined() {
    let two = [gzip(b"hello "), gzip(b"world")].concat();
    assert_eq!(gunzip(&two).unwrap(), json!("hello world"));
    let padded = [gzip(b"hello "), vec![0; 7], gzip(b"world"), vec![0; 7]].concat();
    assert_eq!(gunzip(&padded).unwrap(), json!("hello world"));
    assert_eq!(gunzip(&gzip(b"")).unwrap(), json!(""));
    assert_eq!(gunzip(b"").unwrap(), json!(""));
}

#[test]
fn damaged_gzip_is_an_error() {
    let whole = gzip(b"hello hello hello");
    for length in 1..whole.len() {
        let error = gunzip(&whole[..length]).unwrap_err();
        assert_eq!(error.code(), "bad_gzip", "cut to {length}");
    }
    let mut wrong_checksum = whole.clone();
    wrong_checksum[whole.len() - 8] ^= 1;
    let mut wrong_length = whole.clone();
    wrong_length[whole.len() - 4] ^= 1;
    let trailing = [whole.clone(), b"x".to_vec()].concat();
    for damaged in [
        wrong_checksum,
        wrong_length,
        trailing,
        b"plain text!".to_vec(),
    ] {
        assert_eq!(gunzip(&damaged).unwrap_err().code(), "bad_gzip");
    }
}

#[test]
fn gzip_up_to_the_limit_is_inflated() {
    let compressed = json!(STANDARD.encode(gzip(&[b'a'; 1000])));
    let search = |functions: &Functions| {
        Expression::with_functions("length(powertools_base64_gzip(@))", functions)
            .unwrap()
            .search(&compressed)
            .map(Cow::into_owned)
    };
    let limit = |bytes| Functions::powertools().max_inflated(bytes);
    assert_eq!(search(&limit(1000)).unwrap(), json!(1000));
    assert_eq!(search(&limit(999)).unwrap_err().code(), "too_large");
    assert_eq!(search(&limit(0)).unwrap_err().code(), "too_large");
    assert_eq!(search(&Functions::powertools()).unwrap(), json!(1000));
}

#[test]
fn default_limit_is_six_mebibytes() {
    let limit = 6 * 1024 * 1024;
    assert!(gunzip(&gzip(&vec![b'a'; limit])).is_ok());
    let error = gunzip(&gzip(&vec![b'a'; limit + 1])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn raised_limit_lets_as_much_be_inflated_and_read() {
    let mebibyte = 1024 * 1024;
    let length = "length(powertools_base64_gzip(@))";
    let member = "powertools_json(powertools_base64_gzip(@)).a";
    let search = |text: &str, limit: usize, data: &Value| {
        let functions = Functions::powertools().max_inflated(limit * mebibyte);
        let expression = Expression::with_functions(text, &functions).unwrap();
        expression.search(data).map(Cow::into_owned)
    };
    let data = json!(STANDARD.encode(gzip(&vec![b' '; 50 * mebibyte])));
    assert_eq!(search(length, 50, &data).unwrap(), json!(50 * mebibyte));
    let error = search(length, 49, &data).unwrap_err();
    assert!(
        error.to_string().contains("raise `max_inflated`"),
        "{error}"
    );

    let document = format!("{}{{\"a\": 1}}", " ".repeat(50 * mebibyte));
    let data = json!(STANDARD.encode(gzip(document.as_bytes())));
    assert_eq!(search(member, 51, &data).unwrap(), json!(1));
}

#[test]
fn steps_grow_with_the_limit_in_whole_six_mebibytes() {
    let mebibyte = 1024 * 1024;
    let list = Value::from(vec![0; 1_999_000]);
    let longer = Value::from(vec![0; 2_000_000]);
    for (limit, data, wanted) in [
        (0, &list, None),
        (6 * mebibyte, &list, None),
        (6 * mebibyte, &longer, Some("2000000 steps")),
        (6 * mebibyte + 1, &longer, None),
        (usize::MAX, &longer, None),
    ] {
        let functions = Functions::powertools().max_inflated(limit);
        let expression = Expression::with_functions("[@]", &functions).unwrap();
        let error = expression.search(data).err().map(|error| error.to_string());
        match wanted {
            Some(part) => assert!(error.unwrap().contains(part), "{limit}"),
            None => assert_eq!(error, None, "{limit}"),
        }
    }
}

#[test]
fn gzip_bomb_is_not_inflated() {
    let mebibyte = vec![0; 1024 * 1024];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..30 {
        encoder.write_all(&mebibyte).unwrap();
    }
    let bomb = json!(STANDARD.encode(encoder.finish().unwrap()));
    let expression = Expression::new("powertools_base64_gzip(@)").unwrap();
    let mut result = None;
    let allocated = allocation_counter::measure(|| {
        result = Some(expression.search(&bomb).map(drop));
    });
    let error = result.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        allocated.bytes_max < 20 * 1024 * 1024,
        "{} bytes at once",
        allocated.bytes_max
    );
}

#[test]
fn gzip_of_countless_empty_members_is_stopped() {
    let members = gzip(b"").repeat(60_000);
    assert_eq!(gunzip(&members).unwrap_err().code(), "too_large");
}
