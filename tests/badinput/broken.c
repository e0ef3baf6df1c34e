/* A library whose functions are each broken in one way, for the self-check of run.py; `Sound` alone is not. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT(name) "{\"name\":\"" name "\",\"codes\":" CODES ",\"parameters\":[" \
    "{\"name\":\"buf\",\"type\":\"char*\",\"direction\":\"out\",\"kind\":\"text\",\"length\":\"len\",\"meaning\":\"\"}," \
    "{\"name\":\"len\",\"type\":\"int32_t*\",\"direction\":\"inout\",\"kind\":\"length\",\"meaning\":\"\"}]}"
#define NUMBER(name) "{\"name\":\"" name "\",\"codes\":" CODES ",\"parameters\":[" \
    "{\"name\":\"kind\",\"type\":\"int32_t\",\"direction\":\"in\",\"kind\":\"value\",\"meaning\":\"\"}," \
    "{\"name\":\"number\",\"type\":\"int64_t*\",\"direction\":\"out\",\"kind\":\"value\",\"meaning\":\"\"}," \
    "{\"name\":\"errtxt\",\"type\":\"char*\",\"direction\":\"out\",\"kind\":\"text\",\"length\":\"plen\"," \
    "\"meaning\":\"may be null\"}," \
    "{\"name\":\"plen\",\"type\":\"int*\",\"direction\":\"inout\",\"kind\":\"length\",\"meaning\":\"may be null\"}]}"
#define ARROW(name, what) "{\"name\":\"" name "\",\"codes\":" CODES ",\"parameters\":[" \
    "{\"name\":\"array\",\"type\":\"void*\",\"direction\":\"inout\",\"kind\":\"arrow\",\"meaning\":\"" what " struct ArrowArray\"}," \
    "{\"name\":\"schema\",\"type\":\"void*\",\"direction\":\"inout\",\"kind\":\"arrow\",\"meaning\":\"" what " struct ArrowSchema\"}]}"
#define CODES "[{\"code\":0},{\"code\":2},{\"code\":-1102},{\"code\":-1104},{\"code\":-1114}]"

enum { TOO_SMALL = 2, NULL_POINTER = -1102, BAD_ARGUMENT = -1104, MALFORMED = -1114 };

/* The structures of the Arrow C data interface: an array without rows, and its schema. */
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

static const char *const description =
    "{\"codes\":[{\"code\":0},{\"code\":2},{\"code\":-1102},{\"code\":-1104},{\"code\":-1110},{\"code\":-1114}],\"functions\":["
    TEXT("Sound") "," TEXT("WriteBehind") "," TEXT("WriteBefore") "," TEXT("Crash") "," TEXT("Hang") ","
    TEXT("Careless") "," TEXT("Unknown") "," TEXT("Unnamed") "," TEXT("Noisy") "," TEXT("Grows") ","
    NUMBER("SoundNumber") "," NUMBER("Mute") "," NUMBER("Dirty") ","
    ARROW("SoundExport", "room for") "," ARROW("SoundImport", "the") "," ARROW("Leak", "the") "," ARROW("Twice", "the") ","
    ARROW("Credulous", "the") "," ARROW("Unfilled", "room for") "]}";

static int32_t text_out(const char *text, char *buf, int32_t *len)
{
    if (!len)
        return NULL_POINTER;
    int32_t room = *len, size = (int32_t)strlen(text);
    *len = 0;
    if (room < 0)
        return BAD_ARGUMENT;
    if (room > 0 && !buf)
        return NULL_POINTER;
    if (room <= size) {
        if (room)
            buf[0] = 0;
        *len = size + 1;
        return TOO_SMALL;
    }
    memcpy(buf, text, (size_t)size + 1);
    *len = size;
    return 0;
}

static int32_t number_out(int32_t kind, int64_t *number, char *errtxt, int *plen, int dirty, int mute)
{
    int room = plen ? *plen : 0;
    int32_t code = room < 0 || kind != 1 ? BAD_ARGUMENT : number ? 0 : NULL_POINTER;
    if (plen)
        *plen = 0;
    if (number)
        *number = code == 0 || dirty ? 7 : 0;
    if (errtxt && room > 0) {
        const char *text = code && !mute ? "the kind is wrong" : "";
        *plen = snprintf(errtxt, (size_t)room, "%s", text);
        if (*plen >= room)
            *plen = room - 1;
    }
    return code;
}

