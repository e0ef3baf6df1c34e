//! The parameter types of the C ABI, and the only place where raw pointers are read or written.
//!
//! Each is a `#[repr(transparent)]` newtype whose name carries direction and meaning; `bindings/generate` and
//! cbindgen turn it into the C type, the ⎕NA pattern and the declarations of the bindings. Null, length and UTF-8
//! are checked here, once.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::client::producer::MessageId;
use crate::error::{Error, Result, code};
use crate::handle::{self, Kind};

/// What a call leaves behind where it fails.
pub trait Output {
    /// Makes it 0, if the host gave room for it.
    fn zero(&self);

    /// Whether it is for the call itself to say what it leaves, once it has begun.
    fn is_kept(&self) -> bool {
        false
    }
}

impl<T: Default> Output for Out<T> {
    fn zero(&self) {
        if !self.0.is_null() {
            self.set(T::default());
        }
    }
}

impl<T: Copy + Default> Output for InOut<T> {
    fn zero(&self) {
        if !self.0.is_null() {
            self.put(T::default());
        }
    }
}

impl<K> Output for HandleOut<K> {
    fn zero(&self) {
        if !self.0.is_null() {
            // SAFETY: not null; the host vouches for one pointer's room.
            unsafe { self.0.write_unaligned(std::ptr::null_mut()) };
        }
    }
}

/// One value out that says something also where the call fails.
pub struct Kept<T>(pub Out<T>);

impl<T: Default> Output for Kept<T> {
    fn zero(&self) {
        self.0.zero();
    }

    fn is_kept(&self) -> bool {
        true
    }
}

/// A handle that the call consumes also where it fails.
pub struct Consumed<K>(pub Handle<K>);

impl<K: Kind> Output for Consumed<K> {
    fn zero(&self) {
        // It may be gone already.
        let _ = self.0.take();
    }
}

/// The id of a record, which is set also where the call fails.
pub struct IdOut(pub Out<u64>);

impl Output for IdOut {
    fn zero(&self) {
        if !self.0.0.is_null() {
            self.0.set(MessageId::next().number());
        }
    }
}

/// A handle given by value (`P`).
#[repr(transparent)]
pub struct Handle<K>(*mut c_void, PhantomData<K>);

impl<K> Clone for Handle<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Handle<K> {}

impl<K: Kind> Handle<K> {
    /// The object behind the handle.
    pub fn get(self) -> Result<Arc<K>> {
        handle::get(self.0 as u64)
    }

    /// The object behind the handle, which ends here: its number is not valid any more.
    pub fn take(self) -> Result<Arc<K>> {
        handle::take(self.0 as u64)
    }

    /// The object, or `None` for a handle of 0, where 0 has a meaning.
    pub fn optional(self) -> Result<Option<Arc<K>>> {
        if self.0.is_null() { Ok(None) } else { self.get().map(Some) }
    }
}

/// Room for a new handle (`>P`), 0 on failure.
#[repr(transparent)]
pub struct HandleOut<K>(*mut *mut c_void, PhantomData<K>);

impl<K> Clone for HandleOut<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for HandleOut<K> {}

impl<K: Kind> HandleOut<K> {
    /// Checks for null and sets it to 0 until `set`.
    pub fn required(self, name: &str) -> Result<Self> {
        if self.0.is_null() {
            return Err(null(name));
        }
        self.zero();
        Ok(self)
    }

    /// Registers `object` and hands its handle out.
    pub fn set(self, object: Arc<K>) -> Result<()> {
        let token = handle::insert(object)?;
        // SAFETY: checked by `required`.
        unsafe { self.0.write_unaligned(token as *mut c_void) };
        Ok(())
    }
}

/// NUL-terminated UTF-8 text in (`<0T1`).
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Text(*const c_char);

impl Text {
    /// The text; null and invalid UTF-8 are refused.
    pub fn get<'a>(self, name: &str) -> Result<&'a str> {
        if self.0.is_null() {
            return Err(null(name));
        }
        // SAFETY: not null; the host vouches for a NUL-terminated text that lives as long as the call.
        let text = unsafe { CStr::from_ptr(self.0) };
        text.to_str().map_err(|e| {
            Error::new(code::BAD_TEXT, format!("{name} is not UTF-8: byte {} is out of place", e.valid_up_to()))
        })
    }
}

/// Bytes of the documented functions (`<0T1`, NUL bytes allowed), whose length is a parameter beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Data(*const c_char);

