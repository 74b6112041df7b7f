/* The end of a command that finds no memory where nothing can be handed back: in libraries that do
 * not bear it. */
#ifndef OUT_OF_MEMORY_H
#define OUT_OF_MEMORY_H

#ifdef __cplusplus
extern "C" {
#endif

/* Says so, does what must be done first, and ends the program with EXIT_MODEL. */
void end_out_of_memory(void);

/* What an allocation has given; if that is NULL, the program ends. */
void *memory_or_end(void *memory);

/* From here on the command ends with a line when memory for JSON runs out. jansson itself would go
 * on, with texts that are cut off and keys that are missing. */
void json_memory_or_end(void);
/* The same for ICU, which would crash where it first asks which language is spoken here. Before
 * anything of it is used. */
void icu_memory_or_end(void);

#ifdef __cplusplus
}
#endif
#endif
