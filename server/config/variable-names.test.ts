import { expect, test } from 'vitest'
import { VARIABLES } from './variables.ts'
import { checkNames } from './variable-names.ts'
import { TRANSLATED_NAMES, IGNORED_NAMES } from './tapis-variables.ts'

const KNOWN = Object.keys(VARIABLES)
const judge = (env: Readonly<Record<string, string>>) => checkNames(env, KNOWN)
const violationsOf = (name: string, value = 'x') => judge({ [name]: value }).violations

/** Found in shells, containers, clusters, build services and platforms. */
const ORDINARY = `
  HOME PATH USER LOGNAME SHELL PWD OLDPWD SHLVL TERM TERM_PROGRAM COLORTERM LANG LANGUAGE LC_ALL LC_CTYPE TZ EDITOR
  VISUAL PAGER LESS MAIL MANPATH HOST HOSTNAME HOSTTYPE OSTYPE MACHTYPE VENDOR GROUP DISPLAY WAYLAND_DISPLAY
  XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_DIRS XDG_SESSION_ID DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK SSH_CLIENT
  SSH_CONNECTION SSH_TTY TMPDIR TMP TEMP HISTSIZE HISTFILE PS1 PS2 IFS _ LS_COLORS CLICOLOR DEBUG VERBOSE CI BUILD_ID
  BUILD_NUMBER BUILD_URL JOB_NAME JOB_URL NODE_NAME WORKSPACE JENKINS_URL GITHUB_ACTIONS GITHUB_ACTOR GITHUB_BASE_REF
  GITHUB_ENV GITHUB_EVENT_NAME GITHUB_JOB GITHUB_REF GITHUB_REPOSITORY GITHUB_RUN_ID GITHUB_SERVER_URL GITHUB_SHA
  GITHUB_TOKEN GITHUB_WORKSPACE RUNNER_OS RUNNER_TEMP RUNNER_TOOL_CACHE RUNNER_DEBUG GITLAB_CI CI_COMMIT_SHA CI_JOB_ID
  CI_PIPELINE_ID CI_PROJECT_DIR CI_REGISTRY CI_RUNNER_ID CI_SERVER_HOST CI_JOB_TOKEN TRAVIS CIRCLECI BUILDKITE DRONE
  TF_BUILD AGENT_ID SYSTEM_TEAMPROJECT PORT DYNO HEROKU_APP_NAME HEROKU_RELEASE_VERSION WEB_CONCURRENCY WEB_MEMORY
  REDIS_URL REDIS_HOST REDIS_PORT MONGO_URL MONGODB_URI CLOUDAMQP_URL RABBITMQ_URL RABBITMQ_HOST AMQP_URL POSTGRES_URL
  POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_HOST POSTGRES_PORT PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE
  PGSSLMODE PGDATA MYSQL_HOST MYSQL_ROOT_PASSWORD DB_HOST DB_PORT DB_USER DB_NAME DB_PASSWORD DB_URL DATABASE_HOST
  DATABASE_PORT DATABASE_USER DATABASE_NAME DATABASE_PASSWORD SQLALCHEMY_DATABASE_URI CELERY_BROKER_URL BROKER_HOST
  BROKER_PORT BROKER_ID KAFKA_BROKERS KAFKA_BROKER_ID LOGLEVEL LOG_FILE LOG_DIR LOG_FORMAT LOG_PATH RUST_LOG LOG_LABEL
  ROOT_LOG_LEVEL MAVERICK_LOG_LEVEL NODE_ENV NODE_OPTIONS NODE_PATH NODE_VERSION NODE_EXTRA_CA_CERTS
  NODE_TLS_REJECT_UNAUTHORIZED NODE_DEBUG NVM_DIR NVM_BIN YARN_VERSION npm_config_cache npm_config_loglevel
  npm_config_prefix npm_config_user_agent npm_config_userconfig npm_execpath npm_lifecycle_event npm_lifecycle_script
  npm_node_execpath npm_package_json npm_package_name npm_package_version npm_command npm_config_local_prefix
  npm_config_noproxy npm_config_node_gyp INIT_CWD COLOR EDITOR JAVA_HOME MAVEN_OPTS GRADLE_USER_HOME GOPATH GOROOT
  CARGO_HOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PIP_INDEX_URL http_proxy https_proxy no_proxy
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE AWS_REGION
  AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE
  GOOGLE_APPLICATION_CREDENTIALS GCLOUD_PROJECT K_SERVICE K_REVISION K_CONFIGURATION AZURE_CLIENT_ID AZURE_TENANT_ID
  AZURE_FEDERATED_TOKEN_FILE WEBSITE_SITE_NAME KUBECONFIG POD_NAME POD_IP POD_NAMESPACE NODE_IP CONTAINER_NAME container
  DOCKER_HOST DOCKER_CONFIG DOCKER_BUILDKIT COMPOSE_PROJECT_NAME COMPOSE_FILE INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET
  LISTEN_FDS LISTEN_PID MAINPID SYSTEMD_EXEC_PID CREDENTIALS_DIRECTORY SMTP_HOST SMTP_PORT SMTP_USER SMTP_PASSWORD
  MAIL_HOST MAIL_PORT SENTRY_DSN SENTRY_ENVIRONMENT OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_ENDPOINT DD_AGENT_HOST
  DD_SERVICE NEW_RELIC_LICENSE_KEY TENANT_ID TENANT_NAME TENANTS ROLE ROLES RETENTION RETENTION_DAYS VAULT_ADDR
  VAULT_TOKEN CONSUL_HTTP_ADDR SUDO_USER SUDO_UID SUDO_COMMAND WSL_DISTRO_NAME VSCODE_PID FORCE_COLOR NO_COLOR TMUX STY
`
  .trim()
  .split(/\s+/)

