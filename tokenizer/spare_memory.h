// Memory kept aside for a C++ library that does not survive the exception of operator new.
#ifndef SPARE_MEMORY_H
#define SPARE_MEMORY_H

#include <cstddef>
#include <thread>

// As long as it lives, operator new on this thread, where it finds nothing, takes from what was kept
// aside here, piece by piece, before it throws. The handler that does so (std::set_new_handler) is the
// process's while there is any of these; other threads' failures are treated as they were before.
class spare_memory {
  public:
    explicit spare_memory(std::size_t n_bytes);
    ~spare_memory();
    spare_memory(const spare_memory &) = delete;
    spare_memory &operator=(const spare_memory &) = delete;
    // False: there is not so much memory.
    bool is_there() const {
        return whole;
    }

  private:
    enum { N_PIECES = 4 };
    void *pieces[N_PIECES];
    int n = 0;
    bool whole;
    std::thread::id owner = std::this_thread::get_id();
    spare_memory *next;
    static bool give_piece();
    static void give();
};

#endif
