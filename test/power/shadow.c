// Preloaded into a process, this library keeps a second copy of every file and folder under SHADOW_ROOT in SHADOW_COPY,
// changed only by fsync and fdatasync: what a loss of power would leave. Bytes of a file get there when the file is
// synced, names when their folder is. A call that is not followed here loses data in the copy, so that a gap in this
// library makes the test fail, never pass. For tests on Linux; no user of Cashdesk ever needs it.
//
//   SHADOW_COPY/files/ID   bytes of a file        ID is inode.birth: inodes are used again, births are not
//   SHADOW_COPY/folders/ID one line per name: f|d ID NAME
//   SHADOW_COPY/births     one line per created file or folder: inode birth
//   SHADOW_COPY/complaints what was done under the root in a way that cannot be followed
//
//   SHADOW_LIES=1          after the first one, a file's fdatasyncs succeed and do nothing
//   SHADOW_EIO=N           the N-th fdatasync of the process fails with EIO, and all later ones succeed in vain
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 65536

// Something written and not synced. `length` is the new size for a truncation.
struct pending {
  struct pending *next;
  off_t at;
  size_t length;
  int truncates;
  char bytes[];
};

struct node {
  struct node *next;
  ino_t inode;
  unsigned birth;
  int folder;
  int syncs;
  struct pending *first, *last;
};

static char root[PATH_MAX], copy[PATH_MAX];
static int lies, eio_at, syncs_seen;
static struct node *nodes;
static struct node *opened[MAX_FD];
static int appends[MAX_FD], write_through[MAX_FD];
// `table` guards everything above; `syncing` keeps two syncs in order.
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER, syncing = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, type, ...)                          \
  static type (*real)(__VA_ARGS__);                    \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

static int real_open(const char *path, int flags, mode_t mode) {
  REAL(open64, int, const char *, int, ...);
  return real(path, flags, mode);
}

static int real_close(int fd) {
  REAL(close, int, int);
  return real(fd);
}

static ssize_t real_pwrite(int fd, const void *bytes, size_t length, off_t at) {
  REAL(pwrite64, ssize_t, int, const void *, size_t, off_t);
  return real(fd, bytes, length, at);
}

static int real_ftruncate(int fd, off_t size) {
  REAL(ftruncate64, int, int, off_t);
  return real(fd, size);
}

static void note(const char *file, const char *text) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/%s", copy, file);
  int fd = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  REAL(write, ssize_t, int, const void *, size_t);
  if (real(fd, text, strlen(text)) < 0) abort();
  real_close(fd);
}

static void complain(const char *call) {
  char line[128];
  snprintf(line, sizeof line, "%s\n", call);
  note("complaints", line);
}

__attribute__((constructor)) static void begin(void) {
  const char *from = getenv("SHADOW_ROOT"), *to = getenv("SHADOW_COPY");
  if (!from || !to || !realpath(from, root) || !realpath(to, copy)) {
    root[0] = 0;
    return;
  }
  lies = getenv("SHADOW_LIES") != NULL;
  eio_at = getenv("SHADOW_EIO") ? atoi(getenv("SHADOW_EIO")) : 0;
}

static int below_root(const char *path) {
  size_t length = strlen(root);
  return length > 0 && strncmp(path, root, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static struct node *find(ino_t inode) {
  for (struct node *each = nodes; each; each = each->next)
    if (each->inode == inode) return each;
  return NULL;
}

// Under `table`. The newest node of an inode is found first. What was there before this process is of birth 0.
static struct node *node_of(const struct stat *stat, int created) {
  struct node *known = find(stat->st_ino);
  if (known && !created) return known;
  struct node *made = calloc(1, sizeof *made);
  if (!made) abort();
  made->inode = stat->st_ino;
  made->birth = created ? (known ? known->birth + 1 : 1) : 0;
  made->folder = S_ISDIR(stat->st_mode);
  made->next = nodes;
  nodes = made;
  if (created) {
    char line[64];
    snprintf(line, sizeof line, "%lu %u\n", (unsigned long)made->inode, made->birth);
    note("births", line);
  }
  return made;
}

static void track(int fd, int flags, int created) {
  char link[64], path[PATH_MAX];
  struct stat stat;
  if (fd < 0 || fd >= MAX_FD || root[0] == 0) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0 || fstat(fd, &stat) < 0) return;
  path[length] = 0;
  if (!below_root(path) || !(S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode))) return;
  pthread_mutex_lock(&table);
  opened[fd] = node_of(&stat, created);
  appends[fd] = (flags & O_APPEND) != 0;
  write_through[fd] = (flags & (O_DSYNC | O_SYNC)) != 0;
  pthread_mutex_unlock(&table);
  if (flags & O_TRUNC && !created) complain("open with O_TRUNC");
}

