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
#define CODES "[{\"code\":0},{\"code\":2},{\"code\":-1102},{\"code\":-1104}]"

enum { TOO_SMALL = 2, NULL_POINTER = -1102, BAD_ARGUMENT = -1104 };

static const char *const description =
    "{\"codes\":[{\"code\":0},{\"code\":2},{\"code\":-1102},{\"code\":-1104},{\"code\":-1110}],\"functions\":["
    TEXT("Sound") "," TEXT("WriteBehind") "," TEXT("WriteBefore") "," TEXT("Crash") "," TEXT("Hang") ","
    TEXT("Careless") "," TEXT("Unknown") "," TEXT("Unnamed") "," TEXT("Noisy") "," TEXT("Grows") ","
    NUMBER("SoundNumber") "," NUMBER("Mute") "," NUMBER("Dirty") "]}";

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
