//! Keys for a part of the code.

use std::{
    cell::RefCell,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use serde::Serialize;

use crate::{keys, pieces::Pieces};

thread_local! {
    // The scopes that the running code is in, outermost first. A scope of a future is
    // there while the future is polled, so scopes of branches that run side by side do
    // not see each other.
    static SCOPES: RefCell<Vec<Arc<Pieces>>> = const { RefCell::new(Vec::new()) };
}

// Process-wide: tells which of two keys was set first, whatever set they are in.
static ORDER: AtomicU32 = AtomicU32::new(1);

/// A number that is higher than all before.
pub(crate) fn next_order() -> u32 {
    ORDER.fetch_add(1, Ordering::Relaxed)
}

/// Whether no scope is open.
pub(crate) fn is_empty() -> bool {
    SCOPES
        .try_with(|scopes| scopes.try_borrow().map_or(true, |scopes| scopes.is_empty()))
        .unwrap_or(true)
}

/// The scopes that are open here, for a line that is written elsewhere.
pub(crate) fn open_here() -> Vec<Arc<Pieces>> {
    SCOPES
        .try_with(|scopes| scopes.try_borrow().map(|scopes| scopes.clone()))
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default()
}

/// Puts the keys of these scopes over others.
pub(crate) fn overlay_with(keys: &mut Pieces, scopes: &[Arc<Pieces>]) {
    if !scopes.is_empty() {
        for scope in scopes {
            keys.overlay(scope);
        }
        keys.sort();
    }
}

/// Puts the keys of the open scopes over these.
pub(crate) fn overlay(keys: &mut Pieces) {
    let _ = SCOPES.try_with(|scopes| {
        if let Ok(scopes) = scopes.try_borrow() {
            overlay_with(keys, &scopes);
        }
    });
}

fn open(scope: Arc<Pieces>) {
    let _ = SCOPES.try_with(|scopes| scopes.borrow_mut().push(scope));
}

fn close(scope: &Arc<Pieces>) {
    let _ = SCOPES.try_with(|scopes| {
        let mut scopes = scopes.borrow_mut();
        if let Some(index) = scopes.iter().rposition(|open| Arc::ptr_eq(open, scope)) {
            scopes.remove(index);
        }
    });
}

/// Adds keys, the members of a struct or a map, to every line until the guard is
/// dropped. A key that was there before then has its value again.
///
/// For code that does not await; [`WithKeys`] is for futures.
///
/// ```
/// # fn charge(_: &str) {}
/// for order in ["7", "8"] {
///     let _keys = powertools_logger::append_context_keys(&serde_json::json!({"order": order}));
///     tracing::info!("charging");
///     charge(order);
/// }
/// ```
pub fn append_context_keys(keys: &(impl Serialize + ?Sized)) -> KeyScope {
    let scope = Arc::new(keys::rendered(keys, next_order()));
    open(Arc::clone(&scope));
    KeyScope {
        scope,
        _here: PhantomData,
    }
}

/// Guard of [`append_context_keys`].
#[must_use = "the keys go with the guard"]
pub struct KeyScope {
    scope: Arc<Pieces>,
    // The scope is this thread's.
    _here: PhantomData<Rc<()>>,
}

impl Drop for KeyScope {
    fn drop(&mut self) {
        close(&self.scope);
    }
}

impl fmt::Debug for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyScope").finish_non_exhaustive()
    }
}

/// Gives the lines of a future keys of their own.
pub trait WithKeys: Future + Sized {
    /// Adds keys, the members of a struct or a map, to the lines of this future and to no
    /// others, also beside futures that run at the same time. Tasks that it spawns do not
    /// have them.
    ///
    /// ```
    /// use powertools_logger::WithKeys;
    /// use serde::Serialize;
    ///
    /// #[derive(Serialize)]
    /// struct Keys<'a> {
    ///     order: &'a str,
    /// }
    ///
    /// # async fn charge(_: &str) {}
    /// # async fn handler() {
    /// charge("7").with_keys(&Keys { order: "7" }).await;
    /// # }
    /// ```
    fn with_keys(self, keys: &(impl Serialize + ?Sized)) -> Keyed<Self> {
        Keyed {
            future: Some(self),
            scope: Arc::new(keys::rendered(keys, next_order())),
        }
    }
}

impl<F: Future> WithKeys for F {}

pin_project! {
    /// Future of [`WithKeys::with_keys`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Keyed<F> {
        #[pin]
        future: Option<F>,
        scope: Arc<Pieces>,
    }

    impl<F> PinnedDrop for Keyed<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // What the future drops may log.
            let _open = Open::new(this.scope);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Keyed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("emptied by drop alone");
        let _open = Open::new(this.scope);
        future.poll(cx)
    }
}

impl<F> fmt::Debug for Keyed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").finish_non_exhaustive()
    }
}

/// A scope that is open for a poll, also for one that panics.
struct Open<'a>(&'a Arc<Pieces>);

impl<'a> Open<'a> {
    fn new(scope: &'a Arc<Pieces>) -> Self {
        open(Arc::clone(scope));
        Self(scope)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        close(self.0);
    }
}
