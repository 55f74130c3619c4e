#!/bin/bash
# Health check of the container, without starting Node every ten seconds: queries the RA's readiness on its plain HTTP port.
# 0: it can; 1: it cannot, and why.
port=${UPKI_RA_HTTP_PORT:-8001}
if [ "${UPKI_RA_HTTP:-true}" != true ]; then exec node /opt/upki/dist/cli/main.js health; fi
exec 3<> "/dev/tcp/127.0.0.1/$port" || { echo "nothing listens on port $port"; exit 1; }
printf 'GET /api/v1/public/health?ready=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 5 _ status _ <&3 || { echo "no answer on port $port within 5 s"; exit 1; }
[ "$status" = 200 ] && exit 0
timeout 2 tail -n 1 <&3
exit 1
