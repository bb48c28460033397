// A neutral SMTP server for the bench: it takes every message from everybody, keeps
// none, and tells of each connection what it saw, as one line of JSON.
//
//   smtpd [-a ADDRESS] [-p PORT] [-s PORT] [-c CHAIN -k KEY] [-l LOG] [-m FILE]
//         [-C] [-N] [-Q] [-L MS]
//
//   -a  listens on this address (127.0.0.1)
//   -p  the port for those who begin in clear, with STARTTLS when there is a
//       certificate; -s that of TLS from the first byte. 0 takes any free port
//   -l  where the lines go; -m where the text of the last message goes, as it came
//   -C  offers CHUNKING (RFC 3030); -N does not offer PIPELINING (RFC 2920)
//   -Q  acknowledges each segment at once, so that nobody waits for TCP's delayed
//       acknowledgements
//   -L  counts exactly: an answer goes out only when nothing has come for so many
//       milliseconds, so what the client sends without waiting is seen as one flight
//
// "ready PORT PORT" on standard output says that it listens, and where.
//
// A round trip is a flight of the client's whose answer it waited for: the handshake
// of TCP, each flight of that of TLS, the greeting, and each group of commands. An
// answer for which nobody was there any more is none. Without -L the number is what it
// looked like, and may be too high.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "peer.h"

enum { AFTER_QUIT_S = 2 };

struct wishes want = {.address = "127.0.0.1"};
static SSL_CTX *context;
static int log_file = -1;

// --- commands

static int begins(const char *line, const char *word) { return strncasecmp(line, word, strlen(word)) == 0; }

static void offer(struct peer *p) {
  say(p, "250-bench greets you\r\n250-SIZE 1000000000\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n");
  if (!want.no_pipelining) say(p, "250-PIPELINING\r\n");
  if (want.chunking) say(p, "250-CHUNKING\r\n");
  if (context && !p->tls) say(p, "250-STARTTLS\r\n");
  say(p, "250 AUTH PLAIN LOGIN\r\n");
}

// Everybody may come in; what is asked for is what the mechanism asks for.
static int sign_in(struct peer *p, const char *given) {
  char reply[LINE];
  int plain = begins(given, "PLAIN"), asked = 0, wanted = plain ? 1 : 2;
  tell_command(p, plain ? "AUTH" : "AUTH-LOGIN");
  if (strchr(given, ' ')) asked = 1;
  for (; asked < wanted; asked++) {
    say(p, plain ? "334 \r\n" : asked ? "334 UGFzc3dvcmQ6\r\n" : "334 VXNlcm5hbWU6\r\n");
    if (take_line(p, reply)) return -1;
    tell_command(p, "response");
  }
  say(p, "235 2.7.0 come in\r\n");
  return 0;
}

static int quit(struct peer *p) {
  tell_command(p, "QUIT");
  // what came before is answered first, so it can be seen whether anybody waits for this
  if (want.linger && answer(p)) return -1;
  say(p, "221 2.0.0 bye\r\n");
  answer(p);
  return -1;
}

// Obeys a command; -1 ends the conversation.
static int obey(struct peer *p, const char *command) {
  char last[8] = "";
  long long octets;
  if (begins(command, "EHLO") || begins(command, "HELO")) {
    tell_command(p, "EHLO");
    offer(p);
  } else if (begins(command, "STARTTLS") && context && !p->tls) {
    tell_command(p, "STARTTLS");
    say(p, "220 2.0.0 go on\r\n");
    if (answer(p)) return -1;
    tell_end_of_flight(p);
    p->answered = 0;
    return begin_tls(p, context);
  } else if (begins(command, "AUTH ")) {
    return sign_in(p, command + 5);
  } else if (begins(command, "MAIL ")) {
    tell_command(p, "MAIL");
    say(p, "250 2.1.0 ok\r\n");
  } else if (begins(command, "RCPT ")) {
    tell_command(p, "RCPT");
    p->recipients++;
    say(p, "250 2.1.5 ok\r\n");
  } else if (begins(command, "DATA")) {
    tell_command(p, "DATA");
    say(p, "354 go on\r\n");
    // the text never comes with the command: this answer is waited for
    p->begin -= 2;
    if (p->end - p->begin == 2 && more(p)) return -1;
    tell_command(p, "text");
    if (take_text(p)) return -1;
    say(p, "250 2.0.0 taken\r\n");
  } else if (want.chunking && sscanf(command, "%*4[BDATbdat] %lld %7s", &octets, last) >= 1) {
    tell_command(p, "BDAT");
    if (take_chunk(p, octets, strcasecmp(last, "LAST") == 0)) return -1;
    say(p, *last ? "250 2.0.0 taken\r\n" : "250 2.0.0 go on\r\n");
  } else if (begins(command, "QUIT")) {
    return quit(p);
  } else if (begins(command, "RSET") || begins(command, "NOOP")) {
    tell_command(p, "RSET");
    say(p, "250 2.0.0 ok\r\n");
  } else {
    tell_command(p, "?");
    say(p, "500 5.5.1 what?\r\n");
  }
  return 0;
}

