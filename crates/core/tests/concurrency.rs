//! Invocations that are in flight together share nothing.

use std::{collections::HashMap, sync::Arc};

use lambda_runtime::LambdaEvent;
use powertools_core::{
    ColdStart, Host, Invocation, Outcome, Slot,
    test_util::{ProbeEvent, ProbeLayer, lambda_event},
};
use tokio::sync::{Barrier, Notify};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing_subscriber::Registry;

const INVOCATIONS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum End {
    Answers,
    Fails,
    PanicsInCall,
    PanicsInPoll,
    IsDropped,
}

const ENDS: [End; 5] = [
    End::Answers,
    End::Fails,
    End::PanicsInCall,
    End::PanicsInPoll,
    End::IsDropped,
];

fn current_id() -> Option<String> {
    Invocation::try_current()?
        .request_id()
        .map(ToOwned::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_interleaved_invocations_keep_apart() {
    // The only test of this binary that needs spans: global, so that they reach
    // blocking threads too.
    tracing::subscriber::set_global_default(Registry::default()).unwrap();
    let slot: Arc<Slot<String>> = Arc::new(Slot::claim().unwrap());
    // A handler asks here for its call to be dropped.
    let dropped: Arc<[Notify; INVOCATIONS]> = Arc::new(std::array::from_fn(|_| Notify::new()));
    let probe = ProbeLayer::new(Host::default().with_cold_start(ColdStart::unused()));
    // Those that panic in `call` never get to wait.
    let waiting = (0..INVOCATIONS)
        .filter(|n| ENDS[n % 5] != End::PanicsInCall)
        .count();
    let barrier = Arc::new(Barrier::new(waiting));

    let service = ServiceBuilder::new()
        .layer(probe.clone())
        .layer(probe.clone())
        .service(service_fn({
            let (slot, dropped) = (Arc::clone(&slot), Arc::clone(&dropped));
            move |event: LambdaEvent<(usize, End)>| {
                let id = event.context.request_id;
                let (n, end) = event.payload;
                assert_eq!(current_id().as_deref(), Some(id.as_str()));
                assert!(end != End::PanicsInCall, "in call");
                let (barrier, slot, dropped) = (
                    Arc::clone(&barrier),
                    Arc::clone(&slot),
                    Arc::clone(&dropped),
                );
                async move {
                    let invocation = Invocation::current();
                    slot.get_or_init(&invocation, || Arc::new(id.clone()));
                    barrier.wait().await;
                    for _ in 0..10 {
                        tokio::task::yield_now().await;
                        assert_eq!(current_id().as_ref(), Some(&id));
                        assert_eq!(slot.get(&Invocation::current()), Some(&id));
                    }
                    let tasks = tokio::join!(
                        powertools_core::spawn(async { current_id() }),
                        powertools_core::spawn_blocking(current_id),
                        {
                            let span = tracing::Span::current();
                            tokio::task::spawn_blocking(move || span.in_scope(current_id))
                        },
                    );
                    for found in [tasks.0, tasks.1, tasks.2] {
                        assert_eq!(found.unwrap().as_ref(), Some(&id));
                    }
                    match end {
                        End::Answers => Ok(id),
                        End::Fails => Err(id),
                        End::PanicsInPoll => panic!("in poll"),
                        End::IsDropped => {
                            dropped[n].notify_one();
                            std::future::pending().await
                        }
                        End::PanicsInCall => unreachable!(),
                    }
                }
            }
        }));

    let calls: Vec<_> = (0..INVOCATIONS)
        .map(|n| {
            let (service, dropped) = (service.clone(), Arc::clone(&dropped));
            tokio::spawn(async move {
                let call = service.oneshot(lambda_event(&format!("r-{n}"), (n, ENDS[n % 5])));
                tokio::select! {
                    answer = call => {
                        let (Ok(id) | Err(id)) = answer;
                        assert_eq!(id, format!("r-{n}"));
                    }
                    () = dropped[n].notified() => {}
                }
            })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        let panics = matches!(ENDS[n % 5], End::PanicsInCall | End::PanicsInPoll);
        match call.await {
            Ok(()) => assert!(!panics, "r-{n}"),
            Err(error) => assert!(panics && error.is_panic(), "r-{n}: {error}"),
        }
    }

    // Each of the two layers has finished each invocation once, with its outcome.
    let mut outcomes = HashMap::<String, Vec<Outcome>>::new();
    for event in probe.events() {
        if let ProbeEvent::Finished(invocation, outcome) = event {
            let id = invocation.request_id().unwrap().to_owned();
            outcomes.entry(id).or_default().push(outcome);
        }
    }
    assert_eq!(outcomes.len(), INVOCATIONS);
    for n in 0..INVOCATIONS {
        let expected = match ENDS[n % 5] {
            End::Answers => Outcome::Ok,
            End::Fails => Outcome::Fault,
            End::PanicsInCall | End::PanicsInPoll => Outcome::Panic,
            End::IsDropped => Outcome::Cancelled,
        };
        assert_eq!(outcomes[&format!("r-{n}")], [expected; 2], "r-{n}");
    }
    // The cold start was decided once.
    let cold = probe.events().into_iter().filter_map(|event| match event {
        ProbeEvent::Finished(invocation, _) => Some((
            invocation.request_id()?.to_owned(),
            invocation.cold_start()?,
        )),
        _ => None,
    });
    let cold: HashMap<_, _> = cold.filter(|(_, cold)| *cold).collect();
    assert_eq!(cold.len(), 1);
}
