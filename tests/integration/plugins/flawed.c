/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with one flaw at most, which is named on the compiler's command line; without one it is right. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <agentmesh/plugin.h>

#ifndef AGENT
#define AGENT "flawed"
#endif
#ifndef INPUT
#define INPUT "{}"
#endif
#ifndef OUTPUT
#define OUTPUT "{}"
#endif
#ifndef SECOND
#define SECOND
#endif
#ifndef ABI
#define ABI MESH_PLUGIN_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(mesh_plugin)
#endif
#ifndef MAGIC
#define MAGIC MESH_PLUGIN_MAGIC
#endif
#ifndef FALLBACK
#define FALLBACK "10"
#endif
#ifndef RESERVED
#define RESERVED 0
#endif

static mesh_status flawed_call(mesh_request *request, void *state, mesh_error *err)
{
    (void)state;
    return mesh_request_answerf(request, err, "{}");
}

__attribute__((unused)) static int32_t is_open(void *state, const mesh_bytes *value)
{
    (void)value;
    return *(int32_t *)state; /* there is none before start */
}

static const mesh_agent first = {
    .size = sizeof(first),
    .name = AGENT,
    .description = "Has at most one flaw.",
    .input_schema = INPUT,
    .output_schema = OUTPUT,
    .call = flawed_call,
    .reserved = RESERVED,
#ifdef GATE
    .active_when = &(const mesh_gate){ .size = sizeof(mesh_gate), .key = "flawed.gate", .is_open = is_open },
#endif
};

__attribute__((unused)) static const mesh_agent second =
    MESH_RESPONDER("no good name", "Is called wrongly.", flawed_call, "{}", "{}");

__attribute__((unused)) static const mesh_agent *const agents[] = { &first, SECOND NULL };

static const mesh_setting_spec level =
    MESH_SETTING_RANGE("level", MESH_SETTING_NUMBER, FALLBACK, 1, 100, "How high to go.");
__attribute__((unused)) static const mesh_setting_spec *const settings[] = { &level, NULL };

#ifndef NO_ENTRY
#ifdef ENTRY
extern MESH_API const mesh_plugin flawed_entry __asm__(ENTRY);
const mesh_plugin flawed_entry =
#else
const mesh_plugin mesh_plugin_entry =
#endif
    { MAGIC, ABI, SIZE, MESH_VERSION, MESH_PLUGIN_EXCLUSIVE, "1.2.3", agents, NULL, NULL, settings, NULL, NULL };
#endif

#ifdef OWN_COPY
__attribute__((used)) static void copy(void) __asm__("mesh_client_open");
static void copy(void)
{
}
#endif

#ifdef TOMORROW
MESH_API void mesh_from_tomorrow(void);
#ifdef NO_ENTRY
void mesh_from_tomorrow(void)
{
}
#else
__attribute__((used)) static void use_tomorrow(void)
{
    mesh_from_tomorrow();
}
#endif
#endif

#ifdef UNDEFINED
void mesh_from_tomorrow(void);
void cJSON_FromElsewhere(void);
void from_nowhere(void);
__attribute__((used)) static void use(void)
{
    mesh_from_tomorrow();
    cJSON_FromElsewhere();
    from_nowhere();
}
#endif

#ifdef TEXT_RELOCATION
#if __SIZEOF_POINTER__ == 8
__asm__(".text\n.balign 8\n.quad mesh_version\n");
#else
__asm__(".text\n.balign 4\n.long mesh_version\n");
#endif
#endif

#ifdef UNIQUE
__asm__(".data\n.globl flawed_unique\n.type flawed_unique, %gnu_unique_object\n.size flawed_unique, 4\n"
        "flawed_unique:\n.long 0\n.text\n");
#endif

#ifdef STATIC_TLS
__attribute__((tls_model("initial-exec"))) __thread char room[STATIC_TLS];
__attribute__((used)) static char *use_room(void)
{
    return room;
}
#endif

static void *thread_main(void *closure)
{
    pause();
    return closure;
}

__attribute__((unused)) static void leave_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_main, NULL) == 0)
        pthread_detach(thread);
}

extern int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *dso);
extern void *__dso_handle;

static void destroy(void *object)
{
    (void)object;
}

__attribute__((unused)) static void leave_thread_local(void)
{
    __cxa_thread_atexit_impl(destroy, NULL, &__dso_handle);
}

__attribute__((unused)) static void babble(void)
{
    for (int i = 0; i < 1000; i++)
        printf("\n{\"findings\": [}\033[2J%c\n", 0);
    fflush(stdout);
}

#ifdef CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    CONSTRUCTOR;
}
#endif

#ifdef DESTRUCTOR
__attribute__((destructor)) static void destruct(void)
{
    DESTRUCTOR;
}
#endif
