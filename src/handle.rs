//! Handles: checked tokens for the library's objects, never addresses.
//!
//! A token lies between 2^48 and 2^53: kind (bits 48-52), slot (20 bits), generation (28 bits). Kind and generation
//! are verified at each use, a closed token is not given again, and a token of the parent process is refused after
//! fork, before any lock is taken. Each slot has a lock of its own, so two objects share none.

use std::any::Any;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use parking_lot::RwLock;

use crate::error::{Error, Result, code};

/// What a handle can stand for.
pub trait Kind: Any + Send + Sync {
    /// Bits 48-52 of its tokens, 1 to 31.
    const KIND: u64;
    /// Its name in error texts.
    const NAME: &'static str;
}

const GENERATION_BITS: u32 = 28;
const SLOT_BITS: u32 = 20;
const KIND_SHIFT: u32 = GENERATION_BITS + SLOT_BITS;
const CHUNK: usize = 1024;
const LAST_GENERATION: u64 = (1 << GENERATION_BITS) - 1;

struct Slot {
    /// kind and generation, as in the token, of what is here or was here last; 0 before the first.
    stamp: AtomicU64,
    /// How often the process had forked when that was put here.
    forks: AtomicU32,
    object: RwLock<Option<Arc<dyn Any + Send + Sync>>>,
}

struct Free {
    slots: Vec<u32>,
    used: u32,
}

static CHUNKS: [OnceLock<Box<[Slot]>>; (1 << SLOT_BITS) / CHUNK] =
    [const { OnceLock::new() }; (1 << SLOT_BITS) / CHUNK];
/// Held across fork, so a lock that works in the child: parking_lot's waiters share a table that a lost thread may hold.
static FREE: Mutex<Free> = Mutex::new(Free { slots: Vec::new(), used: 0 });
static FORKS: AtomicU32 = AtomicU32::new(0);

fn free() -> MutexGuard<'static, Free> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn slot(number: u64) -> Option<&'static Slot> {
    CHUNKS[number as usize / CHUNK].get().map(|chunk| &chunk[number as usize % CHUNK])
}

/// Puts an object into the table.
pub fn insert<K: Kind>(object: Arc<K>) -> Result<u64> {
    watch_forks();
    let number = {
        let mut free = free();
        match free.slots.pop() {
            Some(number) => u64::from(number),
            None if free.used >> SLOT_BITS != 0 => {
                return Err(Error::new(code::TOO_MANY_HANDLES, "a million handles are open: close some".to_string()));
            }
            None => {
                let number = free.used;
                free.used += 1;
                CHUNKS[number as usize / CHUNK].get_or_init(|| {
                    (0..CHUNK)
                        .map(|_| Slot { stamp: AtomicU64::new(0), forks: AtomicU32::new(0), object: RwLock::new(None) })
                        .collect()
                });
                u64::from(number)
            }
        }
    };
    let Some(slot) = slot(number) else {
        return Err(Error::new(code::INTERNAL, "a handle slot without its chunk".to_string()));
    };
    let mut place = slot.object.write();
    let generation = (slot.stamp.load(Ordering::Relaxed) & LAST_GENERATION) + 1;
    slot.forks.store(FORKS.load(Ordering::Relaxed), Ordering::Relaxed);
    slot.stamp.store(K::KIND << KIND_SHIFT | generation, Ordering::Release);
    *place = Some(object);
    Ok(K::KIND << KIND_SHIFT | number << GENERATION_BITS | generation)
}

/// The object of a token.
pub fn get<K: Kind>(token: u64) -> Result<Arc<K>> {
    let slot = find::<K>(token)?;
    let place = slot.object.read();
    check_generation::<K>(slot, token)?;
    place.clone().and_then(|object| object.downcast().ok()).ok_or_else(|| closed::<K>())
}

/// The object of a token, which is invalid from here on.
pub fn take<K: Kind>(token: u64) -> Result<Arc<K>> {
    let slot = find::<K>(token)?;
    let object = {
        let mut place = slot.object.write();
        check_generation::<K>(slot, token)?;
        place.take()
    };
    let object = object.and_then(|object| object.downcast().ok()).ok_or_else(|| closed::<K>())?;
    if token & LAST_GENERATION < LAST_GENERATION {
        free().slots.push((token >> GENERATION_BITS & ((1 << SLOT_BITS) - 1)) as u32);
    }
    Ok(object)
}

fn find<K: Kind>(token: u64) -> Result<&'static Slot> {
    let invalid = || Error::new(code::INVALID_HANDLE, format!("{token} is not a handle; a {} is wanted", K::NAME));
    if token >> 53 != 0 || token >> KIND_SHIFT == 0 {
        return Err(invalid());
    }
    let slot = slot(token >> GENERATION_BITS & ((1 << SLOT_BITS) - 1)).ok_or_else(invalid)?;
    let generation = slot.stamp.load(Ordering::Acquire) & LAST_GENERATION;
    if token & LAST_GENERATION == 0 || token & LAST_GENERATION > generation {
        return Err(invalid());
    }
    if token >> KIND_SHIFT != K::KIND {
        return Err(Error::new(code::WRONG_KIND, format!("this handle is of another kind; a {} is wanted", K::NAME)));
    }
    if token & LAST_GENERATION < generation {
        return Err(closed::<K>());
    }
    if slot.stamp.load(Ordering::Acquire) >> KIND_SHIFT != K::KIND {
        return Err(invalid());
    }
    if slot.forks.load(Ordering::Relaxed) != FORKS.load(Ordering::Relaxed) {
        return Err(Error::new(
            code::FORKED,
            format!("this {} belongs to the parent process: after fork, make a new one", K::NAME),
        ));
    }
    Ok(slot)
}

