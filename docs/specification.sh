#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Walks the specification of the API from top to bottom: sends its examples to a running NxMesh and compares the answers
# with the documented ones, field by field. Starts one agent with an nginx of its own, and leaves nothing behind.
#
#   NXMESH_URL=http://127.0.0.1:8080 NXMESH_EMAIL=admin@example.com NXMESH_PASSWORD='…' docs/specification.sh
#
# NXMESH_GATEWAY      where agents connect to            (127.0.0.1:8443)
# NXMESH_HTTP_PORT    a port for the agent's nginx       (18080)
# NXMESH_HTTPS_PORT   another one                        (18443)
#
# Needs curl, jq, openssl, nginx, and the built repository. What the server does not have yet is said and left out.
set -euo pipefail
cd "$(dirname "$0")/.."

url=${NXMESH_URL:-http://127.0.0.1:8080}
email=${NXMESH_EMAIL:-admin@example.com}
password=${NXMESH_PASSWORD:?the password of an administrator}
gateway=${NXMESH_GATEWAY:-127.0.0.1:8443}
http_port=${NXMESH_HTTP_PORT:-18080}
https_port=${NXMESH_HTTPS_PORT:-18443}
work=$(mktemp -d)
token='' with='' agent_pid='' checks=0 faults=0 missing=0 stage=start

finish() {
  local code=$?
  if [ -n "$agent_pid" ]; then kill "$agent_pid" 2>/dev/null || true; wait "$agent_pid" 2>/dev/null || true; fi
  if [ -s "$work/agent/run/nginx.pid" ]; then kill "$(cat "$work/agent/run/nginx.pid")" 2>/dev/null || true; fi
  if [ "$stage" != end ]; then
    echo "ended early, at: $stage" >&2
    tail -n 5 "$work/agent.log" >&2 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

section() { stage=$1; printf '\n# %s\n' "$1"; }
good() { checks=$((checks + 1)); }
bad() { checks=$((checks + 1)); faults=$((faults + 1)); printf '  FAULT %s: %s\n' "$last" "$1"; }

# request METHOD PATH [BODY]: sends it, and keeps what came back for the checks that follow. `with`: a header field of it.
request() {
  local method=$1 path=$2 body=${3-} args=()
  last="$method $path"
  if [ -n "$token" ]; then args+=(-H "Authorization: Bearer $token"); fi
  if [ -n "$with" ]; then args+=(-H "$with"); fi
  if [ -n "$body" ]; then args+=(-H 'Content-Type: application/json' -d "$body"); fi
  status=$(curl -sS -o "$work/answer" -D "$work/headers" -w '%{http_code}' -X "$method" "${args[@]}" "$url/v1$path")
  printf '%s %s\n' "$status" "$last"
}
answers() { if [ "$status" = "$1" ]; then good; else bad "answered $status, not $1: $(head -c 400 "$work/answer")"; fi; }
field() { jq -r "$1" "$work/answer"; }
# is FILTER JSON: this part of the answer is exactly that.
is() {
  local found; found=$(jq -cS "$1" "$work/answer")
  if [ "$found" = "$(jq -cS . <<<"$2")" ]; then good; else bad "$1 is $found, not $2"; fi
}
# like EXAMPLE: every field of the documented example is in the answer, of the same type. Of a list, the first one.
like() {
  local differences
  differences=$(jq -r --argjson example "$1" '
    def differences($e; $at):
      if ($e | type) == "object" then
        if type != "object" then "\($at) is no object"
        else . as $found | $e | keys[] | . as $k
          | if $found | has($k) then $found[$k] | differences($e[$k]; "\($at).\($k)") else "\($at).\($k) is missing" end
        end
      elif ($e | type) == "array" then
        if type != "array" then "\($at) is no list"
        elif ($e | length) == 0 then empty
        elif length == 0 then "\($at) is empty"
        else .[0] | differences($e[0]; "\($at)[0]") end
      elif type == ($e | type) then empty
      else "\($at) is \(type), not \($e | type)" end;
    differences($example; "")' "$work/answer")
  if [ -z "$differences" ]; then good; else bad "$differences"; fi
}
# within SECONDS COMMAND…: until it succeeds; what follows could only fail without it.
within() {
  local deadline=$((SECONDS + $1)); shift
  until "$@"; do
    if [ $SECONDS -ge $deadline ]; then bad "not in time: $*"; exit 1; fi
    sleep 0.2
  done
  good
}
quietly() { request "$@" >/dev/null; }
# has METHOD PATH: whether the server has the operation; said and counted where not.
has() {
  if jq -e --arg path "/v1$2" --arg method "${1,,}" '.paths[$path][$method]' "$work/openapi" >/dev/null; then return 0; fi
  missing=$((missing + 1))
  echo "not there yet: $1 /v1$2"
  return 1
}

curl -sSf "$url/openapi.json" >"$work/openapi"

section 'Authentication'
request POST /auth/login "$(jq -n --arg email "$email" --arg password "$password" '{$email, $password}')"
answers 200
like '{"access_token": "eyJ", "expires_in": 3600}'
is .token_type '"Bearer"'
token=$(field .access_token)
if has POST /auth/refresh; then
  like '{"refresh_token": "dGhp"}'
  refresh=$(field .refresh_token)
  request POST /auth/refresh "{\"refresh_token\": \"$refresh\"}"
  answers 200
  like '{"access_token": "eyJ", "refresh_token": "dGhp", "expires_in": 3600, "token_type": "Bearer"}'
  token=$(field .access_token)
fi

section 'Organizations'
slug="acme-corp-$$"
request POST /organizations "{\"name\": \"Acme Corp\", \"slug\": \"$slug\"}"
answers 201
organization_like='{"id": "", "name": "", "slug": "", "created_at": "", "updated_at": ""}'
like "$organization_like"
is keys '["created_at", "id", "name", "slug", "updated_at"]'
is .name '"Acme Corp"'
org=$(field .id)
request POST /organizations "{\"name\": \"Another\", \"slug\": \"$slug\"}"
answers 409
is '.error | [.code, .details[0].field]' '["CONFLICT", "slug"]'
request GET '/organizations?page=1&per_page=20'
answers 200
like "{\"data\": [$organization_like]}"
is '.meta | [.page, .per_page, (.total >= 1)]' '[1, 20, true]'
request GET "/organizations/$org"
answers 200
is .slug "\"$slug\""
request PATCH "/organizations/$org" '{"name": "Acme Corporation"}'
answers 200
is .name '"Acme Corporation"'
request POST /organizations "{\"name\": \"Gone\", \"slug\": \"gone-$$\"}"
gone=$(field .id)
request DELETE "/organizations/$gone"
answers 204
request GET "/organizations/$gone"
answers 404

section 'Workspaces'
request POST "/organizations/$org/workspaces" '{"name": "Staging", "slug": "staging"}'
answers 201
workspace_like='{"id": "", "organization_id": "", "name": "", "slug": "", "created_at": ""}'
like "$workspace_like"
ws=$(field .id)
request GET "/organizations/$org/workspaces?page=1&per_page=20"
answers 200
like "{\"data\": [$workspace_like]}"
is .meta '{"page": 1, "per_page": 20, "total": 1}'
request GET "/workspaces/$ws"
answers 200
is .organization_id "\"$org\""
request PATCH "/workspaces/$ws" '{"name": "Staging Environment"}'
answers 200
is .name '"Staging Environment"'
request POST "/organizations/$org/workspaces" '{"name": "Gone", "slug": "gone"}'
gone=$(field .id)
request DELETE "/workspaces/$gone"
answers 204

section 'Agents'
enrol='{"name": "web-server-02", "labels": {"env": "production", "region": "us-west-1"}, "expires_in_hours": 24}'
with="Idempotency-Key: token-$$"
request POST "/workspaces/$ws/agents/tokens" "$enrol"
answers 201
first=$(field .token)
request POST "/workspaces/$ws/agents/tokens" "$enrol"
is .token "\"$first\""
with=''
like '{"token": "", "agent_id": "", "expires_at": ""}'
is '.token | startswith("nxmesh_agent_")' true
agent=$(field .agent_id)
join=$(field .token)
bin/nxmesh agent --token "$join" --gateway "$gateway" --state-dir "$work/agent" >"$work/agent.log" 2>&1 &
agent_pid=$!
# A new agent is connected before its nginx runs, and degraded for that moment: it has settled once it has proven something.
settled() { quietly GET "/workspaces/$ws/agents?state=online" && [ "$(field '.data[0].applied != null')" = true ]; }
within 30 settled
request GET "/workspaces/$ws/agents?page=1&per_page=20&state=online"
answers 200
agent_like='{"id": "", "workspace_id": "", "name": "", "hostname": "", "ip_address": "", "version": "", "state": "",
  "deployment_mode": "", "last_seen_at": "", "capabilities": [], "labels": {"env": "", "region": ""}, "created_at": ""}'
like "{\"data\": [$agent_like]}"
is '.data[0] | [.state, .labels.env]' '["online", "production"]'
for query in 'state=offline' 'state=degraded' 'label_selector=env=production,region=us-east'; do
  request GET "/workspaces/$ws/agents?$query"
  is .meta.total 0
done
request GET "/workspaces/$ws/agents?state=sleepy"
answers 422
request GET "/workspaces/$ws/agents?state=all&label_selector=env=production,region=us-west-1"
is .meta.total 1
healthy() { quietly GET "/agents/$agent" && [ "$(field .health.nginx_status)" = running ]; }
within 40 healthy
request GET "/agents/$agent"
answers 200
like "$agent_like"
like '{"health": {"nginx_status": "running", "nginx_uptime_seconds": 1, "active_connections": 1, "requests_per_second": 1.5,
  "cpu_percent": 25.0, "memory_used_mb": 512, "config_version": 42}}'
