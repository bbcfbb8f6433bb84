// SPDX-License-Identifier: Apache-2.0
//! reverse: a text backwards. Shows a plugin in Rust, bound by hand to the headers of agentmesh.
//!
//! What an author in Rust must know, so that the plugin can be replaced while it runs:
//!
//! - Structs begin with their own size, and what they do not name is zero: `..ZERO` below.
//! - No panic leaves a handler: `catch_unwind` makes an error of it.
//! - Threads belong to the plugin as long as they run: what `start` begins, `stop` must join. Thread-local values with a
//!   destructor are fine: the host ends all threads of a plugin before it unloads it.
//! - Memory does not cross: what the library lends is copied to be kept, what it takes it copies.

use std::ffi::{c_char, c_void, CStr, CString};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

type Status = i32;
const HANDLER_ERROR: Status = 2;

#[repr(C)]
pub struct Request {
    _opaque: [u8; 0],
}

#[repr(C)]
pub struct Error {
    status: Status,
    reserved: u32,
    detail: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const c_char,
    len: usize,
}

type Handler = extern "C" fn(*mut Request, *mut c_void, *mut Error) -> Status;

/// mesh_agent of agent.h, field by field.
#[repr(C)]
pub struct Agent {
    size: usize,
    name: *const c_char,
    description: *const c_char,
    version: *const c_char,
    input_schema: *const c_char,
    output_schema: *const c_char,
    message_schema: *const c_char,
    tags: *const *const c_char,
    call: Option<Handler>,
    stream: Option<Handler>,
    publish: *const c_void,
    run: *const c_void,
    on_message: *const c_void,
    sources: *const c_void,
    active_when: *const c_void,
    concurrency: u32,
    concurrency_limit: u32,
    timeout_ms: u32,
    every_ms: u32,
    mcp: u32,
    reserved: u32,
}

/// mesh_plugin of plugin.h.
#[repr(C)]
pub struct Plugin {
    magic: u32,
    abi: u32,
    size: usize,
    header_version: u32,
    flags: u32,
    version: *const c_char,
    agents: *const *const Agent,
    start: *const c_void,
    stop: *const c_void,
    settings: *const c_void,
    save: *const c_void,
    restore: *const c_void,
}

// They are constants that nobody changes.
unsafe impl Sync for Agent {}
unsafe impl Sync for Plugin {}

/// A list that ends with NULL.
#[repr(transparent)]
struct Agents([*const Agent; 2]);
unsafe impl Sync for Agents {}

#[link(name = "agentmesh")]
extern "C" {
    fn mesh_request_string(request: *const Request, name: *const c_char, fallback: *const c_char) -> *const c_char;
    fn mesh_quote_bytes(request: *mut Request, text: Bytes) -> *const c_char;
    fn mesh_request_answer(request: *mut Request, output: Bytes, err: *mut Error) -> Status;
    fn mesh_error_set_text(err: *mut Error, status: Status, text: *const c_char) -> Status;
}

/// The text of one member of the input; the schema says that it is there.
fn member(request: *const Request, name: &CStr) -> String {
    let text = unsafe { mesh_request_string(request, name.as_ptr(), c"".as_ptr()) };
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A JSON string, quotes included.
fn quoted(request: *mut Request, text: &str) -> String {
    let bytes = Bytes { data: text.as_ptr().cast(), len: text.len() };
    let json = unsafe { mesh_quote_bytes(request, bytes) };
    unsafe { CStr::from_ptr(json) }.to_string_lossy().into_owned()
}

fn answer(request: *mut Request, json: &str, err: *mut Error) -> Status {
    let bytes = Bytes { data: json.as_ptr().cast(), len: json.len() };
    unsafe { mesh_request_answer(request, bytes, err) }
}

fn fail(err: *mut Error, text: &str) -> Status {
    let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
    unsafe { mesh_error_set_text(err, HANDLER_ERROR, text.as_ptr()) }
}

fn reverse(request: *mut Request, err: *mut Error) -> Status {
    let text: String = member(request, c"text").chars().rev().collect();
    let json = format!("{{\"text\": {}}}", quoted(request, &text));
    answer(request, &json, err)
}

extern "C" fn reverse_call(request: *mut Request, _state: *mut c_void, err: *mut Error) -> Status {
    catch_unwind(AssertUnwindSafe(|| reverse(request, err))).unwrap_or_else(|_| fail(err, "the handler panicked"))
}

const ZERO: Agent = Agent {
    size: size_of::<Agent>(),
    name: null(),
    description: null(),
    version: null(),
    input_schema: null(),
    output_schema: null(),
    message_schema: null(),
    tags: null(),
    call: None,
    stream: None,
    publish: null(),
    run: null(),
    on_message: null(),
    sources: null(),
    active_when: null(),
    concurrency: 0,
    concurrency_limit: 0,
    timeout_ms: 0,
    every_ms: 0,
    mcp: 0,
    reserved: 0,
};

const TEXT: &CStr = c"{\"type\": \"object\", \"properties\": {\"text\": {\"type\": \"string\"}}, \"required\": [\"text\"]}";

static REVERSE: Agent = Agent {
    name: c"text.reverse".as_ptr(),
    description: c"A text backwards.".as_ptr(),
    input_schema: TEXT.as_ptr(),
    output_schema: TEXT.as_ptr(),
    call: Some(reverse_call),
    concurrency: 4,
    ..ZERO
};

static AGENTS: Agents = Agents([&REVERSE, null()]);

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static mesh_plugin_entry: Plugin = Plugin {
    magic: 0x4d45_5348,
    abi: 1,
    size: size_of::<Plugin>(),
    header_version: 0x0000_0100,
    flags: 0,
    version: c"1.0.0".as_ptr(),
    agents: &AGENTS.0 as *const _,
    start: null(),
    stop: null(),
    settings: null(),
    save: null(),
    restore: null(),
};
