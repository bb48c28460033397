#define _GNU_SOURCE
#include "peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// --- what is told of a connection

static void tell(struct peer *p, const char *text) {
  size_t length = strlen(text);
  if (p->told + length >= STORY) return;
  memcpy(p->story + p->told, text, length + 1);
  p->told += length;
}

void tell_row(struct peer *p) {
  char times[16];
  if (p->times == 0) return;
  tell(p, p->word);
  snprintf(times, sizeof times, "*%d", p->times);
  if (p->times > 1) tell(p, times);
  p->times = 0;
}

void tell_command(struct peer *p, const char *word) {
  if (p->times && strcmp(p->word, word) == 0) {
    p->times++;
    return;
  }
  if (p->times) {
    tell_row(p);
    tell(p, " ");
  }
  snprintf(p->word, sizeof p->word, "%s", word);
  p->times = 1;
}

void tell_end_of_flight(struct peer *p) {
  if (p->times == 0) return;
  tell_row(p);
  tell(p, " | ");
}

// --- bytes

static void acknowledge_at_once(int fd) {
  int one = 1;  // holds for a while only, so it is said around each read
  if (want.quick) setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

// Tells whether something comes within so many milliseconds; the end of it all is something too.
static int comes(struct peer *p, int milliseconds) {
  struct pollfd look = {.fd = p->fd, .events = POLLIN};
  if (p->tls && SSL_has_pending(p->tls)) return 1;
  return poll(&look, 1, milliseconds) > 0;
}

int take(struct peer *p) {
  long got;
  if (p->begin) {
    memmove(p->in, p->in + p->begin, p->end - p->begin);
    p->end -= p->begin;
    p->begin = 0;
  }
  if (p->end == ROOM) return p->gone = 1, -1;
  acknowledge_at_once(p->fd);
  if (p->tls)
    got = SSL_read(p->tls, p->in + p->end, (int)(ROOM - p->end));
  else
    got = read(p->fd, p->in + p->end, ROOM - p->end);
  if (got <= 0) return p->gone = 1, -1;
  acknowledge_at_once(p->fd);
  if (!p->tls) p->clear_in += got;
  if (p->answered) tell_end_of_flight(p);
  p->answered = 0;
  p->end += (size_t)got;
  return 0;
}

int answer(struct peer *p) {
  size_t sent = 0;
  if (p->gone) return -1;
  if (p->waiting == 0) return 0;
  if (want.linger && comes(p, want.linger)) return take(p) ? -1 : 1;
  while (sent < p->waiting) {
    long put;
    if (p->tls)
      put = SSL_write(p->tls, p->out + sent, (int)(p->waiting - sent));
    else
      put = write(p->fd, p->out + sent, p->waiting - sent);
    if (put <= 0) return p->gone = 1, -1;
    if (!p->tls) p->clear_out += put;
    sent += (size_t)put;
  }
  p->waiting = 0;
  if (!p->answered) p->round_trips++;
  p->answered = 1;
  return 0;
}

int more(struct peer *p) {
  int went_on = answer(p);
  return went_on ? (went_on > 0 ? 0 : -1) : take(p);
}

void say(struct peer *p, const char *line) {
  size_t length = strlen(line);
  if (p->waiting + length > ROOM && answer(p) < 0) return;
  if (p->waiting + length > ROOM) return;
  memcpy(p->out + p->waiting, line, length);
  p->waiting += length;
}

int take_line(struct peer *p, char *line) {
  for (;;) {
    char *start = p->in + p->begin, *end = memchr(start, '\n', p->end - p->begin);
    if (end) {
      size_t length = (size_t)(end - start);
      p->begin += length + 1;
      if (length && start[length - 1] == '\r') length--;
      if (length >= LINE) length = LINE - 1;
      memcpy(line, start, length);
      line[length] = 0;
      return 0;
    }
    if (more(p)) return -1;
  }
}

static void keep(struct peer *p, size_t length) {
  if (p->message) fwrite(p->in + p->begin, 1, length, p->message);
  p->begin += length;
}

static void open_message(struct peer *p) {
  if (want.message && !p->message) p->message = fopen(want.message, "w");
}

static void close_message(struct peer *p) {
  if (p->message) fclose(p->message);
  p->message = NULL;
  p->messages++;
}

int take_text(struct peer *p) {
  static const char dot[] = "\r\n.\r\n";
  const size_t most = sizeof dot - 1;
  int first = 1;
  open_message(p);
  for (;;) {
    size_t have = p->end - p->begin;
    char *end = memmem(p->in + p->begin, have, dot, most);
    size_t whole = end ? (size_t)(end - p->in) - p->begin + 2 : have >= most ? have - most + 1 : 0;
    if (first && whole >= 2) {
      p->begin += 2;
      whole -= 2;
      first = 0;
    }
    keep(p, whole);
    if (end) {
      p->begin += 3;
      close_message(p);
      return 0;
    }
    if (more(p)) return -1;
  }
}

int take_chunk(struct peer *p, long long octets, int last) {
  open_message(p);
  while (octets > 0) {
    size_t have = p->end - p->begin;
    if (have == 0 && more(p)) return -1;
    have = p->end - p->begin;
    if ((long long)have > octets) have = (size_t)octets;
    keep(p, have);
    octets -= (long long)have;
  }
  p->chunks++;
  if (last) close_message(p);
  return 0;
}

// --- TLS

static void saw_record(int wrote, int version, int type, const void *bytes, size_t length, SSL *tls, void *peer) {
  (void)version, (void)tls;
  if (!wrote && type == SSL3_RT_HANDSHAKE && length && *(const unsigned char *)bytes == SSL3_MT_CLIENT_HELLO)
    ((struct peer *)peer)->hellos++;
}

static long before_read(BIO *bio, int what, const char *b, size_t n, int i, long l, int done, size_t *out) {
  (void)b, (void)n, (void)i, (void)l, (void)out;
  if (what == BIO_CB_READ) acknowledge_at_once((int)BIO_get_fd(bio, NULL));
  return done;
}

int begin_tls(struct peer *p, SSL_CTX *context) {
  p->tls = SSL_new(context);
  SSL_set_fd(p->tls, p->fd);
  SSL_set_msg_callback(p->tls, saw_record);
  SSL_set_msg_callback_arg(p->tls, p);
  if (want.quick) BIO_set_callback_ex(SSL_get_rbio(p->tls), before_read);
  acknowledge_at_once(p->fd);
  if (SSL_accept(p->tls) <= 0) return tell(p, "no TLS"), p->gone = 1, -1;
  // each ClientHello is answered by a flight; up to TLS 1.2 there is a second one
  p->round_trips += p->hellos + (SSL_version(p->tls) < TLS1_3_VERSION);
  p->begin = p->end = 0;
  tell_command(p, "TLS");
  tell_end_of_flight(p);
  return 0;
}