request PATCH "/agents/$agent" \
  '{"name": "web-server-01-renamed", "labels": {"env": "production", "region": "us-east-1", "tier": "web"}}'
answers 200
is '[.name, .labels]' '["web-server-01-renamed", {"env": "production", "region": "us-east-1", "tier": "web"}]'
request POST "/agents/$agent/reload"
answers 200
like '{"timestamp": ""}'
is '[.success, .message]' '[true, "Nginx reloaded successfully"]'
if has GET '/operations/{operation_id}'; then
  with='Prefer: respond-async'
  request POST "/agents/$agent/reload"
  answers 202
  with=''
  operation=$(field .id)
  is .state '"running"'
  if grep -qi "^location: /v1/operations/$operation" "$work/headers"; then good; else bad 'there is no Location'; fi
  ended() { quietly GET "/operations/$operation" && [ "$(field .state)" != running ]; }
  within 30 ended
  is '[.state, .error, .resource.id]' "[\"succeeded\", null, \"$agent\"]"
  with='Prefer: respond-async, wait=10'
  request POST "/agents/$agent/reload"
  with=''
  answers 200
  is .success true
fi
request POST "/workspaces/$ws/agents/tokens" '{"name": "web-server-03", "labels": {}}'
gone=$(field .agent_id)
request DELETE "/agents/$gone"
answers 204

