/* Text of a translation as it comes: tolka_stream_text. */
#include "engine/result.h"
#include "engine/translator.h"
#include "text/texts.h"
#include "tokenizer/detokenize.h"
#include "tokenizer/utf8.h"

#include <stdlib.h>
#include <string.h>

struct stream {
    tolka_translator *translator;
    const tolka_tokenizer *tokenizer;
    tolka_emit emit;
    void *user;
    int32_t *ids; /* so far */
    size_t n, capacity;
    bool marks_unknown;
    size_t emitted; /* bytes of their text */
    bool failed, is_stopped;
};

static bool add_tokens(struct stream *stream, const tolka_token *tokens, size_t n) {
    if (n > stream->capacity - stream->n) {
        size_t capacity = 2 * stream->capacity + n + 64;
        int32_t *ids = realloc(stream->ids, capacity * sizeof *ids);
        if (!ids) return false;
        stream->ids = ids;
        stream->capacity = capacity;
    }
    for (size_t i = 0; i < n; i++) stream->ids[stream->n++] = tokens[i].id;
    return true;
}

/* Bytes of a text that will not change: a character that is spelled by bytes is a replacement
 * character until the last of them has come, and a blank at the end may go. */
static size_t certain_length(const char *text, size_t length) {
    static const char replacement[] = "\xef\xbf\xbd";
    while (length >= 3 && memcmp(text + length - 3, replacement, 3) == 0) length -= 3;
    while (length > 0 && text[length - 1] == ' ') length--;
    return length;
}

/* Once no more is wanted, nothing more comes: neither the rest of a part nor what is behind it. */
static int emit(struct stream *stream, const char *text, size_t length) {
    if (stream->is_stopped) return true;
    translator_call_begins(stream->translator);
    stream->is_stopped = stream->emit(stream->user, text, length) != 0;
    translator_call_ends(stream->translator);
    return stream->is_stopped;
}

/* Emits what is new of the text; with `last`, all that is left. */
static int emit_text(struct stream *stream, const char *text, size_t length, bool last) {
    size_t end = last ? length : certain_length(text, length), from = stream->emitted;
    if (end <= from) return stream->is_stopped;
    stream->emitted = end;
    return emit(stream, text + from, end - from);
}

static bool has_unknown_so_far(const struct stream *stream) {
    for (size_t i = 0; i < stream->n; i++)
        if (tokenizer_is_unknown(stream->tokenizer, stream->ids[i])) return true;
    return false;
}

/* What an unknown token stands for is known when the part is done. */
static int take_tokens(void *user, const tolka_token *tokens, size_t n) {
    struct stream *stream = user;
    char *text = NULL;
    size_t length;
    stream->failed = !add_tokens(stream, tokens, n);
    if (!stream->failed && !stream->marks_unknown && has_unknown_so_far(stream)) return 0;
    stream->failed = stream->failed || tolka_detokenize(stream->tokenizer, stream->ids, stream->n,
                                                        &text, &length, NULL) != TOLKA_OK;
    int stop = stream->failed ? 1 : emit_text(stream, text, length, false);
    free(text);
    return stop;
}

/* What was not certain before the end of a part; the next one begins anew. */
static int take_part(void *user, const tolka_result *result) {
    struct stream *stream = user;
    size_t length;
    const char *text = tolka_result_text(result, 0, &length);
    int stop = text ? emit_text(stream, text, length, true) : stream->is_stopped;
    stream->n = 0;
    stream->emitted = 0;
    return stop;
}

static int take_gap(void *user, const char *text, size_t length) {
    return emit(user, text, length);
}

tolka_status tolka_stream_text(tolka_translator *translator, const tolka_tokenizer *tokenizer,
                               const tolka_text *text, tolka_emit emit, void *user,
                               tolka_result **out, tolka_error *err) {
    if (out) *out = NULL;
    tolka_status status = need_arguments(err, __func__,
                                         (const struct argument[]){{"translator", translator},
                                                                   {"tokenizer", tokenizer},
                                                                   {"text", text},
                                                                   {"emit", emit},
                                                                   {"out", out},
                                                                   {NULL, false}});
    if (status == TOLKA_OK) status = translator_check_idle(translator, __func__, err);
    if (status != TOLKA_OK) return status;
    struct stream stream = {.translator = translator,
                            .tokenizer = tokenizer,
                            .emit = emit,
                            .user = user,
                            .marks_unknown =
                                translator_options(translator)->unknown == TOLKA_UNKNOWN_MARK};
    struct text_listener listener = {take_gap, take_tokens, take_part, &stream};
    status = texts_stream(translator, tokenizer, text, &listener, out, err);
    if (status == TOLKA_OK && stream.failed)
        status = fail(err, TOLKA_NOMEM, "out of memory for a translation");
    if (status != TOLKA_OK) {
        tolka_result_free(*out);
        *out = NULL;
    }
    free(stream.ids);
    return status;
}
