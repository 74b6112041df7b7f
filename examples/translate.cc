/* The C++ wrapper at work: one text, several at once, one piece by piece, and an error.
 *
 *     c++ -std=c++17 translate.cc $(pkg-config --cflags --libs tolka) -o translate
 *     ./translate MODEL FROM TO TEXT...
 */
#include "tolka.hh"

#include <iostream>

static std::optional<std::string> language(const std::string &argument) {
    return argument == "-" ? std::nullopt : std::optional(argument);
}

static void translate(const std::vector<std::string> &arguments) {
    tolka::Model model(arguments[0]);
    tolka::Tokenizer tokenizer(model, language(arguments[1]), language(arguments[2]));
    tolka_options options = tolka::Translator::defaults();
    options.threads = 0;
    options.beam = 4;
    options.n_best = 2;
    tolka::Translator translator(model, options);
    const std::vector<std::string> texts(arguments.begin() + 3, arguments.end());
    for (const tolka::Translation &translation : translator.translate_all(tokenizer, texts)) {
        if (translation.status != TOLKA_OK) std::cerr << translation.reason << '\n';
        for (const tolka::Hypothesis &hypothesis : translation.hypotheses)
            std::cout << hypothesis.score << '\t' << hypothesis.text << '\n';
    }
    translator.stream(tokenizer, texts[0], [](std::string_view piece) {
        std::cout << piece << std::flush;
        return true;
    });
    std::cout << '\n';
}

int main(int argc, char **argv) {
    if (argc < 5) {
        std::cerr << "usage: translate MODEL FROM TO TEXT...\n";
        return 2;
    }
    try {
        translate({argv + 1, argv + argc});
    } catch (const tolka::Error &error) {
        std::cerr << "translate: " << error.what() << '\n';
        return 1;
    }
}