section 'Certificates: one of our own, for the hosts'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=api.example.com \
  -addext subjectAltName=DNS:api.example.com -addext basicConstraints=critical,CA:FALSE \
  -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
last="POST /workspaces/$ws/certificates as a form"
status=$(curl -sS -o "$work/answer" -w '%{http_code}' -H "Authorization: Bearer $token" "$url/v1/workspaces/$ws/certificates" \
  -F domain=api.example.com -F certificate=@"$work/certificate.pem" -F private_key=@"$work/key.pem")
answers 201
certificate_like='{"id": "", "workspace_id": "", "domain": "", "is_wildcard": false, "provider": "", "status": "",
  "auto_renew": false, "created_at": ""}'
like "$certificate_like"
like '{"issued_at": "", "expires_at": ""}'
is '[.domain, .provider, .status, .is_wildcard]' '["api.example.com", "custom", "active", false]'
certificate=$(field .id)

section 'Upstreams, which the hosts need first'
request POST "/workspaces/$ws/upstreams" '{"name": "web-backend", "algorithm": "least_connections", "servers": [
  {"address": "10.0.1.30:8080", "weight": 2, "backup": false}, {"address": "10.0.1.31:8080", "weight": 1, "backup": false},
  {"address": "10.0.1.32:8080", "weight": 1, "backup": true}],
  "health_check": {"enabled": true, "path": "/health", "interval": 10, "timeout": 5}}'
