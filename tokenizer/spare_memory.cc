#include "tokenizer/spare_memory.h"

#include <cstdlib>
#include <mutex>
#include <new>

// All that live; nothing is allocated under the lock, which the handler takes, too.
static std::mutex lock;
static spare_memory *all;
static std::new_handler before;

spare_memory::spare_memory(std::size_t n_bytes) {
    while (n < N_PIECES && (pieces[n] = std::malloc(n_bytes / N_PIECES + 1))) n++;
    whole = n == N_PIECES;
    std::lock_guard<std::mutex> guard(lock);
    if (!all) before = std::set_new_handler(give);
    next = all;
    all = this;
}

spare_memory::~spare_memory() {
    {
        std::lock_guard<std::mutex> guard(lock);
        spare_memory **at = &all;
        while (*at != this) at = &(*at)->next;
        *at = next;
        if (!all) std::set_new_handler(before);
    }
    while (n > 0) std::free(pieces[--n]);
}

bool spare_memory::give_piece() {
    std::lock_guard<std::mutex> guard(lock);
    for (spare_memory *spare = all; spare; spare = spare->next) {
        if (spare->owner != std::this_thread::get_id() || spare->n == 0) continue;
        std::free(spare->pieces[--spare->n]);
        return true;
    }
    return false;
}

// operator new tries again when this returns.
void spare_memory::give() {
    if (give_piece()) return;
    lock.lock();
    std::new_handler handler = before;
    lock.unlock();
    if (!handler) throw std::bad_alloc();
    handler();
}
