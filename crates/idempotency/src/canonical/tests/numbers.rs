use proptest::prelude::*;

use super::{of, python, typescript};
use crate::canonical::Dialect;

#[test]
fn python_keeps_all_digits_of_integers() {
    for integer in [
        "0",
        "-1",
        "123456789012345678",
        "18446744073709551616",
        &"9".repeat(5_000),
    ] {
        assert_eq!(python(integer), integer);
    }
    assert_eq!(python("-0"), "0");
    assert_eq!(of(&i128::MIN, Dialect::Python), i128::MIN.to_string());
    assert_eq!(of(&u128::MAX, Dialect::Python), u128::MAX.to_string());
}

#[test]
fn python_writes_floats_as_repr_does() {
    for (json, repr) in [
        ("1.0", "1.0"),
        ("1e3", "1000.0"),
        ("1e15", "1000000000000000.0"),
        ("1e16", "1e+16"),
        ("9999999999999998.0", "9999999999999998.0"),
        ("12345678901234567890.0", "1.2345678901234567e+19"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1.5e-7", "1.5e-07"),
        ("1e-10", "1e-10"),
        ("1e100", "1e+100"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("2.50", "2.5"),
        ("9007199254740993.0", "9007199254740992.0"),
        ("-0.0", "-0.0"),
        ("0e5", "0.0"),
        ("1E400", "Infinity"),
        ("-1E400", "-Infinity"),
        ("1e-400", "0.0"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
    ] {
        assert_eq!(python(json), repr);
    }
    assert_eq!(of(&f64::NAN, Dialect::Python), "NaN");
    assert_eq!(of(&f32::NEG_INFINITY, Dialect::Python), "-Infinity");
}

#[test]
fn typescript_writes_every_number_as_a_double() {
    for (json, text) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("123456789012345678", "123456789012345680"),
        ("9007199254740993", "9007199254740992"),
        ("0.000001", "0.000001"),
        ("0.0000015", "0.0000015"),
        ("1e-7", "1e-7"),
        ("1.5e-7", "1.5e-7"),
        ("1E400", "null"),
        ("-1E400", "null"),
        ("1e-400", "0"),
    ] {
        assert_eq!(typescript(json), text);
    }
    assert_eq!(of(&i64::MIN, Dialect::TypeScript), "-9223372036854776000");
    assert_eq!(of(&u64::MAX, Dialect::TypeScript), "18446744073709552000");
    assert_eq!(
        of(&((1_u64 << 53) + 1), Dialect::TypeScript),
        "9007199254740992"
    );
    assert_eq!(of(&u128::MAX, Dialect::TypeScript), "3.402823669209385e+38");
    assert_eq!(
        of(&i128::MIN, Dialect::TypeScript),
        "-1.7014118346046923e+38"
    );
    assert_eq!(
        of(&-((1_i64 << 53) + 1), Dialect::TypeScript),
        "-9007199254740992"
    );
    assert_eq!(of(&f64::NAN, Dialect::TypeScript), "null");
    assert_eq!(of(&f32::INFINITY, Dialect::TypeScript), "null");
}

#[test]
fn single_floats_keep_their_own_digits() {
    for (float, python, typescript) in [
        (0.1_f32, "0.1", "0.1"),
        (16_777_216.0, "16777216.0", "16777216"),
        (f32::MAX, "3.4028235e+38", "3.4028235e+38"),
        (1e-5, "1e-05", "0.00001"),
        (-0.0, "-0.0", "0"),
    ] {
        assert_eq!(of(&float, Dialect::Python), python);
        assert_eq!(of(&float, Dialect::TypeScript), typescript);
    }
}

/// The same rules in other words, with the digits of the standard library.
fn spelled(float: f64, lowest: i32, highest: i32, dialect: Dialect) -> String {
    let text = format!("{float:e}");
    let (mantissa, exponent) = text.split_once('e').expect("an exponent");
    let exponent: i32 = exponent.parse().expect("a number");
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    // Of two shortest texts that are equally near, the standard library takes the upper one,
    // Python and JavaScript the even one. A given precision is rounded to even.
    let even = |even: String, shortest: String| {
        if even.parse() == Ok(float) {
            even
        } else {
            shortest
        }
    };
    let python = dialect == Dialect::Python;
    if (lowest..highest).contains(&exponent) {
        let decimals = i32::try_from(digits).expect("few") - 1 - exponent;
        let text = match usize::try_from(decimals) {
            Ok(decimals) => even(format!("{float:.decimals$}"), float.to_string()),
            Err(_) => float.to_string(),
        };
        return if python && !text.contains('.') {
            text + ".0"
        } else {
            text
        };
    }
    let text = even(format!("{float:.*e}", digits - 1), text.clone());
    let (mantissa, _) = text.split_once('e').expect("an exponent");
    let sign = if exponent < 0 { '-' } else { '+' };
    let width = if python { 2 } else { 1 };
    format!("{mantissa}e{sign}{:0width$}", exponent.abs())
}

#[test]
fn of_two_nearest_texts_the_even_one_is_taken() {
    for (json, text) in [
        ("170692088980323.625", "170692088980323.62"),
        ("1000000000000000.25", "1000000000000000.2"),
        ("1000000000000000.75", "1000000000000000.8"),
    ] {
        assert_eq!(python(json), text);
        assert_eq!(typescript(json), text);
    }
}

proptest! {
    #[test]
    fn any_float_is_spelled_as_python_and_javascript_do(bits: u64) {
        let float = f64::from_bits(bits);
        prop_assume!(float.is_finite() && float != 0.0);
        prop_assert_eq!(of(&float, Dialect::Python), spelled(float, -4, 16, Dialect::Python));
        let javascript = spelled(float, -6, 21, Dialect::TypeScript);
        prop_assert_eq!(of(&float, Dialect::TypeScript), javascript);
    }

    #[test]
    fn floats_around_the_limits_are_spelled_as_python_and_javascript_do(
        digits in 1_u64..10_u64.pow(17), exponent in -30..25_i32,
    ) {
        let float: f64 = format!("{digits}e{exponent}").parse().expect("a float");
        prop_assert_eq!(of(&float, Dialect::Python), spelled(float, -4, 16, Dialect::Python));
        let javascript = spelled(float, -6, 21, Dialect::TypeScript);
        prop_assert_eq!(of(&float, Dialect::TypeScript), javascript);
    }

    #[test]
    fn the_float_of_the_json_text_is_the_nearest(
        whole in "[1-9][0-9]{0,25}", fraction in "[0-9]{1,30}", exponent in -40..40_i32,
    ) {
        let json = format!("{whole}.{fraction}e{exponent}");
        let float: f64 = json.parse().expect("a float");
        prop_assert_eq!(python(&json), spelled(float, -4, 16, Dialect::Python));
    }
}
