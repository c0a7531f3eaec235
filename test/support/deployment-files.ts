import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { readRepositoryFile, ROOT } from './dockerfile.ts'

export interface ComposeService {
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  readonly depends_on: unknown
  readonly stop_grace_period: string
  readonly read_only: boolean
  readonly tmpfs: readonly string[]
  readonly volumes: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

/**
 * The services with the values put in, as compose does: `${NAME:-default}`, `${NAME:+if set}`, `${NAME:?what is
 * missing}`. Throws for what is missing.
 */
export function composeServices(
  text: string,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, ComposeService>> {
  const interpolate = (scalar: string) =>
    scalar.replaceAll(/\$\{(\w+):([-+?])([^}]*)\}/g, (_, name: string, how: string, rest: string) => {
      const value = values[name] ?? ''
      if (value === '' && how === '?') throw new Error(`${name}: ${rest}`)
      return (value === '') === (how === '+') ? value : rest
    })
  const file: unknown = parse(text, (_, value: unknown) => (typeof value === 'string' ? interpolate(value) : value), {
    merge: true,
  })
  return (file as { services: Record<string, ComposeService> }).services
}

export interface Probe {
  readonly httpGet?: { readonly path: string }
  readonly exec?: { readonly command: readonly string[] }
}

export interface Container {
  readonly image: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly envFrom: readonly {
    readonly configMapRef?: { readonly name: string }
    readonly secretRef?: { readonly name: string }
  }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly resources: unknown
  readonly securityContext: unknown
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[]
  readonly securityContext: unknown
  readonly terminationGracePeriodSeconds: number
  readonly topologySpreadConstraints: readonly unknown[]
}

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly stringData?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: object }
    readonly template?: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec }
  }
}

const APPLIED = 'deploy/kubernetes'
const EXAMPLES = 'deploy/kubernetes/examples'

/** Every object that `kubectl apply -f deploy/kubernetes/` makes. Throws for what is no YAML. */
export const appliedManifests = () => manifestsIn(APPLIED)

/** Those, and the examples that are to be filled in. Throws for what is no YAML. */
export const manifests = async () => [...(await manifestsIn(APPLIED)), ...(await manifestsIn(EXAMPLES))]

/** What a site of the Tapis deployer applies. */
export const tapisManifests = () => manifestsIn('deploy/tapis/kubernetes')

async function manifestsIn(folder: string): Promise<Manifest[]> {
  const names = (await readdir(join(ROOT, folder))).filter((name) => name.endsWith('.yaml')).sort()
  const texts = await Promise.all(names.map((name) => readRepositoryFile(join(folder, name))))
  return texts
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.join('\n'))
      return document.toJS() as Manifest
    })
}

export interface Pod {
  readonly selector: object
  readonly labels: object
  readonly spec: PodSpec
}

export const podsOf = (objects: readonly Manifest[]): Pod[] =>
  objects.flatMap(({ spec }) =>
    spec?.template
      ? [
          {
            selector: spec.selector?.matchLabels ?? {},
            labels: spec.template.metadata.labels,
            spec: spec.template.spec,
          },
        ]
      : [],
  )
