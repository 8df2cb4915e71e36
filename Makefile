lock:
	uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements.lock
	for name in runtime adot; do uv pip compile locks/$$name.in $(LOCK) -o locks/$$name.lock; done
	for name in native slim api; do uv pip compile locks/$$name.in $(LOCK) $(BUNDLED) -o locks/$$name.lock; done

LOCK := --universal --generate-hashes --no-annotate --python-version 3.11 --quiet --custom-compile-command "make lock"
BUNDLED := $(foreach name,boto3 botocore s3transfer jmespath python-dateutil six urllib3,--no-emit-package $(name))