impl Data {
    /// The bytes: length 0xFFFFFFFF is null, 0 is empty (the pointer may be null then).
    pub fn get<'a>(self, len: u32, name: &str) -> Result<Option<&'a [u8]>> {
        match len {
            u32::MAX => Ok(None),
            0 => Ok(Some(&[])),
            _ if self.0.is_null() => Err(null(name)),
            _ if len > i32::MAX as u32 => Err(Error::new(
                code::MSG_SIZE_TOO_LARGE,
                format!("{name} of {len} bytes is too large: a record holds less than 2^31"),
            )),
            // SAFETY: not null; the host vouches for `len` bytes.
            _ => Ok(Some(unsafe { std::slice::from_raw_parts(self.0.cast(), len as usize) })),
        }
    }
}

/// Bytes in (`<U1[]`), whose length is a parameter beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bytes(*const u8);

impl Bytes {
    /// `len` bytes; the pointer may be null where that is 0.
    pub fn get<'a>(self, len: i32, name: &str) -> Result<&'a [u8]> {
        slice(self.0, len, name)
    }

    /// The same, where -1 is null.
    pub fn optional<'a>(self, len: i32, name: &str) -> Result<Option<&'a [u8]>> {
        if len == -1 { Ok(None) } else { self.get(len, name).map(Some) }
    }
}

/// An array in (`<T[]`), whose count is a parameter beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Column<T>(*const T);

impl<T> Column<T> {
    /// `count` values; the pointer may be null where that is 0.
    pub fn get<'a>(self, count: i32, name: &str) -> Result<&'a [T]> {
        if !self.0.is_aligned() {
            return Err(Error::new(code::BAD_ARGUMENT, format!("{name} is not aligned to its type")));
        }
        slice(self.0, count, name)
    }
}

fn slice<'a, T>(data: *const T, count: i32, name: &str) -> Result<&'a [T]> {
    match usize::try_from(count) {
        Err(_) => Err(Error::new(code::BAD_ARGUMENT, format!("the length of {name} is negative: {count}"))),
        Ok(0) => Ok(&[]),
        Ok(_) if data.is_null() => Err(null(name)),
        // SAFETY: not null; the host vouches for `count` elements.
        Ok(count) => Ok(unsafe { std::slice::from_raw_parts(data, count) }),
    }
}

/// One value in, by pointer (`<T`).
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct In<T>(*const T);

impl<T: Copy> In<T> {
    pub fn get(self, name: &str) -> Result<T> {
        if self.0.is_null() {
            return Err(null(name));
        }
        // SAFETY: not null; the host vouches for one value.
        Ok(unsafe { self.0.read_unaligned() })
    }
}

/// One value out (`>T`), 0 on failure.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Out<T>(*mut T);

impl<T: Default> Out<T> {
    /// Checks for null and sets it to 0 until `set`.
    pub fn required(self, name: &str) -> Result<Self> {
        if self.0.is_null() {
            return Err(null(name));
        }
        self.set(T::default());
        Ok(self)
    }

    pub fn set(&self, value: T) {
        // SAFETY: checked by `required`.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// A length or count in and out (`=T`): in the room, out what is there or needed.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct InOut<T>(*mut T);

/// What can be a length: an integer that says its room.
pub trait Length: Copy + Default {
    fn room(self) -> Option<usize>;
    fn from_len(len: usize) -> Self;
}
impl Length for i32 {
    fn room(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
    fn from_len(len: usize) -> Self {
        i32::try_from(len).unwrap_or(i32::MAX)
    }
}
impl Length for u32 {
    fn room(self) -> Option<usize> {
        usize::try_from(self).ok()
    }
    fn from_len(len: usize) -> Self {
        u32::try_from(len).unwrap_or(u32::MAX)
    }
}

impl<T: Copy + Default> InOut<T> {
    /// The value that the host gives; it is 0 until it is put. Null is refused.
    pub fn take(self, name: &str) -> Result<T> {
        if self.0.is_null() {
            return Err(null(name));
        }
        // SAFETY: not null; the host vouches for one value.
        let given = unsafe { self.0.read_unaligned() };
        self.put(T::default());
        Ok(given)
    }

    pub fn put(self, value: T) {
        // SAFETY: checked by `take`.
        unsafe { self.0.write_unaligned(value) }
    }
}

impl<T: Length> InOut<T> {
    /// The room that the host gives; the value is 0 until it is set. Null and negative are refused.
    pub fn room(self, name: &str) -> Result<usize> {
        let given = self.take(name)?;
        given.room().ok_or_else(|| Error::new(code::BAD_ARGUMENT, format!("{name} (the room given) is negative")))
    }

    pub fn set(self, len: usize) {
        self.put(T::from_len(len));
    }
}

/// Room for text (`>0T1`), whose size is a parameter beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct TextOut(*mut c_char);

impl TextOut {
    /// Null is refused unless there is no room.
    pub fn required(self, room: usize, name: &str) -> Result<Self> {
        if self.0.is_null() && room > 0 { Err(null(name)) } else { Ok(self) }
    }

    /// Writes bytes without a NUL. The caller has compared them with the room.
    pub fn write_data(self, data: &[u8]) {
        if !data.is_empty() {
            // SAFETY: the caller has checked that the host's room, which it vouches for, is large enough.
            unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), self.0.cast(), data.len()) }
        }
    }

