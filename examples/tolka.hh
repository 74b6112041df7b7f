/* tolka in C++: objects that free themselves, errors that are thrown. One file, to be copied and
 * changed; C++17, with tolka.h and libtolka.
 *
 *     tolka::Model model("en-de.gguf");
 *     tolka::Tokenizer tokenizer(model, "en", "de");
 *     tolka::Translator translator(model);
 *     std::cout << translator.translate(tokenizer, "Hello.") << '\n';
 */
#ifndef TOLKA_HH
#define TOLKA_HH

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tolka.h>
#include <utility>
#include <vector>

namespace tolka {

class Error : public std::runtime_error {
  public:
    Error(tolka_status status, const char *text) : std::runtime_error(text), status(status) {
    }
    tolka_status status;
};

namespace detail {
template <auto free> struct Freer {
    template <class T> void operator()(T *object) const {
        free(object);
    }
};
template <class T, auto free> using Handle = std::unique_ptr<T, Freer<free>>;

inline const char *or_null(const std::optional<std::string> &text) {
    return text ? text->c_str() : nullptr;
}

/* Throws what a call says. */
template <class Call> void call(Call &&make) {
    tolka_error err{};
    if (tolka_status status = make(&err); status != TOLKA_OK) throw Error(status, err.text);
}
} // namespace detail

/* May serve many threads. It has to live longer than what is made of it. */
class Model {
  public:
    explicit Model(const std::string &path) {
        detail::call([&](tolka_error *err) {
            tolka_model *model;
            tolka_status status = tolka_model_open(&model, path.c_str(), err);
            handle.reset(model);
            return status;
        });
    }
    const tolka_model *get() const {
        return handle.get();
    }

  private:
    detail::Handle<tolka_model, tolka_model_free> handle;
};

/* May serve many threads. */
class Tokenizer {
  public:
    Tokenizer(const Model &model, const std::optional<std::string> &from,
              const std::optional<std::string> &to) {
        detail::call([&](tolka_error *err) {
            tolka_tokenizer *tokenizer;
            tolka_status status = tolka_tokenizer_new(
                &tokenizer, model.get(), detail::or_null(from), detail::or_null(to), err);
            handle.reset(tokenizer);
            return status;
        });
    }
    const tolka_tokenizer *get() const {
        return handle.get();
    }

  private:
    detail::Handle<tolka_tokenizer, tolka_tokenizer_free> handle;
};

struct Hypothesis {
    std::string text;
    float score;
    std::vector<tolka_link> words; /* if alignments were asked for */
};

/* What became of one text: hypotheses, best first, or why there are none. */
struct Translation {
    tolka_status status = TOLKA_NOMEM;
    std::string reason;
    std::vector<Hypothesis> hypotheses;
};

/* Belongs to one thread at a time; only stop() may come from others. */
class Translator {
  public:
    explicit Translator(const Model &model, const tolka_options &options = defaults()) {
        detail::call([&](tolka_error *err) {
            tolka_translator *translator;
            tolka_status status = tolka_translator_new(&translator, model.get(), &options, err);
            handle.reset(translator);
            return status;
        });
    }

    static tolka_options defaults() {
        tolka_options options = TOLKA_OPTIONS_INIT;
        return options;
    }

    /* One text; what cannot be translated is thrown. */
    std::string translate(const Tokenizer &tokenizer, std::string_view text) {
        Translation translation = std::move(translate_all(tokenizer, {std::string(text)}).at(0));
        if (translation.status != TOLKA_OK)
            throw Error(translation.status, translation.reason.c_str());
        return std::move(translation.hypotheses.at(0).text);
    }

    /* Many texts, in their order; each has a status of its own. */
    std::vector<Translation> translate_all(const Tokenizer &tokenizer,
                                           const std::vector<std::string> &sources) {
        std::vector<tolka_text> texts;
        std::vector<Translation> translations(sources.size());
        Collecting collecting{&translations, nullptr};
        for (const std::string &source : sources)
            texts.push_back({source.data(), source.size(), nullptr, 0});
        detail::call([&](tolka_error *err) {
            return tolka_translate_texts(handle.get(), tokenizer.get(), texts.data(), texts.size(),
                                         collect, &collecting, err);
        });
        if (collecting.thrown) std::rethrow_exception(collecting.thrown);
        return translations;
    }

    /* Piece by piece, as long as `emit` returns true. False: it was stopped. */
    bool stream(const Tokenizer &tokenizer, std::string_view source,
                std::function<bool(std::string_view)> emit) {
        tolka_text text = {source.data(), source.size(), nullptr, 0};
        Streaming streaming{std::move(emit), nullptr};
        detail::Handle<tolka_result, tolka_result_free> owned;
        detail::call([&](tolka_error *err) {
            tolka_result *result;
            tolka_status status = tolka_stream_text(handle.get(), tokenizer.get(), &text, hand_over,
                                                    &streaming, &result, err);
            owned.reset(result);
            return status;
        });
        if (streaming.thrown) std::rethrow_exception(streaming.thrown);
        const char *reason;
        tolka_status status = tolka_result_status(owned.get(), &reason);
        if (status != TOLKA_OK && status != TOLKA_STOPPED) throw Error(status, reason);
        return status == TOLKA_OK;
    }

    void stop() {
        tolka_translator_stop(handle.get());
    }

  private:
    /* Exceptions must not pass through the library, which is C: they wait until its call is over. */
    struct Collecting {
        std::vector<Translation> *translations;
        std::exception_ptr thrown;
    };
    struct Streaming {
        std::function<bool(std::string_view)> emit;
        std::exception_ptr thrown;
    };

    static void read(Translation &translation, const tolka_result *result) {
        const char *reason;
        translation.status = tolka_result_status(result, &reason);
        translation.reason = reason;
        for (size_t k = 0; k < tolka_result_count(result); k++) {
            size_t length, n_links;
            const char *text = tolka_result_text(result, k, &length);
            const tolka_link *links = tolka_result_word_alignment(result, k, &n_links);
            translation.hypotheses.push_back({text ? std::string(text, length) : std::string(),
                                              tolka_result_score(result, k),
                                              {links, links + n_links}});
        }
    }

    static void collect(void *user, size_t index, tolka_result *result) {
        detail::Handle<tolka_result, tolka_result_free> owned(result);
        auto *collecting = static_cast<Collecting *>(user);
        try {
            read((*collecting->translations)[index], result);
        } catch (...) {
            collecting->thrown = std::current_exception();
        }
    }

    static int hand_over(void *user, const char *text, size_t length) {
        auto *streaming = static_cast<Streaming *>(user);
        try {
            return !streaming->emit(std::string_view(text, length));
        } catch (...) {
            streaming->thrown = std::current_exception();
            return 1;
        }
    }

    detail::Handle<tolka_translator, tolka_translator_free> handle;
};

} // namespace tolka

#endif
