/// Compiles only if the value can be sent to another thread.
pub fn assert_send<T: Send + ?Sized>(_: &T) {}

/// Compiles only if the value can be shared between threads.
pub fn assert_sync<T: Sync + ?Sized>(_: &T) {}

/// Compiles only if the value can be moved after it was pinned.
pub fn assert_unpin<T: Unpin + ?Sized>(_: &T) {}
