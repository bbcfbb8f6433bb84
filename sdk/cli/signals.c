/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int signals_catch(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

bool signals_wait(int signals, int other)
{
    struct pollfd waiting[] = { { .fd = signals, .events = POLLIN }, { .fd = other, .events = POLLIN } };
    while (poll(waiting, 2, -1) < 0 && errno == EINTR)
        ;
    return waiting[0].revents != 0;
}