/** Of other Tapis services, and of the libraries that the original is built with. */
const TAPIS = `
  TAPIS_RUN_ENV TAPIS_BASE_URL TAPIS_MAVERICK_LOG_LEVEL TAPIS_NOTIF_QUEUE_TYPE TAPIS_NOTIF_HOST TAPIS_NOTIF_PORT
  TAPIS_NOTIF_QUEUE_NAME TAPIS_NOTIF_RETRY_QUEUE_NAME TAPIS_NOTIF_TOPIC_NAME TAPIS_ENVONLY_LOG_SECURITY_INFO
  TAPIS_ENVONLY_ALLOW_TEST_QUERY_PARMS TAPIS_ENVONLY_ALLOW_TEST_HEADER_PARMS TAPIS_ENVONLY_JWT_OPTIONAL
  TAPIS_ENVONLY_SKIP_JWT_VERIFY TAPIS_ENVONLY_KEYSTORE_PASSWORD TAPIS_FILES_SVC_PASSWORD TAPIS_FILES_SERVICE_PASSWORD
  TAPIS_REQUIRED_VERSION TAPIS_USER TAPIS_TENANT
`
  .trim()
  .split(/\s+/)

test('names that are found in ordinary environments never stop a start, not even all of them together', () => {
  expect(ORDINARY.length).toBeGreaterThan(250)
  expect(ORDINARY.filter((name) => violationsOf(name).length > 0)).toEqual([])
  expect(judge(Object.fromEntries(ORDINARY.map((name) => [name, 'x'])))).toEqual({
    violations: [],
    unknown: ['LOGLEVEL (did you mean LOG_LEVEL?)', 'LOG_LABEL (did you mean LOG_LEVEL?)'],
    ignored: [],
  })
})

test('names of other Tapis services are left alone', () => {
  expect(judge(Object.fromEntries(TAPIS.map((name) => [name, 'x'])))).toEqual({
    violations: [],
    unknown: [],
    ignored: [],
  })
})

test('the names that the service reads are not mistakes, not even of each other', () => {
  const all = [...KNOWN, ...Object.keys(TRANSLATED_NAMES), ...IGNORED_NAMES]
  expect(judge(Object.fromEntries(all.map((name) => [name, 'x'])))).toEqual({
    violations: [],
    unknown: [],
    ignored: IGNORED_NAMES,
  })
})

