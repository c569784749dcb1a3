// A library whose load does not end, as on a network file system that does not answer.
#include <unistd.h>

namespace {

struct Hang {
  Hang() {
    for (;;) pause();
  }
} hang;

}  // namespace
