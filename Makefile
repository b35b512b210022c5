# The two commands of the README are `make demo` and `make test`; each does its own set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests and benchmarks start thousands of processes: let Python keep the compiled modules, as an
# installed package has them.
unexport PYTHONDONTWRITEBYTECODE
STAMP := $(VENV)/.installed
SPARK_STAMP := $(VENV)/.installed-spark
# Of 140 MB of modules most are never imported; Python compiles the others when they are.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt

.PHONY: install demo test test-spark install-spark lint bench screenshots clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[metrics,dev]'
	touch $@

install: $(STAMP)

demo: $(STAMP)  ## the main job end to end on the sample prompts
	$(BIN)/python examples/demo.py

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/spark $(ARGS)

# The packages of the extra alone: tests may run meanwhile, from under which installing the project
# again would pull it. PySpark comes as source, from which pip makes a wheel of half a gigabyte: one
# that is not compressed need not be unpacked again.
$(SPARK_STAMP): $(STAMP)
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['spark'], sep='\n')" \
	  | xargs $(PIP) --use-pep517 --config-settings=--build-option=--compression=stored
	touch $@

install-spark: $(SPARK_STAMP)

test-spark: $(SPARK_STAMP)  ## every query on Spark as well, compared with DuckDB; needs Java
	$(BIN)/python -m pytest tests/spark $(ARGS)

lint: $(STAMP)  ## ruff, formatting and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)  ## every figure the documentation quotes
	$(BIN)/python benchmarks/run.py $(ARGS)

screenshots: $(STAMP)  ## the pictures of README and docs
	$(BIN)/python examples/screenshots.py $(ARGS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
