// What C++ libraries (SentencePiece, protobuf, ICU) take their memory with, in the command alone:
// where there is none, the program ends with a line. protobuf does not survive the exception that
// there would be otherwise, and some of it allocates before main() could ask for anything.
#include "tools/out_of_memory.h"

#include <cstdlib>
#include <new>

void *operator new(std::size_t n) {
    void *memory = std::malloc(n ? n : 1);
    if (!memory) end_out_of_memory();
    return memory;
}

void operator delete(void *memory) noexcept {
    std::free(memory);
}

void operator delete(void *memory, std::size_t) noexcept {
    std::free(memory);
}