answers 201
upstream_like='{"id": "", "workspace_id": "", "name": "", "algorithm": "",
  "servers": [{"address": "", "weight": 1, "backup": false, "max_fails": 3, "fail_timeout": 30}],
  "health_check": {"enabled": true, "path": "", "interval": 10, "timeout": 5}, "created_at": "", "updated_at": ""}'
like "$upstream_like"
is '[.algorithm, [.servers[] | [.address, .weight, .backup]]]' '["least_connections",
  [["10.0.1.30:8080", 2, false], ["10.0.1.31:8080", 1, false], ["10.0.1.32:8080", 1, true]]]'
upstream=$(field .id)

section 'Virtual Hosts'
request POST "/workspaces/$ws/virtual-hosts" "{\"name\": \"API Gateway\", \"server_name\": \"api.example.com\",
  \"listen_port\": $https_port, \"ssl_enabled\": true, \"ssl_certificate_id\": \"$certificate\", \"http2_enabled\": true,
  \"locations\": [
    {\"path\": \"/api/v1\", \"upstream_id\": \"$upstream\", \"custom_headers\": [{\"name\": \"X-Forwarded-Proto\", \"value\": \"\$scheme\"}]},
    {\"path\": \"/health\", \"proxy_pass\": \"http://localhost:9/health\"}],
  \"target_agents\": {\"type\": \"selector\", \"label_selector\": \"env=production\"}}"
answers 201
host_like='{"id": "", "workspace_id": "", "name": "", "server_name": "", "listen_port": 443, "ssl_enabled": true,
  "ssl_certificate_id": "", "http2_enabled": true, "target_agents": {"type": "all"}, "created_at": "", "updated_at": ""}'
like "$host_like"
is '[.server_name, .listen_port, .target_agents]' \
  "[\"api.example.com\", $https_port, {\"type\": \"selector\", \"label_selector\": \"env=production\"}]"
is '.locations[0] | [.path, .upstream_id, (.custom_headers[0] | [.name, .value])]' \
  "[\"/api/v1\", \"$upstream\", [\"X-Forwarded-Proto\", \"\$scheme\"]]"
host=$(field .id)
request GET "/workspaces/$ws/virtual-hosts?page=1&per_page=20"
answers 200
like "{\"data\": [$host_like]}"
is .meta '{"page": 1, "per_page": 20, "total": 1}'
request GET "/virtual-hosts/$host"
answers 200
like "$host_like"
request PATCH "/virtual-hosts/$host" "{\"name\": \"API Gateway v2\", \"locations\": [
  {\"path\": \"/api/v2\", \"upstream_id\": \"$upstream\"}, {\"path\": \"/health\", \"proxy_pass\": \"http://localhost:9/health\"}],
  \"listens\": [{\"port\": $http_port}]}"
answers 200
is '[.name, [.locations[].path], .ssl_enabled]' '["API Gateway v2", ["/api/v2", "/health"], true]'
proven() {
  quietly GET "/workspaces/$ws/changes?per_page=1" && quietly GET "/workspaces/$ws/changes/$(field '.data[0].version')" &&
    [ "$(field '.agents[0].state')" = applied ]
}
within 30 proven
is '.changes[0].fields' '["listens", "locations", "name"]'
# Nothing listens behind it: what nginx says of that is the proof that the host is there.
for base in "https://api.example.com:$https_port" "http://api.example.com:$http_port"; do
  last="GET $base/health from nginx"
  status=$(curl -sS -o "$work/answer" -w '%{http_code}' --cacert "$work/certificate.pem" \
    --resolve "api.example.com:$https_port:127.0.0.1" --resolve "api.example.com:$http_port:127.0.0.1" "$base/health")
  printf '%s %s\n' "$status" "$last"
  answers 502
done
request DELETE "/certificates/$certificate"
answers 409
request DELETE "/upstreams/$upstream"
answers 409

section 'Upstreams'
request GET "/workspaces/$ws/upstreams?page=1&per_page=20"
answers 200
like "{\"data\": [$upstream_like]}"
request GET "/upstreams/$upstream"
answers 200
like "$upstream_like"
request PATCH "/upstreams/$upstream" '{"servers": [{"address": "10.0.1.30:8080", "weight": 3, "backup": false}]}'
answers 200
is '[.servers[] | [.address, .weight]]' '[["10.0.1.30:8080", 3]]'

section 'Certificates'
request POST "/workspaces/$ws/certificates" \
  '{"domain": "www.example.com", "provider": "letsencrypt", "auto_renew": true}'
answers 201
like "$certificate_like"
like '{"status_detail": ""}'
is '[.domain, .provider, .status, .auto_renew]' '["www.example.com", "letsencrypt", "pending", true]'
requested=$(field .id)
request GET "/workspaces/$ws/certificates?page=1&per_page=20"
answers 200
like "{\"data\": [$certificate_like]}"
is .meta.total 2
request GET "/certificates/$certificate"
answers 200
like '{"issued_at": "", "expires_at": ""}'
is 'tostring | contains("PRIVATE KEY")' false
request DELETE "/certificates/$requested"
answers 204

section 'Metrics'
day="from=$(date -u -d '-12 hours' +%Y-%m-%dT%H:%M:%SZ)&to=$(date -u -d '+12 hours' +%Y-%m-%dT%H:%M:%SZ)"
metrics_like='{"requests_total": 1, "requests_per_second": 1.5, "error_rate": 0.1, "active_connections": 42,
  "bandwidth": {"in_bytes": 1, "out_bytes": 1}, "status_codes": {"2xx": 1, "3xx": 1, "4xx": 1, "5xx": 1}}'
counted() { quietly GET "/workspaces/$ws/metrics?$day" && [ "$(field '.status_codes["5xx"]')" = 2 ]; }
if has GET '/workspaces/{workspace_id}/metrics'; then
  within 90 counted
  request GET "/workspaces/$ws/metrics?$day"
  answers 200
  like "$metrics_like"
fi
if has GET '/agents/{agent_id}/metrics'; then
  request GET "/agents/$agent/metrics?$day"
  answers 200
  like "$metrics_like"
fi

section 'Access Logs'
if has GET '/workspaces/{workspace_id}/access-logs'; then
  logged() { quietly GET "/workspaces/$ws/access-logs?$day&status_code=502&limit=100" && [ "$(field .meta.total)" = 2 ]; }
  within 90 logged
  request GET "/workspaces/$ws/access-logs?$day&status_code=502&limit=100"
  answers 200
  like '{"data": [{"id": "", "agent_id": "", "timestamp": "", "remote_addr": "", "method": "", "uri": "", "protocol": "", "host": "",
    "status": 500, "body_bytes_sent": 123, "response_time_ms": 150.5, "user_agent": "", "referer": "", "request_id": ""}]}'
  is .meta '{"total": 2, "limit": 100}'
  is '.data[0] | [.method, .uri, .host, .status]' '["GET", "/health", "api.example.com", 502]'
