// One connection of the server: its bytes, its TLS, and what is told of it.
#ifndef PEER_H
#define PEER_H
#include <openssl/ssl.h>
#include <stdio.h>

enum { ROOM = 256 * 1024, LINE = 4096, STORY = 4000 };

// What the server was told to do; the head of smtpd.c explains it.
struct wishes {
  const char *address, *chain, *key, *log, *message;
  int clear_port, tls_port, chunking, no_pipelining, quick, linger;
};
extern struct wishes want;

struct peer {
  int fd, implicit;
  SSL *tls;
  char in[ROOM], out[ROOM];
  size_t begin, end, waiting;  // what has come and was not read yet; what was not sent yet
  int gone;                    // the client has closed, or the connection is broken
  int answered;                // the client has heard of us since it last said something
  int hellos;                  // ClientHellos of the handshake
  int round_trips, recipients, messages, chunks;
  long long clear_in, clear_out;  // bytes on the wire outside TLS
  FILE *message;
  char story[STORY], word[16];  // the commands, flight by flight
  size_t told;
  int times;
};

// Adds a command to what is told; the end of a flight; the end of the last row of equal commands.
void tell_command(struct peer *p, const char *word);
void tell_end_of_flight(struct peer *p);
void tell_row(struct peer *p);

// Reads what there is; waits until there is something. These return -1 when nobody is there.
int take(struct peer *p);
// Puts an answer among those that wait.
void say(struct peer *p, const char *line);
// Sends the answers that wait. In an exact count it first sees whether the client goes on
// without them: then they wait on, and 1 is returned.
int answer(struct peer *p);
// Waits for more from the client, after it has had all answers.
int more(struct peer *p);
// Reads a line, without its end.
int take_line(struct peer *p, char *line);
// Reads the text of a message up to its dot. The end of the line with DATA still has to be
// there: a message may be empty.
int take_text(struct peer *p);
// Reads a chunk of so many octets (RFC 3030).
int take_chunk(struct peer *p, long long octets, int last);

int begin_tls(struct peer *p, SSL_CTX *context);
#endif
