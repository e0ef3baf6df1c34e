/* The header needs no other before it, and can be included twice. */
#include <kaffi.h>
#include <kaffi.h>
