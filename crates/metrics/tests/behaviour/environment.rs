//! What comes from the environment, and what code says first.

use powertools_core::{Env, test_util::TestContext};
use powertools_metrics::{MetricsBuilder, MetricsErrorKind, MetricsLayer, Unit};
use serde_json::json;

use crate::support::{bed, builder, host, kind, line, sets, with_env};

const NAMESPACE: &str = "POWERTOOLS_METRICS_NAMESPACE";
const SERVICE: &str = "POWERTOOLS_SERVICE_NAME";
const DISABLED: &str = "POWERTOOLS_METRICS_DISABLED";
const DEV: &str = "POWERTOOLS_DEV";

async fn namespace_and_service(builder: MetricsBuilder) -> (String, String) {
    let line = line(builder, async |metrics| metrics.add("m", Unit::Count, 1)).await;
    let namespace = &line["_aws"]["CloudWatchMetrics"][0]["Namespace"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (text(namespace), text(&line["service"]))
}

#[tokio::test]
async fn namespace_and_service_come_from_it_but_what_is_set_in_code_comes_first() {
    let env = [(NAMESPACE, "of env"), (SERVICE, "env service")];
    let own = |namespace: &str, service: &str| (namespace.to_owned(), service.to_owned());
    assert_eq!(
        namespace_and_service(with_env(env)).await,
        own("of env", "env service")
    );
    let code = with_env(env).namespace("of code").service("code service");
    assert_eq!(
        namespace_and_service(code).await,
        own("of code", "code service")
    );
    // An empty one is none, also against the environment's.
    let none = with_env(env).service("");
    assert_eq!(namespace_and_service(none).await, own("of env", ""));
}

#[tokio::test]
async fn an_empty_variable_is_none() {
    let line = line(
        with_env([(NAMESPACE, "app"), (SERVICE, ""), (DISABLED, ""), (DEV, "")]),
        async |metrics| metrics.add("m", Unit::Count, 1),
    )
    .await;
    assert_eq!(sets(&line), &json!([[]]));
    let bed = bed(with_env([(NAMESPACE, "")]));
    let metrics = bed.layer.metrics();
    metrics.add("m", Unit::Count, 1);
    assert_eq!(kind(metrics.flush()), MetricsErrorKind::Namespace);
    metrics.clear();
}

#[tokio::test]
async fn without_a_namespace_each_flush_is_an_error_and_the_values_stay() {
    let bed = bed(MetricsLayer::builder().host(host([])));
    let answer = bed.answer(TestContext::new("r-1"), async |metrics| {
        metrics.add("m", Unit::Count, 1);
        metrics.add("m", Unit::Count, 2);
        assert_eq!(kind(metrics.serialize()), MetricsErrorKind::Namespace);
        for _ in 0..2 {
            assert_eq!(kind(metrics.flush()), MetricsErrorKind::Namespace);
        }
        metrics
            .single_metric("own", Unit::Count, 1)
            .namespace("given")
            .flush()
            .unwrap();
        Ok::<_, std::convert::Infallible>("answer")
    });
    // The handler's answer is its own.
    assert_eq!(answer.await, Ok("answer"));
    assert_eq!(bed.only()["own"], 1);
    let warning = bed.warnings.only();
    assert_eq!((&*warning["code"], &*warning["lost"]), ("namespace", "2"));
    assert_eq!(warning["of"], "r-1");
}

#[tokio::test]
async fn nothing_is_written_where_a_switch_says_so() {
    for (env, disabled) in [
        ([(DISABLED, "1"), (DEV, "")], true),
        ([(DISABLED, "true"), (DEV, "false")], true),
        ([(DISABLED, "YES"), (DEV, "0")], true),
        ([(DISABLED, ""), (DEV, "on")], true),
        ([(DISABLED, ""), (DEV, "t")], true),
        ([(DISABLED, "false"), (DEV, "1")], false),
        ([(DISABLED, "n"), (DEV, "y")], false),
        ([(DISABLED, "OFF"), (DEV, "")], false),
        ([(DISABLED, ""), (DEV, "no")], false),
        ([(DISABLED, "f"), (DEV, "")], false),
    ] {
        let all = [env[0], env[1], (NAMESPACE, "app")];
        let builder = with_env(all)
            .capture_cold_start_metric(true)
            .capture_request_metrics(true);
        let bed = bed(builder);
        bed.layer.metrics().add("outside", Unit::Count, 1);
        bed.run(async |metrics| {
            for _ in 0..100 {
                metrics.add("m", Unit::Count, 1);
            }
            metrics
                .single_metric("one", Unit::Count, 1)
                .flush()
                .unwrap();
            metrics.add("m", Unit::Count, 1);
        })
        .await;
        let lines = if disabled { 0 } else { 6 };
        assert_eq!(bed.lines().len(), lines, "{env:?}");
        assert!(bed.warnings.all().is_empty());
    }
}

#[tokio::test]
async fn a_disabled_flush_clears_and_is_no_error_when_empty() {
    let builder = with_env([(NAMESPACE, "app"), (DISABLED, "1")]);
    let bed = bed(builder.raise_on_empty_metrics(true));
    let metrics = bed.layer.metrics();
    metrics.add_dimension("d", "v");
    metrics.add("m", Unit::Count, 1);
    assert!(metrics.serialize().unwrap().contains("\"m\""));
    metrics.flush().unwrap();
    assert_eq!(metrics.serialize().unwrap(), "");
    metrics.flush().unwrap();
    assert_eq!(bed.output.text(), "");
    bed.run(async |_| {}).await;
    assert!(bed.warnings.all().is_empty());
}

#[test]
fn an_empty_flush_is_quiet_while_metrics_are_off() {
    let app = (NAMESPACE, "app");
    let off = bed(with_env([app, (DISABLED, "true")]));
    off.layer.metrics().flush().unwrap();
    assert!(off.warnings.all().is_empty());
    let on = bed(with_env([app]));
    on.layer.metrics().flush().unwrap();
    assert_eq!(on.warnings.codes(), ["empty"]);
}

#[tokio::test]
async fn with_another_word_each_flush_is_an_error() {
    for env in [
        [(DISABLED, "maybe"), (DEV, "")],
        [(DISABLED, ""), (DEV, "2")],
    ] {
        let bed = bed(builder().host(host(env)));
        bed.run(async |metrics| {
            metrics.add("m", Unit::Count, 1);
            for _ in 0..2 {
                assert_eq!(kind(metrics.flush()), MetricsErrorKind::Environment);
            }
            let single = metrics.single_metric("one", Unit::Count, 1);
            assert_eq!(kind(single.flush()), MetricsErrorKind::Environment);
        })
        .await;
        assert_eq!(bed.output.text(), "");
        let warning = bed.warnings.only();
        assert_eq!((&*warning["code"], &*warning["lost"]), ("environment", "1"));
        // It names the variable, not its value.
        let variable = env.iter().find(|(_, word)| !word.is_empty()).unwrap().0;
        assert!(warning["why"].contains(variable), "{warning:?}");
        assert!(!warning["why"].contains("maybe"), "{warning:?}");
    }
    // A switch that is not asked is not read wrong.
    let bed = bed(builder().host(host([(DISABLED, "no"), (DEV, "2")])));
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(bed.lines().len(), 1);
}

#[tokio::test]
async fn the_variables_are_read_when_the_layer_is_built() {
    let built = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&built);
    let env = Env::from_fn(move |name| {
        let late = seen.load(std::sync::atomic::Ordering::Relaxed);
        let mine = name.starts_with("POWERTOOLS_METRICS") || name == SERVICE || name == DEV;
        assert!(!(late && mine), "{name} is read late");
        (name == NAMESPACE).then(|| "app".to_owned())
    });
    let builder = MetricsLayer::builder().host(host([]).with_env(env));
    let bed = bed(builder.capture_cold_start_metric(true));
    built.store(true, std::sync::atomic::Ordering::Relaxed);
    bed.run(async |metrics| metrics.add("m", Unit::Count, 1))
        .await;
    assert_eq!(bed.lines().len(), 2);
}

#[test]
fn a_layer_may_take_everything_from_the_environment() {
    // Of the process, which says nothing here.
    let layer = MetricsLayer::from_env().unwrap();
    let metrics = layer.metrics();
    metrics.add("m", Unit::Count, 1);
    assert_eq!(kind(metrics.flush()), MetricsErrorKind::Namespace);
    metrics.clear();
}
