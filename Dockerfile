# One image per role, from one file. docker build --target control|worker-cpu|worker-openvino|worker-cuda .
ARG PYTHON=3.11

# Each role's dependencies first: they change rarely, and a changed line of code does not install them again.
FROM python:${PYTHON}-slim AS base
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
# The folders exist and belong to the user before volumes are mounted on them: a new volume takes that over.
RUN useradd --create-home --uid 1000 farm && install -d -o farm -g farm /data /cache
ENV FARM_DATA_DIR=/data FARM_CACHE_DIR=/cache
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY farm/__init__.py farm/
COPY workers/__init__.py workers/
COPY migrations/env.py migrations/

FROM base AS control
RUN pip install -c constraints.txt .
COPY . .
RUN pip install --no-deps --force-reinstall .
USER 1000:1000
CMD ["farm", "--help"]

FROM base AS worker-cpu
# PyTorch's own index has builds without CUDA, a tenth of the size: docker build --build-arg PIP_EXTRA_INDEX_URL=...
ARG PIP_EXTRA_INDEX_URL
RUN pip install -c constraints.txt '.[cpu]'
COPY . .
RUN pip install --no-deps --force-reinstall .
USER 1000:1000
CMD ["farm", "worker", "--platform", "cpu"]

FROM base AS worker-openvino
ARG PIP_EXTRA_INDEX_URL
RUN pip install -c constraints.txt '.[openvino]'
COPY . .
RUN pip install --no-deps --force-reinstall .
USER 1000:1000
CMD ["farm", "worker", "--platform", "openvino"]

FROM base AS worker-cuda
# CUDA's libraries come with PyTorch's wheels; the driver comes from the host, through the container runtime.
RUN pip install -c constraints.txt '.[cuda]'
COPY . .
RUN pip install --no-deps --force-reinstall .
USER 1000:1000
CMD ["farm", "worker", "--platform", "cuda"]
