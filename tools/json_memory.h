#ifndef JSON_MEMORY_H
#define JSON_MEMORY_H

/* From here on the command ends with a line when memory for JSON runs out. jansson itself would go
 * on, with texts that are cut off and keys that are missing. */
void json_memory_or_end(void);

#endif
