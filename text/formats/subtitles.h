/* Subtitles: SubRip (srt) and WebVTT. */
#ifndef SUBTITLES_H
#define SUBTITLES_H

#include "text/formats/document_parts.h"

tolka_status srt_parse(struct tolka_document *document, tolka_error *err);
tolka_status vtt_parse(struct tolka_document *document, tolka_error *err);

#endif
