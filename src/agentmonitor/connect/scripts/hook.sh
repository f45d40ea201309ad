#!/bin/sh
# AgentMonitor's hook: sends its input to the address in $1. It prints nothing, always exits with 0,
# and waits for the server half a second at most.
exec 1>/dev/null 2>/dev/null
true 3<&0 || exit 0 # There is no input: curl would wait for one for ever.
if command -v curl; then
  # -q: a user's .curlrc must not change this. Expect: no second round trip for a large input.
  curl -q -s -S --noproxy '*' --connect-timeout 0.2 --max-time 0.5 \
    -H 'Content-Type: application/json' -H 'Expect:' --data-binary @- "$1"
  exit 0
fi
for python in '@PYTHON@' python3; do
  if command -v "$python"; then
    "$python" -I -S -c '
import sys
kind, _, rest = sys.argv[1].partition("://")
host, slash, path = rest.partition("/")
name, colon, port = host.rpartition(":")
if not colon or host.endswith("]"):
    name, port = host, "443" if kind == "https" else "80"
body = sys.stdin.buffer.read()
head = ["POST /" + path + " HTTP/1.1", "Host: " + host, "Content-Type: application/json",
        "Connection: close", "Content-Length: " + str(len(body)), "", ""]
name, port = name.strip("[]"), int(port)
if kind == "https":
    import socket, ssl
    link = socket.create_connection((name, port), 0.2)
    link = ssl.create_default_context().wrap_socket(link, server_hostname=name)
else:
    import _socket  # what socket is made of: twice as fast to load
    link = _socket.socket(_socket.AF_INET6 if ":" in name else _socket.AF_INET)
    link.settimeout(0.2)
    link.connect((name, port))
link.settimeout(0.5)
link.sendall("\r\n".join(head).encode() + body)
link.recv(64)
' "$1"
    exit 0
  fi
done
exit 0
