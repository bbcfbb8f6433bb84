// SPDX-License-Identifier: Apache-2.0
// Work that leaves a destructor with the thread that it is done on.
use std::cell::RefCell;

struct Kept(Vec<u8>);

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.clear();
    }
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept(Vec::new()));
}

#[no_mangle]
pub extern "C" fn foreign_work() -> i32 {
    KEPT.with(|kept| {
        kept.borrow_mut().0.push(1);
        kept.borrow().0.len() as i32
    })
}