    /// Writes a NUL. The caller has compared `at` with the room.
    pub fn write_nul(self, at: usize) {
        // SAFETY: as for `write_data`.
        unsafe { self.0.add(at).write(0) }
    }

    /// Writes as much of the text as fits with its NUL, cut at a character; says how much.
    pub fn write_cut(self, room: usize, text: &str) -> usize {
        if room == 0 || self.0.is_null() {
            return 0;
        }
        let mut len = text.len().min(room - 1);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.write_data(&text.as_bytes()[..len]);
        self.write_nul(len);
        len
    }

    /// Text out by the contract: checks the room, and sets the length to 0 until `put`.
    pub fn with_room<T: Length>(self, len: InOut<T>, name: &str) -> Result<TextRoom<T>> {
        let room = len.room("len")?;
        self.required(room, name)?;
        Ok(TextRoom { text: self, len, room })
    }
}

/// Room for text, checked.
pub struct TextRoom<T> {
    text: TextOut,
    len: InOut<T>,
    room: usize,
}

impl<T: Length> TextRoom<T> {
    /// Writes the text whole with its NUL, or says the room needed.
    pub fn put(&self, text: &str) -> i32 {
        if self.room <= text.len() {
            self.text.write_cut(self.room, "");
            self.len.set(text.len() + 1);
            return code::TOO_SMALL;
        }
        self.len.set(self.text.write_cut(self.room, text));
        code::DONE
    }
}

/// Room for an array (`>T[]`), whose size is a parameter beside it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct ColumnOut<T>(*mut T);

impl<T: Copy> ColumnOut<T> {
    /// Null is refused unless there is no room.
    pub fn required(self, room: usize, name: &str) -> Result<Self> {
        if self.0.is_null() && room > 0 { Err(null(name)) } else { Ok(self) }
    }

    /// Writes one element. The caller has compared `index` with the room.
    pub fn set(self, index: usize, value: T) {
        // SAFETY: the caller has checked that the host's room, which it vouches for, is large enough.
        unsafe { self.0.add(index).write_unaligned(value) }
    }

    /// Writes the elements from the start. The caller has compared their number with the room.
    pub fn write(self, values: &[T]) {
        if !values.is_empty() {
            // SAFETY: as for `set`; bytes, so that alignment does not matter.
            unsafe {
                std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), self.0.cast::<u8>(), size_of_val(values));
            }
        }
    }
}

/// A structure of the Arrow C data interface, `struct ArrowArray` or `struct ArrowSchema` (`P`).
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Arrow(*mut c_void);

impl Arrow {
    /// Null and unaligned addresses are refused.
    pub fn required(self, name: &str) -> Result<Self> {
        if self.0.is_null() {
            return Err(null(name));
        }
        if self.0.cast::<u64>().is_aligned() {
            return Ok(self);
        }
        Err(Error::new(code::BAD_ARGUMENT, format!("{name} is not the address of a structure: it is not aligned")))
    }

    /// Moves `value`, an array or a schema, into the host's room.
    pub fn put<T>(self, value: T) {
        // SAFETY: checked by `required`; the host vouches for the room of the structure.
        unsafe { self.0.cast::<T>().write(value) }
    }
}

/// An array and its schema that a call takes over: both are released also where it fails.
pub struct ArrowIn {
    pub array: Arrow,
    pub schema: Arrow,
}

impl ArrowIn {
    /// Moves both out of the host's structures, which are released by that, and checks that they can be read at all.
    pub fn take(&self) -> Result<(FFI_ArrowArray, FFI_ArrowSchema)> {
        self.array.required("array")?;
        self.schema.required("schema")?;
        match self.moved() {
            (Some(array), Some(schema)) => {
                readable(&array, &schema).map_err(|what| Error::new(code::BAD_BATCH, format!("malformed: {what}")))?;
                Ok((array, schema))
            }
            (array, _) => {
                let which = if array.is_none() { "array" } else { "schema" };
                Err(Error::new(code::BAD_ARGUMENT, format!("{which} is released already")))
            }
        }
    }

