// measure FD SECONDS COMMAND [ARGUMENT…]: runs a command and writes what it cost to this
// file descriptor, as one line of JSON: wall and processor time in microseconds, the most
// memory in KiB, the exit code.
//
// It is there because of the memory: Linux counts for a process what the one that
// started it had at that time, and Python has more than most programs that are measured
// here. This has less than any. After so many seconds the command is killed.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void too_long(int signal_number) {
  (void)signal_number;
  kill(child, SIGKILL);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int count, char **words) {
  struct rusage used;
  int status;
  if (count < 4) return 2;
  int result = atoi(words[1]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGALRM, too_long);
  long long begun = now();
  child = vfork();
  if (child == 0) {
    close(result);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(words[3], words + 3);
    _exit(127);
  }
  if (child < 0) return 1;
  alarm((unsigned)atoi(words[2]));
  while (wait4(child, &status, 0, &used) < 0)
    if (errno != EINTR) return 1;
  long long wall = now() - begun;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  dprintf(result, "{\"wall\":%lld,\"user\":%lld,\"system\":%lld,\"peak\":%ld,\"code\":%d}\n", wall / 1000,
          microseconds(used.ru_utime), microseconds(used.ru_stime), used.ru_maxrss, code);
  return 0;
}
