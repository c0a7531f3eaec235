export interface NextStepsOptions {
  readonly url: string
  readonly dataDir: string
  readonly receiverUrl: string
}

/** Returns what to try next, ready to be pasted into a shell in the repository's directory. */
export function nextSteps({ url, dataDir, receiverUrl }: NextStepsOptions): string {
  const subscription = {
    typeFilter: 'jobs.*.*',
    subjectFilter: 'my-job',
    deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiverUrl }],
  }
  const event = {
    source: 'https://tapis.io/jobs',
    type: 'jobs.JOB_NEW_STATUS.RUNNING',
    subject: 'my-job',
    seriesId: 'my-job',
    timestamp: '2030-01-01T00:00:00Z',
    data: 'hello',
  }
  return `The service keeps running at ${url}; what reaches the portal is shown here.
In another terminal, in this directory, create a token of the service jobs, and a way to use it:

  export TIDINGS_DATA_DIR=${dataDir} TAPIS_SERVICE_PORT=${new URL(url).port}
  TOKEN=$(npm run --silent token -- --service jobs --tenant dev)
  call() { curl -s -w '\\n' -H "X-Tapis-Token: $TOKEN" -H 'X-Tapis-Tenant: dev' \\
    -H "X-Tapis-User: $1" -H 'Content-Type: application/json' "\${@:2}"; }

Subscribe the portal for the user jdoe:

  call jdoe ${url}/v3/notifications/subscriptions -d '
    ${broken(subscription)}'

Publish as Jobs does, more than once, and see the numbers grow:

  call jobs ${url}/v3/notifications/events/publish -d '
    ${broken(event)}'

See what jdoe is subscribed to:

  call jdoe ${url}/v3/notifications/subscriptions

Ctrl-C here ends the service and removes everything.
`
}

/** Returns JSON, broken into lines that fit. */
const broken = (value: object) =>
  JSON.stringify(value).replaceAll(/,"(deliveryTargets|subject|timestamp|deliveryAddress)":/g, ',\n     "$1":')
