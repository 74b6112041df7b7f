/* Tokenizers whose SentencePiece pieces are the model's ids, for a model file. */
#ifndef PIECES_META_H
#define PIECES_META_H

#include "models/convert/gguf_writer.h"
#include "models/convert/import.h"

/* From spiece.model (`path`), and what the files beside it say about added tokens. */
tolka_status write_pieces(struct gguf_writer *writer, struct import *import, const char *path,
                          tolka_error *err);

/* From a GGUF file that llama.cpp made. */
tolka_status write_ggml_tokenizer(struct gguf_writer *writer, struct import *import,
                                  tolka_error *err);

/* From a GGUF file that tolka made: as it stands there. */
tolka_status copy_tokenizer(struct gguf_writer *writer, const struct import *import);

#endif