int32_t DescribeAll(char *json, int32_t *len) { return text_out(description, json, len); }
int32_t Sound(char *buf, int32_t *len) { return text_out("sound", buf, len); }
int32_t SoundNumber(int32_t kind, int64_t *number, char *errtxt, int *plen) { return number_out(kind, number, errtxt, plen, 0, 0); }
int32_t Mute(int32_t kind, int64_t *number, char *errtxt, int *plen) { return number_out(kind, number, errtxt, plen, 0, 1); }
int32_t Dirty(int32_t kind, int64_t *number, char *errtxt, int *plen) { return number_out(kind, number, errtxt, plen, 1, 0); }

int32_t WriteBehind(char *buf, int32_t *len)
{
    int32_t room = len && buf ? *len : 0, code = text_out("behind", buf, len);
    if (code == TOO_SMALL && room > 0)
        buf[room] = 0;
    return code;
}

int32_t WriteBefore(char *buf, int32_t *len)
{
    int32_t code = text_out("before", buf, len);
    if (code == 0)
        buf[-1] = 0;
    return code;
}

int32_t Crash(char *buf, int32_t *len)
{
    *(volatile int32_t *)len += 0;
    return text_out("crash", buf, len);
}

int32_t Hang(char *buf, int32_t *len)
{
    while (len && *len == -1)
        pause();
    return text_out("hang", buf, len);
}

int32_t Careless(char *buf, int32_t *len) { return len ? text_out("careless", buf, len) : 0; }
int32_t Unknown(char *buf, int32_t *len) { return len ? text_out("unknown", buf, len) : -7777; }
int32_t Unnamed(char *buf, int32_t *len) { return len ? text_out("unnamed", buf, len) : -1110; }

int32_t Noisy(char *buf, int32_t *len)
{
    if (!len)
        printf("null!\n"), fflush(stdout);
    return text_out("noisy", buf, len);
}

int32_t Grows(char *buf, int32_t *len)
{
    static int calls;
    return text_out(++calls % 2 ? "one" : "and one more", buf, len);
}

static void release_array(struct ArrowArray *array) { array->release = 0; }
static void release_schema(struct ArrowSchema *schema) { schema->release = 0; }

static int32_t check(struct ArrowArray *array, struct ArrowSchema *schema)
{
    if (!array || !schema)
        return NULL_POINTER;
    return (uintptr_t)array % 8 || (uintptr_t)schema % 8 ? BAD_ARGUMENT : 0;
}

static int32_t import(struct ArrowArray *array, struct ArrowSchema *schema, int checks, int times)
{
    int32_t code = check(array, schema);
    if (code == 0 && (!array->release || !schema->release))
        code = BAD_ARGUMENT;
    if (code == 0 && checks && (array->length || array->offset || array->null_count || array->n_buffers != 1
            || array->n_children || !array->buffers || !schema->format || strcmp(schema->format, "+s")
            || schema->name || schema->n_children))
        code = MALFORMED;
    for (; times; times--) {
        struct ArrowArray taken;
        struct ArrowSchema taken_schema;
        if (array && (uintptr_t)array % 8 == 0 && array->release)
            memcpy(&taken, array, sizeof taken), array->release(times > 1 ? &taken : array);
        if (schema && (uintptr_t)schema % 8 == 0 && schema->release)
            memcpy(&taken_schema, schema, sizeof taken_schema), schema->release(times > 1 ? &taken_schema : schema);
    }
    return code;
}

int32_t SoundExport(struct ArrowArray *array, struct ArrowSchema *schema)
{
    static const void *buffers[1];
    int32_t code = check(array, schema);
    if (code == 0) {
        *array = (struct ArrowArray){.n_buffers = 1, .buffers = buffers, .release = release_array};
        *schema = (struct ArrowSchema){.format = "+s", .release = release_schema};
    }
    return code;
}

int32_t Unfilled(struct ArrowArray *array, struct ArrowSchema *schema) { return check(array, schema); }
int32_t SoundImport(struct ArrowArray *array, struct ArrowSchema *schema) { return import(array, schema, 1, 1); }
int32_t Leak(struct ArrowArray *array, struct ArrowSchema *schema) { return import(array, schema, 1, 0); }
int32_t Twice(struct ArrowArray *array, struct ArrowSchema *schema) { return import(array, schema, 1, 2); }
int32_t Credulous(struct ArrowArray *array, struct ArrowSchema *schema) { return import(array, schema, 0, 1); }
