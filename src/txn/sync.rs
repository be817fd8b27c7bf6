//! The locks of this room: those of `parking_lot`, or, under `--cfg shuttle`, those of a scheduler that tries many
//! interleavings.

#[cfg(not(shuttle))]
pub(super) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

/// Waits for a notification, and takes the lock again.
#[cfg(not(shuttle))]
pub(super) fn wait<'a, T>(condvar: &Condvar, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(&mut guard);
    guard
}

#[cfg(shuttle)]
pub(super) use controlled::{Condvar, Mutex, RwLock, wait};

/// The same under a scheduler. Its locks can be poisoned; a panic ends the run there anyway.
#[cfg(shuttle)]
mod controlled {
    pub(in crate::txn) use shuttle::sync::{Condvar, MutexGuard};
    use shuttle::sync::{RwLockReadGuard, RwLockWriteGuard};

    pub(in crate::txn) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        condvar.wait(guard).unwrap_or_else(|it| it.into_inner())
    }

    #[derive(Default)]
    pub(in crate::txn) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(in crate::txn) fn new(it: T) -> Self {
            Mutex(shuttle::sync::Mutex::new(it))
        }

        pub(in crate::txn) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(|it| it.into_inner())
        }
    }

    #[derive(Default)]
    pub(in crate::txn) struct RwLock<T>(shuttle::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(in crate::txn) fn new(it: T) -> Self {
            RwLock(shuttle::sync::RwLock::new(it))
        }

        pub(in crate::txn) fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(|it| it.into_inner())
        }

        pub(in crate::txn) fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(|it| it.into_inner())
        }
    }
}
