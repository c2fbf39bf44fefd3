#!/usr/bin/env bash
# Builds the image of Deploy/Dockerfile with buildah, runs it with podman as compose.yaml does, and asks it from outside:
#
#     swift build -c release --product kongur --static-swift-stdlib -Xlinker --strip-all
#     sudo scripts/image-check.sh .build/release/kongur
#
# For machines that reach Debian's packages and no registry of images. The two base images are made here: the one that the image
# runs on by debootstrap, and the compiler's from the same with a `swift` that hands over the program at hand when it is asked for
# what made it. Every other step is the Dockerfile's own. Then the Debian package is installed on the same base, and
# its unit run by a systemd there. Where podman-compose (1.2 or newer) and the packages netavark, aardvark-dns and iptables are there,
# compose.yaml is brought up, with Debian's Redis and Prometheus in the places of their makers' images, and without Grafana.
#
# Needs root and the packages buildah, podman, crun, debootstrap and curl. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() { echo "image-check: $*" >&2; exit 1; }
said() { echo "image-check: $*"; }
program=$(realpath "${1:?usage: scripts/image-check.sh PROGRAM}")
[ "$(id -u)" = 0 ] || stop "run it as root"
for needed in buildah podman crun debootstrap curl; do
    command -v "$needed" >/dev/null || stop "$needed is missing; apt-get install buildah podman crun debootstrap curl"
done
[ -x "$program" ] || stop "$program is not there; build it first"
! objdump -p "$program" | grep -q 'NEEDED.*libswift' || stop "$program needs Swift's own libraries; build it with --static-swift-stdlib"

# crun takes no machine that has control groups of both versions: it is shown those of version 2 alone. What other containers of
# this machine are doing is not seen from here.
if [ -z "${IMAGE_CHECK_INSIDE:-}" ]; then
    IMAGE_CHECK_INSIDE=yes exec unshare --mount --propagation private bash -c \
        'mount -t cgroup2 none /sys/fs/cgroup && mkdir -p /run/containers && mount -t tmpfs none /run/containers && exec "$@"' bash "$0" "$program"
fi

work=$(mktemp -d /var/tmp/kongur-image.XXXXXX)
export STORAGE_DRIVER=vfs
mkdir "$work/bin"
storage="--root $work/storage --runroot $work/run"
# Without the words about a systemd that is not there to call the health check; it is called here.
for tool in "podman --log-level fatal --network-backend netavark --network-config-dir $work/networks" buildah; do
    printf '#!/bin/sh\nexec %s %s "$@"\n' "/usr/bin/$tool" "$storage" >"$work/bin/${tool%% *}"
