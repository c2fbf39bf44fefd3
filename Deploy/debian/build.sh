#!/usr/bin/env bash
# Makes a Debian package of a built program, without root: Deploy/debian/build.sh [FOLDER]
#
# The program must be built with Swift's runtime in it:
#
#     swift build -c release --product kongur --static-swift-stdlib -Xlinker --strip-all
set -euo pipefail
cd "$(dirname "$0")/../.."

program=${KONGUR_PROGRAM:-.build/release/kongur}
target=${1:-.build}
stop() { echo "build.sh: $*" >&2; exit 1; }
[ -x "$program" ] || stop "$program is not there; build it first"
libraries=.build/checkouts
[ -d "$libraries" ] || stop "$libraries is not there, whose licences go into the package: swift package resolve"
! objdump -p "$program" | grep -q 'NEEDED.*libswift' ||
    stop "$program needs Swift's own libraries; build it with --static-swift-stdlib"

version=$("$program" --version)
grep -q "^kongur ($version)" <(head -1 Deploy/debian/changelog) || stop "Deploy/debian/changelog does not begin with $version"
architecture=$(dpkg --print-architecture)
glibc=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sed s/GLIBC_// | sort -uV | tail -1)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

install -D -m 0755 "$program" "$root/usr/bin/kongur"
for file in config.json generation_config.json tokenizer.json tokenizer_config.json chat_template.jinja model.safetensors README.md evaluation.jsonl; do
    install -D -m 0644 "Models/pebble/$file" "$root/usr/share/kongur/models/pebble/$file"
done
install -D -m 0644 Deploy/systemd/kongur.service "$root/lib/systemd/system/kongur.service"
install -D -m 0644 Deploy/systemd/kongur.yaml "$root/etc/kongur/kongur.yaml"
documents=$root/usr/share/doc/kongur
install -D -m 0644 README.md "$documents/README.md"
install -m 0644 Deploy/debian/copyright "$documents/copyright"
gzip -9n <Deploy/debian/changelog >"$documents/changelog.gz"
for file in "$libraries"/*/{LICENSE,NOTICE}{,.txt,.md}; do
    [ ! -f "$file" ] || install -D -m 0644 "$file" "$documents/licenses/$(basename "$(dirname "$file")")/$(basename "$file")"
done
for shell in bash zsh fish; do
    case $shell in
        bash) file=usr/share/bash-completion/completions/kongur ;;
        zsh) file=usr/share/zsh/vendor-completions/_kongur ;;
        fish) file=usr/share/fish/vendor_completions.d/kongur.fish ;;
    esac
    mkdir -p "$root/$(dirname "$file")"
    "$program" --generate-completion-script "$shell" >"$root/$file"
done
mkdir -p "$root/usr/share/man/man1"
scripts/man-page.py "$program" | gzip -9n >"$root/usr/share/man/man1/kongur.1.gz"

mkdir "$root/DEBIAN"
echo /etc/kongur/kongur.yaml >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/control" <<CONTROL
Package: kongur
Version: $version
Architecture: $architecture
Maintainer: The Kongur maintainers <maintainers@kongur.invalid>
Installed-Size: $(du -sk "$root" | cut -f1)
Pre-Depends: init-system-helpers (>= 1.54~)
Depends: libc6 (>= $glibc), libgcc-s1, libstdc++6, zlib1g, libsqlite3-0, libjs-katex, libjs-marked, libjs-highlight.js
Suggests: redis-server
Section: net
Priority: optional
Description: server for small reasoning models
 Serves models of Qwen2's, Qwen3's and Llama's architecture on a plain processor, by an API as OpenAI has it, and runs
 them from the command line. A very small model is in the package.
CONTROL
install -m 0755 Deploy/debian/{postinst,prerm,postrm} "$root/DEBIAN"

package="$target/kongur_${version}_$architecture.deb"
dpkg-deb --root-owner-group --build "$root" "$package"
