#include "tokenizer/spare_memory.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>

// Of the one that lives. The handler may run on any thread at any time.
static std::mutex only_one;
static std::atomic<spare_memory *> current{nullptr};
static std::atomic<std::thread::id> owner{};
static std::atomic<std::new_handler> before{nullptr};

spare_memory::spare_memory(std::size_t n_bytes) {
    only_one.lock();
    while (n < N_PIECES && (pieces[n] = std::malloc(n_bytes / N_PIECES + 1))) n++;
    owner = std::this_thread::get_id();
    current = this;
    before = std::set_new_handler(give);
}

spare_memory::~spare_memory() {
    std::set_new_handler(before);
    current = nullptr;
    owner = std::thread::id();
    while (n > 0) std::free(pieces[--n]);
    only_one.unlock();
}

// operator new tries again when this returns.
void spare_memory::give() {
    spare_memory *spare = current;
    if (spare && owner.load() == std::this_thread::get_id() && spare->n > 0) {
        std::free(spare->pieces[--spare->n]);
        return;
    }
    std::new_handler next = before;
    if (!next) throw std::bad_alloc();
    next();
}
