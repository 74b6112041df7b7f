// Memory kept aside for a C++ library that does not survive the exception of operator new.
#ifndef SPARE_MEMORY_H
#define SPARE_MEMORY_H

#include <cstddef>

// As long as it lives, operator new on this thread, where it finds nothing, takes from what was kept
// aside here, piece by piece, before it throws. Others wait until it is gone: the handler that does so
// (std::set_new_handler) is the process's. Other threads' failures are treated as they were before.
class spare_memory {
  public:
    explicit spare_memory(std::size_t n_bytes);
    ~spare_memory();
    spare_memory(const spare_memory &) = delete;
    spare_memory &operator=(const spare_memory &) = delete;
    // False: there is not so much memory.
    bool is_there() const { return n == N_PIECES; }

  private:
    enum { N_PIECES = 16 };
    void *pieces[N_PIECES];
    int n = 0;
    static void give();
};

#endif
