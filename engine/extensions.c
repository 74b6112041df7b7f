#include "engine/extensions.h"

void extensions_insert(struct extensions *best, struct extension extension) {
    size_t i = best->n;
    if (i < best->wanted)
        best->n++;
    else if (extension.sum > best->list[i - 1].sum)
        i--;
    else
        return;
    for (; i > 0 && best->list[i - 1].sum < extension.sum; i--) best->list[i] = best->list[i - 1];
    best->list[i] = extension;
}

void extension_goes_on(const struct extending *extending, size_t k,
                       const struct extension *extension) {
    hypothesis_extend(extending, &extending->sentence->live[extension->parent], k, extension->token,
                      extension->log_prob);
}

void extension_ends(const struct extending *extending, const struct extension *extension,
                    size_t keep) {
    hypothesis_finish(extending, &extending->sentence->live[extension->parent], extension->token,
                      extension->log_prob, keep);
}
