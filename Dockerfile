# syntax=docker/dockerfile:1

# Builds with all packages, runs with the production ones alone.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY config config
COPY queues queues
COPY processors processors
COPY schedulers schedulers
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image reaches Redis and PostgreSQL by URL, so the embedded server's binaries stay out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
# tini reaps what the service starts and hands it the signals that drain it. The Chromium that prints reports comes from
# npm, pinned by the lock file, and is unpacked into the data folder when first needed; it wants these two libraries.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libexpat1 libnss3 tini \
 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY migrations migrations
COPY mappings mappings
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8500 9090
# Every role serves its health beside its metrics.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.METRICS_PORT || 9090) + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
# Threads of drawing and compressing would each get a heap of malloc's own, and keep what was once in it.
ENV MALLOC_ARENA_MAX=2
# Young objects die young here; a small nursery keeps a worker a third smaller at the same speed.
CMD ["node", "--max-semi-space-size=8", "dist/src/main.js"]
