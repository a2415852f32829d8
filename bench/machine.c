/* SPDX-License-Identifier: Apache-2.0 */
/* The machine as Linux tells of it in /proc; elsewhere little is known. */
#include "machine.h"

#include <errno.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double bench_seconds(void) {
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0
               ? (double)now.tv_sec + 1e-9 * (double)now.tv_nsec
               : 0;
}

void bench_sleep(double seconds) {
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)(1e9 * (seconds - (double)left.tv_sec));
    while (nanosleep(&left, &left) != 0 && errno == EINTR) continue;
}

bool bench_read_line(const char *path, char *line, size_t bytes) {
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    const bool read = fgets(line, (int)bytes, file) != NULL;
    fclose(file);
    return read;
}

double bench_busy_seconds(void) {
    /* cpu user nice system idle iowait irq softirq steal ... */
    enum { FIELDS = 8, IDLE = 3, WAITING = 4 };
    char line[1024];
    if (!bench_read_line("/proc/stat", line, sizeof line)) return 0;
    char *at = strchr(line, ' ');
    double sum = 0;
    for (int i = 0; at != NULL && i < FIELDS; i++) {
        const double ticks = strtod(at, &at);
        if (i != IDLE && i != WAITING) sum += ticks;
    }
    return sum / (double)sysconf(_SC_CLK_TCK);
}

double bench_own_seconds(void) {
    struct timespec used;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0
               ? (double)used.tv_sec + 1e-9 * (double)used.tv_nsec
               : 0;
}

#ifdef __linux__
bool bench_pin(void) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
    size_t last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, &allowed)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}
#else
bool bench_pin(void) { return false; }
#endif

double bench_megabytes(const char *key) {
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const size_t length = strlen(key);
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            kilobytes = strtod(line + length + 1, NULL);
    }
    if (file != NULL) fclose(file);
    return kilobytes / 1024;
}

/* The value of a line "key : value" of /proc/cpuinfo, copied to value once. */
static void take(const char *line, const char *key, char *value, size_t bytes) {
    const size_t length = strlen(key);
    const char *colon = strchr(line, ':');
    if (*value != '\0' || colon == NULL || strncmp(line, key, length) != 0) return;
    if (line[length] != '\t') return; /* "model name" is not "model" */
    snprintf(value, bytes, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
}

void bench_processor(char *name, size_t bytes) {
    char line[4096], text[96] = "", family[16] = "", model[16] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && line[0] != '\n') {
        take(line, "model name", text, sizeof text);
        take(line, "cpu family", family, sizeof family);
        take(line, "model", model, sizeof model);
    }
    if (file != NULL) fclose(file);
    if (*text == '\0')
        snprintf(name, bytes, "unknown processor");
    else
        snprintf(name, bytes, "%s (family %s, model %s)", text, family, model);
}
