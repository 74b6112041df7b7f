/* The tensors of a PyTorch checkpoint: a pickle that says which is which part of which storage, and
 * the storages, wherever the file keeps them. */
#ifndef STATE_DICT_H
#define STATE_DICT_H

#include "models/checkpoint/pickle.h"
#include "models/checkpoint/source.h"

struct state_dict {
    const char *path;
    struct pickle pickle;
    /* Where each storage of the pickle begins (its `size` elements are there), in its order. */
    const uint8_t **storages;
};

/* Bytes of an element of a storage of this class. */
uint32_t storage_width(enum pickle_global class);
const char *storage_type_name(enum pickle_global class);

/* Room for the places of all storages of the pickle. */
tolka_status state_dict_reserve(struct state_dict *dict, tolka_error *err);
void state_dict_free(struct state_dict *dict);

/* Lists the tensors, and what the checkpoint says about the model. */
tolka_status state_dict_add(struct source *source, const struct state_dict *dict, tolka_error *err);

#endif
