import { execFile } from 'node:child_process'
import { access, constants, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { hasRevision } from '../revisions.ts'
import { hasProtocol } from './has-protocol.ts'
import type { BenchOptions } from './options.ts'
import { withFigures } from './report/page.ts'

const ANSWER_LIMIT_MS = 10_000

type Named = Pick<BenchOptions, 'node' | 'against' | 'json' | 'svg' | 'write' | 'out'>

/**
 * Looks at what the options name, before anything is measured: results that cannot be written would be lost with the
 * hours that they took. Returns a sentence for each fault.
 */
export async function faultsOnMachine(options: Named, rabbitMqUrl: string): Promise<string[]> {
  const { node, against, json, svg, write: page, out } = options
  const faults = await Promise.all([
    faultUnless(isNode(node), `--node: is not a Node.js: ${node}`),
    against !== undefined && faultUnless(hasRevision(against), `--against: there is no revision ${against}`),
    json !== undefined && faultUnless(canBeWritten(json), `--json: cannot be written: ${json}`),
    svg !== undefined && faultUnless(canBeWritten(svg), `--svg: cannot be written: ${svg}`),
    page !== undefined && faultUnless(hasPlace(page), `--write: is not a page with a place for figures: ${page}`),
    out !== undefined && faultUnless(canBeFolder(out), `--out: is not a directory that can be written: ${out}`),
  ])
  return [
    ...faults.filter((fault) => typeof fault === 'string'),
    ...(hasProtocol(rabbitMqUrl, ['amqp:', 'amqps:']) ? [] : ['RABBITMQ_URL: is not an address of a RabbitMQ']),
  ]
}

/** Returns the fault unless it is right. */
export const faultUnless = (isRight: Promise<boolean>, fault: string) =>
  isRight.then((right) => (right ? undefined : fault))

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )

const isNode = (file: string) =>
  promisify(execFile)(file, ['--version'], { timeout: ANSWER_LIMIT_MS }).then(
    ({ stdout }) => /^v\d+\./.test(stdout),
    () => false,
  )

const isWritable = (path: string) => succeeds(access(path, constants.W_OK))
const isDirectory = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  )

/** A file that is there and can be written, or one that can be made in its directory. */
export async function canBeWritten(file: string): Promise<boolean> {
  const isFolder = await isDirectory(file)
  return isFolder === undefined ? isWritable(dirname(file)) : !isFolder && (await isWritable(file))
}

/** A directory, or a path on which one can be made. */
async function canBeFolder(path: string): Promise<boolean> {
  const isFolder = await isDirectory(path)
  if (isFolder === undefined && dirname(path) !== path) return canBeFolder(dirname(path))
  return isFolder === true && (await isWritable(path))
}

/** A page that can be written, with markers for a place of this name. */
export const hasPlace = async (page: string, place?: string) =>
  (await isWritable(page)) && (await succeeds(readFile(page, 'utf8').then((text) => withFigures(text, [], place))))
