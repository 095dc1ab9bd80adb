/*
 * Storage at a distance: every read below the folder SLOW_READS_FOLDER takes SLOW_READS_MS longer, and keeps the thread
 * that reads waiting, as a network file system does. For measurements: LD_PRELOAD=slow-reads.so tributary serve ...
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void wait_for_storage(int file) {
  const char *folder = getenv("SLOW_READS_FOLDER"), *milliseconds = getenv("SLOW_READS_MS");
  char link[32], path[4096];
  if (folder == NULL || milliseconds == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = '\0';
  if (strncmp(path, folder, strlen(folder)) != 0) return;
  struct timespec time = {atoi(milliseconds) / 1000, atoi(milliseconds) % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

#define SLOW(name, offset_type)                                                       \
  ssize_t name(int file, void *into, size_t size, offset_type offset) {               \
    static ssize_t (*real)(int, void *, size_t, offset_type);                         \
    if (real == NULL) real = (ssize_t (*)(int, void *, size_t, offset_type))dlsym(RTLD_NEXT, #name); \
    wait_for_storage(file);                                                           \
    return real(file, into, size, offset);                                            \
  }

SLOW(pread, off_t)
SLOW(pread64, off64_t)