// Writes the line, in one piece: connections end at the same time.
static void report(struct peer *p) {
  char written[STORY + 500];
  long long in = p->clear_in, out = p->clear_out;
  if (p->tls) {
    in += (long long)BIO_number_read(SSL_get_rbio(p->tls));
    out += (long long)BIO_number_written(SSL_get_wbio(p->tls));
  }
  tell_row(p);
  int length = snprintf(written, sizeof written,
                        "{\"mode\":\"%s\",\"tls\":\"%s\",\"cipher\":\"%s\",\"round_trips\":%d,\"recipients\":%d,"
                        "\"messages\":%d,\"chunks\":%d,\"in\":%lld,\"out\":%lld,\"flights\":\"%s\"}\n",
                        p->implicit ? "implicit" : p->tls ? "starttls" : "none", p->tls ? SSL_get_version(p->tls) : "",
                        p->tls ? SSL_get_cipher(p->tls) : "", p->round_trips, p->recipients, p->messages, p->chunks,
                        in, out, p->story);
  if (log_file >= 0 && write(log_file, written, (size_t)length) < 0) perror("smtpd: log");
}

static void *serve(void *given) {
  struct peer *p = given;
  char command[LINE];
  struct timeval most = {.tv_sec = AFTER_QUIT_S};
  int one = 1;
  setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  p->round_trips = 1;  // that of TCP's handshake
  if (!p->implicit || begin_tls(p, context) == 0) {
    say(p, "220 bench ESMTP\r\n");
    while (take_line(p, command) == 0 && obey(p, command) == 0) continue;
  }
  // to the end of what the client has to say, so that every byte counts
  if (p->tls && !p->gone) SSL_shutdown(p->tls);
  shutdown(p->fd, SHUT_WR);
  setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  while (!p->gone && take(p) == 0) p->begin = p->end;
  report(p);
  SSL_free(p->tls);
  close(p->fd);
  if (p->message) fclose(p->message);
  free(p);
  return NULL;
}

// --- listening

static int listen_on(int *port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
  socklen_t length = sizeof at;
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (inet_pton(AF_INET, want.address, &at.sin_addr) != 1 || bind(fd, (struct sockaddr *)&at, sizeof at) ||
      listen(fd, 128) || getsockname(fd, (struct sockaddr *)&at, &length)) {
    perror("smtpd: listening");
    exit(1);
  }
  *port = ntohs(at.sin_port);
  return fd;
}

static void read_options(int count, char **words) {
  for (int option; (option = getopt(count, words, "a:p:s:c:k:l:m:CNQL:")) != -1;) switch (option) {
      case 'a': want.address = optarg; break;
      case 'p': want.clear_port = atoi(optarg); break;
      case 's': want.tls_port = atoi(optarg); break;
      case 'c': want.chain = optarg; break;
      case 'k': want.key = optarg; break;
      case 'l': want.log = optarg; break;
      case 'm': want.message = optarg; break;
      case 'C': want.chunking = 1; break;
      case 'N': want.no_pipelining = 1; break;
      case 'Q': want.quick = 1; break;
      case 'L': want.linger = atoi(optarg); break;
      default: exit(2);
    }
}

int main(int count, char **words) {
  pthread_attr_t small;
  read_options(count, words);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever started it is gone
  if (want.log) log_file = open(want.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (want.chain) {
    context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, want.chain) <= 0 ||
        SSL_CTX_use_PrivateKey_file(context, want.key, SSL_FILETYPE_PEM) <= 0) {
      ERR_print_errors_fp(stderr);
      return 1;
    }
  }
  struct pollfd doors[2] = {{.fd = listen_on(&want.clear_port), .events = POLLIN}, {.fd = -1}};
  if (context) doors[1] = (struct pollfd){.fd = listen_on(&want.tls_port), .events = POLLIN};
  printf("ready %d %d\n", want.clear_port, want.tls_port);
  fflush(stdout);
  pthread_attr_init(&small);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  for (;;) {
    if (poll(doors, 2, -1) < 0) continue;
    for (int door = 0; door < 2; door++) {
      struct peer *p;
      pthread_t thread;
      if (!(doors[door].revents & POLLIN)) continue;
      if (!(p = calloc(1, sizeof *p))) return 1;
      p->implicit = door;
      p->fd = accept4(doors[door].fd, NULL, NULL, SOCK_CLOEXEC);
      if (p->fd < 0 || pthread_create(&thread, &small, serve, p)) {
        if (p->fd >= 0) close(p->fd);
        free(p);
      }
    }
  }
}
