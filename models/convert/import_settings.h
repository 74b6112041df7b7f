/* The settings that come with a checkpoint, in it or beside it. */
#ifndef IMPORT_SETTINGS_H
#define IMPORT_SETTINGS_H

#include "models/convert/import.h"

/* Opens config_json, generation_json and tokenizer_json; import_close frees them. */
tolka_status import_open_settings(struct import *import, tolka_error *err);

#endif
