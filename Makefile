# `make run` and `make test` need nothing but a Swift toolchain: each sets up what is missing, and says nothing when
# nothing is.

PROMPT ?= What is the greatest common divisor of 84 and 36?
export PROMPT

KONGUR := .build/release/kongur
SOURCES := $(shell find Sources -type f) Package.swift

.PHONY: run test bench bench-check bench-thresholds build docs clean setup

# Answers PROMPT with the bundled model, on DEVICE where one is given: `make run DEVICE=k20` simulates that card.
run: build
	@$(KONGUR) run $(if $(DEVICE),--device "$(DEVICE)") "$$PROMPT"

# Suites that keep the whole machine busy, or a browser or a Python program waiting: they run after the others.
HEAVY := ServerScriptTests|TorchExportTests|WebPageBrowserTests|ChatTemplateOracleTests|JinjaTableTests
# Suites that look at the clock, or draw so many tokens that others would: they run alone.
CLOCKED := MemoryTests|MemoryResponseCacheTests|SQLiteResponseCacheTests|FairnessTests|EventQueueTests

# So many tests at once: each waits for something, and with all of them at once what should take a second takes minutes.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8

# Checks the format and the arrows between rooms, then runs every test.
test:
	@scripts/setup.sh tests
	@scripts/python.sh
	@swift format lint --strict --recursive --parallel Sources Tests Examples Benchmarks Package.swift
	@scripts/check-layers.sh
	@scripts/check-readme.sh
	@$(MAKE) -s -j2 -C Plugins/kunlun check
	@swift test -c release --skip '$(HEAVY)|$(CLOCKED)'
	@swift test -c release --skip-build --filter '$(CLOCKED)'
	@swift test -c release --skip-build --filter '$(HEAVY)'

# Measures; Benchmarks/README.md says what, and how to measure other tokenizers and texts.
bench: setup
	@swift package --package-path Benchmarks benchmark --no-progress

# Fails when something is slower than Benchmarks/Thresholds allows.
bench-check: setup
	@scripts/bench-check.sh

# Makes Benchmarks/Thresholds anew, on an idle machine.
bench-thresholds: setup
	@rm -rf Benchmarks/Thresholds
	@swift package --package-path Benchmarks --allow-writing-to-package-directory \
		benchmark thresholds update --no-progress --path Benchmarks/Thresholds

build: setup $(KONGUR)

$(KONGUR): $(SOURCES)
	@echo "Building kongur; the first time takes some minutes." >&2
	@swift build -c release --product kongur
	@touch $@

# One page per room, in .build/docs.
docs: setup
	@scripts/docs.sh

setup:
	@scripts/setup.sh

clean:
	@rm -rf .build
