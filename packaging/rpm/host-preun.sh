#!/bin/sh
# %preun of agentmesh-host; $1 is 0 when it is removed, 1 when it is upgraded. What fails is told, and is no reason to
# keep the package.
[ "$1" -eq 0 ] || exit 0
if [ -d /run/systemd/system ]; then
    systemctl stop agentmeshd.service agentmesh-server.service || echo "agentmesh-host: removed while it runs" >&2
fi
if command -v systemctl >/dev/null; then
    systemctl --no-reload disable agentmeshd.service agentmesh-server.service ||
        echo "agentmesh-host: removed while enabled" >&2
fi
