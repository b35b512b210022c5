# The two commands of the README are `make demo` and `make test`; each does its own set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests and benchmarks start thousands of processes: let Python keep the compiled modules, as an
# installed package has them.
unexport PYTHONDONTWRITEBYTECODE
STAMP := $(VENV)/.installed
SPARK_STAMP := $(VENV)/.installed-spark

.PHONY: demo test test-spark install-spark lint bench screenshots clean

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[metrics,dev]'
	touch $@

demo: $(STAMP)  ## the main job end to end on the sample prompts
	$(BIN)/python examples/demo.py

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n auto --dist worksteal --ignore tests/spark $(ARGS)

# The packages of the extra alone: tests may run meanwhile, from under which installing the project
# again would pull it.
$(SPARK_STAMP): $(STAMP)
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['spark'], sep='\n')" \
	  | $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r /dev/stdin
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
