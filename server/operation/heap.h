#ifndef TILEWRIGHT_SERVER_OPERATION_HEAP_H_
#define TILEWRIGHT_SERVER_OPERATION_HEAP_H_

#include <malloc.h>

namespace tilewright {

// Lets this process keep up to 8 MiB of freed memory at the end of each heap. By default glibc
// returns that memory to the kernel as soon as 128 KiB of it are free, and takes it back for the
// next answer: with answers of 40 KiB that costs some 10 % of the calls a second (lookup_bench).
// The default grows by itself only if a larger block happens to be freed early.
// Call it before any thread starts.
inline void KeepFreedMemory() {
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
  // Setting one of the two options fixes both, and this one at 128 KiB. Then each larger block
  // would get its own mapping, made and removed each time.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

}  // namespace tilewright

#endif  // TILEWRIGHT_SERVER_OPERATION_HEAP_H_