// Not every close comes by here: a number that names something else by now, a socket perhaps, is forgotten.
static struct node *tracked(int fd) {
  struct stat stat;
  struct node *node = fd >= 0 && fd < MAX_FD ? opened[fd] : NULL;
  if (!node || (fstat(fd, &stat) == 0 && stat.st_ino == node->inode && (S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode)))) return node;
  opened[fd] = NULL;
  return NULL;
}

static void path_in_copy(char *path, size_t size, const char *kind, const struct node *node) {
  snprintf(path, size, "%s/%s/%lu.%u", copy, kind, (unsigned long)node->inode, node->birth);
}

static void must(int good, const char *what) {
  if (good) return;
  perror(what);
  complain("the copy could not be written");
  abort();
}

static void remember(struct node *node, off_t at, const void *bytes, size_t length, int truncates) {
  struct pending *pending = malloc(sizeof *pending + (truncates ? 0 : length));
  must(pending != NULL, "shadow: malloc");
  *pending = (struct pending){.at = at, .length = length, .truncates = truncates};
  if (!truncates) memcpy(pending->bytes, bytes, length);
  pthread_mutex_lock(&table);
  if (node->last) node->last->next = pending;
  else node->first = pending;
  node->last = pending;
  pthread_mutex_unlock(&table);
}

// What a sync makes durable: all that was written before it began.
static struct pending *taken(struct node *node) {
  pthread_mutex_lock(&table);
  struct pending *list = node->first;
  node->first = node->last = NULL;
  pthread_mutex_unlock(&table);
  return list;
}

static void discard(struct pending *list) {
  while (list) {
    struct pending *next = list->next;
    free(list);
    list = next;
  }
}

// A kill in the middle leaves a part of it, as a loss of power during the sync would.
static void keep_bytes(struct node *node, struct pending *list) {
  char path[PATH_MAX + 64];
  path_in_copy(path, sizeof path, "files", node);
  int fd = real_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  must(fd >= 0, "shadow: open");
  for (struct pending *each = list; each; each = each->next) {
    if (each->truncates) must(real_ftruncate(fd, (off_t)each->length) == 0, "shadow: ftruncate");
    else must(real_pwrite(fd, each->bytes, each->length, each->at) == (ssize_t)each->length, "shadow: pwrite");
  }
  real_close(fd);
}

static void keep_names(int fd, struct node *node) {
  char path[PATH_MAX + 64], temporary[PATH_MAX + 80], link[64];
  path_in_copy(path, sizeof path, "folders", node);
  snprintf(temporary, sizeof temporary, "%s.new", path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  DIR *names = opendir(link);
  FILE *list = fopen(temporary, "w");
  must(names != NULL, "shadow: opendir");
  must(list != NULL, "shadow: fopen");
  for (struct dirent *each; (each = readdir(names));) {
    if (!strcmp(each->d_name, ".") || !strcmp(each->d_name, "..")) continue;
    if (each->d_type != DT_REG && each->d_type != DT_DIR) complain("a name that is neither file nor folder");
    pthread_mutex_lock(&table);
    struct node *known = find(each->d_ino);
    pthread_mutex_unlock(&table);
    unsigned birth = known ? known->birth : 0;
    char type = each->d_type == DT_DIR ? 'd' : 'f';
    fprintf(list, "%c %lu.%u %s\n", type, (unsigned long)each->d_ino, birth, each->d_name);
  }
  closedir(names);
  must(fclose(list) == 0 && rename(temporary, path) == 0, "shadow: rename");
}

static int synced(int fd, struct node *node, int (*real)(int)) {
  pthread_mutex_lock(&syncing);
  struct pending *list = node->folder ? NULL : taken(node);
  int result = real(fd);
  if (result == 0) {
    if (node->folder) keep_names(fd, node);
    else keep_bytes(node, list);
    node->syncs += 1;
  }
  discard(list);
  pthread_mutex_unlock(&syncing);
  return result;
}

int fsync(int fd) {
  REAL(fsync, int, int);
  struct node *node = tracked(fd);
  return node ? synced(fd, node, real) : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync, int, int);
  struct node *node = tracked(fd);
  if (!node) return real(fd);
  int number = __atomic_add_fetch(&syncs_seen, 1, __ATOMIC_SEQ_CST);
  if (eio_at > 0 && number >= eio_at) {
    discard(taken(node));
    if (number > eio_at) return 0;
    errno = EIO;
    return -1;
  }
  if (lies && node->syncs > 0) return 0;
  return synced(fd, node, real);
}

