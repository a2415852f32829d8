/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a child process, talking with it line by line, ending it. */
#include "runner.h"

#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { READ_END = 0, WRITE_END = 1, LOG_MODE = 0666 };

static void close_pair(const int ends[2]) {
    close(ends[READ_END]);
    close(ends[WRITE_END]);
}

static int spawn(pid_t *process, char *const arguments[], int input, int output, const char *log) {
    posix_spawn_file_actions_t actions;
    int wrong = posix_spawn_file_actions_init(&actions);
    if (wrong != 0) return wrong;
    wrong = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (wrong == 0) wrong = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (wrong == 0)
        wrong = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log,
                                                 O_WRONLY | O_CREAT | O_TRUNC, LOG_MODE);
    if (wrong == 0) wrong = posix_spawn(process, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return wrong;
}

bool bench_runner_start(bench_runner *runner, char *const arguments[], const char *log) {
    int in[2], out[2];
    *runner = (bench_runner){.process = 0};
    /* Closed on exec, or a later child would hold the pipes of an earlier one open. */
    if (pipe2(in, O_CLOEXEC) != 0) return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close_pair(in);
        return false;
    }
    const int wrong = spawn(&runner->process, arguments, in[READ_END], out[WRITE_END], log);
    if (wrong != 0) {
        close_pair(in);
        close_pair(out);
        runner->process = 0;
        return false;
    }
    close(in[READ_END]);
    close(out[WRITE_END]);
    runner->input = in[WRITE_END];
    runner->output = out[READ_END];
    return true;
}

/* Waits for more of the child's output; false: the end, or nothing until the deadline. */
static bool read_more(bench_runner *runner, double deadline) {
    for (;;) {
        const double left = deadline - bench_seconds();
        struct pollfd wait = {.fd = runner->output, .events = POLLIN};
        const int ready = left > 0 ? poll(&wait, 1, (int)(1e3 * left) + 1) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t got = read(runner->output, runner->buffer + runner->filled,
                                 sizeof runner->buffer - runner->filled);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        runner->filled += (size_t)got;
        return true;
    }
}

const char *bench_runner_line(bench_runner *runner, double seconds) {
    const double deadline = bench_seconds() + seconds;
    if (runner->process == 0) return NULL;
    runner->filled -= runner->taken;
    memmove(runner->buffer, runner->buffer + runner->taken, runner->filled);
    runner->taken = 0;
    for (;;) {
        char *end = memchr(runner->buffer, '\n', runner->filled);
        if (end != NULL) {
            *end = '\0';
            runner->taken = (size_t)(end - runner->buffer) + 1;
            return runner->buffer;
        }
        if (runner->filled == sizeof runner->buffer || !read_more(runner, deadline)) return NULL;
    }
}

bool bench_runner_wait_for(bench_runner *runner, const char *line, double seconds) {
    const double deadline = bench_seconds() + seconds;
    const char *said;
    while ((said = bench_runner_line(runner, deadline - bench_seconds())) != NULL)
        if (strcmp(said, line) == 0) return true;
    return false;
}

bool bench_runner_say(bench_runner *runner, const char *word) {
    char line[16];
    const int length = snprintf(line, sizeof line, "%s\n", word);
    if (runner->process == 0 || length < 0 || (size_t)length >= sizeof line) return false;
    return write(runner->input, line, (size_t)length) == length;
}

double bench_runner_cpu_seconds(const bench_runner *runner) {
    enum { FIELD = 12 }; /* utime, counted from the state; stime follows */
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)runner->process);
    const char *at = bench_read_line(path, text, sizeof text) ? strrchr(text, ')') : NULL;
    for (int i = 0; at != NULL && i < FIELD; i++) at = strchr(at + 1, ' ');
    if (at == NULL) return 0;
    char *next;
    const double user = strtod(at, &next), system = strtod(next, NULL);
    return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

void bench_runner_stop(bench_runner *runner) {
    if (runner->process == 0) return;
    close(runner->input);
    close(runner->output);
    kill(runner->process, SIGTERM);
    while (waitpid(runner->process, NULL, 0) < 0 && errno == EINTR) continue;
    *runner = (bench_runner){.process = 0};
}
