/* A configuration as metadata of a model file. */
#ifndef CONFIG_META_H
#define CONFIG_META_H

#include "engine/config.h"
#include "models/convert/gguf_writer.h"

void write_config(struct gguf_writer *writer, const struct config *config);

#endif