static int open_tracked(const char *path, int flags, mode_t mode) {
  struct stat before;
  int created = (flags & O_CREAT) && lstat(path, &before) < 0;
  int fd = real_open(path, flags, mode);
  int error = errno;
  track(fd, flags, created);
  errno = error;
  return fd;
}

#define OPEN(name)                               \
  int name(const char *path, int flags, ...) {   \
    va_list rest;                                \
    va_start(rest, flags);                       \
    mode_t mode = va_arg(rest, mode_t);          \
    va_end(rest);                                \
    return open_tracked(path, flags, mode);      \
  }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir, int, const char *, mode_t);
  int result = real(path, mode);
  char place[PATH_MAX];
  struct stat stat;
  if (result == 0 && realpath(path, place) && below_root(place) && lstat(place, &stat) == 0) {
    pthread_mutex_lock(&table);
    node_of(&stat, 1);
    pthread_mutex_unlock(&table);
  }
  return result;
}

int close(int fd) {
  if (tracked(fd)) opened[fd] = NULL;
  return real_close(fd);
}

// After a write of `length` bytes at `at` that succeeded.
static void wrote(int fd, struct node *node, const void *bytes, ssize_t length, off_t at) {
  if (length <= 0) return;
  remember(node, at, bytes, (size_t)length, 0);
  if (write_through[fd]) fsync(fd);
}

static off_t position(int fd) {
  struct stat stat;
  if (!appends[fd]) return lseek(fd, 0, SEEK_CUR);
  return fstat(fd, &stat) == 0 ? stat.st_size : 0;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write, ssize_t, int, const void *, size_t);
  struct node *node = tracked(fd);
  off_t at = node ? position(fd) : 0;
  ssize_t written = real(fd, bytes, length);
  if (node) wrote(fd, node, bytes, written, at);
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  ssize_t written = real_pwrite(fd, bytes, length, at);
  struct node *node = tracked(fd);
  if (node) wrote(fd, node, bytes, written, at);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return pwrite64(fd, bytes, length, at);
}

// Several buffers, one after the other: how a short write splits them is then the caller's usual business.
static ssize_t each_of(int fd, const struct iovec *parts, int count, off_t at, int placed) {
  ssize_t sum = 0;
  for (int index = 0; index < count; index += 1) {
    ssize_t done = placed ? pwrite64(fd, parts[index].iov_base, parts[index].iov_len, at + sum)
                          : write(fd, parts[index].iov_base, parts[index].iov_len);
    if (done < 0) return sum > 0 ? sum : done;
    sum += done;
    if ((size_t)done < parts[index].iov_len) break;
  }
  return sum;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev, ssize_t, int, const struct iovec *, int);
  return tracked(fd) ? each_of(fd, parts, count, 0, 0) : real(fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) {
  REAL(pwritev64, ssize_t, int, const struct iovec *, int, off_t);
  return tracked(fd) ? each_of(fd, parts, count, at, 1) : real(fd, parts, count, at);
}

int ftruncate64(int fd, off_t size) {
  int result = real_ftruncate(fd, size);
  struct node *node = tracked(fd);
  if (node && result == 0) remember(node, 0, NULL, (size_t)size, 1);
  return result;
}

int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}

void *mmap64(void *where, size_t length, int protection, int flags, int fd, off_t at) {
  REAL(mmap64, void *, void *, size_t, int, int, int, off_t);
  if (tracked(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) complain("mmap");
  return real(where, length, protection, flags, fd, at);
}

ssize_t sendfile64(int to, int from, off_t *at, size_t length) {
  REAL(sendfile64, ssize_t, int, int, off_t *, size_t);
  if (tracked(to)) complain("sendfile");
  return real(to, from, at, length);
}
