/* What raw.c and kaffi.c share: the records, the clock, the line of JSON. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ROWS 10000  /* distinct records, and rows of a batch */
#define KEY 8
#define POOL 4096
#define DRAIN 1000  /* records between two looks at the reports */
#define WARM 100    /* round trips before the measured ones */

static const char *mode, *bootstrap, *topic, *compression, *target;
static int64_t records;
static int size, headers;
static char *keys, *pool;

static const char *const HEADER_NAMES[] = {"trace", "type"};
static const char *const HEADER_VALUES[] = {"0123456789abcdef", "created"};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* The text of all values: four bits of chance in each byte. The same in client.py. */
static void setup(int argc, char **argv) {
    if (argc < 8) fail(argv[0], "MODE BOOTSTRAP TOPIC RECORDS SIZE HEADERS COMPRESSION [TARGET]");
    mode = argv[1], bootstrap = argv[2], topic = argv[3], records = atoll(argv[4]);
    size = atoi(argv[5]), headers = atoi(argv[6]), compression = argv[7], target = argc > 8 ? argv[8] : "";
    uint32_t x = 1;
    pool = malloc(POOL + size);
    for (int i = 0; i < POOL + size; i++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        pool[i] = "etaoinshrdlu {}:"[x >> 16 & 15];
    }
    keys = malloc(ROWS * KEY + 1);
    for (int i = 0; i < ROWS; i++) sprintf(keys + i * KEY, "%08d", i);
}

static const char *key(int64_t i) { return keys + i % ROWS * KEY; }
static const char *value(int64_t i) { return pool + i % ROWS * 31 % POOL; }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Bytes of resident memory at most so far: ru_maxrss would count the parent before exec. */
static int64_t peak(void) {
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
    if (status) fclose(status);
    return kib * 1024;
}

static double began, cpu_began;
static int64_t before;  /* records of the first batch, at whose arrival the clock starts */

/* timed: records that came while the clock ran. all: records that the CPU time was for. bytes: of keys and values of all. */
static void report(int64_t timed, int64_t all, int64_t bytes) {
    printf("{\"records\": %" PRId64 ", \"seconds\": %.6f, \"cpu_records\": %" PRId64 ", \"cpu\": %.6f, "
           "\"peak\": %" PRId64 ", \"bytes\": %" PRId64 "}\n",
           timed, now() - began, all, cpu() - cpu_began, peak(), bytes);
}

static void start(void) { began = now(), cpu_began = cpu(); }

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One record at a time, 1,000 in a second: from the call that produces it to the return of the one that consumes it. */
static void latency(void (*send)(void), void (*receive)(void)) {
    double *took = malloc(records * sizeof *took);
    for (int i = 0; i < WARM; i++) send(), receive();
    start();
    for (int64_t i = 0; i < records; i++) {
        double due = began + i / 1000.0, t = now();
        if (t < due) usleep((useconds_t)((due - t) * 1e6));
        t = now();
        send();
        receive();
        took[i] = now() - t;
    }
    qsort(took, records, sizeof *took, ascending);
    printf("{\"records\": %" PRId64 ", \"seconds\": %.6f, \"cpu_records\": %" PRId64 ", \"cpu\": %.6f, \"peak\": %" PRId64
           ", \"p50\": %.6f, \"p99\": %.6f}\n",
           records, now() - began, records, cpu() - cpu_began, peak(), took[records / 2], took[records * 99 / 100]);
}