    /// What there is to move.
    fn moved(&self) -> (Option<FFI_ArrowArray>, Option<FFI_ArrowSchema>) {
        let there = |address: Arrow| address.required("").is_ok();
        // SAFETY: neither null nor unaligned; the host vouches for structures of Arrow.
        let array = there(self.array).then(|| unsafe { FFI_ArrowArray::from_raw(self.array.0.cast()) });
        let schema = there(self.schema).then(|| unsafe { FFI_ArrowSchema::from_raw(self.schema.0.cast()) });
        (array.filter(|array| array.release.is_some()), schema.filter(|schema| schema.release.is_some()))
    }
}

impl Output for ArrowIn {
    fn zero(&self) {
        drop(self.moved());
    }
}

/// Checks what an import takes for granted, in an array, its schema and all that they hold.
fn readable(array: &FFI_ArrowArray, schema: &FFI_ArrowSchema) -> std::result::Result<(), String> {
    // SAFETY: not null; the host vouches for a text that ends with a NUL.
    let text = |text: *const c_char| (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) });
    let name = text(schema.name).unwrap_or_default().to_str();
    let format = text(schema.format).and_then(|format| format.to_str().ok()).unwrap_or_default();
    let children = match format {
        "+s" => schema.n_children,
        "+r" => 2,
        _ if format.starts_with("+u") => schema.n_children,
        _ => i64::from(format.starts_with('+')),
    };
    let buffers = match format {
        "n" | "+r" => 0,
        "vu" | "vz" => 3,
        _ => 1,
    };
    let rows = array.length.checked_add(array.offset).unwrap_or(-1);
    let holds = [
        (name.is_ok(), "a name is not UTF-8"),
        (!format.is_empty(), "there is no format, or it is not UTF-8"),
        // Far more than memory holds, and few enough to be counted in bits.
        (array.length >= 0 && array.offset >= 0 && (0..1 << 56).contains(&rows), "length or offset is out of range"),
        ((-1..=array.length).contains(&array.null_count), "null_count is out of range"),
        (array.n_buffers >= buffers && (buffers == 0 || !array.buffers.is_null()), "buffers are missing"),
        (array.n_children == children && schema.n_children == children && children >= 0, "n_children is wrong"),
        (children == 0 || !array.children.is_null() && !schema.children.is_null(), "children are missing"),
        (array.dictionary.is_null() == schema.dictionary.is_null(), "a dictionary is missing"),
    ];
    if let Some((_, what)) = holds.iter().find(|(holds, _)| !holds) {
        return Err(format!("{what} (field {:?})", name.unwrap_or_default()));
    }
    let both = |array: *mut FFI_ArrowArray, schema: *mut FFI_ArrowSchema| {
        // SAFETY: null, or structures that the host vouches for.
        unsafe { array.as_ref().zip(schema.as_ref()) }
    };
    for index in 0..children as usize {
        // SAFETY: there are as many children as both structures say.
        let (array, schema) = unsafe { (*array.children.add(index), *schema.children.add(index)) };
        match both(array, schema) {
            Some((child, _)) if format == "+s" && child.length < rows => return Err("a field lacks rows".into()),
            Some((child, schema)) => readable(child, schema)?,
            None => return Err("a child is null".into()),
        }
    }
    both(array.dictionary, schema.dictionary).map_or(Ok(()), |(array, schema)| readable(array, schema))
}

/// The two parameters `errtxt` and `plen` that end most functions. Either may be null: no text then.
#[derive(Clone, Copy)]
pub struct ErrorText {
    text: TextOut,
    len: *mut c_int,
}

impl ErrorText {
    /// For functions without these parameters.
    pub const NONE: ErrorText = ErrorText { text: TextOut(std::ptr::null_mut()), len: std::ptr::null_mut() };

    pub fn new(text: TextOut, len: InOut<c_int>) -> ErrorText {
        ErrorText { text, len: len.0 }
    }

    /// The room for the text, read once at the start of a call; the length is 0 from then on. Negative is refused.
    pub fn room(self) -> Result<usize> {
        if self.len.is_null() {
            return Ok(0);
        }
        InOut(self.len).room("plen")
    }

    /// Writes the text, cut to the room.
    pub fn write(self, room: usize, text: &str) {
        let len = match text {
            "" => self.text.write_cut(room, ""),
            // A name of the host's that a text repeats may hold a NUL.
            _ => self.text.write_cut(room, &text.replace('\0', "\u{fffd}")),
        };
        if !self.len.is_null() {
            InOut(self.len).set(len);
        }
    }
}

fn null(name: &str) -> Error {
    Error::new(code::NULL_POINTER, format!("{name} is null"))
}
