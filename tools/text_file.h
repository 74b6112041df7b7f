/* Files that are to be translated. */
#ifndef TEXT_FILE_H
#define TEXT_FILE_H

/* Opens one for reading. What is no text (directories, PDF and office documents, archives, programs,
 * UTF-16) is refused. Returns an exit status. */
int text_file_open(const char *path, int *fd);

#endif