test.each([
  ['DATABSE_URL', 'DATABASE_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['DATABASEURL', 'DATABASE_URL'],
  ['BROKER_URI', 'BROKER_URL'],
  ['BROCKER_URL', 'BROKER_URL'],
  ['BROKER_CAFILE', 'BROKER_CA_FILE'],
  ['TENANT_FILE', 'TENANTS_FILE'],
  ['RETENTION_HOUR', 'RETENTION_HOURS'],
  ['LOG_LEVL', 'LOG_LEVEL'],
  ['TIDINGS_ROL', 'TIDINGS_ROLE'],
  ['TIDING_ROLE', 'TIDINGS_ROLE'],
  ['TIDINGS_DATADIR', 'TIDINGS_DATA_DIR'],
  ['TAPIS_SITEID', 'TAPIS_SITE_ID'],
  ['TAPI_SERVICE_PORT', 'TAPIS_SERVICE_PORT'],
  ['TAPIS_SMPT_HOST', 'TAPIS_SMTP_HOST'],
  ['TAPIS_DB_JBDC_URL', 'TAPIS_DB_JDBC_URL'],
  ['TAPIS_QUEUE_HOTS', 'TAPIS_QUEUE_HOST'],
  ['tidings_role', 'TIDINGS_ROLE'],
  ['Database_Url', 'DATABASE_URL'],
  ['log_level', 'LOG_LEVEL'],
  ['tapis_service_port', 'TAPIS_SERVICE_PORT'],
])('%s stops the start, with the suggestion %s', (name, meant) => {
  expect(violationsOf(name)).toEqual([`${name}: no such variable; did you mean ${meant}? Rename it, or unset it`])
})

test('each of our names with one letter missing, added, wrong or swapped is found', () => {
  const long = [...KNOWN, ...Object.keys(TRANSLATED_NAMES)].filter((name) => name.length >= 9)
  const spoilt = long.flatMap((name) => [
    name.slice(0, -1),
    `${name}X`,
    name.slice(0, 4) + name.slice(5),
    `${name.slice(0, 5)}Q${name.slice(6)}`,
    name.slice(0, 2) + name.charAt(3) + name.charAt(2) + name.slice(4),
  ])
  const isKnown = (name: string) => long.includes(name) || IGNORED_NAMES.includes(name)
  expect(spoilt.filter((name) => !isKnown(name) && violationsOf(name).length !== 1)).toEqual([])
})

test.each([
  ['a database of another program', { DATABASE_URI: 'mysql://db/shop' }],
  ['a file of another program', { DATABASE_URI: 'sqlite:///app.db' }],
  ['a broker of another program', { BROKER_URI: 'redis://cache' }],
  ['a page', { BROWSER_URL: 'https://example.org' }],
  ['a second database beside ours', { DATABASE_URL: 'postgres://db/tidings', DATABASE_URL2: 'postgres://db/other' }],
])('a name that resembles one of ours and is for %s is only reported', (_what, env) => {
  const { violations, unknown } = judge(env)
  expect(violations).toEqual([])
  expect(unknown).toEqual([expect.stringMatching(/ \(did you mean \w+\?\)$/)])
})

test('other names with our prefixes are unknown, with a suggestion where the prefix is wrong', () => {
  const env = {
    TIDINGS_FOO: 'x',
    TIDINGS_PORT: '80',
    TIDINGS_RETENTION_HOURS: '5',
    TIDINGS_DATABASE_URL: 'x',
    TAPIS_LOG_LEVEL: 'x',
    TAPIS_ROLE: 'x',
    TIDINGS_SITE_ID: 'x',
    TAPIS_NTF_THREADS: 'x',
    TIDINGS_LOGLEVEL: 'x',
  }
  expect(judge(env)).toEqual({
    violations: [],
    ignored: [],
    unknown: [
      'TIDINGS_FOO',
      'TIDINGS_PORT (did you mean TAPIS_SERVICE_PORT?)',
      'TIDINGS_RETENTION_HOURS (did you mean RETENTION_HOURS?)',
      'TIDINGS_DATABASE_URL (did you mean DATABASE_URL?)',
      'TAPIS_LOG_LEVEL (did you mean LOG_LEVEL?)',
      'TAPIS_ROLE (did you mean TIDINGS_ROLE?)',
      'TIDINGS_SITE_ID (did you mean TAPIS_SITE_ID?)',
      'TAPIS_NTF_THREADS',
      'TIDINGS_LOGLEVEL (did you mean LOG_LEVEL?)',
    ],
  })
})