fn check_generation<K: Kind>(slot: &Slot, token: u64) -> Result<()> {
    if slot.stamp.load(Ordering::Relaxed) == (K::KIND << KIND_SHIFT | token & LAST_GENERATION) {
        Ok(())
    } else {
        Err(closed::<K>())
    }
}

fn closed<K: Kind>() -> Error {
    Error::new(code::CLOSED, format!("this {} is closed", K::NAME))
}

thread_local! {
    static HELD: std::cell::RefCell<Option<MutexGuard<'static, Free>>> = const { std::cell::RefCell::new(None) };
}

/// Makes fork leave the table in order: its lock is free in the child, and the parent's handles are refused there.
fn watch_forks() {
    extern "C" fn prepare() {
        HELD.with_borrow_mut(|held| *held = Some(free()));
    }
    extern "C" fn release() {
        HELD.with_borrow_mut(|held| *held = None);
    }
    extern "C" fn child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        // A thread that is no more may have been inside one of them.
        HELD.with_borrow_mut(|held| held.iter_mut().for_each(|free| free.slots.clear()));
        release();
    }
    static ONCE: Once = Once::new();
    #[cfg(unix)]
    // SAFETY: the three handlers only take and release a lock and count; none unwinds.
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(Some(prepare), Some(release), Some(child));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    struct A;
    struct B;
    impl Kind for A {
        const KIND: u64 = 30;
        const NAME: &'static str = "a";
    }
    impl Kind for B {
        const KIND: u64 = 31;
        const NAME: &'static str = "b";
    }

    fn code_of<T>(result: Result<T>) -> i32 {
        result.map_or_else(|e| e.code, |_| code::DONE)
    }

    #[test]
    fn a_token_is_no_address_and_exact_in_a_double() {
        let token = insert(Arc::new(A)).expect("a token");
        assert!(token > 1 << 48 && token < 1 << 53);
        assert_eq!(token as f64 as u64, token);
        assert!(take::<A>(token).is_ok());
    }

    #[test]
    fn wrong_tokens_are_refused_and_harm_nothing() {
        let token = insert(Arc::new(A)).expect("a token");
        assert_eq!(code_of(get::<B>(token)), code::WRONG_KIND);
        assert_eq!(code_of(take::<B>(token)), code::WRONG_KIND);
        // The same place and generation under another kind.
        let forged = token & ((1 << KIND_SHIFT) - 1) | B::KIND << KIND_SHIFT;
        assert_eq!(code_of(get::<B>(forged)), code::INVALID_HANDLE);
        assert_eq!(code_of(take::<B>(forged)), code::INVALID_HANDLE);
        let newer = token + 1;
        let far = A::KIND << KIND_SHIFT | ((1 << SLOT_BITS) - 1) << GENERATION_BITS | 1;
        for made_up in [0, 1, u64::MAX, 1 << 53, A::KIND << KIND_SHIFT, newer, far] {
            assert_eq!(code_of(get::<A>(made_up)), code::INVALID_HANDLE, "{made_up}");
            assert_eq!(code_of(take::<A>(made_up)), code::INVALID_HANDLE, "{made_up}");
        }
        assert!(get::<A>(token).is_ok());
        assert!(take::<A>(token).is_ok());
        assert_eq!(code_of(get::<A>(token)), code::CLOSED);
        assert_eq!(code_of(take::<A>(token)), code::CLOSED);
    }

    #[test]
    fn a_number_is_not_given_again_though_its_slot_is() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let token = insert(Arc::new(A)).expect("a token");
            assert!(seen.insert(token));
            assert!(take::<A>(token).is_ok());
        }
        let slots: std::collections::HashSet<_> = seen.iter().map(|token| token >> GENERATION_BITS).collect();
        assert!(slots.len() < 1000, "{} slots", slots.len());
    }

    #[test]
    fn eight_threads() {
        let shared = insert(Arc::new(A)).expect("a token");
        let taken = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..2000 {
                        let own = insert(Arc::new(B)).expect("a token");
                        assert!(get::<B>(own).is_ok());
                        let _ = get::<A>(shared);
                        assert!(take::<B>(own).is_ok());
                        assert_eq!(code_of(get::<B>(own)), code::CLOSED);
                        if round == 1000 && take::<A>(shared).is_ok() {
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(taken.load(Ordering::Relaxed), 1);
    }

    #[cfg(unix)]
    #[test]
    fn after_fork_the_parents_handles_are_refused() {
        let token = insert(Arc::new(A)).expect("a token");
        // SAFETY: the child only uses the table, then ends at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused = code_of(get::<A>(token)) == code::FORKED && code_of(take::<A>(token)) == code::FORKED;
            let own = insert(Arc::new(A)).is_ok_and(|own| get::<A>(own).is_ok() && take::<A>(own).is_ok());
            // SAFETY: as above.
            unsafe { libc::_exit(if refused && own { 0 } else { 1 }) }
        }
        let mut status = -1;
        // SAFETY: our child.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
        assert!(get::<A>(token).is_ok());
        assert!(take::<A>(token).is_ok());
    }
}
