#include "tokenizer/spm.h"

#include "tokenizer/spare_memory.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <sentencepiece_processor.h>
#include <string>
#include <string_view>
#include <vector>

struct spm {
    sentencepiece::SentencePieceProcessor processor;
    int32_t unknown = 0;
};

/* protobuf does not survive that memory runs out: what it could not make, it destroys. A model takes
 * some twenty times its bytes, a text less than two hundred, and both a little. */
static size_t memory_for_model(size_t n_bytes) {
    return 32 * n_bytes + (1 << 16);
}

static size_t memory_for_text(size_t n_bytes) {
    return 256 * n_bytes + (1 << 14);
}

/* No exception may reach C. */
template <typename Body> static spm_status guarded(char *why, Body body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return SPM_NOMEM;
    } catch (const std::exception &error) {
        if (why) std::snprintf(why, SPM_WHY, "%s", error.what());
    } catch (...) {
        if (why) std::snprintf(why, SPM_WHY, "unknown error");
    }
    return SPM_REFUSED;
}

spm_status spm_load(spm **out, const uint8_t *bytes, size_t n_bytes, char why[SPM_WHY]) {
    *out = nullptr;
    return guarded(why, [&] {
        spare_memory spare(memory_for_model(n_bytes));
        if (!spare.is_there()) return SPM_NOMEM;
        auto loaded = std::make_unique<spm>();
        std::string_view model(reinterpret_cast<const char *>(bytes), n_bytes);
        auto status = loaded->processor.LoadFromSerializedProto(model);
        if (!status.ok()) {
            /* It may begin with a piece that begins with a NUL. */
            const char *said = status.error_message();
            std::snprintf(why, SPM_WHY, "%s", *said ? said : "SentencePiece does not accept it");
            return SPM_REFUSED;
        }
        /* unk_id() goes by name and can miss; loading made sure that there is exactly one. */
        while (!loaded->processor.IsUnknown(loaded->unknown)) loaded->unknown++;
        /* What SentencePiece keeps for ever is made at its first answers. */
        loaded->processor.IdToPiece(loaded->unknown);
        loaded->processor.PieceToId("");
        *out = loaded.release();
        return SPM_OK;
    });
}

void spm_free(spm *spm) {
    delete spm;
}

int32_t spm_count(const spm *spm) {
    return spm->processor.GetPieceSize();
}

int32_t spm_unknown(const spm *spm) {
    return spm->unknown;
}

spm_text spm_piece(const spm *spm, int32_t piece) {
    const std::string &text = spm->processor.IdToPiece(piece);
    return {text.data(), text.size()};
}

int32_t spm_find(const spm *spm, spm_text text) {
    std::string_view wanted(text.bytes, text.length);
    int32_t piece = spm->processor.PieceToId(wanted);
    return piece >= 0 && spm->processor.IdToPiece(piece) == wanted ? piece : -1;
}

spm_status spm_encode(const spm *spm, const char *text, size_t length,
                      void (*put)(void *user, const spm_token *token), void *user) {
    return guarded(nullptr, [&] {
        spare_memory spare(memory_for_text(length));
        if (!spare.is_there()) return SPM_NOMEM;
        sentencepiece::ImmutableSentencePieceText pieces;
        if (!spm->processor.Encode(std::string_view(text, length), pieces.mutable_proto()).ok())
            return SPM_REFUSED;
        for (size_t i = 0; i < pieces.pieces_size(); i++) {
            auto piece = pieces.pieces(static_cast<int>(i));
            spm_token token = {static_cast<int32_t>(piece.id()),
                               {piece.piece().data(), piece.piece().size()},
                               piece.begin(),
                               piece.end()};
            put(user, &token);
        }
        return SPM_OK;
    });
}

spm_status spm_decode(const spm *spm, const spm_text *pieces, size_t n,
                      void (*put)(void *user, const char *text, size_t length), void *user) {
    return guarded(nullptr, [&] {
        std::vector<std::string_view> views;
        size_t length = 0;
        views.reserve(n);
        for (size_t i = 0; i < n; i++) {
            views.emplace_back(pieces[i].bytes, pieces[i].length);
            length += pieces[i].length + 1;
        }
        spare_memory spare(memory_for_text(length));
        if (!spare.is_there()) return SPM_NOMEM;
        std::string text;
        if (!spm->processor.Decode(views, &text).ok()) return SPM_REFUSED;
        put(user, text.data(), text.size());
        return SPM_OK;
    });
}
