// SPDX-License-Identifier: Apache-2.0
// Work with a runtime of its own: threads, signal handlers, and no way out of the process.
package main

import "C"

//export foreign_work
func foreign_work() C.int {
	done := make(chan int)
	go func() { done <- 1 }()
	return C.int(<-done)
}

func main() {}
