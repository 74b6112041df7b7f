/* Words of the YAML that Marian's checkpoints come with. */
#ifndef YAML_WORDS_H
#define YAML_WORDS_H

extern const char *const yaml_words[]; /* ended by NULL */

#endif
