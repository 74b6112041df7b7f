/* Guards: parts whose translation went wrong are searched for again, more carefully, once the first
 * call is over; and unknown tokens are filled in. */
#ifndef MEND_H
#define MEND_H

#include "text/pipeline.h"

/* Is a result, which has just come, to be looked at again when the call is over? This looks at ids
 * alone, and is cheap. */
bool needs_second_look(const struct pipeline *pipeline, const struct part *part,
                       const tolka_result *result);

/* Mends the open parts as far as that goes, and finishes their texts. */
void second_look(struct pipeline *pipeline);

/* Marks the result of a part that was handed out on the way, and cannot be taken back. */
tolka_status judge_streamed(const struct pipeline *pipeline, struct part *part,
                            tolka_result *result, tolka_error *err);

#endif
