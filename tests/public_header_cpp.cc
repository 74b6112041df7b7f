// tolka.h from C++: the initializers, a callback, and linkage.
#include "engine/tolka.h"

#include "tests/public_header.h"

#include <cstddef>

namespace {

extern "C" void count_done(void *user, size_t, tolka_result *result) {
    ++*static_cast<int *>(user);
    tolka_result_free(result);
}

} // namespace

extern "C" int header_in_cpp(const char *path) {
    tolka_error err;
    tolka_model *model = nullptr;
    tolka_options options = TOLKA_OPTIONS_INIT;
    tolka_input input = TOLKA_INPUT_INIT;
    tolka_translator *translator = nullptr;
    const int32_t ids[] = {5, 0};
    int n_done = 0;
    options.max_length = 4;
    input.ids = ids;
    input.n_ids = 2;
    if (tolka_model_open(&model, path, &err) == TOLKA_OK &&
        tolka_translator_new(&translator, model, &options, &err) == TOLKA_OK)
        tolka_translate(translator, &input, 1, count_done, &n_done, &err);
    tolka_translator_free(translator);
    tolka_model_free(model);
    return n_done == 1;
}
