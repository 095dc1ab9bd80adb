# The image of a loader replica, of the schedule endpoint and of every other command. `--target gpu` adds what the
# webgpu backend needs; the default target has no graphics library in it.

ARG NODE=node:20-bookworm-slim

# The packages that a running replica needs. All binaries come inside npm packages, so no install script has to run; those
# for other systems, and gl, which would have to be compiled and is not used, are a quarter of the image.
FROM ${NODE} AS deps
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
    && rm -rf node_modules/gl \
    && find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 -type d ! -name "linux-$(node -p process.arch)" -exec rm -rf {} +

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY protos ./protos
COPY src ./src
COPY scripts/make-sample-set.ts scripts/sample-scenes.ts scripts/join-modules.ts ./scripts/
RUN npm run build && find dist -name '*.map' -delete

FROM ${NODE} AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini libjemalloc2 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=node --group=node /data /etc/tributary /var/lib/tributary
WORKDIR /app
COPY --from=deps /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY protos ./protos
COPY package.json LICENSE ./
COPY --chmod=755 deploy/docker/entry.sh deploy/docker/ready.sh ./deploy/docker/
RUN ln -s /app/deploy/docker/entry.sh /usr/local/bin/tributary \
    && ln -s /app/deploy/docker/ready.sh /usr/local/bin/tributary-ready
COPY deploy/docker/tributary.yaml ./deploy/docker/
COPY deploy/docker/tributary.yaml /etc/tributary/tributary.yaml
# TINI_SUBREAPER: quiet and right also where another init is process 1. The probe asks where the metrics are.
ENV NODE_ENV=production \
    TINI_SUBREAPER=1 \
    TRIBUTARY_METRICS_LISTEN=127.0.0.1:9464 \
    TRIBUTARY_MALLOC=jemalloc
USER node
EXPOSE 50051 50052 9464
HEALTHCHECK --interval=10s --timeout=5s --retries=3 --start-period=60s \
    CMD ["tributary-ready", "9464"]
ENTRYPOINT ["tini", "--", "/app/deploy/docker/entry.sh"]
# docker build --build-arg VERSION=$(node -p "require('./package.json').version") --build-arg REVISION=$(git rev-parse HEAD) --build-arg SOURCE=URL .
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="tributary" \
      org.opencontainers.image.description="A streaming image data loader over gRPC: seven sources, one deterministic stream" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# The Vulkan loader, and the X libraries that NVIDIA's driver opens; the driver itself is mounted by the container runtime.
FROM base AS gpu
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libvulkan1 libx11-6 libxext6 libegl1 \
    && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,graphics,utility
USER node

FROM base AS runtime