fi

section 'Error Responses'
request POST "/workspaces/$ws/virtual-hosts" '{"name": "A", "server_name": "not a{domain"}'
answers 422
like '{"error": {"code": "", "message": "", "request_id": "", "details": [{"field": "", "message": "", "code": ""}]}}'
is '.error | [.code, (.details[0] | [.field, .code])]' '["VALIDATION_ERROR", ["server_name", "INVALID_FORMAT"]]'
request POST "/organizations/$org/workspaces" '{"name": "Again", "slug": "staging"}'
answers 409
is .error.code '"CONFLICT"'
request GET /virtual-hosts/880e8400-e29b-41d4-a716-446655440004
answers 404
is .error.code '"NOT_FOUND"'
kept=$token token=''
request GET /organizations
answers 401
is .error.code '"UNAUTHORIZED"'
token=$kept

section 'WebSocket'
if has POST /events/tickets; then
  request POST /events/tickets '{}'
  answers 201
  cat >"$work/listen.mjs" <<'LISTEN'
const { default: WebSocket } = await import(`${process.argv[4]}/node_modules/ws/wrapper.mjs`);
const [url, workspace_id] = process.argv.slice(2);
const socket = new WebSocket(url);
socket.on('error', (error) => { console.error(error.message); process.exit(1); });
socket.on('open', () => socket.send(JSON.stringify({ action: 'subscribe', events: ['agent.*', 'config.*'], filter: { workspace_id } })));
socket.on('message', (data) => console.log(String(data)));
LISTEN
  : >"$work/frames"
  node "$work/listen.mjs" "${url/http/ws}/v1/events?token=$(field .ticket)" "$ws" "$PWD" >"$work/frames" &
  listener=$!
  subscribed() { grep -q '"type":"subscribed"' "$work/frames"; }
  within 10 subscribed
  # shows TYPE EXAMPLE: a frame of this type has come, as it is documented.
  shows() {
    last="event $1"
    came() { jq -ce --arg type "$1" 'select(.type == $type)' "$work/frames" >"$work/answer"; }
    within 30 came "$1"
    jq -cs 'last' "$work/answer" >"$work/frame" && mv "$work/frame" "$work/answer"
    echo "event $1"
    like "{\"type\": \"\", \"timestamp\": \"\", \"data\": $2}"
    is .data.agent_id "\"$agent\""
  }
  quietly PATCH "/virtual-hosts/$host" '{"name": "API Gateway v3", "locations": [{"path": "/api/v3", "proxy_pass": "http://localhost:9/"}]}'
  shows config.applied '{"agent_id": "", "config_id": "", "version": 42, "duration_ms": 150, "success": true}'
  kill "$agent_pid" && wait "$agent_pid" || true
  shows agent.disconnected '{"agent_id": "", "reason": ""}'
  bin/nxmesh agent --gateway "$gateway" --state-dir "$work/agent" >>"$work/agent.log" 2>&1 &
  agent_pid=$!
  shows agent.connected '{"agent_id": "", "hostname": "", "ip_address": ""}'
  kill "$listener" && wait "$listener" 2>/dev/null || true
fi

section 'What was made goes again'
for path in "/virtual-hosts/$host" "/upstreams/$upstream" "/certificates/$certificate" "/agents/$agent" "/workspaces/$ws" "/organizations/$org"; do
  request DELETE "$path"
  answers 204
  request GET "$path"
  answers 404
done

request POST /organizations "{\"name\": \"Acme Corp\", \"slug\": \"$slug\"}"
answers 201
request DELETE "/organizations/$(field .id)"
answers 204

stage=end
printf '\n%s checks, %s faults, %s operations not there yet\n' "$checks" "$faults" "$missing"
[ "$faults" -eq 0 ]