done
chmod +x "$work"/bin/*
PATH=$work/bin:$PATH
leave() {
    for _ in 1 2 3; do podman rm --all --force --time 0 >/dev/null 2>&1 && break; done || true
    names=/run/containers/networks/aardvark-dns/aardvark.pid
    [ ! -e "$names" ] || kill "$(cat "$names")" 2>/dev/null || true
    find /sys/fs/cgroup/kongur-image-check -depth -type d -exec rmdir {} + 2>/dev/null || true
    rm -rf "$work"
}
trap leave EXIT

# Limits of processes as they are where a container may not raise them; no control groups of its own.
inside=(--cgroups=disabled --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --network host)

# --- the bases
mapfile -t bases < <(awk '$1 == "FROM" { print $2 }' Deploy/Dockerfile)
compiler=docker.io/library/${bases[0]} base=docker.io/library/${bases[1]}
said "making $base by debootstrap"
debootstrap --variant=minbase bookworm "$work/root" >"$work/debootstrap.log" 2>&1 || stop "$(tail -3 "$work/debootstrap.log")"
# As in the image of that name: nothing that apt keeps, no manuals.
rm -rf "$work"/root/var/{lib/apt/lists,cache/apt,log}/* "$work"/root/usr/share/{doc,man,info,locale}/*
echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; APT::Keep-Downloaded-Packages "false";' >"$work/root/etc/apt/apt.conf.d/clean"
for folder in doc man info locale; do echo "path-exclude /usr/share/$folder/*"; done >"$work/root/etc/dpkg/dpkg.cfg.d/slim"
tar -C "$work/root" -c . | podman import --quiet - "$base" >/dev/null
rm -rf "$work/root"
said "making $compiler of it, with a swift that hands over $program"
asked=$(sed -n 's/^RUN swift \(.*\) && \\$/\1/p' Deploy/Dockerfile)
cat >"$work/swift" <<SWIFT
#!/bin/sh
[ "\$*" = "$asked" ] || { echo "swift: asked for '\$*'" >&2; exit 1; }
install -D /handed-over .build/release/kongur
SWIFT
chmod +x "$work/swift"
container=$(buildah from --pull-never "$base")
buildah copy --quiet "$container" "$work/swift" /usr/bin/swift >/dev/null
buildah copy --quiet "$container" "$program" /handed-over >/dev/null
buildah commit --quiet "$container" "$compiler" >/dev/null
buildah rm "$container" >/dev/null

# --- the image
said "building Deploy/Dockerfile"
buildah bud --isolation chroot --format docker --pull-never --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
    -f Deploy/Dockerfile -t kongur . >"$work/build.log" 2>&1 || stop "the image was not built: $(tail -20 "$work/build.log")"
field() { podman image inspect --format "{{$1}}" kongur; }
[ "$(field .Config.User)" = 10001:10001 ] || stop "the image runs as '$(field .Config.User)'"
! field .Config.Env | grep -qiE 'key|token|password|secret' || stop "the image's environment has a secret: $(field .Config.Env)"
megabytes() { awk '{ printf "%.0f MB", $1 / 1e6 }'; }
said "size $(field .Size | megabytes), of which the base $(podman image inspect --format '{{.Size}}' "$base" | megabytes);" \
    "compressed $(podman save kongur | gzip -1 | wc -c | megabytes)"

# --- the service, as compose.yaml has it
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port key=a-key-for-this-run
start() {
    local begun=$(date +%s%N)
    podman run --detach --name kongur "${inside[@]}" --read-only --read-only-tmpfs=false --cap-drop ALL \
        --security-opt no-new-privileges --volume models:/var/cache/kongur --env KONGUR_PORT="$port" --env KONGUR_API_KEY="$key" \
        kongur >/dev/null
    for _ in $(seq 600); do
        if curl --silent --fail --output /dev/null "$url/health/ready"; then
            said "ready $((($(date +%s%N) - begun) / 1000000)) ms after the start"
            return
        fi
        sleep 0.1
    done
    stop "the service does not get ready: $(podman logs kongur 2>&1 | tail -5)"
}
end() {
    podman stop --time 40 kongur >/dev/null
    status=$(podman inspect --format '{{.State.ExitCode}}' kongur)
    [ "$status" = 0 ] || stop "the service ended with status $status: $(podman logs kongur 2>&1 | tail -5)"
    podman rm kongur >/dev/null
}
get() { curl --silent --show-error --fail --header "Authorization: Bearer $key" "$@"; }
expect() { grep -q -- "$1" <<<"$2" || stop "$3: $(head -c 500 <<<"$2")"; }

start
process=$(podman inspect --format '{{.State.Pid}}' kongur)
status=$(cat "/proc/$process/status")
expect '^Uid:.10001.10001' "$status" "the service does not run as its own user"
expect '^CapEff:.0000000000000000' "$status" "the service has rights of root"
expect '^NoNewPrivs:.1' "$status" "the service can gain rights"
! podman exec kongur touch /usr/written 2>/dev/null || stop "the root can be written to"
! podman exec kongur touch /tmp/written 2>/dev/null || stop "/tmp can be written to"
podman exec kongur touch /var/cache/kongur/written || stop "the volume cannot be written to"
answer=$(get "$url/v1/chat/completions" --json '{"model": "pebble", "temperature": 0, "messages": [{"role": "user", "content": "What is 47 + 385?"}]}')
expect '432' "$answer" "a wrong answer"
expect '<title>' "$(get "$url/")" "no page"
page=$(get "$url/")
for script in $(grep -oE '(src|href)="[^"]+\.(js|css)"' <<<"$page" | cut -d'"' -f2); do
    get --output /dev/null "$url/${script#/}" || stop "the page's $script is not there"
done
expect '^vllm:generation_tokens_total' "$(get "$url/metrics")" "no metrics"
refused=$(curl --silent --output /dev/null --write-out '%{http_code}' "$url/v1/models")
[ "$refused" = 401 ] || stop "without a key the answer is $refused"
podman healthcheck run kongur >/dev/null || stop "the health check says that the service is not healthy"
mapfile -t check < <(podman image inspect --format '{{range .Config.Healthcheck.Test}}{{println .}}{{end}}' kongur | grep -v '^CMD$' | grep .)
! podman exec --env KONGUR_PORT=1 kongur "${check[@]}" 2>/dev/null || stop "the health check finds a service where none is"
said "answers as its own user with a read-only root; its page, metrics, key and health check are right"
end
said "again, with the volume of the first time"
start
end

# --- the composition
made() {
    podman run --name "$1" "${inside[@]}" "$base" bash -euc \
        "{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $2; } >/tmp/log 2>&1 || cat /tmp/log; $3" ||
        stop "no image of $2 can be made"
    podman commit --quiet "${@:5}" "$1" "docker.io/$4" >/dev/null
    podman rm "$1" >/dev/null
}
named() { sed -n "s#^    image: \($1:.*\)#\1#p" Deploy/compose.yaml; }
if podman-compose --help 2>/dev/null | grep -q -- --in-pod && [ -x /usr/lib/podman/aardvark-dns ]; then
    said "bringing compose.yaml up"
    redis=$(named redis) prometheus=$(named prom/prometheus)
    made redis redis-server : "library/$redis"
    made prometheus "prometheus curl" "install -d -o nobody -g nogroup /prometheus; rm -r /etc/prometheus" "$prometheus" \
        --change "USER nobody" --change "WORKDIR /prometheus" --change "VOLUME /prometheus" --change "ENTRYPOINT [\"prometheus\"]" \
        --change "CMD [\"--config.file=/etc/prometheus/prometheus.yml\", \"--storage.tsdb.path=/prometheus\"]"
    cp -r Deploy "$work/Deploy"
    echo -n "$key" >"$work/key"
    chmod 644 "$work/key"
    # podman knows no secrets from the environment; names of images are whole where no registry is asked.
    sed -i "s#image: $redis#image: docker.io/library/$redis#; s#image: $prometheus#image: docker.io/$prometheus#
        s#image: kongur#image: localhost/kongur#; s#^    environment: KONGUR_API_KEY#    file: $work/key#" "$work/Deploy/compose.yaml"
    export work key
    unshare --net bash -euc '
        fails() { echo "$*"; for name in kongur redis prometheus; do podman logs "kongur_${name}_1" 2>&1 | tail -5; done; exit 1; }
        waits() { for _ in $(seq 300); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; fails "not within 30 s: $*"; }
        ip link set lo up
        cd "$work/Deploy"
        KONGUR_API_KEY=$key GRAFANA_PASSWORD=unused podman-compose --in-pod false --podman-run-args \
            "--cgroups=disabled --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --pull never" \
            up --detach --no-build kongur redis prometheus >"$work/compose.log" 2>&1 || fails "$(tail -5 "$work/compose.log")"
        authorization="Authorization: Bearer $key"
        waits curl --fail --header "$authorization" http://127.0.0.1:8000/v1/models
        asks() {
            curl -s --dump-header - http://127.0.0.1:8000/v1/completions --header "$authorization" \
                --json "{\"model\": \"pebble\", \"prompt\": \"1+1=\", \"temperature\": 0}" | grep -iq "^x-kongur-cache: hit"
        }
        waits asks
        waits bash -c "podman exec kongur_prometheus_1 curl -s \"http://127.0.0.1:9090/api/v1/query?query=up%7Bjob=%22kongur%22%7D\" |
            grep -q \",\\\"1\\\"\]\""
        podman healthcheck run kongur_kongur_1
    ' 2>"$work/compose.err" || stop "the composition does not work as it should: $(tail -5 "$work/compose.err")"
    said "the server answers through the composition, keeps answers in its Redis, and its Prometheus scrapes it with the key"
else
    said "compose.yaml was not brought up: podman-compose 1.2, netavark and aardvark-dns are not all there"
fi

# --- the Debian package
said "building and installing the Debian package"
KONGUR_PROGRAM=$program Deploy/debian/build.sh "$work" >/dev/null
package=$(echo "$work"/kongur_*.deb)
said "package of $(stat -c %s "$package" | megabytes)"
podman run --name package "${inside[@]}" --volume "$package:/tmp/kongur.deb:ro" "$base" bash -euc '
    export DEBIAN_FRONTEND=noninteractive
    rm /etc/dpkg/dpkg.cfg.d/slim
    { apt-get update && apt-get install -y --no-install-recommends systemd-sysv dbus curl man-db bash-completion python3 /tmp/kongur.deb; } \
        >/tmp/log 2>&1 || { tail -20 /tmp/log; exit 1; }
    kongur --version >/dev/null
    [ "$(kongur run --no-stream --temperature 0 "What is 47 + 385?" 2>/dev/null | grep -c 432)" -gt 0 ]
    man kongur | grep -q "kongur serve"
    bash -ic "source /usr/share/bash-completion/completions/kongur; complete -p kongur" 2>/dev/null | grep -q kongur
    systemd-analyze verify /lib/systemd/system/kongur.service
    systemd-analyze security --offline=yes /lib/systemd/system/kongur.service | tail -1
    zcat /usr/share/doc/kongur/changelog.gz | grep -q "^kongur ($(kongur --version))"
    grep -q "^License:" /usr/share/doc/kongur/copyright && [ -s /usr/share/doc/kongur/licenses/swift-nio/LICENSE.txt ]
    apt-get remove -y kongur >/tmp/log 2>&1
    [ ! -e /usr/bin/kongur ] && [ -e /etc/kongur/kongur.yaml ]
    apt-get purge -y kongur >/tmp/log 2>&1
    [ ! -e /etc/kongur ]
' || stop "the package does not install, work, or go away as it should"
said "the package installs, works and goes away"
podman commit --quiet package with-systemd >/dev/null

# --- the unit under systemd, with a network and control groups of its own
groups=/sys/fs/cgroup/kongur-image-check
mkdir -p "$groups"
podman run --detach --name machine --cgroups=disabled --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --network none --privileged \
    --systemd=always --cgroupns host --volume "$groups:/sys/fs/cgroup:rw" --tmpfs /run --volume "$package:/root/kongur.deb:ro" \
    --volume "$PWD/scripts/stand-in-hub.py:/root/stand-in-hub.py:ro" \
    with-systemd /sbin/init >/dev/null
podman exec machine bash -euc '
    fails() { echo "$*: $(systemctl status kongur 2>&1 | head -20) $(journalctl -u kongur -n 20 2>&1)"; exit 1; }
    waits() { for _ in $(seq 300); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; fails "not within 30 s: $*"; }
    url=http://127.0.0.1:8000
    waits systemctl is-active multi-user.target
    dpkg -i /root/kongur.deb >/dev/null 2>&1
    waits curl --fail $url/health/ready
    for lib in marked.js highlight.js katex/katex.js katex/fonts/KaTeX_Main-Regular.woff2; do
        curl --fail -s -o /dev/null $url/page/lib/$lib || fails "the page has no $lib"
    done
    curl -s $url/v1/chat/completions --json "{\"model\": \"pebble\", \"temperature\": 0,
        \"messages\": [{\"role\": \"user\", \"content\": \"What is 47 + 385?\"}]}" | grep -q 432 || fails "a wrong answer"
    process=$(systemctl show --value -p MainPID kongur)
    grep -Eq "^Uid:.6[0-9]{4}" /proc/$process/status || fails "no user of its own: $(grep Uid /proc/$process/status)"
    grep -q "^CapBnd:.0000000000000000" /proc/$process/status && grep -q "^Seccomp:.2" /proc/$process/status || fails "no fences"
    journalctl -u kongur | grep -q "answers at" || fails "nothing in the journal"
    kill -KILL $process
    waits bash -c "[ \$(systemctl show --value -p MainPID kongur) -gt 0 ] && curl --fail $url/health/ready"
    systemctl stop kongur
    [ "$(systemctl show --value -p Result kongur)" = success ] || fails "it does not end well"
    sed -i "s/^port: 8000/port: 8001/" /etc/kongur/kongur.yaml
    systemctl start kongur
    waits curl --fail http://127.0.0.1:8001/health/ready
    key=$(kongur keys add /etc/kongur/keys.txt ann) && chmod 644 /etc/kongur/keys.txt
    sed -i "s/^host: .*/host: 0.0.0.0/; s/^# keys-file/keys-file/" /etc/kongur/kongur.yaml
    systemctl restart kongur
    waits curl --fail --header "Authorization: Bearer $key" http://127.0.0.1:8001/v1/models
    [ "$(curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:8001/v1/models)" = 401 ] || fails "it answers without a key"
    asks() { curl --silent --fail --header "Authorization: Bearer $key" "http://127.0.0.1:8001/$1"; }
    main() { systemctl show --value -p MainPID kongur; }

    python3 /root/stand-in-hub.py someone/pebble /usr/share/kongur/models/pebble 9000 2>/dev/null & hub=$!
    waits curl --fail http://127.0.0.1:9000/api/models/someone/pebble/revision/main
    systemd-run --quiet --pipe --wait -p DynamicUser=yes -p User=kongur -p CacheDirectory=kongur -E HF_ENDPOINT=http://127.0.0.1:9000 \
        -E HF_HOME=/var/cache/kongur/huggingface kongur pull --quiet someone/pebble >/tmp/pulled 2>&1 || fails "pull: $(cat /tmp/pulled)"
    kill $hub
    sed -i "s#^\# model: .*#model: someone/pebble#" /etc/kongur/kongur.yaml
    systemctl restart kongur
    waits asks health/ready
    asks v1/models | grep -q "\"someone/pebble\"" || fails "it serves another model: $(asks v1/models)"

    before=$(main)
    dpkg -i /root/kongur.deb >/dev/null 2>&1
    waits asks health/ready
    [ "$(main)" != "$before" ] || fails "an upgrade leaves the old program running"
    grep -q "^port: 8001" /etc/kongur/kongur.yaml || fails "an upgrade changes the settings"
    systemctl stop kongur
    dpkg -i /root/kongur.deb >/dev/null 2>&1
    ! systemctl is-active --quiet kongur || fails "an upgrade starts what was stopped"
    systemctl disable kongur >/dev/null 2>&1
    dpkg -i /root/kongur.deb >/dev/null 2>&1
    ! systemctl is-enabled --quiet kongur && ! systemctl is-active --quiet kongur || fails "an upgrade enables what was disabled"
    systemctl enable --now kongur >/dev/null 2>&1
    waits asks health/ready

    dpkg -r kongur >/dev/null 2>&1
    ! systemctl is-active --quiet kongur || fails "it runs without its program"
    [ -d /var/cache/kongur/huggingface ] || fails "the pulled model went with the program, without a purge"
    touch /var/cache/private/kongur/of-somebody-else
    dpkg -P kongur >/tmp/purged 2>&1
    [ ! -e /var/cache/private/kongur/huggingface ] && [ ! -e /var/cache/private/kongur/compiled ] || fails "a purge leaves models"
    [ -e /var/cache/private/kongur/of-somebody-else ] && [ -e /etc/kongur/keys.txt ] || fails "a purge removes what others made"
    [ ! -e /etc/kongur/kongur.yaml ] && [ ! -e /etc/systemd/system/multi-user.target.wants/kongur.service ] || fails "a purge leaves settings"
' || stop "the service does not run under systemd as it should"
said "under systemd it starts when it is installed, answers behind its fences, comes back when it is killed, serves a pulled model, follows upgrades, and is purged"
